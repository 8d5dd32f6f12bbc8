//! What the flight recorder has of phones: what was asked for and pressed, and none of what was typed or linked.

use engine::recorder::{Record, Wanted};

use crate::testing::{Handset, Node};

fn recorded(node: &Node) -> Vec<Record> {
    let wanted = Wanted { agent: Some("1001".to_owned()), limit: 1_000, ..Wanted::default() };
    node.port.recorder().timeline(&wanted, &[]).records
}

#[tokio::test]
async fn byd_02_a_shift_at_a_phone_is_noted_without_passwords_links_and_cookies() {
    let node = Node::new().await;
    let mut phone = Handset::new(&node, "SEP1");
    // A password in the wrong field is no id, and is not noted as one.
    let view = phone.open("id=hunter2&extension=2001&password=planted-1").await;
    assert_eq!(view.title(), "Not possible");
    let view = phone.sign_in("1001", "2001").await;
    let view = phone.press(&view, "Ready").await;
    assert_eq!(view.title(), "Ready");
    let _ = phone.get("https://gw-a.example:8445/fippa/s/planted-token/home").await;
    let records = recorded(&node);
    let text: Vec<_> = records.iter().map(ToString::to_string).collect();
    let text = text.join("\n");
    let mut rest = text.as_str();
    for part in [
        "opened the service",
        "problem=wrong",
        "claimed_agent=1001",
        "engine       <- sign_in",
        "page=home",
        "pressed ready",
        "engine       <- ready",
        "engine       -- ready",
        "page=home",
    ] {
        let found = rest.find(part).unwrap_or_else(|| panic!("no {part} in its place in\n{text}"));
        rest = &rest[found + part.len()..];
    }
    let wanted = Wanted { limit: 1_000, ..Wanted::default() };
    let all = node.port.recorder().timeline(&wanted, &[]).records;
    let all: Vec<_> = all.iter().map(ToString::to_string).collect();
    let all = all.join("\n");
    assert!(all.contains("followed a link that is no longer good"), "{all}");
    let cookie = phone.cookie.clone().unwrap();
    let cookie = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    let token = phone.seen.split("/fippa/s/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    for secret in ["hunter2", "planted", "password-1001", &cookie, &token] {
        assert!(secret.len() > 5 && !all.contains(secret), "{secret} in {all}");
    }
}
