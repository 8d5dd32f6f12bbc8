//! What is refused, and in whose words.

use super::*;

#[track_caller]
fn check(body: &str, told: &str) {
    let refused = Profile::default().read_update(body.as_bytes()).unwrap_err();
    assert_eq!(refused.to_string(), told);
}

#[test]
fn updates_are_refused_by_the_name_of_the_member() {
    check("", "the body is no whole JSON; send one object in UTF-8");
    check("[]", "the body must hold members");
    check("{} {}", "the body is no whole JSON; send one object in UTF-8");
    check("{\"a\":\"\u{1}\"}", "the body is no whole JSON; send one object in UTF-8");
    check("{}", "state is missing; send it");
    check(r#"{"state":""}"#, "state is missing; send it");
    check(
        r#"{"state":"Ready","state":"NotReady"}"#,
        "the body has an object with two members of one name; send each once",
    );
    check(r#"{"state":"ready"}"#, "state must be one of Login, Logout, NotReady, Ready");
    check(
        r#"{"state":"Logout"}"#,
        "state must be Ready or NotReady; other states cannot be asked for",
    );
    check(r#"{"state":true}"#, "state must be a text or a number");
    check(r#"{"state":["Ready"]}"#, "state must be one value, without members or entries");
    check(
        r#"{"state":"Ready","reasonCode":65536}"#,
        "reasonCode must be a whole number from 0 to 65535",
    );
    check(
        r#"{"state":"Ready","reasonCode":-1}"#,
        "reasonCode must be a whole number from 0 to 65535",
    );
    check(
        r#"{"state":"Ready","reasonCode":1.5}"#,
        "reasonCode must be a whole number from 0 to 65535",
    );
    check(
        r#"{"state":"Ready","sentAt":"yesterday"}"#,
        "sentAt must be a time like 2026-11-27T18:30:00Z",
    );
    check(
        r#"{"state":"Ready","deviceName":"../SEP"}"#,
        "deviceName must be the name of the device; a device name has 1 to 15 letters, digits, '.', '_' and '-'",
    );
    let long = format!(r#"{{"state":"Ready","requestId":"{}"}}"#, "x".repeat(65));
    check(&long, "requestId must be at most 64 printable ASCII characters; a UUID will do");
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(16), "]".repeat(16));
    check(&deep, "the body is nested deeper than 16 levels; send it flatter");
    let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(4_100));
    check(&wide, "the body has more than 4096 members and entries; send fewer");
    let large = " ".repeat(UPDATE_BYTES_MAX + 1);
    check(&large, "the body has 16385 bytes, at most 16384 are read");
}

#[test]
fn what_is_at_a_limit_is_still_read() {
    let profile = Profile::default();
    let (id, nested) = ("x".repeat(64), format!("{}{}", "[".repeat(15), "]".repeat(15)));
    let body =
        format!(r#"{{"state":"Ready","requestId":"{id}","reasonCode":65535,"unknown":{nested}}}"#);
    let mut body = body.into_bytes();
    body.resize(UPDATE_BYTES_MAX, b' ');
    let update = profile.read_update(&body).unwrap();
    assert_eq!((update.request_id, update.reason), (Some(id), Some(65_535)));
    let headsets = |count| {
        let headsets = vec![r#"{"serialNumber":"1"}"#; count].join(",");
        format!(r#"{{"event":"snapshot","headsets":[{headsets}]}}"#)
    };
    let read = |count| profile.read_inventory(headsets(count).as_bytes());
    assert_eq!(read(HEADSETS_MAX).unwrap().headsets.len(), HEADSETS_MAX);
    assert_eq!(
        read(HEADSETS_MAX + 1).unwrap_err().to_string(),
        "headsets has 51 entries; send at most 50"
    );
}

#[test]
fn inventories_are_refused_by_the_name_of_the_member() {
    let check = |body: &str, told: &str| {
        let refused = Profile::default().read_inventory(body.as_bytes()).unwrap_err();
        assert_eq!(refused.to_string(), told);
    };
    check(
        r#"{"event":"snapshot","headsets":[{"serialNumber":"1"},{"model":"562"}]}"#,
        "headsets[1].serialNumber is missing; send it",
    );
    let long = "x".repeat(65);
    check(
        &format!(r#"{{"event":"connected","headsets":[{{"serialNumber":"{long}"}}]}}"#),
        "headsets[0].serialNumber must be at most 64 characters without control characters; shorten it",
    );
    check(r#"{"event":"connected","headsets":{}}"#, "headsets must be a list");
    check(r#"{"event":"connected","headsets":[7]}"#, "headsets[0] must hold members of its own");
    check(r#"{"event":"lost"}"#, "event must be one of connected, disconnected, snapshot");
}

#[test]
fn xml_has_no_document_type_and_each_member_once() {
    let profile = profile("format = \"xml\"\n[names.update]\nstate = \"agent.state\"");
    let read = |body: &str| profile.read_update(body.as_bytes()).map_err(|bad| bad.to_string());
    let whole = |inner: &str| format!("<agentStateUpdate>{inner}</agentStateUpdate>");
    let good = whole("<agent>\n <state>\n Ready </state>\n</agent><x/><x/>");
    assert_eq!(read(&good).unwrap().state, AgentState::Ready);
    let told = |body: &str| read(body).unwrap_err();
    assert_eq!(
        told(&whole("<agent><state>Ready</state><state>NotReady</state></agent>")),
        "agent.state stands there more than once; send it once"
    );
    assert_eq!(
        told(&whole("<agent><state>Ready</state></agent><agent/>")),
        "agent stands there more than once; send it once"
    );
    assert_eq!(told(&whole("<agent>Ready</agent>")), "agent must hold members of its own");
    assert_eq!(
        told(&format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{good}")),
        "the body has a document type; leave it out"
    );
    assert_eq!(
        told(&whole("<agent><state>&b;</state></agent>")),
        "the body has an entity that XML itself does not know"
    );
    assert_eq!(told("<other/>"), "the body must have the root element agentStateUpdate");
    assert_eq!(told(&whole("")), "agent.state is missing; send it");
    assert_eq!(told("<agentStateUpdate>"), "the body is no whole XML; send one element in UTF-8");
}
