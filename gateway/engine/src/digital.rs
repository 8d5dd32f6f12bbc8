//! Digital contacts and desks as this node has seen them; who reads, routes and tells presence.
//!
//! ```text
//!   commit of any node --log--> follower --> Digital: open contacts, desks with agents --> changes
//!                                               |                    `--> browsers that are connected here
//!                                               `--> router, on the node with the lease --Assign--> step
//! ```
//!
//! All of it is advice. A decision loads what it must be sure of.

mod mails_out;
mod presence;
mod reading;
mod router;
mod sweeper;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use domain::{
    AgentId, Ask, Contact, ContactId, Desk, Document, Index, IndexRange, Key, Kind, Loaded, Version,
};
use tokio::sync::{Notify, broadcast};

use crate::engine::Engine;
use crate::{Port, SubmitError};

pub(crate) use presence::{Presences, tell};
pub(crate) use router::route;
pub(crate) use sweeper::sweep;

pub use presence::DeskConnection;

/// How many changes a listener may be behind before it is told to look anew.
const BEHIND_MAX: usize = 4_096;
/// How many documents are asked for at once when all are read.
const PAGE: u32 = 500;

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DigitalChange {
    /// That agent's desk.
    Desk(AgentId),
    /// That contact.
    Contact(ContactId),
}

/// Contacts and desks as they were seen.
#[derive(Debug)]
pub(crate) struct Digital {
    contacts: RwLock<Contacts>,
    desks: RwLock<HashMap<AgentId, (Version, Arc<Desk>)>>,
    changes: broadcast::Sender<DigitalChange>,
    /// Something may be given to somebody.
    pub(crate) stirred: Notify,
    pub(crate) presences: Presences,
}

impl Default for Digital {
    fn default() -> Self {
        Self {
            contacts: RwLock::default(),
            desks: RwLock::default(),
            changes: broadcast::channel(BEHIND_MAX).0,
            stirred: Notify::new(),
            presences: Presences::default(),
        }
    }
}

#[derive(Debug, Default)]
struct Contacts {
    all: HashMap<ContactId, (Version, Arc<Contact>)>,
    /// How many wait in each CSQ; counted as contacts change, since every browser is told of it.
    waiting: BTreeMap<String, u32>,
}

impl Contacts {
    /// Takes a contact in the place of what was there, or none.
    fn set(&mut self, id: ContactId, contact: Option<(Version, Arc<Contact>)>) {
        if let Some((_, now)) = &contact
            && now.is_queued()
        {
            *self.waiting.entry(now.csq.clone()).or_default() += 1;
        }
        let before = match contact {
            Some(contact) => self.all.insert(id, contact),
            None => self.all.remove(&id),
        };
        let Some((_, before)) = before.filter(|(_, before)| before.is_queued()) else { return };
        if let Some(count) = self.waiting.get_mut(&before.csq) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.waiting.remove(&before.csq);
            }
        }
    }
}

/// Whether this node looks at documents of that kind as soon as the log names them.
pub(crate) fn is_digital(kind: Kind) -> bool {
    matches!(kind, Kind::Contact | Kind::Desk)
}

impl Digital {
    /// Takes in a document of that version, unless a later one was seen before.
    pub(crate) fn see(&self, version: Version, document: &Document) {
        match document {
            Document::Contact(contact) => self.see_contact(version, contact),
            Document::Desk(desk) => self.see_desk(version, desk),
            _ => {}
        }
    }

    fn see_contact(&self, version: Version, contact: &Contact) {
        {
            let mut contacts = self.contacts.write().unwrap_or_else(PoisonError::into_inner);
            if contacts.all.get(&contact.id).is_some_and(|(seen, _)| *seen >= version) {
                return;
            }
            // Those that are over are kept for a moment, so that an older word about one makes it none that is open.
            contacts.set(contact.id, Some((version, Arc::new(contact.clone()))));
        }
        self.tell(DigitalChange::Contact(contact.id));
    }

    fn see_desk(&self, version: Version, desk: &Desk) {
        {
            let mut desks = self.desks.write().unwrap_or_else(PoisonError::into_inner);
            if desks.get(&desk.agent).is_some_and(|(seen, _)| *seen >= version) {
                return;
            }
            desks.insert(desk.agent.clone(), (version, Arc::new(desk.clone())));
        }
        self.tell(DigitalChange::Desk(desk.agent.clone()));
    }

    fn tell(&self, change: DigitalChange) {
        if let DigitalChange::Desk(agent) = &change {
            self.presences.changed(agent);
        }
        self.stirred.notify_one();
        // Nobody listening is fine.
        let _ = self.changes.send(change);
    }

    /// Forgets a contact that is kept no more.
    fn drop_contact(&self, id: ContactId) {
        self.contacts.write().unwrap_or_else(PoisonError::into_inner).set(id, None);
        self.tell(DigitalChange::Contact(id));
    }

    /// Forgets contacts that were over at the last look.
    pub(crate) fn drop_closed(&self) {
        let mut contacts = self.contacts.write().unwrap_or_else(PoisonError::into_inner);
        contacts.all.retain(|_, (_, contact)| !contact.is_closed());
    }

    /// Forgets everything, for a new epoch.
    fn forget(&self) {
        *self.contacts.write().unwrap_or_else(PoisonError::into_inner) = Contacts::default();
        self.desks.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn contact(&self, id: ContactId) -> Option<Arc<Contact>> {
        let contacts = self.contacts.read().unwrap_or_else(PoisonError::into_inner);
        contacts.all.get(&id).map(|(_, contact)| Arc::clone(contact))
    }

    /// How many contacts wait in each CSQ in which any does.
    pub(crate) fn waiting(&self) -> BTreeMap<String, u32> {
        self.contacts.read().unwrap_or_else(PoisonError::into_inner).waiting.clone()
    }

    /// Contacts that are not over.
    pub(crate) fn open(&self) -> Vec<Arc<Contact>> {
        let contacts = self.contacts.read().unwrap_or_else(PoisonError::into_inner);
        let all = contacts.all.values().map(|(_, contact)| contact);
        all.filter(|contact| !contact.is_closed()).cloned().collect()
    }

    /// How many contacts that are not over each CSQ has.
    pub(crate) fn open_by_csq(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for contact in self.open() {
            *counts.entry(contact.csq.clone()).or_default() += 1;
        }
        counts
    }

    pub(crate) fn desk(&self, agent: &AgentId) -> Option<Arc<Desk>> {
        let desks = self.desks.read().unwrap_or_else(PoisonError::into_inner);
        desks.get(agent).map(|(_, desk)| Arc::clone(desk))
    }

    /// Desks with their agents.
    pub(crate) fn desks(&self) -> Vec<Arc<Desk>> {
        let desks = self.desks.read().unwrap_or_else(PoisonError::into_inner);
        let all = desks.values().map(|(_, desk)| desk);
        all.filter(|desk| desk.signed_in().is_some()).cloned().collect()
    }
}

impl Engine {
    /// Looks at a contact or a desk that was committed.
    pub(crate) async fn look_at_digital(&self, key: &Key) -> Result<(), SubmitError> {
        let read = self.document(key).await;
        let is_gone = matches!(read, Ok(None));
        if let Some(Loaded { version, document }) = self.passing_over(key, read)? {
            self.digital.see(version, &document);
        } else if is_gone
            && key.kind == Kind::Contact
            && let Ok(id) = key.id.parse()
        {
            self.digital.drop_contact(id);
        }
        Ok(())
    }

    /// Reads all open contacts and all desks with agents.
    pub(crate) async fn load_digital(&self) -> Result<(), SubmitError> {
        self.digital.forget();
        for index in [Index::ContactOpen, Index::DeskByNode] {
            let (mut from, mut limit) = (String::new(), PAGE);
            loop {
                let range = IndexRange { index, from: from.clone(), to: "~".to_owned(), limit };
                let page = self.indexed(range).await?;
                let full = u32::try_from(page.len()).is_ok_and(|length| length >= limit);
                // Others may stand under the same value, so the next page begins with it once more; a page of
                // nothing else must be a longer one.
                let last = page.last().map(|last| last.value.clone()).unwrap_or_default();
                limit = if last == from { limit.saturating_mul(2) } else { PAGE };
                from = last;
                let asks = page.into_iter().map(|indexed| Ask::Document(indexed.key)).collect();
                for (key, loaded) in self.documents_one_by_one(asks).await? {
                    let read = self.passing_over(&key, Ok(loaded))?;
                    if let Some(Loaded { version, document }) = read {
                        self.digital.see(version, &document);
                    }
                }
                if !full {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Documents as of one moment, or one by one where one of them cannot be read.
    async fn documents_one_by_one(
        &self,
        asks: Vec<Ask>,
    ) -> Result<Vec<(Key, Option<Loaded>)>, SubmitError> {
        match self.documents(asks.clone()).await {
            Err(SubmitError::Unavailable { source }) if source.is_about_one() => {}
            read => return read,
        }
        let mut all = Vec::new();
        for ask in asks {
            if let Ask::Document(key) = ask {
                let read = self.document(&key).await;
                let loaded = self.passing_over(&key, read)?;
                all.push((key, loaded));
            }
        }
        Ok(all)
    }
}

impl Port {
    /// The desk of that agent, as this node has seen it.
    pub fn desk(&self, agent: &AgentId) -> Option<Arc<Desk>> {
        self.engine.digital.desk(agent)
    }

    /// All desks with their agents, as this node has seen them.
    pub fn desks(&self) -> Vec<Arc<Desk>> {
        self.engine.digital.desks()
    }

    /// A contact that was not over, as this node has seen it.
    pub fn open_contact(&self, id: ContactId) -> Option<Arc<Contact>> {
        self.engine.digital.contact(id).filter(|contact| !contact.is_closed())
    }

    /// All contacts that are not over, as this node has seen them.
    pub fn open_contacts(&self) -> Vec<Arc<Contact>> {
        self.engine.digital.open()
    }

    /// The contacts that an agent has in hand, as this node has seen them: a few, found by the agent's desk.
    pub fn contacts_in_hand(&self, agent: &AgentId) -> Vec<Arc<Contact>> {
        let Some(desk) = self.engine.digital.desk(agent) else { return Vec::new() };
        let ids = desk.signed_in().map(|it| it.mails.iter()).into_iter().flatten();
        let seen = ids.filter_map(|id| self.open_contact(*id));
        seen.filter(|contact| contact.agent() == Some(agent)).collect()
    }

    /// How many contacts wait in each CSQ in which any does.
    pub fn contacts_waiting(&self) -> BTreeMap<String, u32> {
        self.engine.digital.waiting()
    }

    /// Which contact or desk changed; who lags looks at all of them anew.
    pub fn digital_changes(&self) -> broadcast::Receiver<DigitalChange> {
        self.engine.digital.changes.subscribe()
    }
}
