use super::*;
use crate::testing::settings;
use serde_json::json;

fn lost() -> Trouble {
    Trouble::Lost { host: "imap.example.test".to_owned(), why: "it says \"full\"".to_owned() }
}

#[test]
fn ccp_04_the_first_stage_that_was_not_passed_failed_and_those_behind_it_were_not_tried() {
    for (passed, told) in [
        (vec![], vec![false]),
        (vec![Stage::Connected], vec![true, false]),
        (vec![Stage::Connected, Stage::Private], vec![true, true, false]),
        // A second connection passes nothing twice.
        (vec![Stage::Connected, Stage::Private, Stage::Connected], vec![true, true, false]),
    ] {
        let mut checks = Vec::new();
        let mut tell = |check: Check| checks.push(check);
        let mut stages = Stage::watch(Side::Reading, &mut tell);
        passed.into_iter().for_each(|stage| stages.passed(stage));
        assert!(!stages.is_greeted());
        stages.broke(&lost());
        let subjects: Vec<_> = checks.iter().map(|check| check.subject).collect();
        assert_eq!(subjects, [Subject::Connection, Subject::Tls, Subject::Greeting]);
        for (place, check) in checks.iter().enumerate() {
            match told.get(place) {
                Some(true) => assert_eq!(check.outcome, Outcome::Passed),
                Some(false) => assert!(matches!(check.outcome, Outcome::Failed(_)), "{check:?}"),
                None => assert_eq!(check.outcome, Outcome::NotTried),
            }
        }
    }
}

#[test]
fn ccp_04_a_fault_says_who_what_was_said_and_what_to_do() {
    let fault = Fault::of(&lost());
    assert_eq!(fault.kind, FaultKind::Lost);
    assert_eq!(fault.host.as_deref(), Some("imap.example.test"));
    assert!(fault.words.contains("full"), "{}", fault.words);
    for (kind, name, remedy) in FaultKind::TABLE {
        assert_eq!((kind.name(), kind.remedy()), (*name, *remedy));
        assert!(!remedy.is_empty(), "{name}");
    }
}

#[test]
fn ccp_04_secrets_go_to_both_servers_and_to_where_tokens_are_fetched() {
    let by_password = settings(|_| {});
    assert_eq!(
        destinations(&by_password, "support").unwrap(),
        ["imap.example.test:993", "smtp.example.test:587"]
    );
    assert_eq!(destinations(&by_password, "nobody"), None);
    let by_token = settings(|file| {
        file["mail_servers"][0]["kind"] = json!("office365");
        file["csqs"][0]["email"]["tenant"] = json!("contoso");
        file["csqs"][0]["email"]["client_id"] = json!("1");
        file["csqs"][0]["email"]["client_secret"] = json!("s");
    });
    let places = destinations(&by_token, "support").unwrap();
    assert_eq!(places[2], "login.microsoftonline.com");
}
