//! Files as a whole: limits, references, round trips.

use serde_json::json;

use super::*;
use crate::settings::{Settings, SettingsHead, export};

fn sample() -> Value {
    json!({
        "teams": [{"name": "Support", "layout": "default", "wrap_up_seconds": 20}],
        "agents": [
            {"id": 1001, "team": "Support", "extension": "2001", "password_hash": "$argon2id$x"},
            {"id": "1900", "roles": ["agent", "supervisor"], "password_hash": "$argon2id$y"},
        ],
        "reason_codes": [
            {"category": "not_ready", "code": 12, "label": "Lunch"},
            {"category": "wrap_up", "code": 1, "label": "Sale", "teams": ["Support"]},
        ],
        "layouts": [{
            "name": "default",
            "header": {"label": "Customer", "variable": "callVariable1"},
            "left": [{"label": "Order", "variable": "callVariable2"}],
        }],
        "devices": [{"name": "SEP001122334455", "lines": [2001]}],
        "phone_service": {
            "devices": "listed",
            "inactivity_seconds": 300,
            "alternates": {"gw-a.example": "gw-b.example"},
            "push": {"user": "push", "password_sealed": "v1:xyz", "port": 8443},
        },
        "voice": {"wrap_up_seconds": 0},
    })
}

fn documents(value: Value) -> Documents {
    let seal = |_: SecretOf, _: &Secret| Sealed::from_text("sealed");
    SettingsFile::read(value).unwrap().into_documents(|_| None, seal)
}

/// Reads `sample` with `key` set to `value` and compares the keys of all problems.
#[track_caller]
fn check(pointer: &str, value: Value, expected: &[&str]) {
    let mut sample = sample();
    *sample.pointer_mut(pointer).unwrap() = value;
    let keys: Vec<_> = match SettingsFile::read(sample) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.as_slice().iter().map(|it| it.key.clone()).collect(),
    };
    assert_eq!(keys, expected);
}

#[test]
fn what_is_exported_is_read_back_as_it_was() {
    let documents = documents(sample());
    let settings = Settings::from_documents(&SettingsHead::default(), documents.0);
    let again = self::documents(export(&settings));
    assert_eq!(Settings::from_documents(&SettingsHead::default(), again.0), settings);
}

#[test]
fn phn_12_push_credentials_are_ascii_and_at_most_95_characters() {
    let push = |password: &str| json!({"user": "u", "password": password});
    check("/phone_service/push", push(&"x".repeat(95)), &[]);
    check("/phone_service/push", push(&"x".repeat(96)), &["phone_service.push.password"; 2]);
    check("/phone_service/push", push("p\u{e4}ss"), &["phone_service.push.password"]);
    let user = |user: &str| json!({"user": user, "password": "x"});
    check("/phone_service/push", user(&"u".repeat(95)), &[]);
    check("/phone_service/push", user(&"u".repeat(96)), &["phone_service.push.user"]);
}

#[test]
fn phn_20_inactivity_is_off_or_120_to_86400_seconds() {
    let key = "/phone_service/inactivity_seconds";
    for seconds in [0, 120, 86_400] {
        check(key, json!(seconds), &[]);
    }
    for seconds in [1, 119, 86_401] {
        check(key, json!(seconds), &["phone_service.inactivity_seconds"]);
    }
}

#[test]
fn phn_20_a_phone_on_the_home_screen_never_passes_for_silent() {
    let service = |inactivity: u32, refresh: u32| json!({"inactivity_seconds": inactivity, "home_refresh_seconds": refresh});
    for (inactivity, refresh) in [(120, 60), (1_200, 600), (0, 600)] {
        check("/phone_service", service(inactivity, refresh), &[]);
    }
    for (inactivity, refresh) in [(120, 61), (1_199, 600)] {
        let expected = ["phone_service.home_refresh_seconds"];
        check("/phone_service", service(inactivity, refresh), &expected);
    }
    check(
        "/phone_service",
        json!({"home_refresh_seconds": 61}),
        &["phone_service.home_refresh_seconds"],
    );
}

#[test]
fn phn_09_an_alternate_is_called_what_the_phones_menu_calls_it() {
    let key = "/phone_service/alternates";
    for name in ["gw-b.example", "Agent B (Zürich)", "代替サービス", &"x".repeat(64)] {
        check(key, json!({"gw-a.example": name}), &[]);
    }
    for name in [json!(""), json!("x".repeat(65)), json!("a\nb"), json!(2), json!(null)] {
        check(key, json!({"gw-a.example": name}), &["phone_service.alternates"]);
    }
    check(key, json!({"no name": "gw-b.example"}), &["phone_service.alternates"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let mut bad = sample();
    bad["agents"][0]["id"] = json!("no spaces");
    bad["agents"][1]["roles"] = json!(["king"]);
    bad["reason_codes"][0]["label"] = json!("x".repeat(41));
    bad["devices"][0]["odd"] = json!(1);
    bad["teams"][0]["layout"] = json!("missing");
    let problems = SettingsFile::read(bad).unwrap_err();
    let keys: Vec<_> = problems.as_slice().iter().map(|it| it.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "teams[0].layout",
            "agents[0].id",
            "agents[1].roles",
            "reason_codes[0].label",
            "devices[0].odd"
        ]
    );
}

#[test]
fn phn_06_reasons_are_global_or_the_teams() {
    let settings = Settings::from_documents(&SettingsHead::default(), documents(sample()).0);
    let codes = |agent: &str, category| -> Vec<u16> {
        let agent = agent.parse().unwrap();
        settings.reasons_for(&agent, category).map(|reason| reason.code.0).collect()
    };
    use crate::ReasonCategory::{NotReady, WrapUp};
    assert_eq!(codes("1001", NotReady), [12]);
    assert_eq!(codes("1001", WrapUp), [1]);
    assert_eq!(codes("1900", NotReady), [12]);
    assert_eq!(codes("1900", WrapUp), [0u16; 0]);
}

#[test]
fn phn_07_two_columns_fold_into_one() {
    let settings = Settings::from_documents(&SettingsHead::default(), documents(sample()).0);
    let layout = settings.layout_for(&"1001".parse().unwrap()).unwrap();
    let labels: Vec<_> = layout.folded().map(|field| field.label.as_str()).collect();
    assert_eq!(labels, ["Customer", "Order"]);
}

/// Adds a member to the sample and compares the keys of all problems.
#[track_caller]
fn check_more(name: &str, value: Value, expected: &[&str]) {
    let mut sample = sample();
    sample[name] = value;
    let keys: Vec<_> = match SettingsFile::read(sample) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.as_slice().iter().map(|it| it.key.clone()).collect(),
    };
    assert_eq!(keys, expected);
}

#[test]
fn hst_13_the_deployment_type_fits_every_pair() {
    let with = |dialect: &str, kind: &str| {
        let mut sample = sample();
        let mut pair = json!({"name": "east", "dialect": dialect, "side_a": "cti.example:42027"});
        if dialect == "enterprise" {
            pair["peripheral_id"] = json!(5000);
        }
        sample["cti_pairs"] = json!([pair]);
        sample["headset"] = json!({"mode": "notification", "deployment_type": kind});
        SettingsFile::read(sample)
    };
    for kind in ["express", "enterprise"] {
        assert!(with(kind, kind).is_ok(), "{kind}");
    }
    for (dialect, kind) in [("express", "enterprise"), ("enterprise", "express")] {
        let problems = with(dialect, kind).unwrap_err();
        assert_eq!(problems.as_slice()[0].key, "headset.deployment_type");
    }
}

#[test]
fn hst_13_a_pair_names_a_primary_and_another_secondary_node() {
    let pair = |more: Value| {
        let mut pair = json!({"name": "east", "dialect": "express", "side_a": "cti.example:12028"});
        for (name, value) in more.as_object().unwrap() {
            pair[name] = value.clone();
        }
        json!([pair])
    };
    let (a, b) = ("gw-a.example", "gw-b.example");
    check_more("cti_pairs", pair(json!({"primary_node": a, "secondary_node": b})), &[]);
    check_more("cti_pairs", pair(json!({"primary_node": a})), &[]);
    let same = pair(json!({"primary_node": a, "secondary_node": a}));
    check_more("cti_pairs", same, &["cti_pairs[0].secondary_node"]);
    let alone = pair(json!({"secondary_node": b}));
    check_more("cti_pairs", alone, &["cti_pairs[0].primary_node"]);
    let odd = pair(json!({"primary_node": "192.0.2.1/x"}));
    check_more("cti_pairs", odd, &["cti_pairs[0].primary_node"]);
}

#[test]
fn hst_02_there_are_three_modes() {
    for mode in ["disabled", "notification", "notification_and_control"] {
        check_more("headset", json!({"mode": mode}), &[]);
    }
    check_more("headset", json!({"mode": "control"}), &["headset.mode"]);
}

#[test]
fn ids_17_an_account_has_a_role_a_good_password_and_no_agents_id() {
    let account = |more: Value| {
        let mut account = json!({"name": "boss", "roles": ["administrator"]});
        for (name, value) in more.as_object().unwrap() {
            account[name] = value.clone();
        }
        json!([account])
    };
    check_more("accounts", account(json!({"password": "x".repeat(8)})), &[]);
    check_more("accounts", account(json!({"password": "x".repeat(7)})), &["accounts[0].password"]);
    check_more("accounts", account(json!({"password": "x".repeat(128)})), &[]);
    check_more(
        "accounts",
        account(json!({"password": "x".repeat(129)})),
        &["accounts[0].password"],
    );
    check_more("accounts", account(json!({"roles": ["king"]})), &["accounts[0].roles"]);
    check_more("accounts", json!([{"name": "boss"}]), &["accounts[0].roles"]);
    check_more("accounts", account(json!({"name": "1001"})), &["accounts[0].name"]);
    check_more("accounts", account(json!({"totp": "A".repeat(26)})), &[]);
    for bad in ["A".repeat(25), "a".repeat(32), "1".repeat(32)] {
        check_more("accounts", account(json!({"totp": bad})), &["accounts[0].totp"]);
    }
}

#[test]
fn ids_17_a_directory_has_a_password_and_filters_that_close() {
    let with = |name: &str, value: Value| {
        let mut directory = json!({
            "name": "site",
            "servers": [{"host": "ldap.example"}],
            "bind_dn": "cn=reader",
            "bind_password": "secret",
            "base_dn": "dc=example",
        });
        directory[name] = value;
        json!([directory])
    };
    check_more("directories", with("user_filter", json!("(uid={user})")), &[]);
    for bad in ["(uid=x)", "uid={user}", "(uid={user}))(", "(uid={user}"] {
        let expected = ["directories[0].user_filter"];
        check_more("directories", with("user_filter", json!(bad)), &expected);
    }
    // Without a password of its own a directory lets anybody pass.
    let expected = ["directories[0].bind_password"];
    check_more("directories", with("bind_password", json!(null)), &expected);
    check_more("directories", with("servers", json!([])), &["directories[0].servers"]);
    check_more("directories", with("security", json!("none")), &["directories[0].security"]);
}

#[test]
fn ids_16_a_role_names_a_directory_and_somebody_in_it() {
    let role = |more: Value| {
        let mut role = json!({"name": "boss", "role": "administrator", "directory": "site"});
        role["groups"] = more;
        json!([role])
    };
    check_more("roles", role(json!(["cn=x"])), &["roles[0].directory"]);
    check_more("roles", role(json!([])), &["roles[0].groups", "roles[0].directory"]);
}

#[test]
fn ids_12_receivers_of_the_log_have_a_level_a_facility_and_a_transport() {
    let receiver = |more: Value| {
        let mut receiver = json!({"name": "log", "host": "log.example"});
        for (name, value) in more.as_object().unwrap() {
            receiver[name] = value.clone();
        }
        json!({"level": "info", "syslog": [receiver]})
    };
    for facility in [0, 23] {
        check_more("logging", receiver(json!({"facility": facility})), &[]);
    }
    check_more("logging", receiver(json!({"facility": 24})), &["logging.syslog[0].facility"]);
    check_more("logging", receiver(json!({"level": "loud"})), &["logging.syslog[0].level"]);
    check_more("logging", receiver(json!({"host": "https://x"})), &["logging.syslog[0].host"]);
    let framing = json!({"framing": "newline"});
    check_more("logging", receiver(framing), &["logging.syslog[0].framing"]);
    check_more("logging", receiver(json!({"transport": "tcp", "framing": "newline"})), &[]);
}

#[test]
fn ops_09_a_proxy_has_a_host_and_a_password_only_with_a_user() {
    check_more("proxies", json!({"http": {"host": "proxy.example", "port": 3128}}), &[]);
    check_more("proxies", json!({"http": {"port": 3128}}), &["proxies.http.host"]);
    let password = json!({"socks": {"host": "proxy.example", "password": "x"}});
    check_more("proxies", password, &["proxies.socks.user"]);
}

#[test]
fn ops_07_the_sign_on_message_has_a_length() {
    check_more("sign_on", json!({"message": "x".repeat(4_096)}), &[]);
    check_more("sign_on", json!({"message": "x".repeat(4_097)}), &["sign_on.message"]);
    check_more("sign_on", json!({"message": "one\ntwo"}), &[]);
    check_more("sign_on", json!({"message": "\u{7}"}), &["sign_on.message"]);
}

#[test]
fn ops_13_the_audit_log_is_kept_for_30_to_3650_days() {
    for days in [30, 3_650] {
        check_more("retention", json!({"audit_days": days}), &[]);
    }
    for days in [29, 3_651] {
        check_more("retention", json!({"audit_days": days}), &["retention.audit_days"]);
    }
}

#[test]
fn agents_have_skills_that_exist_and_teams_supervisors_that_do() {
    let mut sample = sample();
    sample["skills"] = json!([{"name": "German"}]);
    sample["agents"][0]["skills"] = json!({"German": 10});
    sample["teams"][0]["supervisors"] = json!(["1900"]);
    assert!(SettingsFile::read(sample.clone()).is_ok());
    let keys = |sample: &Value| -> Vec<String> {
        let problems = SettingsFile::read(sample.clone()).unwrap_err();
        problems.as_slice().iter().map(|it| it.key.clone()).collect()
    };
    for (skill, competence) in [("German", 0), ("German", 11), ("French", 5)] {
        let mut bad = sample.clone();
        bad["agents"][0]["skills"] = json!({skill: competence});
        assert_eq!(keys(&bad), ["agents[0].skills"]);
    }
    sample["teams"][0]["supervisors"] = json!(["1901"]);
    assert_eq!(keys(&sample), ["teams[0].supervisors"]);
}

#[test]
fn byd_05_a_plan_tells_what_is_new_other_and_gone_without_secrets() {
    use crate::settings::{Becomes, plan};
    let before = Settings::from_documents(&SettingsHead::default(), documents(sample()).0);
    assert_eq!(plan(&before, &before.documents()), []);
    let mut changed = sample();
    changed["agents"][0]["password_hash"] = json!("$argon2id$other");
    changed["agents"][0]["name"] = json!("Somebody");
    changed["devices"] = json!([]);
    changed["accounts"] =
        json!([{"name": "boss", "roles": ["administrator"], "password_hash": "$argon2id$z"}]);
    let planned = plan(&before, &documents(changed).0);
    let told: Vec<_> = planned.iter().map(|it| (it.name.as_str(), it.becomes)).collect();
    assert_eq!(
        told,
        [
            ("agents/1001", Becomes::Changed),
            ("devices/SEP001122334455", Becomes::Removed),
            ("accounts/boss", Becomes::Added),
        ]
    );
    let fields: Vec<_> = planned[0].changes.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["agents/1001 name", "agents/1001 password_hash"]);
    assert!(!format!("{planned:?}").contains("argon2id"));
}

#[test]
fn the_reason_of_the_headsets_key_is_one_of_not_ready() {
    let with = |code: u16, reasons: Value| {
        let file = json!({"headset": {"default_not_ready_reason": code}, "reason_codes": reasons});
        SettingsFile::read(file).err().map(|found| found.as_slice()[0].key.clone())
    };
    let reasons = json!([
        {"category": "not_ready", "code": 12, "label": "Lunch"},
        {"category": "wrap_up", "code": 1, "label": "Sale"},
    ]);
    assert_eq!(with(12, reasons.clone()), None);
    assert_eq!(with(1, reasons).as_deref(), Some("headset.default_not_ready_reason"));
    // Where none is listed, the contact centre's own hold.
    assert_eq!(with(1, json!([])), None);
}

#[test]
fn a_reason_is_found_by_one_spelling_alone() {
    let settings = Settings::from_documents(&SettingsHead::default(), documents(sample()).0);
    let found = |name: &str| {
        let key = crate::Key::new(crate::Kind::Setting, format!("reason/{name}"));
        settings.document(&key).is_some()
    };
    assert!(found("not_ready/12"));
    assert!(!found("not_ready/012") && !found("not_ready/+12"));
}
