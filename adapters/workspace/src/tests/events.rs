//! The stream of news, and what its end means.

use std::time::Duration;

use engine::surface::Source;
use http::Method;
use serde_json::json;

use super::place::{Ask, Place, agent};

/// What a stream tells until something in it is as it must be.
async fn until(stream: &mut Box<dyn Source>, what: &str, is_so: impl Fn(&str) -> bool) -> String {
    let mut told = String::new();
    let told_so = async {
        while !is_so(&told) {
            let piece = stream.next().await.expect("it goes on").expect("it is whole");
            told.push_str(std::str::from_utf8(&piece).unwrap());
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), told_so).await.is_ok();
    assert!(in_time, "{what}: {told}");
    told
}

#[tokio::test]
async fn mail_03_a_stream_begins_with_all_and_tells_what_comes_and_goes() {
    let place = Place::new().await;
    let mut stream = place.events("1001").await;
    let first = until(&mut stream, "the beginning", |it| it.contains("event: waiting")).await;
    assert!(first.starts_with("retry: "), "{first}");
    assert!(first.contains("event: desk\ndata: null\n\n"), "{first}");
    assert!(first.contains("event: voice\ndata: null\n\n"), "{first}");
    assert!(first.contains("event: waiting\ndata: {\"support\":0}\n\n"), "{first}");
    place.mail("support", "ada@example.test", b"Subject: Hi\r\n\r\nx", false).await;
    until(&mut stream, "one waits", |it| it.contains("{\"support\":1}")).await;
    place.put(&agent("1001"), "desk", json!({})).await.good();
    until(&mut stream, "signed in", |it| it.contains("\"state\":\"not_ready\"")).await;
    place.put(&agent("1001"), "desk/state", json!({"state": "ready"})).await.good();
    until(&mut stream, "in hand", |it| {
        it.contains("event: desk") && it.contains("event: contact") && it.contains("\"active\"")
    })
    .await;
    place.until_in_hand("1001", 1).await;
    let contact = place.contacts("1001").await.remove(0);
    place.post(&agent("1001"), &format!("{contact}/requeue"), json!({"csq": "staff"})).await.good();
    until(&mut stream, "gone", |it| it.contains("\"state\":\"gone\"")).await;
}

#[tokio::test]
async fn an_agent_has_eight_streams_at_most_and_a_closed_one_gives_its_place_back() {
    let place = Place::new().await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(place.events("1001").await);
    }
    let ask = || Ask {
        who: Some(agent("1001")),
        method: Method::GET,
        target: "events",
        kind: "text/plain",
        body: Vec::new(),
    };
    place.ask(ask()).await.problem(503, "busy");
    drop(place.events("1002").await);
    streams.pop();
    assert_eq!(place.ask(ask()).await.good().body, "a stream");
    assert!(place.workspace.streams.lock().unwrap().len() == 1);
    streams.clear();
    assert!(place.workspace.streams.lock().unwrap().is_empty());
}

#[tokio::test]
async fn rte_08_a_desk_stands_a_minute_without_a_browser_and_no_longer() {
    let place = Place::new().await;
    let (stream, _) = place.one_in_hand().await;
    let id = "1001".parse().unwrap();
    let is_there = |port: &engine::Port, there: bool| {
        let desk = port.desk(&id).unwrap();
        desk.signed_in().is_none_or(|it| it.client.unavailable_since().is_none() == there)
    };
    place.until("the browser is seen", |port| is_there(port, true)).await;
    drop(stream);
    place.until("it is missed", |port| is_there(port, false)).await;
    place.clock.advance(Duration::from_secs(59));
    let again = place.events("1001").await;
    place.until("it is back in time", |port| is_there(port, true)).await;
    assert_eq!(place.contacts("1001").await.len(), 1);
    drop(again);
    place.until("it is missed once more", |port| is_there(port, false)).await;
    place.clock.advance(Duration::from_secs(61));
    place.until("signed out", |port| port.desk(&id).unwrap().signed_in().is_none()).await;
    place.until_in_hand("1001", 0).await;
    let me = place.get(&agent("1001"), "me").await.good().json();
    assert_eq!(me["desk"], json!(null));
}
