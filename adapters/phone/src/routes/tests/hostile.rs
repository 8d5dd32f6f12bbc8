//! What people and programs send that no phone sends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::Secret;
use domain::settings::{DevicePolicy, Push};
use engine::surface::{Peer, Request};
use http::{HeaderMap, Method};

use crate::testing::{BASE, Handset, Log, Node, settings};
use domain::settings::PUSH_PASSWORD_PURPOSE;

#[tokio::test]
async fn phn_01_a_parameter_that_cannot_be_taken_is_named_and_nothing_guessed() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let rest = "extension=2001&password=password-1001";
    let mut check = async |query: &str, words: &str| {
        let view = phone.open(query).await;
        assert!(view.text().contains(words), "{query}: {view:?}");
        assert!(view.text().contains("Reference: REF-4711"));
    };
    check(&format!("id=1001&id=1001&{rest}"), "has \"id\" more than once").await;
    check(&format!("id=%zz&{rest}"), "\"id\" is not encoded correctly").await;
    check(&format!("id=1001%00&{rest}"), "\"id\" holds a character").await;
    check(&format!("id=1001%0d%0aX:y&{rest}"), "\"id\" holds a character").await;
    check(&format!("id={}&{rest}", "1".repeat(33)), "at most 32 characters").await;
    check(&format!("id=1001&password={}", "x".repeat(129)), "at most 128 characters").await;
    check(&"x=1&".repeat(40), "too many parameters").await;
    check(&format!("id={}", "1".repeat(5_000)), "too many parameters").await;
    assert_eq!(node.state("1001").await, "signed_out");
    // Another spelling is another parameter, which means nothing.
    let view = phone.open(&format!("ID=1001&{rest}")).await;
    assert_eq!(view.fields(), [("id", None)]);
}

#[tokio::test]
async fn phn_01_a_device_name_is_checked_and_never_echoed() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    for name in ["SEP1%0d%0aSet-Cookie:x=y", "%00", "SEP%2F..", "A234567890123456", "%C3%84", "<b>"]
    {
        let Ok(_) = format!("{BASE}/fippa/{name}").parse::<http::Uri>() else { continue };
        let view = phone.get(&format!("{BASE}/fippa/{name}")).await;
        assert!(view.text().contains("must end in the device name"), "{name}: {view:?}");
    }
    assert!(!phone.seen.to_lowercase().contains("set-cookie"));
}

#[tokio::test]
async fn phn_01_a_subscription_without_a_device_name_is_told_so() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    // A phone that does not know `#DEVICENAME#` takes it for a fragment, or encodes it.
    for path in ["/fippa", "/fippa/", "/fippa/?id=1001&password=x", "/fippa/%23DEVICENAME%23"] {
        let view = phone.get(&format!("{BASE}{path}")).await;
        assert!(view.text().contains("must end in the device name"), "{path}: {view:?}");
        assert!(view.text().ends_with("REF-4711") && view.keys() == ["Exit"], "{view:?}");
    }
}

#[tokio::test]
async fn a_forged_or_foreign_link_gets_a_page_and_nothing_else() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let url = home.key("Ready");
    let token = url.split('/').nth(5).unwrap();
    let mut check = async |path: String| {
        let view = phone.get(&format!("{BASE}/fippa/s/{path}")).await;
        assert!(view.text().contains("This page is not valid"), "{path}: {view:?}");
        assert_eq!(view.keys(), ["Exit"]);
    };
    check(format!("{token}/ready/1")).await;
    check(format!("{token}/READY")).await;
    check(format!("{}/ready", &token[1..])).await;
    check(format!("{token}A/ready")).await;
    check("%00/ready".to_owned()).await;
    check(format!("{}/home", "A".repeat(4_000))).await;
    assert_eq!(node.state("1001").await, "not_ready");
    // Another deployment has another key.
    let other = Node::new().await;
    let view = Handset::new(&other, "SEP1").get(&url).await;
    assert!(view.title() == "Not possible" || view.title() == "Sign in");
}

#[tokio::test]
async fn phn_03_a_kept_password_is_good_only_where_it_came_from() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let view = phone.open("password=password-1001").await;
    let url = view.filled(&[("id", "1001"), ("extension", "2001")]);
    let mut thief = Handset::new(&node, "SEP1");
    thief.address = [198, 51, 100, 1].into();
    let view = thief.get(&url).await;
    assert_eq!((view.prompt(), view.fields()), ("Please sign in again", vec![("password", None)]));
    let mut other = Handset::new(&node, "SEP2");
    let view = other.get(&url.replace("/SEP1/", "/SEP2/")).await;
    assert_eq!(view.prompt(), "Please sign in again");
    assert_eq!(node.state("1001").await, "signed_out");
    assert_eq!(phone.get(&url).await.title(), "Not Ready");
    // Once used it is gone, so that Back signs nobody in.
    assert_eq!(phone.get(&url).await.prompt(), "Please sign in again");
}

#[tokio::test]
async fn a_flood_of_incomplete_sign_ins_stays_bounded() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let count = crate::pending::SOURCE_COUNT_MAX + 50;
    for _ in 0..count {
        phone.open("password=x").await;
        phone.seen.clear();
    }
    assert_eq!(crate::locked(&node.phone.pending).count(), crate::pending::SOURCE_COUNT_MAX);
}

#[tokio::test]
async fn odd_headers_change_how_a_page_looks_and_nothing_more() {
    let node = Node::new().await;
    for headers in [
        vec![("accept-language", "xx"), ("accept-charset", ";;;,q=")],
        vec![("x-ciscoipphonemodelname", "<script>"), ("accept-language", "%n%n%n")],
        vec![("cookie", "jackfield_phone"), ("cookie", ";;=;")],
        vec![],
    ] {
        let mut phone = Handset::new(&node, "SEP1");
        phone.headers = headers;
        assert_eq!(phone.open("").await.title(), "Sign in");
    }
}

#[tokio::test]
async fn phn_17_a_host_name_too_long_for_phones_is_told_and_not_cut() {
    let node = Node::new().await;
    let base = format!("https://{}.example:8445", "h".repeat(100));
    let request = Request {
        method: Method::GET,
        uri: "/fippa/SEP1".parse().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        parameters: BTreeMap::new(),
        peer: Peer { address: [192, 0, 2, 1].into(), base },
        principal: None,
        reference: "REF-4711".to_owned(),
    };
    let response = node.send(request).await;
    let body = String::from_utf8(response.into_body().to_vec()).unwrap();
    assert!(body.contains("Something went wrong on our side") && !body.contains("https://"));
}

async fn ask(node: &Node, method: Method, query: &str, body: &str) -> (Vec<String>, Bytes) {
    let request = Request {
        method,
        uri: format!("/phone-auth{query}").parse().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from(body.to_owned()),
        parameters: BTreeMap::new(),
        peer: Peer { address: [192, 0, 2, 1].into(), base: BASE.to_owned() },
        principal: None,
        reference: "REF-4711".to_owned(),
    };
    let response = node.send(request).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
    (headers.collect(), response.into_body())
}

#[tokio::test]
async fn phn_13_the_callback_answers_one_word_without_a_line_end() {
    let plain = Node::new().await;
    let secret = Secret::new("s3cret & more");
    let password = plain.port.seal(PUSH_PASSWORD_PURPOSE, &secret).unwrap();
    let mut settings = settings();
    Arc::make_mut(&mut settings.phone_service).push =
        Some(Push { user: "push".to_owned(), password, port: 443 });
    let node = Node::with(settings).await;
    let right = "UserID=push&Password=s3cret+%26%20more&devicename=SEP1";
    let authorized = (vec!["content-type: text/plain".to_owned()], Bytes::from("AUTHORIZED"));
    assert_eq!(ask(&node, Method::GET, &format!("?{right}"), "").await, authorized);
    assert_eq!(ask(&node, Method::POST, "", right).await, authorized);
    let refused = Bytes::from("UN-AUTHORIZED");
    for (index, wrong) in [
        "",
        "UserID=push&Password=s3cret&devicename=SEP1",
        "UserID=Push&Password=s3cret+%26%20more&devicename=SEP1",
        "userid=push&password=s3cret+%26%20more&devicename=SEP1",
        "UserID=push&Password=s3cret+%26%20more&Password=x&devicename=SEP1",
        "UserID=push&Password=s3cret+%26%20more&devicename=SEP1%0d%0a",
        "UserID=push&Password=s3cret+%26%20more",
    ]
    .iter()
    .enumerate()
    {
        let (_, body) = ask(&node, Method::GET, &format!("?{wrong}"), "").await;
        assert_eq!(body, refused, "{index}: {wrong}");
    }
    // Guessing ends the answers for a while, even the right one.
    for _ in 0..10 {
        ask(&node, Method::GET, "?UserID=push&Password=x&devicename=SEP1", "").await;
    }
    assert_eq!(ask(&node, Method::GET, &format!("?{right}"), "").await.1, refused);
    // Without push settings nothing is ours.
    let (_, body) = ask(&plain, Method::GET, &format!("?{right}"), "").await;
    assert_eq!(body, refused);
}

#[tokio::test]
async fn phn_13_whose_pushes_are_ours_follows_the_phones_that_may_sign_in() {
    let with = async |devices| {
        let node = Node::new().await;
        let password = node.port.seal(PUSH_PASSWORD_PURPOSE, &Secret::new("s3cret")).unwrap();
        let mut settings = settings();
        let service = Arc::make_mut(&mut settings.phone_service);
        service.devices = devices;
        service.push = Some(Push { user: "push".to_owned(), password, port: 443 });
        node.apply(&settings).await;
        node
    };
    let of = async |node: &Node, device: &str| {
        let question = format!("?UserID=push&Password=s3cret&devicename={device}");
        let (_, body) = ask(node, Method::GET, &question, "").await;
        body == "AUTHORIZED"
    };
    // A phone that no settings name and this node does not show, or no longer: another node pushes.
    let any = with(DevicePolicy::Any).await;
    assert!(of(&any, "SEP1").await && of(&any, "SEP9").await);
    assert!(!of(&any, "").await && !of(&any, "SEP%209").await);
    let listed = with(DevicePolicy::Listed).await;
    assert!(of(&listed, "SEP1").await && !of(&listed, "SEP9").await);
}

#[tokio::test]
async fn phn_13_guessing_under_invented_names_stops_that_source_alone() {
    let node = Node::new().await;
    for number in 0..200 {
        ask(&node, Method::GET, &format!("?devicename=SEP{number:012}"), "").await;
    }
    // They are one name, and so ten guesses.
    let text = String::from_utf8(node.port.metrics().text()).unwrap();
    let answers = |answer: &str| {
        let line = format!("jackfield_phone_authentications_total{{answer=\"{answer}\"}} ");
        text.lines().find_map(|it| it.strip_prefix(&line)).map(str::to_owned)
    };
    assert_eq!(answers("refused").as_deref(), Some("10"), "{text}");
    assert_eq!(answers("limited").as_deref(), Some("190"));
}

#[tokio::test]
async fn ops_12_a_flood_writes_20_lines_a_second_and_nobodys_address() {
    let node = Node::new().await;
    let log = Log::default();
    let _recorded = tracing::subscriber::set_default(log.clone());
    let mut phone = Handset::new(&node, "SEP1");
    for _ in 0..50 {
        phone.open("id=1001&id=1001").await;
        ask(&node, Method::GET, "?UserID=push&Password=x&devicename=SEP1", "").await;
    }
    let lines = log.lines(false);
    assert_eq!(lines.len(), 20, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("REF-4711")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("192.0.2.")), "{lines:?}");
    // Nothing is lost to whoever looks closer.
    let closer = log.lines(true);
    assert_eq!(closer.iter().filter(|line| line.contains("source=192.0.2.")).count(), 100);
    node.phone.tick().await;
    let lines = log.lines(false);
    assert!(lines.last().unwrap().contains("lines=80"), "{lines:?}");
    node.clock.advance(Duration::from_secs(1));
    phone.open("id=1001&id=1001").await;
    assert_eq!(log.lines(false).len(), 22);
}

#[tokio::test]
async fn ops_12_the_log_names_no_agent_above_debug() {
    let node = Node::new().await;
    let log = Log::default();
    let _recorded = tracing::subscriber::set_default(log.clone());
    Handset::new(&node, "SEP7").sign_in("1001", "2001").await;
    node.clock.advance(Duration::from_secs(120));
    node.phone.tick().await;
    assert_eq!(node.state("1001").await, "signed_out");
    let (lines, closer) = (log.lines(false), log.lines(true));
    assert!(lines.iter().any(|line| line.contains("SEP7")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("1001")), "{lines:?}");
    assert!(closer.iter().any(|line| line.contains("1001")), "{closer:?}");
}

#[tokio::test]
async fn phn_05_a_reason_cannot_be_left_out_by_typing_another_link() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    let home = phone.sign_in("1001", "2001").await;
    let ready = home.key("Ready");
    let beginning = ready.strip_suffix("ready").unwrap().to_owned();
    let home = phone.get(&ready).await;
    let beginning_now = home.key("NotReady").rsplit_once('/').unwrap().0.to_owned();
    for link in [format!("{beginning}notready"), format!("{beginning_now}/notready")] {
        let view = phone.get(&link).await;
        assert_eq!(node.state("1001").await, "ready", "{link}: {view:?}");
    }
    let list = phone.get(&format!("{beginning_now}/signout")).await;
    assert_eq!(list.title(), "Sign-out reason");
    assert_eq!(node.state("1001").await, "ready");
}
