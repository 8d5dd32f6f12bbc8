//! Folders, and trying a mailbox.

use mail::Trouble;
use mail::imap::SpecialUse;
use mail::trial::{Outcome, Subject};

use super::server::Server;
use super::{CLOSED, SIGNED_IN, account, mailbox};

fn opened(verb: &str, folder: &str, mode: &str) -> String {
    format!("C: {verb} \"{folder}\"\nS: * OK [UIDVALIDITY 7] x\nS: {{t}} OK [{mode}] open\n")
}

#[tokio::test]
async fn folders_are_known_by_name_and_by_what_they_are_for() {
    let script = format!(
        "{SIGNED_IN}C: LIST \"\" \"*\"\n\
         S: * LIST (\\HasNoChildren) \"/\" INBOX\n\
         S: * LIST (\\Noselect) \"/\" \"[Gmail]\"\n\
         S: * LIST (\\HasNoChildren \\Sent) \"/\" \"Envoy&AOk-s\"\n\
         S: * LIST (\\Drafts) NIL {{6}}¶Drafts\n\
         S: {{t}} OK done\n\
         C: LIST \"\" \"*\"\nS: * LIST (\\Sent) \"/\" \"Envoy&AOk-s\"\nS: {{t}} OK done\n"
    );
    let server = Server::start([script]).await;
    let mut session = mailbox(account(&server)).open().await.unwrap();
    let folders = session.folders().await.unwrap();
    let names: Vec<&str> = folders.iter().map(|folder| folder.name.as_str()).collect();
    assert_eq!(names, ["INBOX", "[Gmail]", "Envoyés", "Drafts"]);
    assert!(!folders[1].is_selectable && folders[0].is_selectable);
    assert_eq!(folders[3].special_use, Some(SpecialUse::Drafts));
    assert_eq!(session.sent_folder().await.unwrap().unwrap().name, "Envoyés");
    server.finish();
}

#[tokio::test]
async fn a_missing_inbox_is_told_and_a_busy_one_is_not_missing() {
    let no = |answer: &str| format!("C: EXAMINE \"Eing&AOQ-nge\"\nS: {{t}} NO {answer}\n");
    let script = format!(
        "{SIGNED_IN}{}{}C: LIST\nS: {{t}} OK none\n{}",
        no("[NONEXISTENT] gone"),
        no("unknown"),
        no("[INUSE] later")
    );
    let server = Server::start([script]).await;
    let mut session = mailbox(account(&server)).open().await.unwrap();
    for is_missing in [true, true, false] {
        let trouble = session.examine("Eingänge").await.unwrap_err();
        assert_eq!(matches!(trouble, Trouble::NoFolder { .. }), is_missing, "{trouble}");
        assert!(!session.is_over());
    }
    server.finish();
}

#[tokio::test]
async fn ccp_04_a_test_names_each_thing_that_is_not_right() {
    let list = "S: * LIST (\\Sent) \"/\" \"Sent\"\nS: {t} OK done\n";
    let script = format!(
        "{SIGNED_IN}{}{}{}\
         C: SELECT \"Sent Items\"\nS: {{t}} NO what\nC: LIST \"\" \"Sent Items\"\nS: {{t}} OK none\n\
         C: LIST \"\" \"*\"\n{list}{CLOSED}",
        opened("EXAMINE", "INBOX", "READ-ONLY"),
        opened("SELECT", "Drafts", "READ-WRITE"),
        opened("SELECT", "Outbox", "READ-ONLY"),
    );
    let server = Server::start([script]).await;
    let checks = mailbox(account(&server)).test().await;
    let subjects: Vec<Subject> = checks.iter().map(|check| check.subject).collect();
    use Subject::{Connection, Drafts, Greeting, Inbox, Outbox, Sent, SignIn, Tls};
    let wanted = [Connection, Tls, Greeting, SignIn, Inbox, Drafts, Outbox, Sent];
    assert_eq!(subjects, wanted);
    for check in &checks[..6] {
        assert_eq!(check.outcome, Outcome::Passed, "{check:?}");
    }
    let failed = |number: usize, words: &str| {
        let Outcome::Failed(fault) = &checks[number].outcome else { panic!("{checks:?}") };
        assert!(fault.words.contains(words), "{fault:?}");
    };
    failed(6, "only be read");
    failed(7, "\"Sent\"");
    let Outcome::Failed(fault) = &checks[7].outcome else { panic!("{checks:?}") };
    assert_eq!(fault.meant.as_deref(), Some("Sent"));
    server.finish();
}

#[tokio::test]
async fn ccp_04_a_test_goes_by_the_list_of_rights_where_there_is_one() {
    let offers = SIGNED_IN.replace("IDLE", "ACL");
    let rights = |folder: &str, rights: &str| {
        format!("C: MYRIGHTS \"{folder}\"\nS: * MYRIGHTS \"{folder}\" {rights}\nS: {{t}} OK done\n")
    };
    let script = format!(
        "{offers}{}{}{}{}{}{CLOSED}",
        opened("EXAMINE", "INBOX", "READ-ONLY"),
        rights("INBOX", "lr"),
        rights("Drafts", "lrswi"),
        rights("Outbox", "lr"),
        rights("Sent Items", "lrswi"),
    );
    let server = Server::start([script]).await;
    let checks = mailbox(account(&server)).test().await;
    let failed: Vec<Subject> = checks
        .iter()
        .filter(|check| check.outcome != Outcome::Passed)
        .map(|check| check.subject)
        .collect();
    assert_eq!(failed, [Subject::Outbox]);
    server.finish();
}

#[tokio::test]
async fn ccp_04_what_was_not_reached_was_not_tried() {
    let refused = "T\nS: * OK ready\nC: LOGIN\nS: {t} NO [AUTHENTICATIONFAILED] no\nH\n";
    let server = Server::start([refused, "T\nS: * BYE full\nX\n"]).await;
    let mailbox = mailbox(account(&server));
    let checks = mailbox.test().await;
    assert!(checks[..3].iter().all(|check| check.outcome == Outcome::Passed), "{checks:?}");
    assert!(matches!(checks[3].outcome, Outcome::Failed(_)));
    assert!(checks[4..].iter().all(|check| check.outcome == Outcome::NotTried), "{checks:?}");
    let checks = mailbox.test().await;
    assert!(checks[..2].iter().all(|check| check.outcome == Outcome::Passed), "{checks:?}");
    assert!(matches!(&checks[2].outcome, Outcome::Failed(it) if it.words.contains("full")));
    assert!(checks[3..].iter().all(|check| check.outcome == Outcome::NotTried), "{checks:?}");
    assert_eq!(checks.len(), 8);
    server.finish();
}
