//! Discovery, configuration, templates, inventory, and what the profile does not know.

use domain::settings::{HeadsetFirmware, HeadsetMode, HeadsetTemplate, HeadsetValue};
use http::Method;
use serde_json::json;

use super::site::{
    BASE, Centre, OTHER_PHONE, PHONE, Site, pair, settings, settings_north, with_headset,
};

#[tokio::test]
async fn hst_01_discovery_names_the_services_and_whether_they_are_on() {
    let site = Site::new(&settings()).await;
    let _phone = site.phone(PHONE, "192.0.2.1");
    let answer = site.get(&format!("/headset/{PHONE}"), "192.0.2.1").await;
    assert_eq!((answer.status, &answer.body["schema"]), (200, &json!(1)));
    assert_eq!(answer.body["deviceName"], PHONE);
    let service = &answer.body["services"][0];
    assert_eq!((&service["serviceClass"], &service["enabled"]), (&json!("cc"), &json!(true)));
    assert_eq!(service["mode"], "control");
    assert_eq!(service["primary"], format!("{BASE}/headset/{PHONE}/cc"));
    assert_eq!(service["configUrl"], format!("{BASE}/headset/{PHONE}/cc"));
    assert!(answer.body["token"].is_string() && answer.body["tokenExpiresAt"].is_string());
    let etag = answer.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(etag, format!("{}", answer.body["version"]));
    let again = [("if-none-match", etag.as_str())];
    let path = format!("/headset/{PHONE}");
    let unchanged = site.ask(Method::GET, &path, "192.0.2.1", &again, "").await;
    assert_eq!(unchanged.status, 304);
    let head = site.ask(Method::HEAD, &path, "192.0.2.1", &[], "").await;
    assert_eq!((head.status, head.headers["etag"].to_str().unwrap()), (200, etag.as_str()));
    // Phones write their names in either case.
    let small = site.get(&format!("/headset/{}", PHONE.to_lowercase()), "192.0.2.1").await;
    assert_eq!((small.status, &small.body["deviceName"]), (200, &json!(PHONE)));
    // Half a token's life later it is given anew, though nothing changed.
    site.clock.advance(std::time::Duration::from_secs(12 * 3_600));
    let renewed = site.ask(Method::GET, &path, "192.0.2.1", &again, "").await;
    assert_eq!(renewed.status, 200);
    // Off is an answer, not an error; and a phone nobody listed is told so only where phones are listed.
    let off = with_headset(&settings(), |it| it.mode = HeadsetMode::Disabled);
    let site = Site::new(&off).await;
    let answer = site.get(&format!("/headset/{PHONE}"), "192.0.2.1").await;
    assert_eq!((answer.status, &answer.body["services"][0]["enabled"]), (200, &json!(false)));
    assert_eq!(answer.body["services"][0]["mode"], "disabled");
    site.end().await;
}

#[tokio::test]
async fn hst_13_a_pair_names_the_nodes_that_discovery_gives() {
    let mut settings = settings_north();
    let mut north = pair("north");
    north.primary_node = Some("gw-b.example".parse().unwrap());
    north.secondary_node = Some("gw-a.example".parse().unwrap());
    let mut south = pair("south");
    south.primary_node = Some("gw-c.example".parse().unwrap());
    let pairs = [north, south].map(|it| (it.name.clone(), std::sync::Arc::new(it)));
    settings.cti_pairs = std::sync::Arc::new(pairs.into());
    let mut devices = (*settings.devices).clone();
    let mut named = (*devices[&OTHER_PHONE.parse().unwrap()]).clone();
    named.pair = Some("south".parse().unwrap());
    devices.insert(named.name.clone(), std::sync::Arc::new(named));
    settings.devices = std::sync::Arc::new(devices);
    let site = Site::new(&settings).await;
    let service = async |phone: &str| {
        let answer = site.get(&format!("/headset/{phone}"), "192.0.2.1").await;
        answer.body["services"][0].clone()
    };
    let other = service(OTHER_PHONE).await;
    assert_eq!(other["primary"], format!("https://gw-c.example:9444/headset/{OTHER_PHONE}/cc"));
    assert!(other["secondary"].is_null());
    // Without a pair of its own the phone's agent says which it is.
    assert_eq!(service(PHONE).await["primary"], format!("{BASE}/headset/{PHONE}/cc"));
    let centre = Centre::new(&site);
    centre.tells("1001", domain::PresenceState::Ready, "2001", None);
    centre.settled().await;
    let mut found = service(PHONE).await;
    for _ in 0..1_000 {
        if found["secondary"].is_string() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        found = service(PHONE).await;
    }
    assert_eq!(found["primary"], format!("https://gw-b.example:9444/headset/{PHONE}/cc"));
    assert_eq!(found["secondary"], format!("{BASE}/headset/{PHONE}/cc"));
    site.end().await;
}

#[tokio::test]
async fn hst_05_the_configuration_tells_state_reasons_and_what_the_key_does() {
    let site = Site::new(&with_headset(&settings_north(), |it| {
        it.default_not_ready_reason = Some(domain::ReasonCode(1));
    }))
    .await;
    let phone = site.phone(PHONE, "192.0.2.1");
    let page = format!("/headset/{PHONE}/cc");
    let nobody = site.get(&page, "192.0.2.1").await;
    assert_eq!((nobody.status, nobody.body["agentId"].is_null()), (200, true));
    assert_eq!((&nobody.body["state"], &nobody.body["stateCode"]), (&json!("Logout"), &json!(1)));
    let centre = Centre::new(&site);
    centre.tells("1001", domain::PresenceState::Ready, "2001", None);
    super::site::until("ready", || (phone.states().last() == Some(&(3, 0))).then_some(())).await;
    let page = site.get(&page, "192.0.2.1").await;
    assert_eq!((&page.body["state"], &page.body["stateCode"]), (&json!("Ready"), &json!(3)));
    assert_eq!(
        (&page.body["mode"], &page.body["muteButton"]),
        (&json!("control"), &json!("readyToggle"))
    );
    assert_eq!(page.body["defaultNotReadyReason"], 1);
    let reasons = json!([{"code": 1, "label": "Lunch"}, {"code": 7, "label": "Training"}]);
    assert_eq!(page.body["notReadyReasons"], reasons);
    assert!(page.body["led"].is_object());
    site.end().await;
}

#[tokio::test]
async fn templates_and_inventory_are_served_to_a_phone_that_is_proven() {
    let template = HeadsetTemplate {
        model: "562".to_owned(),
        version: "1-10".to_owned(),
        firmware: HeadsetFirmware::Latest,
        settings: [("speaker_volume".to_owned(), HeadsetValue::Number(9))].into(),
    };
    let site = Site::new(&with_headset(&settings(), |it| it.templates = vec![template])).await;
    let _phone = site.phone(PHONE, "192.0.2.1");
    let path = format!("/headset/{PHONE}/config/templates/562");
    let answer = site.get(&path, "192.0.2.1").await;
    assert_eq!((answer.status, &answer.body["templateVersion"]), (200, &json!("1-10")));
    assert_eq!(answer.body["firmware"], "latest");
    let none = site.get(&format!("/headset/{PHONE}/config/templates/561"), "192.0.2.1").await;
    assert_eq!(none.problem(), (404, "notFound"));
    let report = json!({"deviceName": PHONE, "event": "connected",
        "headsets": [{"serialNumber": "FCW123", "model": "562", "vendor": "Cisco"}]});
    let path = format!("/headset/{PHONE}/inventory/events");
    let kind = [("content-type", "application/json")];
    let body = report.to_string();
    let answer = site.ask(Method::POST, &path, "192.0.2.1", &kind, &body).await;
    assert_eq!(answer.status, 202);
    let forged = site.ask(Method::POST, &path, "192.0.2.9", &kind, &body).await;
    assert_eq!(forged.problem(), (401, "noProof"));
    let other = body.replace(PHONE, OTHER_PHONE);
    let forged = site.ask(Method::POST, &path, "192.0.2.1", &kind, &other).await;
    assert_eq!(forged.problem(), (403, "anotherDevice"));
    site.end().await;
}

#[tokio::test]
async fn requests_that_the_profile_does_not_know_are_kept_masked() {
    let site = Site::new(&settings()).await;
    let path = format!("/headset/v9/{PHONE}/thing?password=hunter2hunter2");
    let fields =
        [("authorization", "Basic aHVudGVyMjpodW50ZXIy"), ("content-type", "application/json")];
    let body = r#"{"agentState": "READY", "secret": "hunter2hunter2", "agent": "1001"}"#;
    for _ in 0..3 {
        let answer = site.ask(Method::POST, &path, "192.0.2.1", &fields, body).await;
        assert_eq!(answer.problem(), (404, "notFound"));
    }
    let kept = site.headset.unknown_requests();
    assert_eq!((kept.len(), kept[0].count), (1, 3));
    let printed = format!("{kept:?}");
    assert!(printed.contains("agentState") && printed.contains("READY"), "{printed}");
    for secret in ["hunter2", "aHVudGVy", PHONE, "1001"] {
        assert!(!printed.contains(secret), "{secret}: {printed}");
    }
    for number in 0..200 {
        let path = format!("/{}", "x".repeat(number + 1));
        site.ask(Method::GET, &path, "192.0.2.1", &[], "").await;
    }
    assert!(site.headset.unknown_requests().len() <= 64);
    site.end().await;
}
