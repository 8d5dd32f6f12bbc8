//! Headset settings: every limit, round trips, what earlier programs stored, warnings.

use serde_json::{Value, json};

use super::*;
use crate::settings::{Device, Settings, SettingsFile, SettingsHead, export};
use crate::{Document, Kind, Sealed};

fn read(file: Value) -> Result<Settings, Vec<String>> {
    let file = SettingsFile::read(file).map_err(|found| {
        found.as_slice().iter().map(|problem| problem.key.clone()).collect::<Vec<_>>()
    })?;
    let documents = file.into_documents(|_| None, |_, _| Sealed::from_text("sealed"));
    Ok(Settings::from_documents(&SettingsHead::default(), documents.0))
}

/// Reads the section with that member and compares the keys of all problems.
#[track_caller]
fn check(name: &str, value: Value, expected: &[&str]) {
    let keys = read(json!({"headset": {name: value.clone()}})).err().unwrap_or_default();
    assert_eq!(keys, expected, "{name} {value}");
}

fn template(more: Value) -> Value {
    let mut template = json!({"model": "CP-HS-562", "version": "1-10"});
    for (name, value) in more.as_object().unwrap() {
        template[name] = value.clone();
    }
    json!([template])
}

#[test]
fn hst_02_the_mute_key_toggles_or_only_mutes() {
    check("mute_button", json!("ready_toggle"), &[]);
    check("mute_button", json!("mute"), &[]);
    check("mute_button", json!("toggle"), &["headset.mute_button"]);
    let settings = read(json!({"headset": {"mute_button": "mute"}})).unwrap();
    assert_eq!(settings.headset.mute_button, MuteButton::Mute);
    assert_eq!(Headset::default().mute_button, MuteButton::ReadyToggle);
}

#[test]
fn hst_05_limits_of_headset_settings_are_kept_and_what_is_beyond_is_refused() {
    let limits = [
        ("handle_days", 1, 400),
        ("token_hours", 1, 168),
        ("token_generation", 0, 65_535),
        ("news_per_second", 1, 1_000),
        ("update_age_seconds", 5, 300),
    ];
    for (name, least, most) in limits {
        let key = format!("headset.{name}");
        for good in [least, most] {
            check(name, json!(good), &[]);
        }
        check(name, json!(most + 1), &[&key]);
        if least > 0 {
            check(name, json!(least - 1), &[&key]);
        }
        check(name, json!(-1), &[&key]);
        check(name, json!("x"), &[&key]);
    }
    let given = json!({"headset": {
        "handle_days": 400, "token_hours": 168, "token_generation": 65_535,
        "news_per_second": 1_000, "update_age_seconds": 300,
    }});
    let headset = read(given).unwrap().headset;
    let numbers = (headset.handle_days, headset.token_hours, headset.token_generation);
    assert_eq!(numbers, (400, 168, 65_535));
    assert_eq!((headset.news_per_second, headset.update_age_seconds), (1_000, 300));
}

#[test]
fn hst_05_without_a_word_headsets_are_off_and_told_at_200_a_second() {
    let headset = Headset::default();
    assert_eq!(read(json!({})).unwrap().headset.as_ref(), &headset);
    assert_eq!(headset.mode, HeadsetMode::Disabled);
    assert_eq!(headset.proof, [HeadsetProof::Certificate, HeadsetProof::Token]);
    let numbers = (headset.handle_days, headset.token_hours, headset.token_generation);
    assert_eq!(numbers, (90, 24, 0));
    assert_eq!((headset.news_per_second, headset.update_age_seconds), (200, 30));
}

#[test]
fn hst_02_a_headset_is_proven_by_one_to_three_named_proofs() {
    let proof = "headset.proof";
    check("proof", json!(["certificate"]), &[]);
    check("proof", json!(["address", "token", "certificate"]), &[]);
    check("proof", json!([]), &[proof]);
    check("proof", json!(["password"]), &[proof]);
    check("proof", json!("token"), &[proof; 2]);
    check("proof", json!(["token", "token", "token", "token"]), &[proof; 2]);
    let settings = read(json!({"headset": {"proof": ["address", "token", "token"]}})).unwrap();
    assert_eq!(settings.headset.proof, [HeadsetProof::Token, HeadsetProof::Address]);
}

#[test]
fn hst_02_templates_have_a_model_a_version_and_settings_within_their_limits() {
    let at = |name: &str| format!("headset.templates[0].{name}");
    for (name, characters_max) in [("model", 64), ("version", 16)] {
        check("templates", template(json!({name: "x"})), &[]);
        check("templates", template(json!({name: "x".repeat(characters_max)})), &[]);
        let longer = template(json!({name: "x".repeat(characters_max + 1)}));
        check("templates", longer, &[&at(name)]);
        check("templates", template(json!({name: ""})), &[&at(name)]);
        check("templates", template(json!({name: "a\nb"})), &[&at(name)]);
    }
    check("templates", json!([{"version": "1"}]), &[&at("model")]);
    check("templates", json!([{"model": "a"}]), &[&at("version")]);
    check("templates", template(json!({"version": "1 10"})), &[&at("version")]);
    check("templates", template(json!({"firmware": "latest"})), &[]);
    check("templates", template(json!({"firmware": "newest"})), &[&at("firmware")]);
    check("templates", template(json!({"colour": "red"})), &[&at("colour")]);

    let setting = |name: &str, value: Value| template(json!({"settings": {name: value}}));
    let key = |name: &str| at(&format!("settings.{name}"));
    for setting_of in HeadsetSetting::ALL {
        let name = setting_of.name();
        match setting_of {
            HeadsetSetting::Number(_, most) => {
                check("templates", setting(name, json!(0)), &[]);
                check("templates", setting(name, json!(most)), &[]);
                check("templates", setting(name, json!(most + 1)), &[&key(name)]);
            }
            HeadsetSetting::Choice(_, choices) => {
                for choice in choices {
                    check("templates", setting(name, json!(choice)), &[]);
                }
                check("templates", setting(name, json!("other")), &[&key(name)]);
                check("templates", setting(name, json!(true)), &[&key(name)]);
            }
            HeadsetSetting::Switch(_) => {
                check("templates", setting(name, json!(false)), &[]);
                check("templates", setting(name, json!("on")), &[&key(name)]);
            }
        }
    }
    check("templates", setting("brightness", json!(1)), &[&key("brightness")]);
}

#[test]
fn hst_02_a_model_has_one_template_and_there_are_at_most_fifty() {
    let templates = |count: usize| -> Value {
        (0..count).map(|it| json!({"model": format!("model {it}"), "version": "1"})).collect()
    };
    check("templates", templates(50), &[]);
    check("templates", templates(51), &["headset.templates"]);
    let twice = json!([{"model": "a", "version": "1"}, {"model": "a", "version": "2"}]);
    check("templates", twice, &["headset.templates"]);
    let settings = read(json!({"headset": {"templates": templates(3)}})).unwrap();
    assert_eq!(settings.headset.template("model 2").unwrap().version, "1");
    assert_eq!(settings.headset.template("model 3"), None);
}

fn whole() -> Value {
    json!({
        "cti_pairs": [{"name": "east", "dialect": "express", "side_a": "cti.example:12028"}],
        "devices": [{"name": "SEP001122334455", "lines": ["2001"], "pair": "east"}],
        "headset": {
            "mode": "notification_and_control",
            "deployment_type": "express",
            "default_not_ready_reason": 3,
            "mute_button": "mute",
            "proof": ["token", "address"],
            "handle_days": 30,
            "token_hours": 8,
            "token_generation": 7,
            "news_per_second": 50,
            "update_age_seconds": 10,
            "templates": [
                {
                    "model": "CP-HS-562",
                    "version": "1-10",
                    "firmware": "latest",
                    "settings": {"speaker_volume": 9, "sidetone": "high", "bluetooth": false},
                },
                {"model": "CP-HS-561", "version": "1-2"},
            ],
        },
        "retention": {"audit_days": 30, "headset_days": 60},
    })
}

#[test]
fn hst_05_headset_settings_are_exported_and_read_back_as_they_were() {
    let settings = read(whole()).unwrap();
    assert_eq!(read(export(&settings)).unwrap(), settings);
    let template = settings.headset.template("CP-HS-562").unwrap();
    let expected = [
        ("bluetooth", HeadsetValue::Switch(false)),
        ("sidetone", HeadsetValue::Choice("high".to_owned())),
        ("speaker_volume", HeadsetValue::Number(9)),
    ];
    let found = template.settings.iter().map(|(name, value)| (name.as_str(), value.clone()));
    assert!(found.eq(expected));
    // As the store keeps them.
    for document in settings.documents() {
        let document = Document::Setting(Box::new(document));
        let body = document.encode().unwrap();
        let schema = Document::schema(Kind::Setting);
        assert_eq!(Document::decode(Kind::Setting, schema, &body).unwrap(), document);
    }
}

#[test]
fn hst_05_settings_that_an_earlier_program_stored_are_read() {
    let stored = json!({
        "section": "headset", "mode": "notification", "deployment_type": null,
        "default_not_ready_reason": 4,
    });
    let found: crate::settings::SettingDocument = serde_json::from_value(stored).unwrap();
    let expected = Headset {
        mode: HeadsetMode::Notification,
        default_not_ready_reason: Some(ReasonCode(4)),
        ..Headset::default()
    };
    assert_eq!(found, crate::settings::SettingDocument::Headset(expected));
    let stored = json!({
        "name": "SEP1", "description": null, "lines": [], "profile": false,
        "certificate_sha256": null,
    });
    let device: Device = serde_json::from_value(stored).unwrap();
    assert_eq!(device.pair, None);
    let retention: crate::settings::Retention =
        serde_json::from_value(json!({"audit_days": 100})).unwrap();
    assert_eq!((retention.audit_days, retention.headset_days), (100, 400));
}

#[test]
fn hst_13_a_phone_names_a_pair_that_is_there_and_a_profile_names_none() {
    let with = |device: Value| {
        let mut file = whole();
        file["devices"] = json!([device]);
        read(file).err().unwrap_or_default()
    };
    let none: [String; 0] = [];
    assert_eq!(with(json!({"name": "SEP1", "pair": "east"})), none);
    assert_eq!(with(json!({"name": "SEP1", "pair": "west"})), ["devices[0].pair"]);
    assert_eq!(with(json!({"name": "SEP1", "pair": "e st"})), ["devices[0].pair"]);
    assert_eq!(with(json!({"name": "P1", "profile": true, "pair": "east"})), ["devices[0].pair"]);
}

#[test]
fn hst_05_warnings_tell_what_cannot_reach_phones_and_what_proves_little() {
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let warned = |headset: Value, sip: Value, purpose: &str| -> Vec<String> {
        let trust = json!([{"name": "x", "purposes": [purpose], "certificates": certificate}]);
        let file = json!({"headset": headset, "sip": sip, "trust": trust});
        let file = SettingsFile::read(file).unwrap();
        let of_file: Vec<_> = file.warnings();
        let documents = file.into_documents(|_| None, |_, _| Sealed::from_text("sealed"));
        let settings = Settings::from_documents(&SettingsHead::default(), documents.0);
        assert_eq!(settings.warnings(), of_file);
        of_file.into_iter().map(|it| it.key).collect()
    };
    let none: [String; 0] = [];
    let (sip, trusted) = (json!({"domains": ["voice.example"]}), "headset_devices");
    assert_eq!(warned(json!({}), json!({}), "phones"), none);
    for mode in ["notification", "notification_and_control"] {
        let headset = json!({"mode": mode});
        assert_eq!(warned(headset.clone(), json!({}), trusted), ["headset.mode"]);
        assert_eq!(warned(headset.clone(), sip.clone(), "sip_devices"), ["headset.proof"]);
        assert_eq!(warned(headset, sip.clone(), trusted), none);
        let by_token = json!({"mode": mode, "proof": ["token"]});
        assert_eq!(warned(by_token, sip.clone(), "phones"), none);
    }
    assert_eq!(warned(json!({"proof": ["address"]}), sip.clone(), "phones"), ["headset.proof"]);
    assert_eq!(warned(json!({"proof": ["address", "token"]}), sip, "phones"), none);
}

#[test]
fn headsets_that_nobody_sees_are_kept_for_30_to_3650_days() {
    let keys = |days: u32| read(json!({"retention": {"headset_days": days}})).err();
    assert_eq!((keys(30), keys(3_650)), (None, None));
    for beyond in [29, 3_651] {
        assert_eq!(keys(beyond), Some(vec!["retention.headset_days".to_owned()]));
    }
}
