//! What the store has of contacts, mails and conversations, for whoever shows or reads them.

use std::collections::BTreeSet;

use domain::mail::{Aside, Conversation, Draft, MailCursor, MailOut, MailSeen};
use domain::{
    Ask, Contact, ContactId, ContactTerms, Document, Index, IndexRange, Key, Loaded, Timestamp,
};

use crate::engine::Engine;
use crate::{Port, SubmitError};

/// How many keys of an index are read at once.
const PAGE: u32 = 1_000;

/// The document of that sort under a key.
macro_rules! one {
    ($engine:expr, $key:expr, $sort:ident) => {{
        let key = $key;
        let read = $engine.document(&key).await;
        Ok(match $engine.passing_over(&key, read)? {
            Some(Loaded { document: Document::$sort(document), .. }) => Some(*document),
            _ => None,
        })
    }};
}

/// Mails that became no contact, from the latest one back, or from behind one.
fn asides(csq: &str, aside: Aside, after: Option<(Timestamp, u32)>) -> IndexRange {
    let value = |at, uid| Index::aside_value(csq, aside, at, uid);
    let (at, uid) = after.map_or((Timestamp::from_microseconds(i64::MAX), 0), |(at, uid)| {
        (at, uid.saturating_add(1))
    });
    let to = value(Timestamp::from_seconds(0), u32::MAX);
    IndexRange { index: Index::MailSeenAside, from: value(at, uid), to, limit: PAGE }
}

impl Engine {
    async fn contacts_in(&self, range: IndexRange) -> Result<Vec<Contact>, SubmitError> {
        let asks = self.keys(range).await?.into_iter().map(Ask::Document).collect();
        let mut contacts = Vec::new();
        for (key, loaded) in self.documents_one_by_one(asks).await? {
            let loaded = self.passing_over(&key, Ok(loaded))?;
            if let Some(Loaded { document: Document::Contact(contact), .. }) = loaded {
                contacts.push(*contact);
            }
        }
        Ok(contacts)
    }
}

impl Port {
    /// The contact of that number.
    pub async fn contact(&self, id: ContactId) -> Result<Option<Contact>, SubmitError> {
        one!(self.engine, Key::contact(id), Contact)
    }

    /// What is being written to that contact.
    pub async fn draft(&self, id: ContactId) -> Result<Option<Draft>, SubmitError> {
        one!(self.engine, Key::draft(id), Draft)
    }

    /// The conversation of that number.
    pub async fn conversation(&self, id: ContactId) -> Result<Option<Conversation>, SubmitError> {
        one!(self.engine, Key::conversation(id), Conversation)
    }

    /// The outgoing mail of that number.
    pub async fn mail_out(&self, id: ContactId) -> Result<Option<MailOut>, SubmitError> {
        one!(self.engine, Key::mail_out(id), MailOut)
    }

    /// The outgoing mails of those numbers, as of one moment; those that are not there are left out.
    pub async fn mails_out(&self, ids: &[ContactId]) -> Result<Vec<MailOut>, SubmitError> {
        let asks = ids.iter().map(|id| Ask::Document(Key::mail_out(*id))).collect();
        let mut mails = Vec::new();
        for (key, loaded) in self.engine.documents_one_by_one(asks).await? {
            let loaded = self.engine.passing_over(&key, Ok(loaded))?;
            if let Some(Loaded { document: Document::MailOut(mail), .. }) = loaded {
                mails.push(*mail);
            }
        }
        Ok(mails)
    }

    /// What held for contacts that name that digest.
    pub async fn contact_terms(&self, digest: &str) -> Result<Option<ContactTerms>, SubmitError> {
        one!(self.engine, Key::contact_terms(digest), ContactTerms)
    }

    /// How far a folder was read.
    pub async fn mail_cursor(
        &self,
        csq: &str,
        folder: &str,
    ) -> Result<Option<MailCursor>, SubmitError> {
        one!(self.engine, Key::mail_cursor(csq, folder), MailCursor)
    }

    /// What became of a mail of a server.
    pub async fn mail_seen(
        &self,
        csq: &str,
        folder: &str,
        uid_validity: u32,
        uid: u32,
    ) -> Result<Option<MailSeen>, SubmitError> {
        one!(self.engine, Key::mail_seen(csq, folder, uid_validity, uid), MailSeen)
    }

    /// Contacts of a conversation, the latest first; at most `limit`. Those that a program wrote before this one come
    /// before them, in no order.
    pub async fn contacts_of_conversation(
        &self,
        id: ContactId,
        limit: u32,
    ) -> Result<Vec<Contact>, SubmitError> {
        let range = IndexRange {
            index: Index::ContactByConversation,
            from: id.to_string(),
            to: Index::of_conversation_value(id, Timestamp::from_microseconds(-1)),
            limit,
        };
        self.engine.contacts_in(range).await
    }

    /// Contacts of a customer, by their address in small letters, the newest first; at most `limit`.
    pub async fn contacts_of_customer(
        &self,
        customer: &str,
        limit: u32,
    ) -> Result<Vec<Contact>, SubmitError> {
        let latest = Timestamp::from_microseconds(i64::MAX);
        let range = IndexRange {
            index: Index::ContactByCustomer,
            from: Index::customer_value(customer, latest),
            to: Index::customer_value(customer, Timestamp::from_seconds(0)),
            limit,
        };
        self.engine.contacts_in(range).await
    }

    /// Contacts that ended between two times, both included, the oldest first; at most `limit`.
    pub async fn contacts_ended(
        &self,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<Contact>, SubmitError> {
        self.contacts_between(Index::ContactByEnd, from, to, limit).await
    }

    /// Contacts that came between two times, both included, the oldest first; at most `limit`.
    pub async fn contacts_arrived(
        &self,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<Contact>, SubmitError> {
        self.contacts_between(Index::ContactByArrival, from, to, limit).await
    }

    async fn contacts_between(
        &self,
        index: Index,
        from: Timestamp,
        to: Timestamp,
        limit: u32,
    ) -> Result<Vec<Contact>, SubmitError> {
        let (from, to) = (Index::seen_value(from), Index::seen_value(to));
        self.engine.contacts_in(IndexRange { index, from, to, limit }).await
    }

    /// The numbers between two, both included, of a folder's mails that were dealt with.
    pub async fn mails_seen(
        &self,
        csq: &str,
        folder: &str,
        uid_validity: u32,
        from_uid: u32,
        to_uid: u32,
    ) -> Result<BTreeSet<u32>, SubmitError> {
        let value = |uid| Index::folder_value(csq, folder, uid_validity, uid);
        let mut seen = BTreeSet::new();
        let mut from = from_uid;
        loop {
            let range = IndexRange {
                index: Index::MailSeenByFolder,
                from: value(from),
                to: value(to_uid),
                limit: PAGE,
            };
            let page = self.engine.indexed(range).await?;
            let full = u32::try_from(page.len()).is_ok_and(|length| length >= PAGE);
            let uids =
                page.iter().filter_map(|it| it.value.rsplit('/').next()?.parse::<u32>().ok());
            let before = seen.len();
            seen.extend(uids);
            match seen.last().copied().filter(|_| full && seen.len() > before) {
                Some(last) if last < to_uid => from = last + 1,
                _ => return Ok(seen),
            }
        }
    }

    /// Mails of a CSQ that became no contact for that reason, the latest first, and of one time by their UIDs: those
    /// behind that time and UID, at most `limit`.
    pub async fn mails_aside(
        &self,
        csq: &str,
        aside: Aside,
        after: Option<(Timestamp, u32)>,
        limit: u32,
    ) -> Result<Vec<MailSeen>, SubmitError> {
        let range = IndexRange { limit, ..asides(csq, aside, after) };
        let asks = self.engine.keys(range).await?.into_iter().map(Ask::Document).collect();
        let mut mails = Vec::new();
        for (_, loaded) in self.engine.documents(asks).await? {
            if let Some(Loaded { document: Document::MailSeen(seen), .. }) = loaded {
                mails.push(*seen);
            }
        }
        mails.sort_by_key(|it| (std::cmp::Reverse(it.at), it.uid));
        Ok(mails)
    }

    /// How many of them there are; no more than `limit` are counted.
    pub async fn mails_aside_count(
        &self,
        csq: &str,
        aside: Aside,
        limit: u32,
    ) -> Result<usize, SubmitError> {
        let range = IndexRange { limit, ..asides(csq, aside, None) };
        Ok(self.engine.keys(range).await?.len())
    }
}
