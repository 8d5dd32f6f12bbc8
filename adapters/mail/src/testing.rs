//! A node in memory, and a mail server that does what a test says.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use domain::settings::{MAILBOX_PASSWORD_PURPOSE, SettingsFile, SettingsHead};
use domain::{Contact, Sealed, Secret, Settings, Timestamp};
use engine::Clock as _;
use engine::testing::{
    ManualClock, PlainAuthenticator, UnsteadyStore, apply, file_engines, memory_engines,
    unsteady_engines,
};
use engine::{Engine, Port};
use protocols::mail::{ReadOptions, read};
use serde_json::{Value, json};

use crate::account::MailboxDigest;
use crate::figures::Figures;
use crate::imap::{Fetched, Head, Mail, News, Opened};
use crate::intake::Manner;
use crate::outgoing::{Filed, Letter, NoServer, Outgoing, Sending, ServerOf};
use crate::own_copy::{Likeness, likeness};
use crate::reading::Reading;
use crate::room::Rooms;
use crate::round::{Rounds, Terms};
use crate::smtp::{Envelope, Progress, Submitted};
use crate::trouble::Trouble;

/// When tests begin.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_795_842_600);
pub(crate) const HOUR: Duration = Duration::from_secs(3_600);
const NODES: [&str; 2] = ["gw-a.example", "gw-b.example"];

/// A node, the clock it goes by, and a server.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: Arc<Engine>,
    /// The same store from another node, which goes on where the first one ends.
    others: Vec<Arc<Engine>>,
    pub(crate) port: Port,
    pub(crate) server: Arc<Server>,
}

/// Settings with one CSQ and one agent; `change` is what a test has otherwise.
pub(crate) fn settings(change: impl FnOnce(&mut Value)) -> Settings {
    settings_sealed(change, |_| Sealed::from_text("x"))
}

/// The same with passwords sealed by that.
fn settings_sealed(change: impl FnOnce(&mut Value), seal: impl Fn(&Secret) -> Sealed) -> Settings {
    let mut file = json!({
        "skills": [{"name": "english"}],
        "agents": [{"id": "1001", "alias": "Grace", "skills": {"english": 5}}],
        "mail_servers": [{
            "name": "mail", "kind": "imap", "imap_host": "imap.example.test",
            "smtp_host": "smtp.example.test",
        }],
        "csqs": [{
            "name": "support", "channel": "email", "skills": {"english": 1},
            "email": {"mail_server": "mail", "address": "support@example.test", "password": "x"},
        }],
    });
    change(&mut file);
    let documents = SettingsFile::read(file)
        .expect("settings are right")
        .into_documents(|_| None, |_, secret| seal(secret));
    Settings::from_documents(&SettingsHead::default(), documents.0)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Value)) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let engines = memory_engines(&NODES, Arc::clone(&clock) as _).await;
        Self::on(engines, clock, change).await
    }

    /// With its store in a file.
    pub(crate) async fn in_file(path: &Path) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        let engines = file_engines(path, &NODES, Arc::clone(&clock) as _).await;
        Self::on(engines, clock, |_| {}).await
    }

    /// With a store that does not always work.
    pub(crate) async fn unsteady(change: impl FnOnce(&mut Value)) -> (Self, Arc<UnsteadyStore>) {
        let clock = Arc::new(ManualClock::new(START));
        let store = UnsteadyStore::new();
        let engines = unsteady_engines(&store, &NODES, Arc::clone(&clock) as _).await;
        (Self::on(engines, clock, change).await, store)
    }

    /// Other settings are in force, whose passwords can be opened.
    pub(crate) async fn apply(&self, change: impl FnOnce(&mut Value)) {
        let seal = |secret: &Secret| self.port.seal(MAILBOX_PASSWORD_PURPOSE, secret).unwrap();
        apply(&self.engine, &settings_sealed(change, seal)).await;
    }

    async fn on(
        mut engines: Vec<Arc<Engine>>,
        clock: Arc<ManualClock>,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let engine = engines.remove(0);
        apply(&engine, &settings(change)).await;
        let port = engine.port(Arc::new(PlainAuthenticator));
        let server = Arc::new(Server(Mutex::default(), Mutex::new(Some(Arc::clone(&clock)))));
        Self { clock, engine, others: engines, port, server }
    }

    /// The node dies, and another one goes on over the same store.
    pub(crate) fn fail_over(&mut self) {
        let other = self.others.pop().expect("one node is left");
        self.engine.abandon();
        self.engine = other;
        self.port = self.engine.port(Arc::new(PlainAuthenticator));
    }

    pub(crate) fn terms(&self) -> Terms {
        let manner = Manner {
            csq: "support".to_owned(),
            folder: "INBOX".to_owned(),
            options: ReadOptions::default(),
            subject_tags: Vec::new(),
        };
        Terms {
            manner: Arc::new(manner),
            snapshot: HOUR * 2,
            is_strict: false,
            bytes_max: 3 * 1024 * 1024,
        }
    }

    pub(crate) fn rounds_of(&self, terms: Terms) -> Rounds {
        self.rounds_at("support@imap.example.test", terms)
    }

    /// Rounds of that mailbox, which no other has to do with.
    pub(crate) fn rounds_at(&self, account: &str, terms: Terms) -> Rounds {
        self.rounds_for(account, account, terms)
    }

    /// Rounds of the mailbox of that address.
    pub(crate) fn rounds_for(&self, address: &str, account: &str, terms: Terms) -> Rounds {
        let (account, address) = (account.to_owned(), address.to_owned());
        let mailbox = MailboxDigest { account, address };
        let figures = Figures::new(&engine::Metrics::new());
        let room = Rooms::default().of("imap.example.test");
        Rounds::new(self.port.clone(), terms, mailbox, figures, room)
    }

    /// One round by somebody who knows nothing of those before.
    pub(crate) async fn round(&self) -> Result<crate::round::Done, crate::round::Broken> {
        self.round_of(self.terms()).await
    }

    pub(crate) async fn round_of(
        &self,
        terms: Terms,
    ) -> Result<crate::round::Done, crate::round::Broken> {
        self.rounds_of(terms).round(&mut Folder(Arc::clone(&self.server))).await
    }

    pub(crate) fn outgoing(&self) -> Arc<Outgoing> {
        self.outgoing_of(self.port.clone(), Arc::clone(&self.server) as _)
    }

    /// Who sends at that node, to that server.
    pub(crate) fn outgoing_of(&self, port: Port, server: Arc<dyn Sending>) -> Arc<Outgoing> {
        let server_of = Arc::new(move |_: &str| Ok(Arc::clone(&server)));
        let figures = Figures::new(&engine::Metrics::new());
        Outgoing::new(port, server_of, figures, Arc::default())
    }

    /// Who sends where there is no mail server that could be asked.
    pub(crate) fn outgoing_without(&self, is_gone: bool) -> Arc<Outgoing> {
        let why = "a secret of it cannot be opened".to_owned();
        let none = NoServer { why, is_gone };
        let figures = Figures::new(&engine::Metrics::new());
        let server_of: ServerOf = Arc::new(move |_: &str| Err(none.clone()));
        Outgoing::new(self.port.clone(), server_of, figures, Arc::default())
    }

    /// Another node over the same store.
    pub(crate) fn other_port(&self) -> Port {
        self.others.last().expect("another node is left").port(Arc::new(PlainAuthenticator))
    }

    /// All contacts there are.
    pub(crate) async fn contacts(&self) -> Vec<Contact> {
        let (from, to) = (Timestamp::from_seconds(0), Timestamp::from_microseconds(i64::MAX));
        self.port.contacts_arrived(from, to, 10_000).await.unwrap()
    }

    /// How many contacts there are of each subject.
    pub(crate) async fn subjects(&self) -> BTreeMap<String, usize> {
        let mut subjects = BTreeMap::new();
        for contact in self.contacts().await {
            *subjects.entry(contact.subject).or_default() += 1;
        }
        subjects
    }
}

/// What a mail says.
pub(crate) fn mail(number: u32) -> Vec<u8> {
    format!(
        "Message-ID: <m{number}@customer.test>\r\nFrom: Ada <ada@customer.test>\r\n\
         To: support@example.test\r\nSubject: mail {number}\r\n\r\nText {number}\r\n"
    )
    .into_bytes()
}

/// A mail server.
#[derive(Default)]
pub(crate) struct Server(Mutex<State>, Mutex<Option<Arc<ManualClock>>>);

pub(crate) struct State {
    pub(crate) uid_validity: u32,
    pub(crate) uid_next: u32,
    /// UID, arrival, bytes.
    pub(crate) mails: BTreeMap<u32, (Timestamp, Vec<u8>)>,
    /// Mails that it lists and does not give.
    pub(crate) withheld: BTreeSet<u32>,
    /// Mails at which the connection breaks; those before them come.
    pub(crate) breaking: BTreeSet<u32>,
    /// Mails of which it cannot say what they are, and what happens where it is asked.
    pub(crate) headless: BTreeMap<u32, Trouble>,
    /// How many questions it answers before it is gone.
    pub(crate) answers_left: Option<u32>,
    /// What it says to mails handed over; it accepts them where nothing is left.
    pub(crate) says: VecDeque<Submitted>,
    /// Whether it has a mail of which it says that nobody knows.
    pub(crate) has_unknown: bool,
    /// Whether it files what it accepts.
    pub(crate) files: bool,
    /// The Message-ID that it gives mails instead of theirs.
    pub(crate) gives_id: Option<String>,
    pub(crate) is_sent_away: bool,
    /// What it does with copies for the mailbox itself.
    pub(crate) copies: Copies,
    /// Copies that are still under way.
    pub(crate) under_way: Vec<Vec<u8>>,
    /// Whether mails can be moved and removed.
    pub(crate) cannot_move: bool,
    pub(crate) submitted: Vec<(Envelope, Vec<u8>)>,
    pub(crate) sent: Vec<Vec<u8>>,
    pub(crate) fetched_bytes: usize,
}

/// What a server does with copies for the mailbox that sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Copies {
    /// They are in the inbox at once.
    #[default]
    AtOnce,
    /// They come when a test says so.
    Later,
    /// It refuses them.
    Refused,
}

impl Default for State {
    fn default() -> Self {
        Self {
            uid_validity: 7,
            uid_next: 1,
            mails: BTreeMap::new(),
            withheld: BTreeSet::new(),
            breaking: BTreeSet::new(),
            headless: BTreeMap::new(),
            answers_left: None,
            says: VecDeque::new(),
            has_unknown: false,
            files: false,
            gives_id: None,
            is_sent_away: false,
            copies: Copies::default(),
            under_way: Vec::new(),
            cannot_move: false,
            submitted: Vec::new(),
            sent: Vec::new(),
            fetched_bytes: 0,
        }
    }
}

pub(crate) fn lost() -> Trouble {
    Trouble::Lost { host: "imap.example.test".to_owned(), why: "it is gone".to_owned() }
}

impl State {
    /// A mail arrives.
    pub(crate) fn deliver(&mut self, at: Timestamp, raw: Vec<u8>) -> u32 {
        let uid = self.uid_next;
        self.uid_next += 1;
        self.mails.insert(uid, (at, raw));
        uid
    }

    fn asked(&mut self) -> Result<(), Trouble> {
        match &mut self.answers_left {
            Some(0) => Err(lost()),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A mail is handed over.
    fn take(&mut self, envelope: &Envelope, raw: &[u8], now: Timestamp) -> Submitted {
        let is_copied = envelope.copy_to.is_some() && self.copies != Copies::Refused;
        let says = self.says.pop_front();
        let says = says.unwrap_or_else(|| Submitted::Accepted { text: "ok".to_owned(), is_copied });
        let has_it = match &says {
            Submitted::Accepted { .. } => true,
            Submitted::Unknown { .. } => self.has_unknown,
            Submitted::Refused { .. } | Submitted::NotBegun(_) => false,
        };
        if has_it {
            self.submitted.push((envelope.clone(), raw.to_vec()));
            if self.files {
                self.sent.push(self.written(raw));
            }
            let copy = [&b"Received: by mail.example.test\r\n"[..], &self.written(raw)].concat();
            match self.copies {
                Copies::AtOnce if is_copied => {
                    self.deliver(now, copy);
                }
                Copies::Later if is_copied => self.under_way.push(copy),
                _ => {}
            }
        }
        says
    }

    /// Copies that were under way are in the inbox.
    pub(crate) fn copies_come(&mut self, at: Timestamp) {
        for copy in std::mem::take(&mut self.under_way) {
            self.deliver(at, copy);
        }
    }

    /// Mails of the inbox that are like that one.
    fn like(&self, letter: &Letter<'_>) -> Vec<(u32, Likeness)> {
        let mails = self.mails.iter();
        let likely = mails.map(|(uid, (_, raw))| (*uid, likeness(raw, letter.raw, false)));
        likely.filter(|(_, likeness)| *likeness != Likeness::None).collect()
    }

    /// The other Message-IDs of a mail among the sent ones.
    fn among_sent(&self, letter: &Letter<'_>) -> Option<Vec<String>> {
        let has = |raw: &Vec<u8>, text: &str| String::from_utf8_lossy(raw).contains(text);
        if self.sent.iter().any(|raw| has(raw, letter.message_id)) {
            return Some(Vec::new());
        }
        let number = format!("X-Jackfield-Id: {}", letter.own_id);
        let raw = self.sent.iter().find(|raw| has(raw, &number))?;
        Some(read(raw, &ReadOptions::default()).message_id.into_iter().collect())
    }

    /// A mail as this server writes it.
    fn written(&self, raw: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(raw);
        let Some(given) = &self.gives_id else { return raw.to_vec() };
        let lines = text.split_inclusive('\n').map(|line| match line.starts_with("Message-ID:") {
            true => format!("Message-ID: <{given}>\r\n"),
            false => line.to_owned(),
        });
        lines.collect::<String>().into_bytes()
    }

    fn head(&self, uid: u32) -> Option<Head> {
        let (at, raw) = self.mails.get(&uid)?;
        let bytes = u32::try_from(raw.len()).unwrap();
        Some(Head { uid, arrived_at_seconds: Some(at.seconds()), bytes })
    }
}

impl Server {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By the clock of the world that it is in.
    fn now(&self) -> Timestamp {
        let clock = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        clock.as_ref().map_or(START, |clock| Timestamp::from_seconds(clock.now().seconds()))
    }
}

/// The folder of a server that is read.
pub(crate) struct Folder(pub(crate) Arc<Server>);

#[async_trait]
impl Reading for Folder {
    async fn begin(&mut self) -> Result<Opened, Trouble> {
        tokio::task::yield_now().await;
        let mut state = self.0.state();
        state.asked()?;
        let mails = u32::try_from(state.mails.len()).unwrap();
        let uid_next = Some(state.uid_next);
        Ok(Opened { uid_validity: state.uid_validity, uid_next, mails, is_read_only: true })
    }

    async fn uids_from(&mut self, first: u32) -> Result<Vec<u32>, Trouble> {
        tokio::task::yield_now().await;
        let mut state = self.0.state();
        state.asked()?;
        Ok(state.mails.range(first..).map(|(uid, _)| *uid).collect())
    }

    async fn uids_since(&mut self, seconds: i64) -> Result<Vec<u32>, Trouble> {
        tokio::task::yield_now().await;
        let mut state = self.0.state();
        state.asked()?;
        let day = seconds - 86_400;
        let mails = state.mails.iter().filter(|(_, (at, _))| at.seconds() >= day);
        Ok(mails.map(|(uid, _)| *uid).collect())
    }

    async fn heads(&mut self, uids: &[u32]) -> Fetched<Head> {
        tokio::task::yield_now().await;
        let mut state = self.0.state();
        let mut fetched = Fetched::default();
        if let Err(trouble) = state.asked() {
            fetched.open = uids.to_vec();
            fetched.trouble = Some(trouble);
            return fetched;
        }
        for (place, uid) in uids.iter().enumerate() {
            match state.headless.get(uid) {
                Some(trouble) => {
                    fetched.unreadable.push((*uid, trouble.clone()));
                    if matches!(trouble, Trouble::Lost { .. }) {
                        fetched.open = uids[place + 1..].to_vec();
                        fetched.trouble = Some(trouble.clone());
                        return fetched;
                    }
                }
                None => match state.head(*uid) {
                    Some(head) => fetched.mails.push(head),
                    None => fetched.missing.push(*uid),
                },
            }
        }
        fetched
    }

    async fn fetch(&mut self, uids: &[u32]) -> Fetched {
        tokio::task::yield_now().await;
        let mut state = self.0.state();
        let mut fetched = Fetched::default();
        if let Err(trouble) = state.asked() {
            fetched.open = uids.to_vec();
            fetched.trouble = Some(trouble);
            return fetched;
        }
        for (place, uid) in uids.iter().enumerate() {
            match state.head(*uid) {
                Some(_) if state.breaking.contains(uid) => {
                    let why = "it broke".to_owned();
                    let trouble = Trouble::Lost { host: "imap.example.test".to_owned(), why };
                    fetched.unreadable.push((*uid, trouble.clone()));
                    fetched.open = uids[place + 1..].to_vec();
                    fetched.trouble = Some(trouble);
                    return fetched;
                }
                Some(_) if state.withheld.contains(uid) => {
                    fetched.unreadable.push((*uid, Trouble::Unusable("broken".to_owned())));
                }
                Some(head) => {
                    let raw = state.mails.get(uid).unwrap().1.clone();
                    state.fetched_bytes += raw.len();
                    fetched.mails.push(Mail { head, raw });
                }
                None => fetched.missing.push(*uid),
            }
        }
        fetched
    }

    async fn beginning(
        &mut self,
        uid: u32,
        bytes_max: u32,
    ) -> Result<Option<(Vec<u8>, bool)>, Trouble> {
        tokio::task::yield_now().await;
        let mut state = self.0.state();
        state.asked()?;
        let Some((_, raw)) = state.mails.get(&uid).cloned() else { return Ok(None) };
        let end = raw.len().min(bytes_max as usize);
        state.fetched_bytes += end;
        Ok(Some((raw[..end].to_vec(), raw.len() > end)))
    }

    async fn wait_for_news(&mut self) -> Result<News, Trouble> {
        std::future::pending().await
    }
}

#[async_trait]
impl Sending for Server {
    fn address(&self) -> &str {
        "support@example.test"
    }

    fn longest(&self, _: &Envelope, _: usize) -> Duration {
        Duration::from_secs(120)
    }

    async fn submit(&self, envelope: &Envelope, raw: &[u8], progress: &Progress) -> Submitted {
        tokio::task::yield_now().await;
        progress.whole();
        let now = self.now();
        let says = self.state().take(envelope, raw, now);
        // It has the mail, and its answer may be heard by nobody.
        tokio::task::yield_now().await;
        says
    }

    async fn is_sent(&self, letter: &Letter<'_>) -> Result<Option<Vec<String>>, Trouble> {
        tokio::task::yield_now().await;
        let state = self.state();
        if state.is_sent_away {
            return Err(lost());
        }
        Ok(state.among_sent(letter))
    }

    async fn has_copy(&self, letter: &Letter<'_>) -> Result<bool, Trouble> {
        tokio::task::yield_now().await;
        Ok(!self.state().like(letter).is_empty())
    }

    async fn file(&self, letter: &Letter<'_>, by_copies: bool) -> Result<Filed, Trouble> {
        tokio::task::yield_now().await;
        if self.state().is_sent_away {
            return Err(lost());
        }
        let mut filed = self.state().among_sent(letter).map(Filed::There);
        if by_copies && !self.state().cannot_move {
            let copies = self.state().like(letter);
            for (number, (uid, likeness)) in copies.into_iter().enumerate() {
                tokio::task::yield_now().await;
                let mut state = self.state();
                if number == 0 && filed.is_none() {
                    let (_, raw) = state.mails.remove(&uid).unwrap();
                    state.sent.push(raw);
                    filed = Some(Filed::Moved);
                } else if likeness == Likeness::Bytes {
                    state.mails.remove(&uid);
                }
            }
        }
        if filed.is_none() {
            tokio::task::yield_now().await;
            self.state().sent.push(letter.raw.to_vec());
        }
        tokio::task::yield_now().await;
        Ok(filed.unwrap_or(Filed::Put))
    }
}

/// Does something until it was looked at so often; `None` where it is dropped in the middle, as by a crash.
pub(crate) async fn until_crash<T>(polls: u32, doing: impl Future<Output = T>) -> Option<T> {
    let mut doing = Box::pin(doing);
    let mut left = polls;
    std::future::poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        doing.as_mut().poll(context).map(Some)
    })
    .await
}
