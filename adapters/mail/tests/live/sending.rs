//! Handing mails over to Postfix, and filing them.

use mail::Account;
use mail::account::{Route, SmtpSecurity};
use mail::compose::{Draft, File, Kind, Person, compose};
use mail::smtp::{self, Submitted};
use mail::trial::Outcome;

use super::peers::Peers;
use super::{account, address, mailbox, mails, proxy, tokens};

fn person(name: &str, address: &str) -> Person {
    Person { name: name.to_owned(), address: address.to_owned() }
}

fn draft(number: u32) -> Draft {
    Draft {
        kind: Kind::Answer,
        message_id: format!("answer-{number}@mail.test"),
        own_id: format!("{number:032x}"),
        sent_at_seconds: 1_790_000_000,
        entropy: [9; 16],
        from: person("Jörg, Support", &address("support")),
        to: vec![person("Ann", &address("sales"))],
        cc: Vec::new(),
        bcc: vec![person("", &address("support"))],
        subject: format!("Re: Größe {number}"),
        in_reply_to: Some("question@customer.test".to_owned()),
        references: vec!["question@customer.test".to_owned()],
        text: "Hello\n.\n..two\n".to_owned(),
        html: Some("<p>Hello <img src=\"cid:logo@mail.test\"></p>".to_owned()),
        files: vec![File {
            name: "logo.png".to_owned(),
            media_type: "image/png".to_owned(),
            content_id: Some("logo@mail.test".to_owned()),
            content: vec![137; 3_000],
        }],
    }
}

#[tokio::test]
async fn an_answer_arrives_as_it_was_written_and_is_filed_once() {
    let Some(peers) = Peers::start() else { return };
    let with_start_tls = account(&peers, "support");
    let with_tls = Account {
        smtp: peers.endpoint("submissions"),
        smtp_security: SmtpSecurity::Tls,
        ..account(&peers, "support")
    };
    let by_http = Account {
        route: Route::Http(proxy(peers.endpoint("http_proxy"))),
        ..account(&peers, "support")
    };
    let by_socks =
        Account { route: Route::Socks(proxy(peers.endpoint("socks_proxy"))), ..with_tls.clone() };
    let tokens = tokens(&peers, Route::Direct);
    let accounts = [with_start_tls, with_tls, by_http, by_socks];
    let mut written = Vec::new();
    for (number, account) in (0..).zip(&accounts) {
        let composed = compose(&draft(number)).unwrap();
        let submitted = smtp::submit(account, &tokens, &composed.envelope, &composed.raw).await;
        assert!(matches!(submitted, Submitted::Accepted { .. }), "{submitted:?}");
        written.push(composed.raw);
    }
    for user in ["sales", "support"] {
        let mut reader = mailbox(&peers, account(&peers, user)).reader("INBOX");
        let mut found = mails(&mut reader, written.len()).await;
        assert_eq!(found.len(), written.len());
        found.sort_by_key(|mail| {
            let raw = String::from_utf8_lossy(&mail.raw).into_owned();
            raw.split("answer-").nth(1).unwrap().split('@').next().unwrap().to_owned()
        });
        for (mail, written) in found.iter().zip(&written) {
            // Servers put their traces in front.
            assert!(mail.raw.ends_with(written), "other bytes for {user}");
        }
    }
    let mailbox = mailbox(&peers, account(&peers, "support"));
    let mut session = mailbox.open().await.unwrap();
    session.examine("Sent Items").await.unwrap();
    let id = "<answer-1@mail.test>";
    assert_eq!(session.uids_with_header("Message-ID", id).await.unwrap(), Vec::<u32>::new());
    mailbox.append("Sent Items", &written[1]).await.unwrap();
    session.examine("Sent Items").await.unwrap();
    assert_eq!(session.uids_with_header("Message-ID", id).await.unwrap(), [1]);
    let own_id = format!("{:032x}", 1);
    assert_eq!(session.uids_with_header("X-Jackfield-Id", &own_id).await.unwrap(), [1]);
    assert!(peers.log("http_proxy").contains("CONNECT localhost"), "{}", peers.log("http_proxy"));
}

#[tokio::test]
async fn what_postfix_refuses_is_told_by_its_code() {
    let Some(peers) = Peers::start() else { return };
    let (account, tokens) = (account(&peers, "support"), tokens(&peers, Route::Direct));
    // Somebody else's address.
    let from = person("", &address("sales"));
    let composed = compose(&Draft { from, ..draft(1) }).unwrap();
    let refused = smtp::submit(&account, &tokens, &composed.envelope, &composed.raw).await;
    assert!(
        matches!(refused, Submitted::Refused { code: Some(553), is_final: true, .. }),
        "{refused:?}"
    );
    // Nobody there.
    let to = vec![person("", "nobody@mail.test"), person("", &address("sales"))];
    let composed = compose(&Draft { to, ..draft(2) }).unwrap();
    let refused = smtp::submit(&account, &tokens, &composed.envelope, &composed.raw).await;
    let Submitted::Refused { code: Some(550), text, is_final: true } = refused else {
        panic!("{refused:?}")
    };
    assert!(text.contains("nobody@mail.test"), "{text}");
    // More than it says it takes.
    let content = vec![0; 90_000_000];
    let file = File { content, content_id: None, ..draft(3).files.remove(0) };
    let composed = compose(&Draft { files: vec![file], ..draft(3) }).unwrap();
    let refused = smtp::submit(&account, &tokens, &composed.envelope, &composed.raw).await;
    let Submitted::Refused { code: None, is_final: true, .. } = refused else {
        panic!("{refused:?}")
    };
    let checks = smtp::test(&account, &tokens).await;
    assert!(checks.iter().all(|check| check.outcome == Outcome::Passed), "{checks:?}");
}

#[tokio::test]
async fn a_person_with_other_letters_is_written_to() {
    let Some(peers) = Peers::start() else { return };
    let (account, tokens) = (account(&peers, "support"), tokens(&peers, Route::Direct));
    let to = vec![person("用户", "用户@例子.test")];
    let composed = compose(&Draft { to, ..draft(4) }).unwrap();
    let submitted = smtp::submit(&account, &tokens, &composed.envelope, &composed.raw).await;
    assert!(matches!(submitted, Submitted::Accepted { .. }), "{submitted:?}");
}

/// What the copies of answers go through, at a server in life.
#[tokio::test]
async fn mail_01_a_copy_for_the_sender_arrives_and_can_be_moved_or_removed() {
    let Some(peers) = Peers::start() else { return };
    let (account, tokens) = (account(&peers, "support"), tokens(&peers, Route::Direct));
    let own = || Some(address("support"));
    for number in [5, 6] {
        let composed = compose(&Draft { bcc: Vec::new(), ..draft(number) }).unwrap();
        let envelope = smtp::Envelope { copy_to: own(), ..composed.envelope };
        let submitted = smtp::submit(&account, &tokens, &envelope, &composed.raw).await;
        assert!(matches!(submitted, Submitted::Accepted { is_copied: true, .. }), "{submitted:?}");
    }
    // Nobody there takes a copy, and the others get the mail.
    let composed = compose(&Draft { bcc: Vec::new(), ..draft(7) }).unwrap();
    let envelope =
        smtp::Envelope { copy_to: Some("nobody@mail.test".to_owned()), ..composed.envelope };
    let submitted = smtp::submit(&account, &tokens, &envelope, &composed.raw).await;
    assert!(matches!(submitted, Submitted::Accepted { is_copied: false, .. }), "{submitted:?}");
    let sales = mailbox(&peers, super::account(&peers, "sales"));
    assert_eq!(mails(&mut sales.reader("INBOX"), 3).await.len(), 3);

    let mailbox = mailbox(&peers, account);
    let arrived = mails(&mut mailbox.reader("INBOX"), 2).await;
    let mut session = mailbox.open().await.unwrap();
    session.select("INBOX").await.unwrap();
    let uids: Vec<u32> = arrived.iter().map(|mail| mail.head.uid).collect();
    assert!(session.move_to(&uids[..1], "Sent Items").await.unwrap());
    assert!(session.remove(&uids[1..]).await.unwrap());
    assert_eq!(session.uids_from(1).await.unwrap(), Vec::<u32>::new());
    session.close().await;
    let sent = mails(&mut mailbox.reader("Sent Items"), 1).await;
    assert_eq!((sent.len(), &sent[0].raw), (1, &arrived[0].raw));
    assert_eq!(peers.flags("support", "Sent Items"), ["S"]);
}
