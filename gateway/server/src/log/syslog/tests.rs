//! What becomes of events, and which of them.

use super::*;
use crate::log::told::Told;

fn told(target: &'static str, fields: Vec<(&'static str, String)>) -> Told {
    let words = "not accepted".to_owned();
    Told { level: Level::WARN, target, place: None, words, fields }
}

#[test]
fn an_event_becomes_a_message() {
    let told = told("server::listener", vec![("why", "full up".to_owned())]);
    let message = message(&told, 5);
    let parameter = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        message,
        Message {
            severity: Severity::Warning,
            microseconds: 5,
            id: "listener".to_owned(),
            parameters: vec![parameter("target", "server::listener"), parameter("why", "full up")],
            text: "not accepted why=\"full up\"".to_owned(),
        }
    );
    let named = tests::told("server::log", vec![("event", "not_accepted".to_owned())]);
    assert_eq!(id(&named), "not_accepted");
}

#[test]
fn events_about_syslog_itself_are_its_own() {
    assert_eq!(OWN, "server::log::syslog");
    assert!(is_own("server::log::syslog") && is_own("server::log::syslog::sender"));
    assert!(!is_own("server::log") && !is_own("server::log::syslogs"));
}
