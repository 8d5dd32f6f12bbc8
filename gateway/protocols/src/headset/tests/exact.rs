//! Bodies byte for byte: the names that the reference proposes, and the same in XML.

use super::*;

/// 2026-11-27T18:30:00Z.
const NOW: i64 = 1_795_804_200;

fn discovery() -> Discovery {
    let service = |class, base: &str| Service {
        class,
        enabled: true,
        mode: None,
        primary: format!("https://one.example:9444/headset/SEP001122334455/{base}"),
        secondary: None,
        configuration_url: None,
    };
    let cc = Service {
        mode: Some(Mode::NotificationAndControl),
        secondary: Some("https://two.example:9444/headset/SEP001122334455/cc".into()),
        configuration_url: Some("https://one.example:9444/headset/SEP001122334455/cc".into()),
        ..service(ServiceClass::ContactCentre, "cc")
    };
    Discovery {
        device: device("SEP001122334455"),
        version: "a1b2".into(),
        services: vec![cc, service(ServiceClass::Inventory, "inventory")],
        retry_after_seconds: Some(300),
        token: Some(Token::new("t0k.en")),
        token_expires: Some(moment(NOW)),
    }
}

fn configuration() -> Configuration {
    Configuration {
        mode: Mode::Notification,
        agent: Some("1001".into()),
        agent_problem: None,
        current: Some(Current {
            state: AgentState::NotReady,
            reason: Some(5),
            since: Some(moment(NOW)),
        }),
        reasons: vec![Reason { code: 5, label: "Lunch & \"tea\"".into() }],
        default_reason: Some(5),
        mute_button: MuteButton::ReadyToggle,
        lights: Some(Lights::USUAL),
    }
}

#[track_caller]
fn check(written: &[u8], expected: &[&str]) {
    assert_eq!(std::str::from_utf8(written).unwrap(), expected.concat());
}

#[test]
fn hst_01_discovery_has_the_names_of_the_reference() {
    let expected = [
        r#"{"schema":1,"deviceName":"SEP001122334455","version":"a1b2","services":["#,
        r#"{"serviceClass":"cc","enabled":true,"mode":"control","#,
        r#""primary":"https://one.example:9444/headset/SEP001122334455/cc","#,
        r#""secondary":"https://two.example:9444/headset/SEP001122334455/cc","#,
        r#""configUrl":"https://one.example:9444/headset/SEP001122334455/cc"},"#,
        r#"{"serviceClass":"inventory","enabled":true,"#,
        r#""primary":"https://one.example:9444/headset/SEP001122334455/inventory","secondary":null}],"#,
        r#""retryAfterSeconds":300,"token":"t0k.en","tokenExpiresAt":"2026-11-27T18:30:00Z"}"#,
    ];
    check(&Profile::default().write_discovery(&discovery()), &expected);
    assert!(!format!("{:?}", discovery()).contains("t0k"), "a token prints itself");
}

#[test]
fn the_configuration_has_the_names_of_the_reference() {
    let expected = [
        r#"{"mode":"notify","agentId":"1001","agentProblem":null,"state":"NotReady","stateCode":2,"#,
        r#""reasonCode":5,"since":"2026-11-27T18:30:00Z","#,
        r#""notReadyReasons":[{"code":5,"label":"Lunch & \"tea\""}],"defaultNotReadyReason":5,"#,
        r#""muteButton":"readyToggle","#,
        r#""led":{"inCall":"green","inCallMuted":"red","ready":"off","notReady":"red"}}"#,
    ];
    check(&Profile::default().write_configuration(&configuration()), &expected);
    let nobody = Configuration {
        agent: None,
        agent_problem: Some("two agents on this line".into()),
        current: None,
        reasons: vec![],
        default_reason: None,
        mute_button: MuteButton::Mute,
        lights: None,
        mode: Mode::Disabled,
    };
    let expected = [
        r#"{"mode":"disabled","agentId":null,"agentProblem":"two agents on this line","#,
        r#""notReadyReasons":[],"muteButton":"mute","led":null}"#,
    ];
    check(&Profile::default().write_configuration(&nobody), &expected);
}

#[test]
fn a_label_is_cut_to_what_phones_show() {
    let reasons = vec![Reason { code: 5, label: "é".repeat(101) }];
    let profile = Profile::default();
    let written = profile.write_configuration(&Configuration { reasons, ..configuration() });
    let read = profile.read_configuration(&written).unwrap();
    assert_eq!(read.reasons[0].label, "é".repeat(100));
}

#[test]
fn answers_templates_and_what_phones_send_have_the_names_of_the_reference() {
    let profile = Profile::default();
    let answer = Answer {
        refused: Some((Refusal::NotNow, "in a call".into())),
        current: Some(Current { state: AgentState::Ready, reason: None, since: None }),
        now: Some(moment(NOW)),
    };
    let expected = [
        r#"{"error":"notNow","message":"in a call","state":"Ready","stateCode":3,"#,
        r#""now":"2026-11-27T18:30:00Z"}"#,
    ];
    check(&profile.write_answer(&answer), &expected);
    let template = Template {
        model: "560".into(),
        version: "1-10".into(),
        firmware: Some(FirmwareChoice::Latest),
        settings: HeadsetSettings {
            speaker_volume: Some(7),
            sidetone: Some("low".into()),
            bluetooth: Some(true),
            ..HeadsetSettings::default()
        },
    };
    let expected = [
        r#"{"model":"560","templateVersion":"1-10","firmware":"latest","#,
        r#""settings":{"speakerVolume":7,"sidetone":"low","bluetooth":true}}"#,
    ];
    check(&profile.write_template(&template), &expected);
    let update = Update {
        device: Some(device("SEP001122334455")),
        request_id: Some("5f0c".into()),
        state: AgentState::Ready,
        reason: Some(0),
        sent_at: Some(moment(NOW)),
    };
    let expected = [
        r#"{"deviceName":"SEP001122334455","requestId":"5f0c","state":"Ready","reasonCode":0,"#,
        r#""sentAt":"2026-11-27T18:30:00Z"}"#,
    ];
    check(&profile.write_update(&update), &expected);
}

#[test]
fn an_inventory_is_read_with_all_its_members() {
    let body = r#"{"deviceName":"SEP001122334455","event":"snapshot","extra":{"a":[1]},"headsets":[
        {"serialNumber":"S1","model":"562","vendor":"V","type":"dectWireless","firmware":"2-1",
         "user":"u","template":"t","status":"connected","since":"2026-11-27T18:30:00Z",
         "dockModel":"d","deviceName":"SEP001122334455","deviceModel":"CP-8865",
         "softwareVersion":"12-8","headsetOwner":"o","phoneOwner":"p","ageDays":3},
        {"serialNumber":17,"type":"somethingNew","user":"  ","since":null}]}"#;
    let full = HeadsetSeen {
        serial_number: "S1".into(),
        model: Some("562".into()),
        vendor: Some("V".into()),
        kind: HeadsetKind::DectWireless,
        firmware: Some("2-1".into()),
        user: Some("u".into()),
        template: Some("t".into()),
        status: Some(HeadsetStatus::Connected),
        since: Some(moment(NOW)),
        dock_model: Some("d".into()),
        device_name: Some("SEP001122334455".into()),
        device_model: Some("CP-8865".into()),
        software_version: Some("12-8".into()),
        headset_owner: Some("o".into()),
        phone_owner: Some("p".into()),
        age_days: Some(3),
    };
    let scant = HeadsetSeen { serial_number: "17".into(), ..HeadsetSeen::default() };
    let expected = InventoryEvent {
        device: Some(device("SEP001122334455")),
        event: HeadsetEvent::Snapshot,
        headsets: vec![full, scant],
    };
    assert_eq!(Profile::default().read_inventory(body.as_bytes()), Ok(expected));
}

#[test]
fn a_profile_changes_format_paths_names_and_values() {
    let profile = profile(
        r#"
        format = "xml"
        time_format = "epoch_milliseconds"
        yes = "on"
        no = "off"
        [requests]
        update = "POST /v2/phones/SEP{device}.xml"
        [bases]
        contact_centre = "/v2"
        [names.update]
        state = "agent.status.code"
        reason = "agent.reason"
        sent_at = "when"
        [names.service]
        enabled = "active"
        [roots]
        update = "change"
        discovery = "all"
        [items]
        services = "one"
        [values.state]
        login = 0
        logout = 1
        not_ready = 2
        ready = 3
        "#,
    );
    let update = Update {
        device: None,
        request_id: None,
        state: AgentState::NotReady,
        reason: Some(5),
        sent_at: Some(moment(NOW)),
    };
    let written = profile.write_update(&update);
    let expected = [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<change><agent><status><code>2</code></status>",
        "<reason>5</reason></agent><when>1795804200000</when></change>",
    ];
    check(&written, &expected);
    assert_eq!(profile.read_update(&written), Ok(update));
    let services = String::from_utf8(profile.write_discovery(&discovery())).unwrap();
    assert!(services.contains("<all><schema>1</schema>"), "{services}");
    assert!(services.contains("<services><one><serviceClass>cc</serviceClass><active>on</active>"));
    assert!(profile.takes(Some("text/xml; charset=UTF-8")) && profile.takes(None));
    assert!(!profile.takes(Some("application/json")));
    assert!(!profile.takes(Some("text/xml; charset=utf-16")));
    let asked = Asked::Update { device: Some(device("001122334455")) };
    assert_eq!(profile.route("POST", "/v2/phones/SEP001122334455.xml"), Routed::Asked(asked));
    assert_eq!(profile.base(ServiceClass::ContactCentre, &device("x")), "/v2");
}
