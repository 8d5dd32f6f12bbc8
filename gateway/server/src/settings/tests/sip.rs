//! Settings of SIP: their secrets, and changes of a phone or a next hop among many.

use domain::settings::{SIP_DEVICE_PASSWORD_PURPOSE, SIP_NEXT_HOP_PASSWORD_PURPOSE};

use super::*;

fn sip(password: &str) -> Value {
    let hop = json!({
        "name": "edge", "servers": [{"host": "sip.example"}], "user": "us", "password": password,
    });
    json!({"domains": ["voice.example"], "next_hops": [hop]})
}

fn phone(name: &str, user: &str) -> Value {
    json!({"name": name, "sip": {"user": user, "password": format!("hunter2-{user}")}})
}

fn put(section: &str, name: Option<&str>, document: Value) -> Value {
    json!({"edits": [{"put": {"section": section, "name": name, "document": document}}]})
}

#[tokio::test]
async fn ops_05_passwords_of_sip_are_sealed_and_stay_as_they_are_while_others_change() {
    let it = fixture().await;
    let text = |wrap_up: u32, second: &str| {
        json!({
            "sip": sip("hunter2-hop"),
            "devices": [phone("SEP1", "one"), phone("SEP2", second)],
            "voice": {"wrap_up_seconds": wrap_up},
        })
    };
    assert!(holds_plain_secrets(&json!({"sip": sip("x")})));
    assert!(holds_plain_secrets(&json!({"devices": [phone("SEP1", "one")]})));
    it.apply(&text(0, "two").to_string()).await.unwrap();
    let before = it.engine.settings();
    let password = before.device_by_sip_user("one").unwrap().sip.clone().unwrap().password;
    let opened = it.sealing.unseal(SIP_DEVICE_PASSWORD_PURPOSE, &password.unwrap()).unwrap();
    assert_eq!(opened.expose(), "hunter2-one");
    let password = before.sip.next_hop("edge").unwrap().password.clone().unwrap();
    let opened = it.sealing.unseal(SIP_NEXT_HOP_PASSWORD_PURPOSE, &password).unwrap();
    assert_eq!(opened.expose(), "hunter2-hop");
    assert!(!exported(&before).unwrap().contains("hunter2"));
    it.apply(&text(5, "two").to_string()).await.unwrap();
    let after = it.engine.settings();
    assert_eq!((&after.devices, &after.sip), (&before.devices, &before.sip));
    it.apply(&text(5, "three").to_string()).await.unwrap();
    let after = it.engine.settings();
    let name = "SEP1".parse().unwrap();
    assert!(Arc::ptr_eq(&after.devices[&name], &before.devices[&name]));
    assert!(after.device_by_sip_user("three").is_some());
}

#[test]
fn sealed_passwords_of_sip_must_open_here() {
    let foreign = SealingKeys::single([8; 32]);
    let sealed = |keys: &SealingKeys, purpose: &str| {
        keys.seal(purpose, &Secret::new("x")).unwrap().as_text().to_owned()
    };
    let file = |keys: &SealingKeys| {
        let mut sip = sip("x");
        let hop = &mut sip["next_hops"][0];
        hop["password"] = Value::Null;
        hop["password_sealed"] = json!(sealed(keys, SIP_NEXT_HOP_PASSWORD_PURPOSE));
        let password = sealed(keys, SIP_DEVICE_PASSWORD_PURPOSE);
        let phone = json!({"name": "SEP1", "sip": {"user": "one", "password_sealed": password}});
        json!({"sip": sip, "devices": [phone]}).to_string()
    };
    check_keys(&file(&SealingKeys::single([7; 32])), &[]);
    let keys = ["devices[0].sip.password_sealed", "sip.next_hops[0].password_sealed"];
    check_keys(&file(&foreign), &keys);
}

#[tokio::test]
async fn a_phone_is_told_of_another_with_its_user_or_address() {
    let it = fixture().await;
    let with_address = json!({"name": "SEP5", "sip": {
        "user": "five", "password": "x", "address": "sip:desk@other.example",
    }});
    let phones = json!([phone("SEP3", "three"), phone("SEP4", "four"), with_address]);
    it.apply(&json!({"sip": sip("x"), "devices": phones}).to_string()).await.unwrap();
    // Both before and behind the other one by name, new and known.
    for name in ["SEP1", "SEP9", "SEP4"] {
        let refused = it.change(put("devices", Some(name), phone(name, "three"))).await;
        assert_eq!(refused, Err("sip.user".to_owned()), "{name}");
        for address in ["sip:three@VOICE.example", "SIP:desk@other.example"] {
            let sip = json!({"user": "else", "password": "x", "address": address});
            let document = json!({"name": name, "sip": sip});
            let refused = it.change(put("devices", Some(name), document)).await;
            assert_eq!(refused, Err("sip.address".to_owned()), "{name} {address}");
        }
    }
    let kept = it.change(put("devices", Some("SEP3"), phone("SEP3", "three"))).await;
    assert_eq!(kept, Ok(1), "nothing changes");
    it.change(put("devices", Some("SEP3"), phone("SEP3", "new"))).await.unwrap();
    it.change(put("devices", Some("SEP4"), phone("SEP4", "three"))).await.unwrap();
    assert_eq!(it.engine.settings().device_by_sip_user("three").unwrap().name.as_str(), "SEP4");
}

#[tokio::test]
async fn a_next_hop_goes_only_once_no_phone_names_it() {
    let it = fixture().await;
    let phones = json!([{"name": "SEP1", "sip": {"user": "one", "next_hop": "edge"}}]);
    it.apply(&json!({"sip": sip("x"), "devices": phones}).to_string()).await.unwrap();
    let without = json!({"domains": ["voice.example"]});
    let refused = it.change(put("sip", None, without.clone())).await;
    assert_eq!(refused, Err("devices[0].sip.next_hop".to_owned()));
    it.change(put("devices", Some("SEP1"), json!({"sip": {"user": "one"}}))).await.unwrap();
    it.change(put("sip", None, without)).await.unwrap();
    assert!(it.engine.settings().sip.next_hops.is_empty());
    it.change(put("sip", None, json!({}))).await.unwrap();
    assert!(!it.engine.settings().sip.is_on());
}

/// A console shows `(set)` for what is kept and sends it back.
#[tokio::test]
async fn a_masked_password_of_a_next_hop_stays_what_it_was() {
    let it = fixture().await;
    it.apply(&json!({"sip": sip("hunter2")}).to_string()).await.unwrap();
    let before = it.engine.settings();
    let told = domain::settings::masked(export(&before)["sip"].clone());
    assert_eq!(told["next_hops"][0]["password_sealed"], "(set)");
    let mut wanted = told.clone();
    let other = json!({"name": "other", "servers": [{"host": "b.example"}]});
    wanted["next_hops"].as_array_mut().unwrap().insert(0, other);
    wanted["next_hops"][1]["ping_seconds"] = json!(60);
    it.change(put("sip", None, wanted)).await.unwrap();
    let after = it.engine.settings();
    assert_eq!(after.sip.next_hops.len(), 2);
    let hop = after.sip.next_hop("edge").unwrap();
    assert_eq!(hop.ping_seconds, 60);
    assert_eq!(hop.password, before.sip.next_hop("edge").unwrap().password);
    let mut renamed = told;
    renamed["next_hops"][0]["name"] = json!("renamed");
    let refused = it.change(put("sip", None, renamed)).await;
    assert_eq!(refused, Err("next_hops[0].password_sealed".to_owned()));
}

/// The example that people copy.
#[test]
fn the_example_of_the_guide_is_taken() {
    let guide = include_str!("../../../../../packaging/docs/operating.md");
    let (_, section) = guide.split_once("\n## SIP\n").unwrap();
    let example = section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    // Of the certificates only the beginning stands there.
    let without_trust = example.split("trust:\n").next().unwrap();
    check_keys(without_trust, &[]);
    let value = yaml::read(without_trust.as_bytes()).unwrap();
    let members = value["sip"].as_object().unwrap();
    assert!(members.len() > 4, "{members:?}");
}
