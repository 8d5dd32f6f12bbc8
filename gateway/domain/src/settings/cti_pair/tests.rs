//! Pairs as files give them: limits, references, export, warnings.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::settings::{Documents, SecretOf, SettingDocument, SettingsFile, SettingsHead, export};
use crate::{Secret, Settings};

fn sample() -> Value {
    json!({
        "teams": [{"name": "Support", "pair": "south"}, {"name": "Sales"}],
        "agents": [
            {"id": "1001", "team": "Support"},
            {"id": "1002", "team": "Support", "pair": "north"},
            {"id": "1003", "team": "Sales"},
        ],
        "cti_pairs": [
            {
                "name": "north",
                "side_a": "cti-a.example:42027",
                "side_b": "[2001:db8::1]:43027",
                "peripheral_id": 5000,
                "client_password": "hunter2",
                "rmcm_user": "RmCm",
            },
            {"name": "south", "dialect": "express", "side_a": "192.0.2.9:12028"},
        ],
        "phone_service": {"push": {"user": "push", "password": "x"}},
    })
}

/// `sample` with `member` of the pair at `position` set, where null takes it away.
fn with(position: usize, member: &str, value: Value) -> Value {
    let mut sample = sample();
    sample["cti_pairs"][position][member] = value;
    sample
}

fn documents(value: Value) -> Documents {
    let seal = |_: SecretOf, secret: &Secret| Sealed::from_text(secret.expose());
    SettingsFile::read(value).unwrap().into_documents(|_| None, seal)
}

fn settings(value: Value) -> Settings {
    Settings::from_documents(&SettingsHead::default(), documents(value).0)
}

#[track_caller]
fn check(value: Value, expected: &[&str]) {
    let keys: Vec<_> = match SettingsFile::read(value) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.as_slice().iter().map(|it| it.key.clone()).collect(),
    };
    assert_eq!(keys, expected);
}

/// Sets `member` of the first pair to each of `good`, then to each of `bad`.
#[track_caller]
fn check_member(position: usize, member: &str, good: &[Value], bad: &[Value]) {
    let key = format!("cti_pairs[{position}].{member}");
    for value in good {
        check(with(position, member, value.clone()), &[]);
    }
    for value in bad {
        check(with(position, member, value.clone()), &[&key]);
    }
}

#[test]
fn what_is_left_out_has_the_usual_value() {
    let settings = settings(sample());
    let north = settings.cti_pairs[&"north".parse().unwrap()].as_ref().clone();
    let expected = CtiPair {
        name: "north".parse().unwrap(),
        dialect: CtiDialect::Enterprise,
        side_a: "cti-a.example:42027".parse().unwrap(),
        side_b: Some("[2001:db8::1]:43027".parse().unwrap()),
        version: 24,
        tag_width: None,
        peripheral_id: 5000,
        client_id: "jackfield".to_owned(),
        client_password: Some(Sealed::from_text("hunter2")),
        heartbeat_seconds: 5,
        reconnect_seconds: 300,
        request_seconds: 5,
        open_seconds: 30,
        sessions: CtiSessions::PerNode,
        logout_reason: 255,
        rmcm_user: Some("RmCm".to_owned()),
        primary_node: None,
        secondary_node: None,
    };
    assert_eq!(north, expected);
    let south = &settings.cti_pairs[&"south".parse().unwrap()];
    assert_eq!((south.version, south.peripheral_id, &south.side_b), (14, 1, &None));
    assert_eq!(south.client_password, None);
}

#[test]
fn hst_08_the_reconnect_timer_is_0_or_120_to_1800_seconds() {
    let key = "reconnect_seconds";
    let good = [0, 120, 300, 1_800].map(Value::from);
    let bad = [json!(1), json!(119), json!(1_801), json!(-1), json!("5"), json!(4_294_967_296_u64)];
    check_member(0, key, &good, &bad);
    let problems = SettingsFile::read(with(0, key, json!(60))).unwrap_err();
    let told = &problems.as_slice()[0].message;
    assert_eq!(told, "must be 0 (300) or 120 to 1800 seconds, not 60");
    let settings = settings(with(0, key, json!(0)));
    assert_eq!(settings.cti_pairs[&"north".parse().unwrap()].reconnect_seconds, 300);
}

#[test]
fn numbers_keep_their_limits() {
    let cases: [(usize, &str, &[u64], &[u64]); 10] = [
        (0, "version", &[9, 25], &[8, 26]),
        (1, "version", &[10, 18], &[9, 19]),
        (0, "tag_width", &[1, 2], &[0, 3]),
        (0, "peripheral_id", &[0, 0xFFFF_FFFE], &[0xFFFF_FFFF]),
        (1, "peripheral_id", &[1], &[0, 2]),
        (0, "heartbeat_seconds", &[0, 5, 600], &[1, 4, 601]),
        (1, "heartbeat_seconds", &[0, 5, 59], &[4, 60]),
        (0, "request_seconds", &[1, 60], &[0, 61]),
        (0, "open_seconds", &[5, 120], &[4, 121]),
        (0, "logout_reason", &[0, 65_535], &[65_536]),
    ];
    for (position, member, good, bad) in cases {
        let values = |numbers: &[u64]| numbers.iter().map(|it| json!(it)).collect::<Vec<_>>();
        check_member(position, member, &values(good), &values(bad));
    }
    check(with(0, "peripheral_id", Value::Null), &["cti_pairs[0].peripheral_id"]);
}

#[test]
fn texts_keep_their_limits() {
    let text = |text: &str, times: usize| json!(text.repeat(times));
    let bad = [text("x", 64), text("\u{e4}", 3), json!("a\u{0}b")];
    check_member(0, "client_id", &[text("x", 63)], &bad);
    let bad = [text("x", 64), text("\u{e4}", 32), json!("a\u{0}b"), json!(7)];
    check_member(0, "client_password", &[text("x", 63), text("\u{e4}", 31)], &bad);
    check_member(0, "dialect", &[json!("enterprise")], &[json!("other")]);
    check_member(0, "sessions", &[json!("one"), json!("per_node")], &[json!("two")]);
    check_member(0, "rmcm_user", &[json!("u")], &[json!(""), text("u", 129)]);
    let both = with(0, "client_password_sealed", json!("v1:x"));
    check(both, &["cti_pairs[0].client_password"]);
}

#[test]
fn names_are_the_operators_own_and_differ() {
    // Teams and agents name north, which the second pair is not called any more.
    for name in ["owned", "Owned", "a b", ""] {
        check(with(1, "name", json!(name)), &["cti_pairs[1].name", "teams[0].pair"]);
    }
    check(with(1, "name", json!("north")), &["cti_pairs[1].name", "teams[0].pair"]);
}

#[test]
fn sides_differ_within_a_pair_and_between_pairs() {
    check(with(0, "side_a", Value::Null), &["cti_pairs[0].side_a"]);
    check(with(0, "side_b", json!("CTI-A.example.:42027")), &["cti_pairs[0].side_b"]);
    check(with(1, "side_a", json!("[2001:DB8:0::1]:43027")), &["cti_pairs[1].side_a"]);
    check(with(1, "side_b", json!("cti-a.example:42028")), &[]);
}

#[test]
fn hst_07_a_side_is_a_host_with_its_port() {
    let good = ["a:1", "cti_1.example:65535", "10.0.0.1:42027", "[::1]:42027", "1a.example:5"];
    for text in good {
        assert_eq!(text.parse::<CtiSide>().expect(text).to_string(), text);
    }
    let told = |text: &str| text.parse::<CtiSide>().expect_err(text).to_string();
    for text in ["", "host", "42027", "[::1]"] {
        assert!(told(text).contains("42027 for side A"), "{}", told(text));
    }
    for text in ["host:", "host:0", "host:65536", "host:+1", "host:x", "[::1]:", "host: 1"] {
        assert!(told(text).contains("1 to 65535"), "{}", told(text));
    }
    for text in ["::1:42027", "[::1:42027", "[::1]42027"] {
        assert!(told(text).contains("in brackets as in"), "{}", told(text));
    }
    let long = format!("{}:1", "a".repeat(64));
    for text in
        [":1", "10.0.0.256:1", "1.2:1", "0.0.0.0:1", "a..b:1", "-a:1", "a b:1", "[::]:1", &long]
    {
        assert!(told(text).contains("is no host name"), "{}", told(text));
    }
}

#[test]
fn cti_06_a_deployment_has_at_most_twelve_pairs() {
    let pair = |number: usize| json!({"name": format!("p{number}"), "side_a": format!("h{number}:1"), "peripheral_id": 1});
    let file = |count: usize| json!({"cti_pairs": (0..count).map(pair).collect::<Vec<_>>()});
    check(file(0), &[]);
    check(file(12), &[]);
    check(file(13), &["cti_pairs"]);
    // What names one of too many is not told again.
    let mut too_many = file(13);
    too_many["agents"] = json!([{"id": "1", "pair": "p12"}]);
    check(too_many, &["cti_pairs"]);
}

#[test]
fn all_problems_of_pairs_are_told_at_once_by_key() {
    let mut bad = sample();
    bad["cti_pairs"][0]["side_b"] = json!("nowhere");
    bad["cti_pairs"][0]["odd"] = json!(1);
    bad["cti_pairs"][1]["reconnect_seconds"] = json!(60);
    bad["teams"][1]["pair"] = json!("west");
    bad["agents"][2]["pair"] = json!("owned");
    let keys = [
        "cti_pairs[0].side_b",
        "cti_pairs[0].odd",
        "cti_pairs[1].reconnect_seconds",
        "teams[1].pair",
        "agents[2].pair",
    ];
    check(bad, &keys);
}

#[test]
fn cti_02_a_peer_with_one_session_is_refused_for_a_second_node() {
    let mut one = with(1, "sessions", json!("one"));
    one["phone_service"]["alternates"] = json!({"gw-a.example": "gw-b.example"});
    check(one.clone(), &[]);
    one["phone_service"]["alternates"]["gw-b.example"] = json!("gw-a.example");
    check(one, &["cti_pairs[1].sessions"]);
}

#[test]
fn cti_10_an_agent_belongs_to_the_agents_or_teams_pair_else_to_the_only_one() {
    let name = |text: &str| text.parse::<PairName>().unwrap();
    let of = |settings: &Settings, id: &str| settings.pair_of(&id.parse().unwrap());
    let two = settings(sample());
    assert_eq!(of(&two, "1001"), PairOf::One(name("south")));
    assert_eq!(of(&two, "1002"), PairOf::One(name("north")));
    let unsettled = PairOf::Unsettled(vec![name("north"), name("south")]);
    assert_eq!(of(&two, "1003"), unsettled);
    assert_eq!(of(&two, "unknown"), unsettled);
    let one = settings(json!({
        "agents": [{"id": "1003"}],
        "cti_pairs": [{"name": "north", "side_a": "a:1", "peripheral_id": 1}],
    }));
    assert_eq!(of(&one, "1003"), PairOf::One(name("north")));
    assert_eq!(of(&one, "unknown"), PairOf::One(name("north")));
    let none = settings(json!({"agents": [{"id": "1003"}]}));
    assert_eq!(of(&none, "1003"), PairOf::Owned);
}

#[test]
fn phn_18_a_push_user_that_is_the_contact_centres_is_warned_of() {
    for (user, expected) in [("rmcm", 1), ("RMCM", 1), ("push", 0)] {
        let mut value = sample();
        value["phone_service"]["push"]["user"] = json!(user);
        let file = SettingsFile::read(value.clone()).unwrap();
        let keys: Vec<_> = file.warnings().into_iter().map(|it| it.key).collect();
        assert_eq!(keys, vec!["phone_service.push.user"; expected], "{user}");
        assert_eq!(settings(value).warnings(), file.warnings());
    }
    let mut value = sample();
    value["phone_service"] = json!({});
    assert_eq!(SettingsFile::read(value).unwrap().warnings(), []);
}

#[test]
fn documents_of_before_are_read() {
    let agent = r#"{"section": "agent", "id": "1", "name": null, "team": null, "extension": null,
        "roles": [], "password_hash": null}"#;
    let SettingDocument::Agent(agent) = serde_json::from_str(agent).unwrap() else { panic!() };
    assert_eq!(agent.pair, None);
    let team = r#"{"section": "team", "name": "a", "layout": null, "wrap_up_seconds": null}"#;
    let SettingDocument::Team(team) = serde_json::from_str(team).unwrap() else { panic!() };
    assert_eq!(team.pair, None);
}

fn any_pair() -> impl Strategy<Value = Value> {
    let numbers = (9_u64..=25, prop::option::of(1_u64..=2), 0_u64..=0xFFFF_FFFE, 0_u64..=65_535);
    let seconds = (
        prop_oneof![Just(0_u64), 5_u64..=600],
        prop_oneof![Just(0_u64), 120_u64..=1_800],
        1_u64..=60,
        5_u64..=120,
    );
    let texts = (
        prop::option::of("[ -~]{1,63}"),
        prop::option::of("[ -~]{1,63}"),
        prop::option::of("[ -~]{1,128}"),
    );
    let sides = prop_oneof![Just("a.example:1"), Just("10.0.0.1:2"), Just("[2001:db8::1]:3")];
    (numbers, seconds, texts, sides, any::<bool>()).prop_map(
        |(numbers, seconds, texts, side, one)| {
            json!({
                "name": "north",
                "side_a": side,
                "side_b": "b.example:43027",
                "version": numbers.0,
                "tag_width": numbers.1,
                "peripheral_id": numbers.2,
                "logout_reason": numbers.3,
                "heartbeat_seconds": seconds.0,
                "reconnect_seconds": seconds.1,
                "request_seconds": seconds.2,
                "open_seconds": seconds.3,
                "client_id": texts.0,
                "client_password": texts.1,
                "rmcm_user": texts.2,
                "sessions": if one { "one" } else { "per_node" },
            })
        },
    )
}

proptest! {
    /// What is exported is read back as it was, and what the store keeps too.
    #[test]
    fn a_pair_survives_export_and_store(pair in any_pair()) {
        let file = json!({
            "teams": [{"name": "Support", "pair": "north"}],
            "agents": [{"id": "1", "pair": "north"}],
            "cti_pairs": [pair],
        });
        let before = settings(file);
        prop_assert_eq!(settings(export(&before)), before.clone());
        for document in before.documents() {
            let text = serde_json::to_string(&document).unwrap();
            prop_assert_eq!(serde_json::from_str::<SettingDocument>(&text).unwrap(), document);
        }
    }

    /// Whatever is written for a side, what is taken is taken again as it is told.
    #[test]
    fn a_side_is_told_as_it_is_read(text in "\\[?[a-z0-9.:-]{0,20}\\]?(:[0-9]{1,5})?") {
        if let Ok(side) = text.parse::<CtiSide>() {
            prop_assert_eq!(side.to_string().parse::<CtiSide>(), Ok(side));
        }
    }
}
