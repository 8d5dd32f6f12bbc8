//! The table of reasons, and what is told of a part to whom.

use std::collections::BTreeSet;

use super::*;

#[test]
fn ccp_01_every_code_has_words_that_say_more_than_the_code_and_a_name_of_its_own() {
    let mut names = BTreeSet::new();
    for (code, name, words) in PartCode::TABLE {
        assert!(names.insert(*name), "{name} stands twice");
        assert!(name.chars().all(|it| it.is_ascii_lowercase() || it == '_'), "{name}");
        assert_eq!(PartCode::of_name(name), Some(*code));
        assert!(words.split(' ').count() >= 5, "{words}");
        assert_eq!(words.matches('[').count(), words.matches(']').count(), "{words}");
        // What lies behind a fault may be left out, so nothing else stands on it.
        let without = code.reason(&Map::new());
        assert!(!without.contains(['{', '[', ']']), "{without}");
        let bare = words.split('[').next().unwrap();
        assert!(!bare.contains("{why}"), "{words}");
    }
}

#[test]
fn ccp_01_a_part_is_told_with_its_reason_and_the_page_that_mends_it() {
    let since = Timestamp::from_seconds(1_800_000_000);
    let part = Part::not_ok(PartKind::CtiPair, PartState::Missing, PartCode::CtiDown)
        .named("east")
        .because(Some("cti-a.example:42027 refused"))
        .since(Some(since));
    let told = part.json();
    assert_eq!((&told["part"], &told["name"]), (&json!("cti_pair"), &json!("east")));
    assert_eq!((&told["state"], &told["code"]), (&json!("missing"), &json!("cti_down")));
    assert_eq!((&told["since"], &told["page"]), (&json!("2027-01-15T08:00:00Z"), &json!("#/cti")));
    let reason = told["reason"].as_str().unwrap();
    assert!(reason.contains("not known: cti-a.example:42027 refused. Test both"), "{reason}");
    let ok = Part::ok(PartKind::Store).json();
    assert_eq!(
        (&ok["state"], &ok["code"], &ok["reason"]),
        (&json!("ok"), &Value::Null, &Value::Null)
    );
}

#[test]
fn ccp_01_who_may_not_see_machines_and_files_is_told_the_rest() {
    let part = Part::not_ok(PartKind::Store, PartState::Missing, PartCode::StoreFailing)
        .because(Some("/var/lib/jackfield/store.db: disk I/O error"));
    let told = without_places(part.json());
    assert!(!told.to_string().contains("/var/lib"), "{told}");
    let reason = told["reason"].as_str().unwrap();
    assert!(reason.contains("agents go on. Look at"), "{reason}");
    assert_eq!((&told["page"], &told["arguments"]), (&Value::Null, &json!({})));
}

#[test]
fn ccp_01_a_list_is_whole_partly_there_or_missing() {
    let states =
        [(0, 0), (0, 3), (1, 3), (3, 3)].map(|(amiss, all)| PartState::of_list(amiss, all));
    let expected = [PartState::Ok, PartState::Ok, PartState::Partial, PartState::Missing];
    assert_eq!(states, expected);
}

#[test]
fn there_is_an_alarm_for_every_part() {
    assert_eq!(PartKind::NAMES, domain::settings::ALARM_PARTS);
}
