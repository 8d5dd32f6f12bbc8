//! Waiting for news.

use mail::account::Patience;
use mail::imap::{News, Session};
use mail::{Account, Trouble};

use super::server::Server;
use super::{EXAMINED, SHORT, SIGNED_IN, account, mailbox, patience};

const CHECKED: &str = "C: NOOP\nS: {t} OK there\n";

async fn waiting(rest: &str) -> (Server, Session) {
    let server = Server::start([format!("{SIGNED_IN}{EXAMINED}{rest}")]).await;
    let account = Account { patience: Patience { idle: SHORT, ..patience() }, ..account(&server) };
    let mut session = mailbox(account).open().await.unwrap();
    session.examine("INBOX").await.unwrap();
    (server, session)
}

#[tokio::test]
async fn news_end_the_waiting() {
    let idle = "C: IDLE\nS: + idling\nS: * OK still here\nS: * 4 EXISTS\nC: DONE\nS: * 1 RECENT\n";
    // The tag of DONE is none: the server knows the command by its first one.
    let script = format!("{}S: A0004 OK done\n{CHECKED}", idle);
    let (server, mut session) = waiting(&script).await;
    assert_eq!(session.wait_for_news().await, Ok(News::Changed));
    server.finish();
}

#[tokio::test]
async fn news_before_the_waiting_begins_are_not_lost() {
    let script =
        format!("C: IDLE\nS: * 4 EXISTS\nS: + idling\nC: DONE\nS: A0004 OK done\n{CHECKED}");
    let (server, mut session) = waiting(&script).await;
    assert_eq!(session.wait_for_news().await, Ok(News::Changed));
    server.finish();
}

#[tokio::test]
async fn a_quiet_round_ends_by_itself_and_the_server_is_asked_whether_it_is_there() {
    let script = format!(
        "C: IDLE\nS: + idling\nS: * OK still here\nS- * 5 EX\nC: DONE\nS: ISTS\nS: A0004 OK done\n{CHECKED}"
    );
    let (server, mut session) = waiting(&script).await;
    // What had begun to come when the round ended is understood when it is there.
    assert_eq!(session.wait_for_news().await, Ok(News::Changed));
    server.finish();
    let script = format!("C: IDLE\nS: + idling\nC: DONE\nS: A0004 OK done\n{CHECKED}");
    let (server, mut session) = waiting(&script).await;
    assert_eq!(session.wait_for_news().await, Ok(News::Quiet));
    server.finish();
}

#[tokio::test]
async fn a_connection_that_ends_while_waiting_is_no_quiet_round() {
    for end in ["X", "S: * BYE idle too long\nH", "S: A0004 OK done\nH", "S: rubbish\nH"] {
        let (server, mut session) = waiting(&format!("C: IDLE\nS: + idling\n{end}\n")).await;
        let trouble = session.wait_for_news().await.unwrap_err();
        assert!(trouble.ends_conversation(), "{end}: {trouble}");
        assert!(session.is_over(), "{end}");
        server.finish();
    }
}

#[tokio::test]
async fn a_server_that_is_gone_after_a_round_is_found_out() {
    let script = "C: IDLE\nS: + idling\nC: DONE\nS: A0004 OK done\nC: NOOP\nX\n";
    let (server, mut session) = waiting(script).await;
    let trouble = session.wait_for_news().await.unwrap_err();
    assert!(matches!(trouble, Trouble::Lost { .. }), "{trouble}");
    server.finish();
}

#[tokio::test]
async fn a_server_that_does_not_wait_says_so() {
    let (server, mut session) = waiting("C: IDLE\nS: {t} NO not now\n").await;
    assert!(matches!(session.wait_for_news().await, Err(Trouble::Refused { .. })));
    assert!(!session.is_over());
    server.finish();
    let script = SIGNED_IN.replace("IDLE ", "");
    let server = Server::start([script]).await;
    let mut session = mailbox(account(&server)).open().await.unwrap();
    assert!(!session.can("idle") && session.can("uidplus"));
    assert!(matches!(session.wait_for_news().await, Err(Trouble::Refused { .. })));
    server.finish();
}
