//! A queue that gets another mailbox, through all layers: two servers whose mails bear the same numbers.

use std::sync::Arc;
use std::time::Duration;

use domain::settings::{MAILBOX_PASSWORD_PURPOSE, SettingsFile};
use domain::{Command, Input, InputId, Timestamp};
use engine::testing::{ManualClock, PlainAuthenticator, memory_engines};
use engine::{Outcome, Port};
use mail::Mailboxes;
use serde_json::json;
use tokio::sync::watch;

use super::server::{Server, certificate_pem};
use super::{PASSWORD, patience};

/// Shortly after the mails arrived.
const NOW: Timestamp = Timestamp::from_seconds(837_596_665 + 60);

/// Two mails of a mailbox, which is read once and then waited at.
fn script(user: &str) -> String {
    let mail = |uid: u32| {
        format!("Message-ID: <{uid}@{user}>¶From: ada@x.test¶Subject: mail {uid} of {user}¶¶text¶")
    };
    let bytes = |uid| mail(uid).replace('¶', "\r\n").len();
    let known = |uid| {
        let size = bytes(uid);
        format!("UID {uid} FLAGS () INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE {size}")
    };
    let heads: String =
        [1, 2].iter().map(|uid| format!("S: * {uid} FETCH ({})\n", known(*uid))).collect();
    let wholes = [1, 2].iter().map(|uid| {
        format!("S: * {uid} FETCH ({} BODY[] {{{}}}¶{})\n", known(*uid), bytes(*uid), mail(*uid))
    });
    let wholes: String = wholes.collect();
    format!(
        "T\nS: * OK ready\nC: LOGIN \"{user}\" \"{PASSWORD}\"\nS: {{t}} OK in\n\
         C: CAPABILITY\nS: * CAPABILITY IMAP4rev1 IDLE\nS: {{t}} OK done\n\
         C: EXAMINE \"INBOX\"\nS: * 2 EXISTS\nS: * OK [UIDVALIDITY 7] valid\nS: * OK [UIDNEXT 3] next\n\
         S: {{t}} OK [READ-ONLY] open\n\
         C: UID SEARCH SINCE\nS: * SEARCH 1 2\nS: {{t}} OK done\n\
         C: UID FETCH 1:2 (UID INTERNALDATE\n{heads}S: {{t}} OK done\n\
         C: BODY.PEEK[]\n{wholes}S: {{t}} OK done\nH\n"
    )
}

async fn apply(port: &Port, server: &Server, user: &str) {
    let file = json!({
        "skills": [{"name": "english"}],
        "trust": [{"name": "mail", "purposes": ["mail"], "certificates": certificate_pem()}],
        "mail_servers": [{
            "name": "mail", "kind": "imap", "imap_host": "localhost", "imap_port": server.port,
            "smtp_host": "localhost", "smtp_port": 1,
        }],
        "csqs": [{
            "name": "support", "channel": "email", "skills": {"english": 1},
            "email": {"mail_server": "mail", "address": user, "password": PASSWORD},
        }],
    });
    let documents = SettingsFile::read(file)
        .unwrap()
        .into_documents(|_| None, |_, secret| port.seal(MAILBOX_PASSWORD_PURPOSE, secret).unwrap());
    let command = Command::ApplySettings { documents, source: None };
    let input = Input::command(InputId::new("settings", user), command);
    let outcome = port.submit(input).await.unwrap();
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
}

/// Waits until there are so many contacts; gives their subjects.
async fn subjects(port: &Port, count: usize) -> Vec<String> {
    let coming = async {
        loop {
            let contacts = port.open_contacts();
            if contacts.len() >= count {
                return contacts.iter().map(|it| it.subject.clone()).collect();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut subjects: Vec<String> = tokio::time::timeout(patience().command, coming).await.unwrap();
    subjects.sort();
    subjects
}

#[tokio::test]
async fn mail_01_another_mailbox_of_a_queue_is_read_though_its_numbers_are_known() {
    let [first, second] = ["q1@x.test", "q2@x.test"];
    let (one, other) =
        (Server::start([script(first)]).await, Server::start([script(second)]).await);
    let clock = Arc::new(ManualClock::new(NOW));
    let engine = memory_engines(&["gw-a.example"], clock).await.remove(0);
    let port = engine.port(Arc::new(PlainAuthenticator));
    apply(&port, &one, first).await;
    let mailboxes = Mailboxes::new(port.clone());
    let (stop, stopped) = watch::channel(false);
    let reading = tokio::spawn(Arc::clone(&mailboxes).run(stopped));
    assert_eq!(subjects(&port, 2).await, ["mail 1 of q1@x.test", "mail 2 of q1@x.test"]);
    apply(&port, &other, second).await;
    let all = [first, second].map(|user| [1, 2].map(|uid| format!("mail {uid} of {user}")));
    let mut all = all.concat();
    all.sort();
    assert_eq!(subjects(&port, 4).await, all);
    stop.send_replace(true);
    reading.await.unwrap();
    one.finish();
    other.finish();
    engine.abandon();
}
