//! The server itself holds to the guide.

use super::Fault;
use super::server::state;

const RIGHT: Option<&str> = Some("a:b");

#[test]
fn every_list_is_well_formed_xml_with_all_that_is_odd() {
    let ask = state(None);
    for path in [
        "/finesse/api/Users",
        "/finesse/api/Teams",
        "/finesse/api/ReasonCodes?category=NOT_READY",
        "/finesse/api/Team/2/ReasonCodes?category=NOT_READY",
        "/finesse/api/WrapUpReasons",
        "/finesse/api/MediaPropertiesLayouts",
    ] {
        let (status, text, violations) = ask(path, RIGHT);
        assert_eq!((status, violations), (200, 0), "{path}");
        roxmltree::Document::parse(&text).unwrap();
    }
    let (_, users, _) = ask("/finesse/api/Users", RIGHT);
    let users = roxmltree::Document::parse(&users).unwrap();
    let names: Vec<_> = users
        .descendants()
        .filter(|it| it.has_tag_name("firstName"))
        .filter_map(|it| it.text())
        .collect();
    assert_eq!(names.len(), 20);
    assert!(names.contains(&"<script>alert(1)</script>") && names.contains(&"=cmd()"));
}

#[test]
fn what_the_guide_forbids_is_a_violation() {
    let ask = state(None);
    assert_eq!(ask("/finesse/api/ReasonCodes", RIGHT).2, 1);
    assert_eq!(ask("/finesse/api/Secrets", RIGHT).2, 2);
    let (status, _, violations) = ask("/finesse/api/Users", None);
    assert_eq!((status, violations), (401, 3));
    // One wrong password may happen; the next one is a program that does not listen.
    assert_eq!(ask("/finesse/api/Users", Some("a:x")).2, 3);
    assert_eq!(ask("/finesse/api/Users", Some("a:x")).2, 4);
}

#[test]
fn after_five_wrong_passwords_the_right_one_is_refused_too() {
    let ask = state(None);
    for _ in 0..5 {
        assert_eq!(ask("/finesse/api/Users", Some("a:x")).0, 401);
    }
    assert_eq!(ask("/finesse/api/Users", RIGHT).0, 401);
}

#[test]
fn faults_are_answered_as_the_guide_says() {
    let (status, text, _) = state(Some(Fault::Unavailable))("/finesse/api/Users", RIGHT);
    assert_eq!(status, 503);
    assert!(text.contains("SERVER_OUT_OF_SERVICE"));
    assert_eq!(state(Some(Fault::Unauthorized))("/finesse/api/Users", RIGHT).0, 401);
    assert_eq!(state(Some(Fault::NoTeams))("/finesse/api/Teams", RIGHT).0, 404);
}
