//! Mails that leave the folder that they arrived in.

use mail::Trouble;

use super::server::Server;
use super::{CLOSED, SIGNED_IN, account, mailbox};

const SELECTED: &str = "
C: SELECT \"INBOX\"
S: * 3 EXISTS
S: * OK [UIDVALIDITY 7] valid
S: * OK [UIDNEXT 9] next
S: {t} OK [READ-WRITE] open
";

fn signed_in(capabilities: &str) -> String {
    SIGNED_IN.replace("IDLE UIDPLUS SPECIAL-USE", capabilities) + SELECTED
}

/// Moves the mails 5 and 6 into a folder with a name of other letters; whether that was done.
async fn moved(script: String) -> Result<bool, Trouble> {
    let server = Server::start([script + CLOSED]).await;
    let mut session = mailbox(account(&server)).open().await.unwrap();
    session.select("INBOX").await.unwrap();
    let moved = session.move_to(&[5, 6], "Gesendet").await;
    session.close().await;
    server.finish();
    moved
}

#[tokio::test]
async fn mail_01_a_copy_is_moved_by_one_command_where_the_server_knows_it() {
    let script = "C: UID STORE 5:6 +FLAGS.SILENT (\\Seen)\nS: * 2 FETCH (UID 5 FLAGS (\\Seen))\nS: {t} OK done\n\
        C: UID MOVE 5:6 \"Gesendet\"\nS: * OK [COPYUID 9 5:6 11:12] moved\nS: * 2 EXPUNGE\nS: * 2 EXPUNGE\nS: {t} OK done\n";
    assert!(moved(signed_in("MOVE UIDPLUS") + script).await.unwrap());
}

#[tokio::test]
async fn mail_01_a_copy_is_copied_and_it_alone_removed_where_moving_is_unknown() {
    let script = "C: UID STORE 5:6 +FLAGS.SILENT (\\Seen)\nS: {t} OK done\n\
        C: UID COPY 5:6 \"Gesendet\"\nS: {t} OK [COPYUID 9 5:6 11:12] done\n\
        C: UID STORE 5:6 +FLAGS.SILENT (\\Deleted)\nS: {t} OK done\nC: UID EXPUNGE 5:6\nS: * 2 EXPUNGE\nS: {t} OK done\n";
    assert!(moved(signed_in("UIDPLUS") + script).await.unwrap());
}

/// Expunging without UIDs would take what the customer's own people marked.
#[tokio::test]
async fn mail_01_nothing_is_moved_where_it_would_take_other_mails_along() {
    assert!(!moved(signed_in("IDLE")).await.unwrap());
    let server = Server::start([signed_in("IDLE") + CLOSED]).await;
    let mut session = mailbox(account(&server)).open().await.unwrap();
    session.select("INBOX").await.unwrap();
    assert!(!session.remove(&[5]).await.unwrap());
    session.close().await;
    server.finish();
}

#[tokio::test]
async fn a_folder_that_is_missing_is_told_when_a_copy_is_moved_there() {
    let script = "C: UID STORE\nS: {t} OK done\nC: UID MOVE\nS: {t} NO [TRYCREATE] none\n";
    let trouble = moved(signed_in("MOVE") + script).await.unwrap_err();
    assert!(matches!(trouble, Trouble::NoFolder { .. }), "{trouble}");
}
