//! Reading from Dovecot.

use mail::Trouble;
use mail::imap::News;
use mail::trial::Outcome;

use super::peers::Peers;
use super::{PATIENCE, account, mailbox, mails};

const ODD: &[u8] = b"Subject: odd\r\nFrom: x\r\n\r\nb\xfc\xff\xfe {3}\r\n* BYE\r\n.\r\nend";

#[tokio::test]
async fn mail_01_mails_are_read_byte_for_byte_and_nothing_changes() {
    let Some(peers) = Peers::start() else { return };
    let mailbox = mailbox(&peers, account(&peers, "support"));
    let raws: Vec<Vec<u8>> = (0..120)
        .map(|number| [format!("X-Number: {number}\r\n").as_bytes(), ODD].concat())
        .collect();
    let mut session = mailbox.open().await.unwrap();
    for raw in &raws {
        // Filed as read; what reading would change is another flag.
        session.append("INBOX", raw).await.unwrap();
    }
    let mut reader = mailbox.reader("INBOX");
    let found = mails(&mut reader, raws.len()).await;
    assert_eq!(found.len(), raws.len());
    for (mail, raw) in found.iter().zip(&raws) {
        assert_eq!(&mail.raw, raw);
        assert!(mail.head.arrived_at_seconds.is_some());
    }
    let uids: Vec<u32> = found.iter().map(|mail| mail.head.uid).collect();
    let session = reader.session().await.unwrap();
    assert_eq!(session.heads(&uids).await.mails.len(), uids.len());
    let flags = peers.flags("support", "");
    assert_eq!(flags, vec!["S"; raws.len()]);
    let last = *uids.last().unwrap();
    assert_eq!(session.uids_from(last + 1).await.unwrap(), Vec::<u32>::new());
    assert_eq!(session.uids_from(last).await.unwrap(), [last]);
    let since = found[0].head.arrived_at_seconds.unwrap();
    assert_eq!(session.uids_since(since).await.unwrap().len(), raws.len());
    assert_eq!(session.uids_with_header("X-Number", "117").await.unwrap(), [uids[117]]);
    let fetched = reader.fetch(&[last, last + 100]).await;
    assert_eq!(fetched.mails.len(), 1);
    assert_eq!(fetched.missing, [last + 100]);
}

#[tokio::test]
async fn a_big_mail_comes_in_pieces() {
    let Some(peers) = Peers::start() else { return };
    let mailbox = mailbox(&peers, account(&peers, "support"));
    let mut raw = b"Subject: big\r\n\r\n".to_vec();
    for number in 0..150_000_u32 {
        raw.extend_from_slice(format!("line {number} of a big mail\r\n").as_bytes());
    }
    let appended = mailbox.append("INBOX", &raw).await.unwrap();
    let (validity, uid) = appended.place.unwrap();
    let mut session = mailbox.open().await.unwrap();
    assert_eq!(session.examine("INBOX").await.unwrap().uid_validity, validity);
    let mut sink = Vec::new();
    let bytes = u32::try_from(raw.len()).unwrap();
    let written = session.fetch_to(uid, 35_000_000, &mut sink).await.unwrap();
    assert_eq!(written, Some((bytes, false)));
    assert!(sink == raw, "other bytes");
    sink.clear();
    assert_eq!(session.fetch_to(uid, bytes, &mut sink).await.unwrap(), Some((bytes, false)));
    sink.clear();
    assert_eq!(session.fetch_to(uid, 262_144, &mut sink).await.unwrap(), Some((262_144, true)));
    assert!(sink == raw[..262_144], "other bytes");
    assert_eq!(session.fetch_to(uid + 1, 262_144, &mut sink).await.unwrap(), None);
}

#[tokio::test]
async fn mail_01_a_mail_ends_the_waiting() {
    let Some(peers) = Peers::start() else { return };
    let mailbox = mailbox(&peers, account(&peers, "support"));
    let mut session = mailbox.open().await.unwrap();
    session.examine("INBOX").await.unwrap();
    assert!(session.can("IDLE"));
    let (news, filed) = tokio::join!(
        tokio::time::timeout(PATIENCE, session.wait_for_news()),
        mailbox.append("INBOX", ODD),
    );
    filed.unwrap();
    assert_eq!(news.unwrap(), Ok(News::Changed));
    assert_eq!(session.uids_from(1).await.unwrap().len(), 1);
    session.close().await;
}

#[tokio::test]
async fn ccp_04_a_test_tells_what_is_right_and_what_is_not() {
    let Some(peers) = Peers::start() else { return };
    let checks = mailbox(&peers, account(&peers, "support")).test().await;
    assert!(checks.iter().all(|check| check.outcome == Outcome::Passed), "{checks:?}");
    let mut account = account(&peers, "support");
    account.folders.inbox = "Eingänge".to_owned();
    account.folders.sent = "Gesendete".to_owned();
    let mailbox = mailbox(&peers, account);
    let checks = mailbox.test().await;
    let failed: Vec<String> = checks
        .into_iter()
        .filter_map(|check| match check.outcome {
            Outcome::Failed(fault) => Some(fault.words),
            _ => None,
        })
        .collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[0].contains("no folder Eingänge"), "{failed:?}");
    assert!(failed[1].contains("\"Sent Items\""), "{failed:?}");
    let mut session = mailbox.open().await.unwrap();
    let trouble = session.examine("Eingänge").await.unwrap_err();
    assert!(matches!(trouble, Trouble::NoFolder { .. }), "{trouble}");
    assert_eq!(session.sent_folder().await.unwrap().unwrap().name, "Sent Items");
}
