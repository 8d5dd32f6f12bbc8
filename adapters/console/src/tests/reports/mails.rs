//! A console on an engine that routes mails, in which a small story was told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use domain::mail::ArrivedMail;
use domain::settings::{SettingsFile, SettingsHead};
use domain::{
    AgentId, Command, Contact, ContactCommand, ContactWish, Customer, DeskCommand, DeskWish, Input,
    InputId, Report, Sealed, Settings, SignedOutBy,
};
use engine::testing::{ManualClock, PlainAuthenticator, memory_port};
use engine::{DeskConnection, Outcome};
use serde_json::json;
use tokio::time::Instant;

use crate::testing::{NOW, Place, settings};

/// Whom customers write to, and what is in hand of whom.
pub(crate) struct Mails {
    pub(crate) place: Place,
    clock: Arc<ManualClock>,
    number: AtomicU32,
}

/// What the other tests have, with queues for mails and agents who qualify.
fn with_mail() -> Settings {
    let csq = |name: &str, skill: &str| {
        json!({
            "name": name, "channel": "email", "skills": {skill: 1},
            "email": {"mail_server": "mail", "address": format!("{name}@example.test"), "password": "x"},
        })
    };
    let file = json!({
        "skills": [{"name": "english"}, {"name": "personnel"}],
        "mail_servers": [{
            "name": "mail", "kind": "imap", "imap_host": "imap.example.test",
            "smtp_host": "smtp.example.test",
        }],
        "csqs": [csq("support", "english"), csq("staff", "personnel")],
        "channels": {"emails_per_agent": 1},
    });
    let documents = SettingsFile::read(file)
        .expect("settings are right")
        .into_documents(|_| None, |_, _| Sealed::from_text("x"));
    let mail = Settings::from_documents(&SettingsHead::default(), documents.0);
    let mut all = settings();
    for (id, agent) in Arc::make_mut(&mut all.agents) {
        let skill = if id.as_str() == "2001" { "personnel" } else { "english" };
        let agent = Arc::make_mut(agent);
        agent.skills = BTreeMap::from([(skill.to_owned(), 5)]);
        if id.as_str() == "1002" {
            agent.name = Some("=HYPERLINK(\"x\"), \"Bob\"".to_owned());
        }
    }
    Settings {
        skills: mail.skills,
        mail_servers: mail.mail_servers,
        csqs: mail.csqs,
        channels: mail.channels,
        ..all
    }
}

fn id(agent: &str) -> AgentId {
    agent.parse().unwrap()
}

impl Mails {
    async fn new() -> Self {
        let clock = Arc::new(ManualClock::new(NOW));
        let port =
            memory_port(&with_mail(), Arc::new(PlainAuthenticator), Arc::clone(&clock) as _).await;
        Self { place: Place::on(port), clock, number: AtomicU32::new(0) }
    }

    /// ```text
    ///     0 s  Mail 1 comes, for support           100 s  2001 Ready, has Mail 3
    ///     1 s  Mail 2 (a machine's), for support   130 s  2001 signs out: Mail 3 waits again
    ///     1 s  Mail 3 comes, for staff             200 s  1001 discards Mail 2
    ///    60 s  1001 Ready, has Mail 1              210 s  1002 discards Mail 1
    ///   100 s  1001 gives it back, has Mail 2      600 s  now
    ///   100 s  1002 Ready, has Mail 1
    /// ```
    pub(crate) async fn told() -> Self {
        let mails = Self::new().await;
        mails.arrives("support", false).await;
        mails.after(1);
        mails.arrives("support", true).await;
        mails.arrives("staff", false).await;
        mails.after(59);
        let _first = mails.ready("1001").await;
        let contact = mails.until_has("1001", "Mail 1").await;
        mails.after(40);
        let csq = "support".to_owned();
        mails.wish(&contact, ContactWish::Requeue { csq }).await;
        let contact = mails.until_has("1001", "Mail 2").await;
        let _second = mails.ready("1002").await;
        let other = mails.until_has("1002", "Mail 1").await;
        let _third = mails.ready("2001").await;
        mails.until_has("2001", "Mail 3").await;
        mails.after(30);
        let wish = DeskWish::SignOut { reason: None, by: SignedOutBy::Agent };
        mails.desk("2001", wish).await;
        mails.after(70);
        mails.wish(&contact, ContactWish::Discard).await;
        mails.after(10);
        mails.wish(&other, ContactWish::Discard).await;
        mails.after(390);
        mails
    }

    fn after(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn submit(&self, command: Command) {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let input = Input::command(InputId::new("story", number), command);
        let outcome = self.place.port.submit(input).await.unwrap();
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }

    async fn desk(&self, agent: &str, wish: DeskWish) {
        self.submit(Command::Desk(DeskCommand { agent: id(agent), desk: None, wish })).await;
    }

    async fn ready(&self, agent: &str) -> DeskConnection {
        let browser = self.place.port.connect_desk(&id(agent)).unwrap();
        self.desk(agent, DeskWish::SignIn { has_extension: false }).await;
        self.desk(agent, DeskWish::Ready).await;
        browser
    }

    async fn wish(&self, contact: &Contact, wish: ContactWish) {
        let by = contact.agent().cloned();
        self.submit(Command::Contact(ContactCommand { contact: contact.id, by, wish })).await;
    }

    /// A mail comes now.
    pub(crate) async fn arrives(&self, csq: &str, automatic: bool) {
        let uid = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        let mail = ArrivedMail {
            csq: csq.to_owned(),
            folder: "INBOX".to_owned(),
            uid_validity: 1,
            uid,
            received_at: NOW,
            identity: uid.to_string(),
            message_id: None,
            answers: Vec::new(),
            from: Customer { address: "ada@example.test".to_owned(), name: String::new() },
            subject: format!("Mail {uid}"),
            base_subject: format!("mail {uid}"),
            had_reply_prefix: false,
            is_forwarded: false,
            automatic,
            bounce: None,
            blob: None,
            bytes: 100,
            is_plain_text: true,
            is_proven: false,
            is_unverified: false,
            copy_of: None,
            notice: None,
            is_too_old: false,
        };
        let report = Report::MailArrived(Box::new(mail));
        self.place.port.submit(Input::report(InputId::new("mail", uid), report)).await.unwrap();
    }

    /// Waits until the agent has the contact with that subject.
    async fn until_has(&self, agent: &str, subject: &str) -> Arc<Contact> {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut changes = self.place.port.digital_changes();
        loop {
            let open = self.place.port.open_contacts();
            let is_it =
                |it: &&Arc<Contact>| it.subject == subject && it.agent() == Some(&id(agent));
            if let Some(found) = open.iter().find(is_it) {
                return Arc::clone(found);
            }
            assert!(Instant::now() < deadline, "{agent} {subject}: {open:?}");
            let _ = tokio::time::timeout(Duration::from_millis(50), changes.recv()).await;
        }
    }
}
