//! A customer's mail through a whole node: read from Dovecot, answered by an agent, sent by Postfix, filed.

use std::sync::Arc;
use std::time::Duration;

use domain::mail::{AnswerMode, Writing};
use domain::settings::{MAILBOX_PASSWORD_PURPOSE, SettingsFile};
use domain::{
    AgentId, Command, Contact, ContactCommand, ContactWish, DeskCommand, DeskWish, DraftChange,
    Input, InputId,
};
use engine::probe::Verdict;
use engine::testing::{PlainAuthenticator, memory_engines};
use engine::{Outcome, Port, SystemClock};
use mail::Mailboxes;
use mail::compose::{Draft, Kind, Person, compose};
use mail::smtp::{self, Submitted};
use serde_json::json;
use tokio::sync::watch;

use super::peers::Peers;
use super::{PATIENCE, account, address, mailbox, mails, tokens};
use mail::account::Route;

async fn submit(port: &Port, name: &str, command: Command) {
    let outcome = port.submit(Input::command(InputId::new("test", name), command)).await.unwrap();
    assert!(matches!(outcome, Outcome::Done(_)), "{name}: {outcome:?}");
}

/// Settings with the queue `support` on those servers.
async fn apply(port: &Port, peers: &Peers) {
    let [imap, smtp] = ["imaps", "submission"].map(|name| peers.endpoint(name));
    let authority = std::fs::read_to_string(peers.endpoints["ca"].as_str().unwrap()).unwrap();
    let file = json!({
        "skills": [{"name": "english"}],
        "agents": [{"id": "1001", "skills": {"english": 5}}],
        "trust": [{"name": "mail", "purposes": ["mail"], "certificates": authority}],
        "mail_servers": [{
            "name": "mail", "kind": "imap", "imap_host": imap.host, "imap_port": imap.port,
            "smtp_host": smtp.host, "smtp_port": smtp.port, "sent_folder": "Sent Items",
        }],
        "csqs": [{
            "name": "support", "channel": "email", "skills": {"english": 1},
            "email": {
                "mail_server": "mail", "address": address("support"),
                "password": "support secret",
            },
        }],
    });
    let documents = SettingsFile::read(file)
        .unwrap()
        .into_documents(|_| None, |_, secret| port.seal(MAILBOX_PASSWORD_PURPOSE, secret).unwrap());
    let command = Command::ApplySettings { documents, source: None };
    submit(port, "settings", command).await;
}

/// Waits for a contact of which that is so.
async fn contact(port: &Port, is_so: impl Fn(&Contact) -> bool) -> Contact {
    let mut changes = port.digital_changes();
    let coming = async {
        loop {
            let contacts = port.open_contacts();
            if let Some(found) = contacts.iter().find(|it| is_so(it)) {
                return found.as_ref().clone();
            }
            let _ = tokio::time::timeout(Duration::from_millis(100), changes.recv()).await;
        }
    };
    tokio::time::timeout(PATIENCE, coming).await.unwrap()
}

#[tokio::test]
async fn mail_01_a_customers_mail_is_answered_and_the_answer_is_filed() {
    let Some(peers) = Peers::start() else { return };
    let engine = memory_engines(&["gw-a.example"], Arc::new(SystemClock)).await.remove(0);
    let port = engine.port(Arc::new(PlainAuthenticator));
    apply(&port, &peers).await;
    let mailboxes = Mailboxes::new(port.clone());
    let probe = mailboxes.probe("support").await.unwrap();
    assert_eq!(probe.verdict(), Verdict::Ok, "{probe:?}");
    let (stop, stopped) = watch::channel(false);
    let reading = tokio::spawn(Arc::clone(&mailboxes).run(stopped));

    let customer = account(&peers, "sales");
    let question = Draft {
        kind: Kind::Answer,
        message_id: "question@customer.test".to_owned(),
        own_id: "1".to_owned(),
        sent_at_seconds: 1_790_000_000,
        entropy: [3; 16],
        from: Person { name: "Ada".to_owned(), address: address("sales") },
        to: vec![Person { name: String::new(), address: address("support") }],
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: "Größe".to_owned(),
        in_reply_to: None,
        references: Vec::new(),
        text: "Does it fit?".to_owned(),
        html: None,
        files: Vec::new(),
    };
    let question = compose(&question).unwrap();
    let tokens = tokens(&peers, Route::Direct);
    let submitted = smtp::submit(&customer, &tokens, &question.envelope, &question.raw).await;
    assert!(matches!(submitted, Submitted::Accepted { .. }), "{submitted:?}");

    let agent: AgentId = "1001".parse().unwrap();
    let _browser = port.connect_desk(&agent).unwrap();
    for (name, wish) in
        [("in", DeskWish::SignIn { has_extension: false }), ("ready", DeskWish::Ready)]
    {
        let desk = DeskCommand { agent: agent.clone(), desk: None, wish };
        submit(&port, name, Command::Desk(desk)).await;
    }
    let got = contact(&port, |it| it.agent() == Some(&agent)).await;
    assert_eq!((got.subject.as_str(), got.customer.address), ("Größe", address("sales")));
    let writing = Writing {
        mode: AnswerMode::Reply,
        to: vec![address("sales")],
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: "Re: Größe".to_owned(),
        html: "<p>It does.</p>".to_owned(),
    };
    let change = Box::new(DraftChange::Write { writing, follows: 0 });
    let domain = "mail.test".to_owned();
    for (name, wish) in [
        ("save", ContactWish::SaveDraft { change }),
        ("send", ContactWish::Send { version: 1, domain }),
    ] {
        let command = ContactCommand { contact: got.id, by: Some(agent.clone()), wish };
        submit(&port, name, Command::Contact(command)).await;
    }
    let arrived = mails(&mut mailbox(&peers, customer).reader("INBOX"), 1).await;
    let answer = String::from_utf8_lossy(&arrived[0].raw).into_owned();
    assert!(answer.contains("In-Reply-To: <question@customer.test>"), "{answer}");
    let own = mailbox(&peers, account(&peers, "support"));
    let filed = mails(&mut own.reader("Sent Items"), 1).await;
    assert_eq!(filed.len(), 1);
    assert_eq!(mails(&mut own.reader("INBOX"), 1).await.len(), 1, "the question stays");
    stop.send_replace(true);
    reading.await.unwrap();
    engine.abandon();
}
