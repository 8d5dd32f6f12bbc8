//! The inventory of headsets on the admin socket of a whole node.

use domain::{HeadsetConnection, HeadsetEvent, HeadsetFacts, Input, InputId, Report, SeenHeadset};

use super::*;

impl Fixture {
    /// A phone reports those headsets, each with its owner.
    async fn seen(&self, phone: &str, event: HeadsetEvent, headsets: &[(&str, &str)]) {
        let engine = &self.node().shared.engine;
        let headsets = headsets.iter().map(|(serial, owner)| SeenHeadset {
            serial: serial.parse().unwrap(),
            facts: HeadsetFacts {
                model: Some("CP-HS-562".to_owned()),
                connection: HeadsetConnection::DectWireless,
                owner: Some((*owner).to_owned()),
                ..HeadsetFacts::default()
            },
        });
        let report = Report::HeadsetSeen {
            device: phone.parse().unwrap(),
            event,
            headsets: headsets.collect(),
            at: engine.now(),
        };
        let id = InputId::new("seen", admin::fresh_number().unwrap());
        engine.submit(Input::report(id, report)).await.unwrap();
    }

    async fn serials(&self, mut request: Value) -> Vec<String> {
        request["do"] = json!("headsets_list");
        let answer = self.ask(request).await;
        let headsets = answer["ok"]["headsets"].as_array().unwrap_or_else(|| panic!("{answer}"));
        headsets.iter().map(|it| it["serial"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ops_06_headsets_are_listed_in_pages_and_looked_for() {
    let it = start().await;
    let ada: Vec<_> = (0..16).map(|number| format!("ADA{number:02}")).collect();
    let ada: Vec<_> = ada.iter().map(|serial| (serial.as_str(), "Ada")).collect();
    it.seen("SEP000000000001", HeadsetEvent::Connected, &ada).await;
    it.seen("SEP000000000002", HeadsetEvent::Connected, &[("WTN1", "Bob"), ("WTN2", "Bob")]).await;
    it.seen("SEP000000000002", HeadsetEvent::Snapshot, &[("WTN2", "Bob")]).await;

    assert_eq!(it.serials(json!({})).await.len(), 18);
    assert_eq!(it.serials(json!({"limit": 17})).await.len(), 17);
    it.check(json!({"do": "headsets_list", "limit": 17}), "/ok/next", json!("WTN1")).await;
    it.check(json!({"do": "headsets_list", "limit": 18}), "/ok/next", json!(null)).await;
    assert_eq!(it.serials(json!({"after": "WTN1"})).await, ["WTN2"]);
    assert_eq!(it.serials(json!({"owner": "bO"})).await, ["WTN1", "WTN2"]);
    assert_eq!(it.serials(json!({"device": "2", "serial": "n2"})).await, ["WTN2"]);
    assert_eq!(it.serials(json!({"model": "hs-562", "limit": 3})).await.len(), 3);
    assert!(it.serials(json!({"model": "561"})).await.is_empty());

    let answer = it.ask(json!({"do": "headsets_list", "serial": "WTN"})).await;
    let (first, second) = (&answer["ok"]["headsets"][0], &answer["ok"]["headsets"][1]);
    assert_eq!(
        (&first["status"], &second["status"]),
        (&json!("disconnected"), &json!("connected"))
    );
    assert_eq!((&first["type"], &first["active"]), (&json!("dect_wireless"), &json!(true)));
    assert_eq!(first["owner_has_too_many"], json!(false));
    let request = json!({"do": "headsets_list", "owner": "ada", "limit": 1});
    it.check(request, "/ok/headsets/0/owner_has_too_many", json!(true)).await;

    for bad in [json!({"limit": 0}), json!({"limit": 1_001}), json!({"after": "\u{e4}"})] {
        let mut request = bad.clone();
        request["do"] = json!("headsets_list");
        it.check(request, "/error/code", json!("malformed")).await;
    }
    it.stop().await;
}
