//! Contacts and desks through an engine: who routes, who tells of browsers, what nodes see of each other.

use std::sync::Arc;
use std::time::Duration;

use domain::mail::{AnswerMode, ArrivedMail, OutState, Writing};
use domain::settings::{SettingsFile, SettingsHead};
use domain::{
    AgentId, Command, Contact, ContactCommand, ContactWish, Customer, DeskCommand, DeskWish,
    DraftChange, Input, InputId, Report, Sealed, Settings, SignedOutBy,
};
use engine::testing::{ManualClock, PlainAuthenticator, apply, engine_at};
use engine::{Engine, Outcome, Port};
use serde_json::json;
use store::{MemoryStore, Store};

use crate::START;

fn settings() -> Settings {
    let file = json!({
        "skills": [{"name": "english"}],
        "agents": [
            {"id": "1001", "skills": {"english": 5}},
            {"id": "1002", "skills": {"english": 5}},
        ],
        "mail_servers": [{
            "name": "mail", "kind": "imap", "imap_host": "imap.example.test",
            "smtp_host": "smtp.example.test",
        }],
        "csqs": [{
            "name": "support", "channel": "email", "skills": {"english": 1},
            "email": {"mail_server": "mail", "address": "support@example.test", "password": "x"},
        }],
        "channels": {"emails_per_agent": 2},
    });
    let documents = SettingsFile::read(file)
        .expect("settings are right")
        .into_documents(|_| None, |_, _| Sealed::from_text("x"));
    Settings::from_documents(&SettingsHead::default(), documents.0)
}

fn agent(id: &str) -> AgentId {
    id.parse().unwrap()
}

struct Node {
    engine: Arc<Engine>,
    port: Port,
}

impl Node {
    async fn start(
        name: &str,
        store: &Arc<dyn Store>,
        clock: &Arc<ManualClock>,
        seed: u64,
    ) -> Self {
        let engine = engine_at(name, Arc::clone(store), Arc::clone(clock) as _, seed).await;
        let port = engine.port(Arc::new(PlainAuthenticator));
        Self { engine, port }
    }

    async fn submit(&self, name: &str, command: Command) -> Outcome {
        self.port.submit(Input::command(InputId::new("test", name), command)).await.unwrap()
    }

    async fn desk(&self, id: &str, name: &str, wish: DeskWish) {
        let command = Command::Desk(DeskCommand { agent: agent(id), desk: None, wish });
        assert!(matches!(self.submit(name, command).await, Outcome::Done(_)));
    }

    async fn mail(&self, uid: u32) {
        let mail = ArrivedMail {
            csq: "support".to_owned(),
            folder: "INBOX".to_owned(),
            uid_validity: 1,
            uid,
            received_at: START,
            identity: uid.to_string(),
            message_id: Some(format!("m{uid}@example.test")),
            answers: Vec::new(),
            from: Customer { address: "ada@example.test".to_owned(), name: "Ada".to_owned() },
            subject: "Hello".to_owned(),
            base_subject: "hello".to_owned(),
            had_reply_prefix: false,
            is_forwarded: false,
            automatic: false,
            bounce: None,
            blob: Some(format!("mail/{uid}")),
            bytes: 100,
            is_plain_text: false,
            is_proven: false,
            is_unverified: false,
            notice: None,
            is_too_old: false,
            copy_of: None,
        };
        let report = Report::MailArrived(Box::new(mail));
        self.port.submit(Input::report(InputId::new("mail", uid), report)).await.unwrap();
    }

    /// Whether what waits is counted as it is; what changes in between is looked at anew.
    fn counts_right(&self, contacts: &[Arc<Contact>]) -> bool {
        let mut counts = std::collections::BTreeMap::new();
        for contact in contacts.iter().filter(|it| it.is_queued()) {
            *counts.entry(contact.csq.clone()).or_insert(0) += 1;
        }
        counts == self.port.contacts_waiting()
    }

    /// Waits for what must come.
    async fn until(
        &self,
        what: &str,
        is_so: impl Fn(&[Arc<Contact>]) -> bool,
    ) -> Vec<Arc<Contact>> {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        let mut changes = self.port.digital_changes();
        loop {
            let contacts = self.port.open_contacts();
            if is_so(&contacts) && self.counts_right(&contacts) {
                return contacts;
            }
            assert!(tokio::time::Instant::now() < deadline, "{what}: {contacts:?}");
            let _ = tokio::time::timeout(Duration::from_millis(50), changes.recv()).await;
        }
    }
}

async fn place() -> (Arc<dyn Store>, Arc<ManualClock>, Node) {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let clock = Arc::new(ManualClock::new(START));
    let node = Node::start("gw-a.example", &store, &clock, 1).await;
    apply(&node.engine, &settings()).await;
    (store, clock, node)
}

fn has(contacts: &[Arc<Contact>], id: &str) -> usize {
    contacts.iter().filter(|it| it.agent() == Some(&agent(id))).count()
}

#[tokio::test]
async fn mail_03_a_mail_reaches_an_agent_by_itself_and_the_next_ones_as_places_come() {
    let (_, _, node) = place().await;
    for uid in 1..=3 {
        node.mail(uid).await;
    }
    let _browser = node.port.connect_desk(&agent("1001")).unwrap();
    node.desk("1001", "in", DeskWish::SignIn { has_extension: false }).await;
    node.desk("1001", "ready", DeskWish::Ready).await;
    let contacts = node.until("two in hand", |it| has(it, "1001") == 2).await;
    let first = contacts.iter().find(|it| it.agent().is_some()).unwrap();
    let by = Some(agent("1001"));
    let discard = ContactCommand { contact: first.id, by, wish: ContactWish::Discard };
    node.submit("discard", Command::Contact(discard)).await;
    node.until("the third follows", |it| it.len() == 2 && has(it, "1001") == 2).await;
    node.engine.abandon();
}

#[tokio::test]
async fn ccp_05_a_queue_stays_while_contacts_of_it_are_not_over() {
    let (_, _, node) = place().await;
    node.mail(1).await;
    node.mail(2).await;
    let mut without = settings();
    Arc::make_mut(&mut without.csqs).clear();
    let documents = || domain::settings::Documents(without.documents());
    let removed = || vec![domain::Key::new(domain::Kind::Setting, "csq/support")];
    let base = node.engine.settings().number;
    let ways = || {
        [
            Command::ChangeSettings { base, put: Vec::new(), removed: removed() },
            Command::ApplySettings { documents: documents(), source: None },
        ]
    };
    for (number, way) in ways().into_iter().enumerate() {
        let outcome = node.submit(&format!("early {number}"), way).await;
        let Outcome::Refused(domain::Refusal::SettingsInUse { why }) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(why.contains("support has 2 contacts that are not over"), "{why}");
    }
    // One in work keeps it as well.
    let _browser = node.port.connect_desk(&agent("1001")).unwrap();
    node.desk("1001", "in", DeskWish::SignIn { has_extension: false }).await;
    node.desk("1001", "ready", DeskWish::Ready).await;
    for number in 1..=2 {
        let contacts = node.until("in hand", |it| it.iter().all(|it| it.agent().is_some())).await;
        let [change, _] = ways();
        let outcome = node.submit(&format!("in hand {number}"), change).await;
        assert!(matches!(outcome, Outcome::Refused(_)), "{outcome:?}");
        let (contact, by) = (contacts[0].id, Some(agent("1001")));
        let discard = ContactCommand { contact, by, wish: ContactWish::Discard };
        node.submit(&format!("discard {number}"), Command::Contact(discard)).await;
        node.until("it is over", |it| it.len() == 2 - number).await;
    }
    let [change, _] = ways();
    let outcome = node.submit("late", change).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    assert!(node.engine.settings().csqs.is_empty());
    node.engine.abandon();
}

/// Contacts that were answered are over, and their answers go out from the account of their CSQ.
#[tokio::test]
async fn ccp_05_a_queue_stays_while_answers_of_it_are_not_sent() {
    let (_, _, node) = place().await;
    node.mail(1).await;
    let _browser = node.port.connect_desk(&agent("1001")).unwrap();
    node.desk("1001", "in", DeskWish::SignIn { has_extension: false }).await;
    node.desk("1001", "ready", DeskWish::Ready).await;
    let contacts = node.until("in hand", |it| has(it, "1001") == 1).await;
    let contact = contacts[0].id;
    let writing = Writing {
        mode: AnswerMode::Reply,
        to: vec!["ada@customer.test".to_owned()],
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: "Re: x".to_owned(),
        html: "<p>Hello</p>".to_owned(),
    };
    let change = Box::new(DraftChange::Write { writing, follows: 0 });
    let send = ContactWish::Send { version: 1, domain: "example.test".to_owned() };
    for (name, wish) in [("save", ContactWish::SaveDraft { change }), ("send", send)] {
        let command = ContactCommand { contact, by: Some(agent("1001")), wish };
        let outcome = node.submit(name, Command::Contact(command)).await;
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }
    node.until("it is over", <[_]>::is_empty).await;
    let base = node.engine.settings().number;
    let removed = || vec![domain::Key::new(domain::Kind::Setting, "csq/support")];
    let remove = || Command::ChangeSettings { base, put: Vec::new(), removed: removed() };
    let Outcome::Refused(domain::Refusal::SettingsInUse { why }) =
        node.submit("early", remove()).await
    else {
        panic!("an answer is owed")
    };
    assert!(why.contains("support has 1 mails that are not sent yet"), "{why}");
    let out = node.port.mails_out_open().await.unwrap()[0].id;
    let accepted = OutState::Accepted { at: node.engine.now(), is_filed: false, settled: 0 };
    for (was, state) in [(OutState::Queued, OutState::Prepared), (OutState::Prepared, accepted)] {
        let id = InputId::new("out", format!("{state:?}").len());
        let report =
            Report::MailOutMoved { out, was, state, next_try_at: None, other_ids: Vec::new() };
        let outcome = node.engine.submit(Input::report(id, report)).await.unwrap();
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }
    let outcome = node.submit("late", remove()).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    node.engine.abandon();
}

#[tokio::test]
async fn mail_13_another_node_routes_and_knows_all_that_is_open() {
    let (store, clock, first) = place().await;
    first.mail(1).await;
    let second = Node::start("gw-b.example", &store, &clock, 2).await;
    second.until("what is open is known", |it| it.len() == 1).await;
    let _browser = second.port.connect_desk(&agent("1002")).unwrap();
    second.desk("1002", "in", DeskWish::SignIn { has_extension: false }).await;
    second.desk("1002", "ready", DeskWish::Ready).await;
    second.until("assigned, by whichever node routes", |it| has(it, "1002") == 1).await;
    first.until("and seen by the other", |it| has(it, "1002") == 1).await;
    second.desk("1002", "out", DeskWish::SignOut { reason: None, by: SignedOutBy::Agent }).await;
    first.until("given back", |it| it.iter().all(|it| it.is_queued())).await;
    first.engine.abandon();
    second.engine.abandon();
}

#[tokio::test]
async fn mail_09_a_browser_that_is_gone_for_a_minute_gives_back_what_is_in_hand() {
    let (_, clock, node) = place().await;
    node.mail(1).await;
    let browser = node.port.connect_desk(&agent("1001")).unwrap();
    node.desk("1001", "in", DeskWish::SignIn { has_extension: false }).await;
    node.desk("1001", "ready", DeskWish::Ready).await;
    node.until("in hand", |it| has(it, "1001") == 1).await;
    let there = |node: &Node, is_there: bool| {
        let desk = node.port.desk(&agent("1001")).unwrap();
        desk.signed_in().is_none_or(|it| it.client.unavailable_since().is_none() == is_there)
    };
    node.until("the browser is seen", |_| there(&node, true)).await;
    drop(browser);
    node.until("the browser is missed", |_| there(&node, false)).await;
    clock.advance(Duration::from_secs(59));
    let again = node.port.connect_desk(&agent("1001")).unwrap();
    node.until("it is back in time", |_| there(&node, true)).await;
    clock.advance(Duration::from_secs(10));
    assert_eq!(has(&node.port.open_contacts(), "1001"), 1);
    drop(again);
    node.until("it is missed once more", |_| there(&node, false)).await;
    clock.advance(Duration::from_secs(61));
    node.until("given back", |it| it.iter().all(|it| it.is_queued())).await;
    node.engine.abandon();
}

#[tokio::test]
async fn mail_13_agents_whose_browsers_come_back_after_a_start_keep_what_they_have() {
    let (store, clock, first) = place().await;
    first.mail(1).await;
    let browser = first.port.connect_desk(&agent("1001")).unwrap();
    first.desk("1001", "in", DeskWish::SignIn { has_extension: false }).await;
    first.desk("1001", "ready", DeskWish::Ready).await;
    let named = |node: &Node| {
        let desk = node.port.desk(&agent("1001")).unwrap();
        desk.signed_in().is_some_and(|it| it.client.nodes().count() == 1)
    };
    first
        .until("in hand, and the browser told of", |it| has(it, "1001") == 1 && named(&first))
        .await;
    // As after kill -9: nothing is said of the browser any more.
    first.engine.abandon();
    drop(browser);
    let again = Node::start("gw-a.example", &store, &clock, 3).await;
    let unavailable = |node: &Node| {
        let desk = node.port.desk(&agent("1001")).unwrap();
        desk.signed_in().is_none_or(|it| it.client.unavailable_since().is_some())
    };
    again.until("what is in hand is known", |it| has(it, "1001") == 1).await;
    // More than one look of the node, less than it waits for those who come back.
    for _ in 0..50 {
        assert!(!unavailable(&again), "given up before it could come back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _browser = again.port.connect_desk(&agent("1001")).unwrap();
    clock.advance(Duration::from_secs(61));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!unavailable(&again));
    assert_eq!(has(&again.port.open_contacts(), "1001"), 1);
    again.engine.abandon();
}

#[tokio::test]
async fn rte_03_a_changed_skill_acts_at_once() {
    let (_, _, node) = place().await;
    let mut without = settings();
    let agents = Arc::make_mut(&mut without.agents);
    Arc::make_mut(agents.get_mut(&agent("1001")).unwrap()).skills.clear();
    apply(&node.engine, &without).await;
    node.mail(1).await;
    let _browser = node.port.connect_desk(&agent("1001")).unwrap();
    node.desk("1001", "in", DeskWish::SignIn { has_extension: false }).await;
    node.desk("1001", "ready", DeskWish::Ready).await;
    assert_eq!(has(&node.port.open_contacts(), "1001"), 0);
    apply(&node.engine, &settings()).await;
    node.until("assigned", |it| has(it, "1001") == 1).await;
    node.engine.abandon();
}
