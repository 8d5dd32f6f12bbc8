//! Filing mails in folders.

use mail::Trouble;

use super::server::Server;
use super::{CLOSED, SIGNED_IN, account, mailbox};

const SENT: &str = "
C: EXAMINE \"Sent Items\"
S: * 3 EXISTS
S: * OK [UIDVALIDITY 7] valid
S: * OK [UIDNEXT 9] next
S: {t} OK [READ-ONLY] open
";
const NUMBER: &str = "00112233445566778899aabbccddeeff";

/// Under which other ids the mail of that number lies among the sent ones.
async fn other_ids(script: &str) -> Option<Vec<String>> {
    let server = Server::start([format!("{SIGNED_IN}{SENT}{script}{CLOSED}")]).await;
    let mut session = mailbox(account(&server)).open().await.unwrap();
    session.examine("Sent Items").await.unwrap();
    let found = session.other_ids("m1@x.test", NUMBER.parse().unwrap()).await.unwrap();
    session.close().await;
    server.finish();
    found
}

#[tokio::test]
async fn mail_02_a_sent_mail_is_found_by_its_id_else_by_our_number_and_tells_the_id_it_was_given() {
    let by_id = "C: UID SEARCH HEADER Message-ID \"m1@x.test\"\n";
    let by_number = format!("C: UID SEARCH HEADER X-Jackfield-Id \"{NUMBER}\"\n");
    let none = "S: * SEARCH\nS: {t} OK done\n";
    let there = format!("{by_id}S: * SEARCH 4\nS: {{t}} OK done\n");
    assert_eq!(other_ids(&there).await, Some(Vec::new()));
    assert_eq!(other_ids(&format!("{by_id}{none}{by_number}{none}")).await, None);
    // A server that finds more than was asked for: the mail says itself which it is.
    let header = |uid: u32, number: &str, id: &str| {
        let text = format!("Message-ID: {id}¶X-Jackfield-Id: {number}¶¶text¶");
        let bytes = text.replace('¶', "\r\n").len();
        format!(
            "C: UID FETCH {uid} \nS: * 1 FETCH (UID {uid} BODY[]<0> {{{bytes}}}¶{text})\nS: {{t}} OK done\n"
        )
    };
    let found = format!("{by_id}{none}{by_number}S: * SEARCH 5 6 7\nS: {{t}} OK done\n");
    let other = "ffffffffffffffffffffffffffffffff";
    let script = found
        + &header(7, other, "<theirs@server.test>")
        + &header(6, NUMBER, "of us <given@server.test>")
        + &header(5, NUMBER, "no id");
    assert_eq!(other_ids(&script).await, Some(vec!["given@server.test".to_owned()]));
}

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
