//! Fetching mails from servers that err.

use mail::account::Patience;
use mail::imap::Mailbox;
use mail::{Account, Trouble};

use super::server::Server;
use super::{CLOSED, EXAMINED, SHORT, SIGNED_IN, account, fetched, mailbox, patience};

const MAIL: &str = "Subject: one¶¶text¶";
const FETCH: &str = "C: UID FETCH";

async fn reader(scripts: &[String]) -> (Server, Mailbox) {
    let server = Server::start(scripts.iter().cloned()).await;
    let mailbox = mailbox(account(&server));
    (server, mailbox)
}

fn begun(rest: &str) -> String {
    format!("{SIGNED_IN}{EXAMINED}{rest}")
}

fn uids(mails: &[mail::imap::Mail]) -> Vec<u32> {
    mails.iter().map(|mail| mail.head.uid).collect()
}

#[tokio::test]
async fn mail_01_mails_come_whole_with_what_is_known_of_them_and_flags_stay() {
    let (one, two) = (fetched(1, MAIL), fetched(2, "Subject: two¶¶¶"));
    let script = begun(&format!(
        "C: UID FETCH 1:2 (UID INTERNALDATE RFC822.SIZE BODY.PEEK[])\n{one}{two}S: {{t}} OK done\n{CLOSED}"
    ));
    let (server, mailbox) = reader(&[script]).await;
    let mut session = mailbox.open().await.unwrap();
    let opened = session.examine("INBOX").await.unwrap();
    assert_eq!((opened.uid_validity, opened.uid_next, opened.mails), (7, Some(9), 3));
    let batch = session.fetch(&[2, 1]).await;
    assert_eq!(batch.trouble, None);
    assert_eq!(uids(&batch.mails), [1, 2]);
    assert_eq!(batch.mails[0].raw, b"Subject: one\r\n\r\ntext\r\n");
    assert_eq!(batch.mails[0].head.arrived_at_seconds, Some(837_596_665));
    session.close().await;
    server.finish();
}

#[tokio::test]
async fn mail_01_a_server_that_leaves_in_the_middle_keeps_no_mail_from_being_read() {
    let one = fetched(1, MAIL);
    let first = begun(&format!("{FETCH} 1:3\n{one}S: * BYE going down\nX\n"));
    let (two, three) = (fetched(2, MAIL), fetched(3, MAIL));
    let second =
        begun(&format!("{FETCH} 2 \n{two}S: {{t}} OK done\n{FETCH} 3 \n{three}S: {{t}} OK done\n"));
    let (server, mailbox) = reader(&[first, second]).await;
    let fetched = mailbox.reader("INBOX").fetch(&[1, 2, 3]).await;
    assert_eq!(fetched.trouble, None);
    assert_eq!(uids(&fetched.mails), [1, 2, 3]);
    assert!(fetched.unreadable.is_empty() && fetched.open.is_empty());
    server.finish();
}

#[tokio::test]
async fn a_mail_that_no_parser_reads_is_named_and_the_others_come() {
    let one = fetched(1, MAIL);
    let broken = "S: * 2 FETCH (UID 2 BODY[] {abc}¶rubbish)\n";
    let first = begun(&format!("{FETCH} 1:2\n{one}{broken}H\n"));
    let second = begun(&format!("{FETCH} 2 \n{broken}H\n"));
    let (server, mailbox) = reader(&[first, second]).await;
    let fetched = mailbox.reader("INBOX").fetch(&[1, 2]).await;
    assert_eq!(uids(&fetched.mails), [1]);
    let [(2, Trouble::Malformed { why, .. })] = fetched.unreadable.as_slice() else {
        panic!("{fetched:?}");
    };
    assert!(!why.contains("rubbish"), "a mail's text is told: {why}");
    assert_eq!(fetched.trouble, None);
    server.finish();
}

#[tokio::test]
async fn a_literal_that_ends_too_early_is_no_mail() {
    let cut = "S- * 1 FETCH (UID 1 BODY[] {500}¶Subject: cut\nX\n";
    let scripts = [begun(&format!("{FETCH} 1:2\n{cut}")), begun(&format!("{FETCH} 1 \n{cut}"))];
    let (server, mailbox) = reader(&scripts).await;
    let fetched = mailbox.reader("INBOX").fetch(&[1, 2]).await;
    assert!(fetched.mails.is_empty());
    assert!(matches!(fetched.unreadable.as_slice(), [(1, Trouble::Lost { .. })]), "{fetched:?}");
    // It may be the server: the other mail is not tried on it now, and not blamed.
    assert_eq!(fetched.open, [2]);
    server.finish();
}

#[tokio::test]
async fn mail_01_only_mails_that_were_asked_for_are_taken() {
    let lies = [fetched(99, MAIL), fetched(5, MAIL), fetched(5, "Subject: other¶¶")].concat();
    let script = begun(&format!(
        "{FETCH} 5:6\nS: * 1 FETCH (FLAGS (\\Seen))\nS: * 2 FETCH (UID 6 FLAGS (\\Seen))\n{lies}\
         S: * 4 EXISTS\nS: * 9 EXPUNGE\nS: {{t}} OK done\n"
    ));
    let (server, mailbox) = reader(&[script]).await;
    let fetched = mailbox.reader("INBOX").fetch(&[5, 6]).await;
    assert_eq!(uids(&fetched.mails), [5]);
    assert_eq!(fetched.missing, [6]);
    server.finish();
}

#[tokio::test]
async fn a_server_that_wants_to_be_left_alone_blames_no_mail() {
    let script = begun(&format!("{FETCH} 1:2\nS: {{t}} NO [LIMIT] too much today\n"));
    let (server, mailbox) = reader(&[script]).await;
    let mut reader = mailbox.reader("INBOX");
    let fetched = reader.fetch(&[1, 2]).await;
    assert!(fetched.unreadable.is_empty() && fetched.missing.is_empty());
    assert_eq!(fetched.open, [1, 2]);
    let Some(Trouble::Refused { code, text, .. }) = fetched.trouble else { panic!() };
    assert_eq!((code.as_deref(), text.as_str()), (Some("LIMIT"), "[LIMIT] too much today"));
    // The conversation goes on.
    assert!(!reader.session().await.unwrap().is_over());
    server.finish();
}

#[tokio::test]
async fn a_refused_batch_is_halved_within_the_same_conversation() {
    let two = fetched(2, MAIL);
    let no = "S: {t} NO some of the mails could not be converted\n";
    let yes = "S: {t} OK done\n";
    let script = begun(&format!("{FETCH} 1:2\n{no}{FETCH} 1 \n{no}{FETCH} 2 \n{two}{yes}"));
    let (server, mailbox) = reader(&[script]).await;
    let fetched = mailbox.reader("INBOX").fetch(&[1, 2]).await;
    assert_eq!(uids(&fetched.mails), [2]);
    assert!(matches!(fetched.unreadable.as_slice(), [(1, Trouble::Refused { .. })]));
    server.finish();
}

/// What a server says of a mail without its text.
fn known(uid: u32) -> String {
    format!("S: * 1 FETCH (UID {uid} INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE 9)\n")
}

#[tokio::test]
async fn mail_01_a_mail_of_which_a_server_knows_nothing_keeps_no_other_from_being_known() {
    let (no, yes) = ("S: {t} NO [SERVERBUG] its place is broken\n", "S: {t} OK done\n");
    let known = |uids: &[u32]| uids.iter().map(|uid| known(*uid)).collect::<String>();
    let size = "(UID INTERNALDATE RFC822.SIZE)";
    // It stumbles over the third, and over the fifth so that the connection is of no more use.
    let first = begun(&format!(
        "{FETCH} 1:6 {size}\n{}{no}{FETCH} 3:4 {size}\n{no}{FETCH} 3 {size}\n{no}\
         {FETCH} 4 {size}\n{}{yes}{FETCH} 5:6 {size}\nS: * 5 FETCH (UID 5 BODY[] {{abc}}¶rubbish)\nH\n",
        known(&[1, 2]),
        known(&[4]),
    ));
    let second =
        begun(&format!("{FETCH} 5 {size}\nS: * 5 FETCH (UID 5 BODY[] {{abc}}¶rubbish)\nH\n"));
    let third = begun(&format!("{FETCH} 6 {size}\n{}{yes}", known(&[6])));
    let (server, mailbox) = reader(&[first, second, third]).await;
    let heads = mailbox.reader("INBOX").heads(&[1, 2, 3, 4, 5, 6]).await;
    assert_eq!(heads.mails.iter().map(|head| head.uid).collect::<Vec<_>>(), [1, 2, 4, 6]);
    assert_eq!((heads.trouble, heads.missing), (None, Vec::new()));
    let [(3, Trouble::Refused { .. }), (5, Trouble::Malformed { .. })] =
        heads.unreadable.as_slice()
    else {
        panic!("{:?}", heads.unreadable);
    };
    server.finish();
}

#[tokio::test]
async fn a_server_that_stumbles_over_all_mails_blames_one() {
    let no = "S: {t} NO [SERVERBUG] its disk is broken\n";
    let script = begun(&format!("{FETCH} 1:2 \n{no}{FETCH} 1 \n{no}"));
    let (server, mailbox) = reader(&[script]).await;
    let heads = mailbox.reader("INBOX").heads(&[1, 2]).await;
    assert!(matches!(heads.unreadable.as_slice(), [(1, Trouble::Refused { .. })]), "{heads:?}");
    assert!(heads.trouble.is_some());
    assert_eq!(heads.open, [2]);
    server.finish();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_in_time() {
    let server = Server::start([format!("{SIGNED_IN}C: UID FETCH\nH\n")]).await;
    let patience = Patience { transfer: SHORT, ..patience() };
    let account = Account { patience, ..account(&server) };
    let mut session = mailbox(account).open().await.unwrap();
    let trouble = session.heads(&[1]).await.trouble.unwrap();
    assert!(matches!(trouble, Trouble::TimedOut { .. }), "{trouble}");
    assert!(session.is_over());
    assert!(matches!(session.check().await, Err(Trouble::Lost { .. })));
    server.finish();
}

#[tokio::test]
async fn mail_01_a_mail_at_which_a_server_hangs_is_waited_for_once_and_the_others_come() {
    let (one, three) = (fetched(1, MAIL), fetched(3, MAIL));
    let known = |uids: &[u32]| uids.iter().map(|uid| known(*uid)).collect::<String>();
    let scripts = [
        begun(&format!("{FETCH} 1:3 \n{one}H\n")),
        begun(&format!("{FETCH} 3 \n{three}S: {{t}} OK done\n{FETCH} 1:4 \n{}H\n", known(&[1, 2]))),
    ];
    let server = Server::start(scripts).await;
    let account =
        Account { patience: Patience { transfer: SHORT, ..patience() }, ..account(&server) };
    let mut reader = mailbox(account).reader("INBOX");
    let fetched = reader.fetch(&[3, 2, 1]).await;
    assert_eq!(uids(&fetched.mails), [1]);
    assert!(
        matches!(fetched.unreadable.as_slice(), [(2, Trouble::TimedOut { .. })]),
        "{fetched:?}"
    );
    assert!(matches!(fetched.trouble, Some(Trouble::TimedOut { .. })), "{fetched:?}");
    assert_eq!(fetched.open, [3]);
    assert_eq!(uids(&reader.fetch(&[3]).await.mails), [3]);
    let heads = reader.heads(&[1, 2, 3, 4]).await;
    assert_eq!(heads.mails.len(), 2);
    assert!(matches!(heads.unreadable.as_slice(), [(3, Trouble::TimedOut { .. })]), "{heads:?}");
    assert_eq!(heads.open, [4]);
    server.finish();
}

#[tokio::test]
async fn a_text_on_which_the_parser_gives_up_ends_no_more_than_the_conversation() {
    let script = begun("C: NOOP\nS: * OK [ALERT]äö\nH\n");
    let (server, mailbox) = reader(&[script]).await;
    let mut session = mailbox.open().await.unwrap();
    session.examine("INBOX").await.unwrap();
    let trouble = session.check().await.unwrap_err();
    assert!(matches!(trouble, Trouble::Malformed { .. }), "{trouble}");
    assert!(session.is_over());
    server.finish();
}

#[tokio::test]
async fn a_folder_that_was_made_anew_in_between_is_not_read_on() {
    let anew = EXAMINED.replace("UIDVALIDITY 7", "UIDVALIDITY 8");
    let scripts = [begun(&format!("{FETCH} 1:2\nS: * BYE\nX\n")), format!("{SIGNED_IN}{anew}")];
    let (server, mailbox) = reader(&scripts).await;
    let mut reader = mailbox.reader("INBOX");
    let fetched = reader.fetch(&[1, 2]).await;
    assert!(matches!(fetched.trouble, Some(Trouble::Lost { .. })), "{fetched:?}");
    assert_eq!(fetched.open, [1, 2]);
    server.finish();
}

#[tokio::test]
async fn searches_find_what_was_asked_for_and_a_refusal_is_no_empty_answer() {
    let script = begun(
        "C: UID SEARCH UID 9:*\nS: * SEARCH 8\nS: {t} OK done\n\
         C: UID SEARCH UID 101:*\nS: * SEARCH 250 120\nS: * 4 EXISTS\nS: * SEARCH 301\nS: {t} OK done\n\
         C: UID SEARCH SINCE 16-Jul-1996\nS: * SEARCH\nS: {t} OK done\n\
         C: UID SEARCH HEADER Message-ID \"a\\\"b@x.test\"\nS: * SEARCH 4\nS: {t} OK done\n\
         C: UID SEARCH UID 1:*\nS: {t} NO [SERVERBUG] index is broken\n\
         C: UID SEARCH UID 1:*\nS: {t} BAD what\n",
    );
    let (server, mailbox) = reader(&[script]).await;
    let mut session = mailbox.open().await.unwrap();
    session.examine("INBOX").await.unwrap();
    assert_eq!(session.uids_from(9).await, Ok(vec![]));
    assert_eq!(session.uids_about(300).await, Ok(vec![120, 250, 301]));
    assert_eq!(session.uids_since(837_596_665).await, Ok(vec![]));
    assert_eq!(session.uids_with_header("Message-ID", "a\"b@x.test").await, Ok(vec![4]));
    assert_eq!(session.uids_with_header("Message-ID", "").await, Ok(vec![]));
    for _ in 0..2 {
        assert!(matches!(session.uids_from(1).await, Err(Trouble::Refused { .. })));
    }
    assert!(!session.is_over());
    server.finish();
}

#[tokio::test]
async fn big_mails_come_in_pieces() {
    let piece = |origin: u32, text: &str| {
        format!(
            "S: * 1 FETCH (UID 4 BODY[]<{origin}> {{{}}}¶{text})\nS: {{t}} OK done\n",
            text.len()
        )
    };
    let script = begun(&format!(
        "C: UID FETCH 4 (UID BODY.PEEK[]<0.11>)\n{}C: UID FETCH 4 (UID BODY.PEEK[]<0.6>)\n{}\
         C: UID FETCH 5 (UID BODY.PEEK[]<0.11>)\nS: {{t}} OK done\n\
         C: UID FETCH 4 (UID BODY.PEEK[]<0.4>)\n{}",
        piece(0, "whole"),
        piece(0, "longer"),
        piece(0, "too long")
    ));
    let (server, mailbox) = reader(&[script]).await;
    let mut session = mailbox.open().await.unwrap();
    session.examine("INBOX").await.unwrap();
    let mut sink = Vec::new();
    assert_eq!(session.fetch_to(4, 10, &mut sink).await, Ok(Some((5, false))));
    assert_eq!(sink, b"whole");
    sink.clear();
    assert_eq!(session.fetch_to(4, 5, &mut sink).await, Ok(Some((5, true))));
    assert_eq!(sink, b"longe");
    assert_eq!(session.fetch_to(5, 10, &mut sink).await, Ok(None));
    assert!(matches!(session.fetch_to(4, 3, &mut sink).await, Err(Trouble::Malformed { .. })));
    server.finish();
}
