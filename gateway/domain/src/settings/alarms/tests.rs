use serde_json::{Value, json};

use super::*;
use crate::Problems;
use crate::settings::{Reader, SecretOf, SettingDocument, SettingsFile, export_document};
use crate::{Sealed, Secret};

fn read(value: Value) -> (Option<WrittenAlarms>, Vec<String>) {
    let mut problems = Problems::default();
    let mut reader = Reader::new("", json!({"alarms": value}), &mut problems);
    let read = reader.table("alarms", WrittenAlarms::read);
    reader.finish();
    (read, problems.as_slice().iter().map(|it| it.key.clone()).collect())
}

#[track_caller]
fn check(value: Value, expected: &[&str]) {
    assert_eq!(read(value).1, expected);
}

fn webhook(url: &str) -> Value {
    json!({"receivers": [{"name": "desk", "webhook": {"url": url}}]})
}

fn mail(more: Value) -> Value {
    let mut mail =
        json!({"host": "mail.example", "from": "a@example.com", "to": ["b@example.com"]});
    for (name, value) in more.as_object().unwrap() {
        mail[name] = value.clone();
    }
    json!({"receivers": [{"name": "desk", "mail": mail}]})
}

#[test]
fn a_webhook_is_https_and_names_nobody_and_no_place_within() {
    for url in [
        "https://alarms.example/x?y=z",
        "https://alarms.example",
        "https://[2001:db8::1]:8443/x",
        "https://192.0.2.1:8443/",
    ] {
        check(webhook(url), &[]);
    }
    for url in [
        "http://alarms.example/x",
        "https://",
        "https:///x",
        "https://user:word@alarms.example/",
        "https://user@alarms.example/",
        "https://alarms.example:0/",
        "https://alarms.example:65536/",
        "https://alarms.example/#x",
        "https://alarms.example/a b",
        "https://alarms.example\\@other.example/",
        "https://alärm.example/",
        "https://[alarms]/",
    ] {
        check(webhook(url), &["alarms.receivers[0].webhook.url"]);
    }
    assert_eq!(webhook_place("https://a.example"), Some(("a.example", 443, "/")));
    assert_eq!(webhook_place("https://[::1]:7/x?y"), Some(("::1", 7, "/x?y")));
}

#[test]
fn addresses_hide_nothing_that_a_mail_server_would_read_otherwise() {
    check(mail(json!({"to": ["o'neil+x@mail.example.com"]})), &[]);
    for address in [
        "b@example.com\r\nBcc: c@example.com",
        "b@example.com>\r\nRCPT TO:<c@example.com",
        "<b@example.com>",
        "b c@example.com",
        "b@example.com,c@example.com",
        "b",
        "@example.com",
        "b@",
        "b..c@example.com",
        "\"b\"@example.com",
        "b@exam\u{212a}le.com",
    ] {
        check(mail(json!({"to": [address]})), &["alarms.receivers[0].mail.to"]);
    }
    check(mail(json!({"to": []})), &["alarms.receivers[0].mail.to"]);
    check(mail(json!({"from": "x@y@\n"})), &["alarms.receivers[0].mail.from"]);
}

#[test]
fn a_password_needs_a_user_and_a_private_connection() {
    let account = json!({"user": "u", "password": "p"});
    check(mail(account), &[]);
    check(mail(json!({"user": "u"})), &["alarms.receivers[0].mail.user"]);
    check(mail(json!({"password": "p"})), &["alarms.receivers[0].mail.user"]);
    let open = json!({"user": "u", "password": "p", "security": "plain"});
    check(mail(open), &["alarms.receivers[0].mail.security"]);
    let (read, _) = read(mail(json!({"security": "tls"})));
    let receiver = read.unwrap().alarms.receivers.remove(0);
    assert_eq!(receiver.mail.unwrap().port, 465);
}

#[test]
fn a_receiver_has_one_way_and_a_name_of_its_own() {
    let both = json!({"name": "x", "webhook": {"url": "https://a.example/"}, "mail": {}});
    let (_, keys) = read(json!({"receivers": [both]}));
    assert!(keys.contains(&"alarms.receivers[0].webhook".to_owned()), "{keys:?}");
    check(json!({"receivers": [{"name": "x"}]}), &["alarms.receivers[0].webhook"]);
    let one = json!({"name": "x", "webhook": {"url": "https://a.example/"}});
    check(json!({"receivers": [one, one]}), &["alarms.receivers"]);
}

#[test]
fn rules_name_parts_there_are_and_times_of_day() {
    check(json!({"rules": [{"part": "store", "state": "missing", "after_seconds": 5}]}), &[]);
    check(json!({"rules": [{"part": "shop"}]}), &["alarms.rules[0].part"]);
    check(json!({"rules": [{"part": "store", "state": "ok"}]}), &["alarms.rules[0].state"]);
    check(json!({"rules": [{"part": "store", "from": "24:00"}]}), &["alarms.rules[0].from"]);
    let never = json!({"part": "store", "from": "08:00", "until": "08:00"});
    check(json!({"rules": [never]}), &["alarms.rules[0].until"]);
}

#[test]
fn the_first_rule_that_fits_counts_and_what_it_leaves_out_is_as_usual() {
    let rules = json!({"rules": [
        {"part": "cti_pair", "name": "a", "enabled": false},
        {"part": "cti_pair", "state": "partial", "severity": "critical", "from": "22:00", "until": "06:00"},
    ]});
    let alarms = read(rules).0.unwrap().alarms;
    let terms = |name, state, hour: i64| alarms.terms("cti_pair", Some(name), state, hour * 3_600);
    assert_eq!(terms("a", AlarmState::Missing, 12), None);
    let night = terms("b", AlarmState::Partial, 23).unwrap();
    let usual = AlarmRule::usual("cti_pair", AlarmState::Partial).unwrap();
    assert_eq!(night, AlarmTerms { severity: AlarmSeverity::Critical, ..usual });
    assert!(terms("b", AlarmState::Partial, 5).unwrap().is_due_now);
    assert!(!terms("b", AlarmState::Partial, 12).unwrap().is_due_now);
    let missing = terms("b", AlarmState::Missing, 12).unwrap();
    assert_eq!((missing.severity, missing.after_seconds), (AlarmSeverity::Critical, 60));
    assert_eq!(Alarms::default().terms("maintenance", None, AlarmState::Partial, 0), None);
}

#[test]
fn alarms_are_exported_and_read_back_as_they_were_and_each_secret_is_found() {
    let alarms = json!({
        "enabled": false,
        "per_minute_max": 3,
        "receivers": [
            {"name": "hook", "severity": "critical",
             "webhook": {"url": "https://a.example/", "signing_secret": "one", "proxy": true}},
            {"name": "bare", "severity": "warning",
             "webhook": {"url": "https://b.example/", "proxy": false}},
            {"name": "people", "severity": "warning",
             "mail": {"host": "m.example", "port": 587, "security": "start_tls", "user": "u",
                      "password": "two", "from": "a@example.com", "to": ["b@example.com"]}},
        ],
        "rules": [{"part": "disk", "enabled": true, "from": "08:00", "after_seconds": 5}],
    });
    let documents = |alarms: Value| {
        let file = SettingsFile::read(json!({"alarms": alarms})).unwrap();
        let seal = |of: SecretOf, secret: &Secret| {
            let SecretOf::AlarmReceiver(name) = of else { panic!("{of:?}") };
            Sealed::from_text(format!("sealed {name} {}", secret.expose()))
        };
        let documents = file.into_documents(|_| None, seal).0;
        documents.into_iter().find(|it| matches!(it, SettingDocument::Alarms(_))).unwrap()
    };
    let document = documents(alarms.clone());
    let secrets = document.secrets();
    let names: Vec<_> = secrets.iter().map(|(of, _)| of.place()).collect();
    assert_eq!(names, ["alarms.receivers/hook secret", "alarms.receivers/people secret"]);
    let exported = export_document(&document);
    let webhook = &exported["receivers"][0]["webhook"];
    assert_eq!(webhook["signing_secret_sealed"], "sealed hook one", "{exported}");
    assert_eq!(documents(exported.clone()), document);
    let masked = crate::settings::masked(exported).to_string();
    assert!(!masked.contains("sealed hook") && !masked.contains("sealed people"), "{masked}");
    let of = SecretOf::AlarmReceiver("people".to_owned());
    let anew = document.with_secret(&of, Sealed::from_text("anew"));
    assert!(anew.secrets().iter().any(|(it, sealed)| *it == of && sealed.as_text() == "anew"));
    let kept = serde_json::to_value(&anew).unwrap();
    assert_eq!(serde_json::from_value::<SettingDocument>(kept).unwrap(), anew);
}
