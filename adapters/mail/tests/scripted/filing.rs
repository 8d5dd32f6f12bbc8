//! Filing mails in folders.

use mail::Trouble;

use super::server::Server;
use super::{CLOSED, SIGNED_IN, account, mailbox};

#[tokio::test]
async fn a_mail_is_filed_as_read_whatever_the_server_tells_in_between() {
    let script = format!(
        "{SIGNED_IN}C: APPEND \"Gesendete Elemente\" (\\Seen) {{6}}\nS: * 3 EXISTS\nS: * OK thinking\nS: + go\n\
         L 8\nS: * 4 EXISTS\nS: {{t}} OK [APPENDUID 7 12] done\n{CLOSED}"
    );
    let server = Server::start([script]).await;
    let appended = mailbox(account(&server)).append("Gesendete Elemente", b"a: b\r\n").await;
    assert_eq!(appended.unwrap().place, Some((7, 12)));
    assert!(server.heard().contains(&"a: b\r\n\r\n".to_owned()));
    server.finish();
}

#[tokio::test]
async fn a_folder_that_is_missing_is_told_apart_from_one_that_is_full() {
    let append = |answer: &str| format!("{SIGNED_IN}C: APPEND\nS: {{t}} {answer}\n");
    let list = "C: LIST \"\" \"Ablage\"\n";
    let server = Server::start([
        append("NO [TRYCREATE] no such folder"),
        append("NO unknown") + list + "S: {t} OK none\n",
        append("NO not now") + list + "S: * LIST () \"/\" Ablage\nS: {t} OK one\n",
        append("NO [OVERQUOTA] full") + list + "S: * LIST () \"/\" Ablage\nS: {t} OK one\n",
    ])
    .await;
    let mailbox = mailbox(account(&server));
    for is_missing in [true, true, false, false] {
        let trouble = mailbox.append("Ablage", b"x\r\n").await.unwrap_err();
        assert_eq!(matches!(trouble, Trouble::NoFolder { .. }), is_missing, "{trouble}");
        assert!(!trouble.ends_conversation());
    }
    server.finish();
}

#[tokio::test]
async fn a_mail_over_the_limit_is_not_sent_and_a_lost_one_is_told() {
    let limited = SIGNED_IN.replace("UIDPLUS", "APPENDLIMIT=5");
    let lost = format!("{SIGNED_IN}C: APPEND\nS: + go\nL 8\nX\n");
    let server = Server::start([limited, lost]).await;
    let mailbox = mailbox(account(&server));
    let refused = mailbox.append("Sent", b"a: b\r\n").await;
    assert!(matches!(refused, Err(Trouble::Refused { .. })), "{refused:?}");
    let lost = mailbox.append("Sent", b"a: b\r\n").await;
    assert!(matches!(lost, Err(Trouble::Lost { .. })), "{lost:?}");
    server.finish();
}
