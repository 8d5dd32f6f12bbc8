//! What a store would hold of contacts, without the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::mail::{
    AnswerMode, ArrivedMail, Conversation, Draft, MailOut, MailSeen, OutState, Writing,
};
use domain::routing::{self, FreeAgent, QueueRule, Waiting};
use domain::settings::SettingsHead;
use domain::{
    AgentId, Ask, ClientPresence, Command, ConnectionNumber, Contact, ContactCommand, ContactId,
    ContactWish, Customer, Decision, Desk, DeskCommand, DeskNews, DeskWish, Document, DraftChange,
    Entropy, Input, InputId, Key, Loaded, Refusal, Report, Settings, Step, Timestamp, View, Wake,
    WakeChange, WriteBody, step,
};

/// What came of an input.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Came {
    /// It is so.
    Done,
    /// Nothing changed.
    Refused(Refusal),
}

/// Documents, timers and promises.
pub(crate) struct World {
    pub(crate) now: Timestamp,
    entropy: u64,
    documents: BTreeMap<Key, Loaded>,
    wakes: BTreeMap<String, Wake>,
    settings: Arc<Settings>,
    /// Topic and payload.
    promises: Vec<(String, String)>,
    /// Blobs that are to go.
    pub(crate) swept: BTreeSet<String>,
    /// Every input that was carried through.
    past: Vec<Input>,
    /// (queue, UIDVALIDITY, UID) of every mail there ever was.
    pub(crate) arrived: BTreeSet<(String, u32, u32)>,
    /// What a supervisor gave to whom.
    pub(crate) reassigned: BTreeSet<(ContactId, AgentId)>,
}

pub(crate) fn agent(number: u8) -> AgentId {
    format!("{}", 1_000 + u32::from(number)).parse().unwrap()
}

pub(crate) fn writing(html: &str) -> Writing {
    Writing {
        mode: AnswerMode::Reply,
        to: vec!["c1@example.test".to_owned()],
        cc: Vec::new(),
        bcc: Vec::new(),
        subject: "Re: subject 0".to_owned(),
        html: html.to_owned(),
    }
}

/// A mail of a customer; the same number is the same mail.
pub(crate) fn arrived(csq: &str, uid: u32, customer: u8) -> ArrivedMail {
    ArrivedMail {
        csq: csq.to_owned(),
        folder: "INBOX".to_owned(),
        uid_validity: 1,
        uid,
        received_at: Timestamp::from_seconds(1_000_000),
        identity: format!("identity-{uid}"),
        message_id: Some(format!("m{uid}@example.test")),
        answers: Vec::new(),
        from: Customer {
            address: format!("c{customer}@example.test"),
            name: format!("Customer {customer}"),
        },
        subject: "subject 0".to_owned(),
        base_subject: "subject 0".to_owned(),
        had_reply_prefix: false,
        is_forwarded: false,
        automatic: false,
        bounce: None,
        blob: Some(format!("mail/{uid}")),
        bytes: 1_000,
        is_plain_text: false,
        is_proven: false,
        is_unverified: false,
        notice: None,
        is_too_old: false,
        copy_of: None,
    }
}

fn settings() -> Settings {
    let file = serde_json::json!({
        "skills": [{"name": "english"}, {"name": "billing"}],
        "agents": [
            {"id": "1000", "skills": {"english": 5, "billing": 2}},
            {"id": "1001", "skills": {"english": 7}},
            {"id": "1002", "skills": {"billing": 9}},
            {"id": "1003"}
        ],
        "mail_servers": [{
            "name": "mail", "kind": "imap", "imap_host": "imap.example.test",
            "smtp_host": "smtp.example.test"
        }],
        "csqs": [
            {"name": "support", "channel": "email", "selection": "longest_available",
             "skills": {"english": 3},
             "email": {"mail_server": "mail", "address": "support@example.test", "password": "x"}},
            {"name": "billing", "channel": "email", "selection": "most_skilled",
             "skills": {"billing": 1},
             "email": {"mail_server": "mail", "address": "billing@example.test", "password": "x"}}
        ],
        "wrap_up_categories": [
            {"name": "Orders", "reasons": ["late", "broken", "a", "b", "c", "d"]}
        ],
        "channels": {"emails_per_agent": 2, "sticky_email_hours": 4}
    });
    read(&file)
}

fn read(file: &serde_json::Value) -> Settings {
    let file = domain::settings::SettingsFile::read(file.clone()).unwrap();
    let sealed = |_, _: &domain::Secret| domain::Sealed::from_text("sealed");
    let documents = file.into_documents(|_| None, sealed);
    Settings::from_documents(&SettingsHead::default(), documents.0)
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: Timestamp::from_seconds(1_000_000),
            entropy: 0,
            documents: BTreeMap::new(),
            wakes: BTreeMap::new(),
            settings: Arc::new(settings()),
            promises: Vec::new(),
            swept: BTreeSet::new(),
            past: Vec::new(),
            arrived: BTreeSet::new(),
            reassigned: BTreeSet::new(),
        }
    }

    fn submit(&mut self, input: Input) -> Came {
        self.entropy += 1;
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&self.entropy.to_be_bytes());
        let mut view = View::new(Arc::clone(&self.settings));
        let came = loop {
            match step(self.now, Entropy(bytes), &input, &view) {
                Step::Load(asks) => {
                    for ask in asks {
                        match ask {
                            Ask::Document(key) => {
                                let loaded = self.documents.get(&key).cloned();
                                view.add_document(key, loaded);
                            }
                            Ask::Range(range) => {
                                let mut found: Vec<_> = self
                                    .documents
                                    .iter()
                                    .flat_map(|(key, loaded)| {
                                        let entries = loaded.document.index_entries();
                                        entries.into_iter().map(|entry| (entry, key.clone()))
                                    })
                                    .filter(|(entry, _)| {
                                        entry.index == range.index
                                            && entry.value >= range.from
                                            && entry.value <= range.to
                                    })
                                    .map(|(entry, key)| (entry.value, key))
                                    .collect();
                                found.sort();
                                found.truncate(range.limit as usize);
                                let keys = found.into_iter().map(|(_, key)| key).collect();
                                view.add_range(range, keys);
                            }
                        }
                    }
                }
                Step::Decide(decision) => {
                    self.commit(decision);
                    break Came::Done;
                }
                Step::Refuse(refusal) => break Came::Refused(refusal),
            }
        };
        self.past.push(input);
        came
    }

    fn commit(&mut self, decision: Decision) {
        let mut keys = BTreeSet::new();
        for write in &decision.writes {
            assert!(keys.insert(write.key.clone()), "{} is written twice", write.key);
        }
        for guard in &decision.guards {
            let version = self.documents.get(&guard.key).map(|loaded| loaded.version);
            assert_eq!(version, guard.version, "{} is guarded by what was not loaded", guard.key);
        }
        for change in decision.wakes {
            match change {
                WakeChange::Set(wake) => {
                    self.wakes.insert(wake.id.clone(), wake);
                }
                WakeChange::Clear(id) => {
                    self.wakes.remove(&id);
                }
                WakeChange::Claim { id, generation } => match self.wakes.get(&id) {
                    Some(wake) if wake.generation == generation => {
                        self.wakes.remove(&id);
                    }
                    // Another node ran it, so nothing of this is written.
                    _ => return,
                },
            }
        }
        for write in decision.writes {
            match write.body {
                WriteBody::Put(document) => {
                    let text = document.encode().unwrap();
                    let kind = document.kind();
                    let read = Document::decode(kind, Document::schema(kind), &text).unwrap();
                    assert_eq!(read, document, "it is read as it was written");
                    let version = self.documents.get(&write.key).map_or(1, |it| it.version + 1);
                    self.documents.insert(write.key, Loaded { version, document });
                }
                WriteBody::Delete => {
                    self.documents.remove(&write.key);
                }
            }
        }
        let swept = decision.effects.iter().filter(|effect| effect.topic == domain::SWEEP_TOPIC);
        self.swept.extend(swept.map(|effect| effect.payload.clone()));
        self.promises
            .extend(decision.effects.into_iter().map(|effect| (effect.topic, effect.payload)));
    }

    fn id(&self, kind: &str) -> InputId {
        InputId::new(kind, self.past.len())
    }

    pub(crate) fn mail(&mut self, mail: ArrivedMail) -> Came {
        self.arrived.insert((mail.csq.clone(), mail.uid_validity, mail.uid));
        let id = self.id("mail");
        self.submit(Input::report(id, Report::MailArrived(Box::new(mail))))
    }

    pub(crate) fn contact(
        &mut self,
        contact: ContactId,
        by: Option<&AgentId>,
        wish: ContactWish,
    ) -> Came {
        let reassigned = match &wish {
            ContactWish::Reassign { agent } => Some((contact, agent.clone())),
            _ => None,
        };
        // Whose contact it is not asks in vain; here nobody asks in a supervisor's name by mistake.
        let by = match wish {
            ContactWish::Reassign { .. }
            | ContactWish::TakeBack { .. }
            | ContactWish::Release
            | ContactWish::Assign { .. } => None,
            _ => Some(by.cloned().unwrap_or_else(|| agent(3))),
        };
        let id = self.id("contact");
        let command = Command::Contact(ContactCommand { contact, by, wish });
        let came = self.submit(Input::command(id, command));
        if came == Came::Done {
            self.reassigned.extend(reassigned);
        }
        came
    }

    pub(crate) fn desk(&mut self, who: u8, wish: DeskWish) -> Came {
        let id = self.id("desk");
        let command = Command::Desk(DeskCommand { agent: agent(who), desk: None, wish });
        self.submit(Input::command(id, command))
    }

    pub(crate) fn browser(&mut self, who: u8, connection: u64, is_there: bool) -> Came {
        let desk = self.desk_of(&agent(who)).unwrap();
        let presence =
            if is_there { ClientPresence::Available } else { ClientPresence::Unavailable };
        let news = DeskNews {
            agent: agent(who),
            desk: desk.number,
            connection: ConnectionNumber(connection),
            node: "gw-a".parse().unwrap(),
            presence,
        };
        let id = self.id("browser");
        self.submit(Input::report(id, Report::DeskPresence(news)))
    }

    pub(crate) fn out(&mut self, out: ContactId, state: OutState) -> Came {
        let id = self.id("out");
        let was = self.mail_out(out).map_or(OutState::Queued, |mail| mail.state);
        let report =
            Report::MailOutMoved { out, was, state, next_try_at: None, other_ids: Vec::new() };
        self.submit(Input::report(id, report))
    }

    /// The same by somebody who knew it to be there.
    pub(crate) fn out_from(&mut self, out: ContactId, was: OutState, state: OutState) -> Came {
        let id = self.id("out");
        let report =
            Report::MailOutMoved { out, was, state, next_try_at: None, other_ids: Vec::new() };
        self.submit(Input::report(id, report))
    }

    /// It lies among the sent mails under these ids.
    pub(crate) fn out_found(&mut self, out: ContactId, ids: &[&str]) -> Came {
        let (id, was) = (self.id("out"), self.mail_out(out).unwrap().state);
        let state = OutState::Accepted { at: self.now, is_filed: true, settled: 0 };
        let other_ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let report = Report::MailOutMoved { out, was, state, next_try_at: None, other_ids };
        self.submit(Input::report(id, report))
    }

    /// Whatever ended before now is kept no longer.
    pub(crate) fn forget(&mut self) -> Came {
        let contacts = self.contacts().into_iter().map(|it| it.id).collect();
        let id = self.id("forget");
        self.submit(Input::command(id, Command::ForgetContacts { before: self.now, contacts }))
    }

    pub(crate) fn documents_of(&self, kind: domain::Kind) -> usize {
        self.documents.keys().filter(|key| key.kind == kind).count()
    }

    /// The agent who has it writes and sends.
    pub(crate) fn answer(&mut self, contact: ContactId) {
        let by = self.contact_of(contact).agent().cloned();
        let change = Box::new(DraftChange::Write { writing: writing("Hello"), follows: 0 });
        let came = self.contact(contact, by.as_ref(), ContactWish::SaveDraft { change });
        assert_eq!(came, Came::Done);
        let send = ContactWish::Send { version: 1, domain: "example.test".to_owned() };
        assert_eq!(self.contact(contact, by.as_ref(), send), Came::Done);
    }

    /// What can be given away now.
    pub(crate) fn routable(&self) -> Vec<(ContactId, AgentId)> {
        let settings = &self.settings;
        let most = settings.channels.emails_per_agent as usize;
        let queues = settings.csqs.values().map(|csq| {
            (csq.name.as_str(), QueueRule { selection: csq.selection, skills: &csq.skills })
        });
        let (desks, contacts) = (self.desks(), self.contacts());
        let agents = desks.iter().filter_map(|desk| {
            let signed_in = desk.signed_in()?;
            signed_in.takes_mail(most).then(|| FreeAgent {
                agent: &desk.agent,
                skills: &settings.agents[&desk.agent].skills,
                places: most - signed_in.mails.len(),
                free_since: signed_in.free_since.unwrap_or(signed_in.since),
            })
        });
        let waiting = contacts.iter().filter(|it| it.is_queued()).map(|contact| Waiting {
            contact: contact.id,
            csq: &contact.csq,
            since: contact.waiting_since,
            sticks_to: contact.sticks_to(self.now),
            not_for: &contact.not_for,
        });
        routing::route(&queues.collect(), agents.collect(), waiting.collect())
    }

    pub(crate) fn route(&mut self) {
        for (contact, agent) in self.routable() {
            let came = self.contact(contact, None, ContactWish::Assign { agent });
            assert_eq!(came, Came::Done, "the router gives only what can be given");
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    pub(crate) fn due(&mut self, number: usize) {
        let due: Vec<_> = self.wakes.values().filter(|it| it.due_at <= self.now).cloned().collect();
        if let Some(wake) = due.get(number % due.len().max(1)) {
            let id = self.id("wake");
            self.submit(Input::report(id, Report::WakeDue(wake.clone())));
        }
    }

    pub(crate) fn all_due(&mut self) {
        let due: Vec<_> = self.wakes.values().filter(|it| it.due_at <= self.now).cloned().collect();
        for wake in due {
            let id = self.id("wake");
            self.submit(Input::report(id, Report::WakeDue(wake)));
        }
    }

    /// Something that was said before is said again, late.
    pub(crate) fn again(&mut self, number: usize) {
        let reports: Vec<_> = self
            .past
            .iter()
            .filter(|input| matches!(input.body, domain::InputBody::Report(_)))
            .cloned()
            .collect();
        if let Some(input) = reports.get(number % reports.len().max(1)) {
            self.submit(input.clone());
        }
    }

    pub(crate) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.documents.values().map(|it| &it.document)
    }

    pub(crate) fn contacts(&self) -> Vec<Contact> {
        let all = self.documents().filter_map(|it| match it {
            Document::Contact(contact) => Some(contact.as_ref().clone()),
            _ => None,
        });
        all.collect()
    }

    pub(crate) fn contact_of(&self, id: ContactId) -> Contact {
        self.contacts().into_iter().find(|it| it.id == id).unwrap()
    }

    pub(crate) fn contact_by_uid(&self, uid: u32) -> Contact {
        let id = format!("m{uid}@example.test");
        let is_it = |it: &Contact| it.mail.message_id.as_ref() == Some(&id);
        self.contacts().into_iter().find(is_it).unwrap()
    }

    pub(crate) fn desks(&self) -> Vec<Desk> {
        let all = self.documents().filter_map(|it| match it {
            Document::Desk(desk) => Some(desk.as_ref().clone()),
            _ => None,
        });
        all.collect()
    }

    fn desk_of(&self, agent: &AgentId) -> Option<Desk> {
        self.desks().into_iter().find(|it| it.agent == *agent)
    }

    pub(crate) fn draft(&self, contact: ContactId) -> Option<Draft> {
        match &self.documents.get(&Key::draft(contact))?.document {
            Document::Draft(draft) => Some(draft.as_ref().clone()),
            _ => None,
        }
    }

    pub(crate) fn conversation(&self, id: ContactId) -> Conversation {
        match &self.documents[&Key::conversation(id)].document {
            Document::Conversation(conversation) => conversation.as_ref().clone(),
            _ => panic!("no conversation"),
        }
    }

    pub(crate) fn mail_out(&self, out: ContactId) -> Option<MailOut> {
        self.outs().into_iter().find(|it| it.id == out)
    }

    pub(crate) fn outs(&self) -> Vec<MailOut> {
        let all = self.documents().filter_map(|it| match it {
            Document::MailOut(mail) => Some(mail.as_ref().clone()),
            _ => None,
        });
        all.collect()
    }

    pub(crate) fn seen(&self) -> Vec<MailSeen> {
        let all = self.documents().filter_map(|it| match it {
            Document::MailSeen(seen) => Some(seen.as_ref().clone()),
            _ => None,
        });
        all.collect()
    }

    pub(crate) fn promises(&self, topic: &str) -> usize {
        self.promised(topic).len()
    }

    /// What was promised on a topic, the oldest first.
    pub(crate) fn promised(&self, topic: &str) -> Vec<String> {
        let of = self.promises.iter().filter(|(of, _)| of == topic);
        of.map(|(_, payload)| payload.clone()).collect()
    }

    /// Other reasons in the category that there is.
    pub(crate) fn reasons(&mut self, reasons: &[&str]) {
        let settings = Arc::make_mut(&mut self.settings);
        let categories = Arc::make_mut(&mut settings.wrap_up_categories);
        let category = Arc::make_mut(categories.get_mut("Orders").unwrap());
        category.reasons = reasons.iter().map(|it| (*it).to_owned()).collect();
    }

    /// That agent has no skills any more.
    pub(crate) fn without_skills(&mut self, who: u8) {
        let settings = Arc::make_mut(&mut self.settings);
        let agents = Arc::make_mut(&mut settings.agents);
        Arc::make_mut(agents.get_mut(&agent(who)).unwrap()).skills.clear();
    }

    /// Other channel parameters.
    pub(crate) fn channels(&mut self, change: impl FnOnce(&mut domain::settings::Channels)) {
        let settings = Arc::make_mut(&mut self.settings);
        change(Arc::make_mut(&mut settings.channels));
    }

    /// That agent has those skills alone; a competence of 0 is none.
    pub(crate) fn skills(&mut self, who: u8, skills: &[(&str, u8)]) {
        let settings = Arc::make_mut(&mut self.settings);
        let agents = Arc::make_mut(&mut settings.agents);
        let has = skills.iter().filter(|(_, competence)| *competence > 0);
        let has = has.map(|(name, competence)| ((*name).to_owned(), *competence)).collect();
        Arc::make_mut(agents.get_mut(&agent(who)).unwrap()).skills = has;
    }

    /// Each of those agents is in that team.
    pub(crate) fn teams(&mut self, teams: &[(u8, &str)]) {
        let settings = Arc::make_mut(&mut self.settings);
        let agents = Arc::make_mut(&mut settings.agents);
        for (who, team) in teams {
            let agent = Arc::make_mut(agents.get_mut(&agent(*who)).unwrap());
            agent.team = Some(team.parse().unwrap());
        }
    }

    /// A reason for being not ready that one team has.
    pub(crate) fn reason_of_team(&mut self, code: u16, team: &str) {
        let (category, code) = (domain::ReasonCategory::NotReady, domain::ReasonCode(code));
        let teams = vec![team.parse().unwrap()];
        let reason = domain::settings::Reason { category, code, label: "Own".to_owned(), teams };
        let settings = Arc::make_mut(&mut self.settings);
        Arc::make_mut(&mut settings.reasons).insert((category, code), Arc::new(reason));
    }

    /// A CSQ for chats that asks for one skill.
    pub(crate) fn chat_queue(&mut self, name: &str, skill: &str) {
        let settings = Arc::make_mut(&mut self.settings);
        let csq = domain::settings::Csq {
            name: name.to_owned(),
            channel: domain::Channel::Chat,
            selection: domain::settings::Selection::LongestAvailable,
            skills: [(skill.to_owned(), 1)].into(),
            email: None,
        };
        Arc::make_mut(&mut settings.csqs).insert(name.to_owned(), Arc::new(csq));
    }

    /// Does a command.
    pub(crate) fn command(&mut self, command: Command) -> Came {
        let id = self.id("command");
        self.submit(Input::command(id, command))
    }

    /// The agent wishes something of the voice session.
    pub(crate) fn voice(&mut self, who: u8, wish: domain::Wish) {
        let agent = domain::AgentKey::owned(agent(who));
        let command = domain::AgentCommand { agent, holder: None, seen_changes: None, wish };
        assert_eq!(self.command(Command::Agent(command)), Came::Done);
    }

    /// That CSQ tells customers that their mail arrived.
    pub(crate) fn acknowledges(&mut self, csq: &str) {
        let settings = Arc::make_mut(&mut self.settings);
        let csqs = Arc::make_mut(&mut settings.csqs);
        let csq = Arc::make_mut(csqs.get_mut(csq).unwrap());
        csq.email.as_mut().unwrap().acknowledgement = Some(domain::settings::Acknowledgement {
            subject: "We have it".to_owned(),
            text: "Thank you".to_owned(),
        });
    }
}
