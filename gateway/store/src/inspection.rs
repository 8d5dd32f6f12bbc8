//! Looks at all rows of a store, or of a backup: whether each can be read and fits the others.
//!
//! Rows come table by table, as `copy` lists them, all of one moment; pieces come in order of their bodies.
//! Rows of a newer program are told as such: they are right, only not readable here.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::settings::{SettingDocument, SettingsHead};
use domain::{
    AuditEntry, AuditHead, ChainCheck, Claim, Deployment, Document, Event, IndexEntry, Key, Kind,
    Reply, SessionNumber, Timestamp,
};
use ring::digest::{Context, SHA256};

use crate::copy::{Column, Page};
use crate::numbers::from_sql;

/// How many findings are told one by one.
const FINDINGS_MAX: usize = 100;

/// Whether something is wrong, or only not for this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It is not what was written, or does not fit the rest.
    Wrong,
    /// A newer program wrote it.
    Newer,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What and where, without what stands in it.
    pub what: String,
}

/// What a store or a backup holds, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// Rows of each table.
    pub rows: BTreeMap<&'static str, u64>,
    /// Documents of each kind that can be read.
    pub documents: BTreeMap<Kind, u64>,
    /// Agents who are signed in.
    pub signed_in: u64,
    /// Agents in the settings.
    pub agents: u64,
    /// The settings' number.
    pub settings_number: u64,
    /// The secrets that all nodes of the deployment share.
    pub deployment: Option<Deployment>,
    /// When the first and the last line of the log were written.
    pub lines_at: Option<(Timestamp, Timestamp)>,
    /// Bytes of all finished bodies.
    pub blob_bytes: u64,
    /// A kind with documents of a newer schema, with that schema and the one known here.
    pub newer: Option<(Kind, u32, u32)>,
    /// What was found, the first hundred.
    pub findings: Vec<Finding>,
    /// How many things were wrong.
    pub wrong: u64,
    /// How many rows a newer program wrote.
    pub of_newer: u64,
}

/// A body that is expected.
struct Body {
    bytes: u64,
    pieces: u64,
    digest: String,
}

/// Pieces of one body, so far.
struct Pieces {
    id: String,
    bytes: u64,
    count: u64,
    digest: Context,
}

/// Takes in pages, one after the other.
#[derive(Default)]
pub(crate) struct Inspector {
    found: Inspection,
    /// Where documents should stand in indexes: name, value and document.
    entries: HashSet<(String, String, Key)>,
    /// Where programs before this one had them stand instead.
    former: HashMap<(String, String, Key), (String, String, Key)>,
    readable: HashMap<Key, Option<SessionNumber>>,
    unreadable: HashSet<Key>,
    claims: Vec<(Key, Claim)>,
    /// The audit log, in its order.
    audit: BTreeMap<u64, AuditEntry>,
    audit_head: Option<AuditHead>,
    bodies: HashMap<String, Body>,
    pieces: Option<Pieces>,
    /// What timers and promises are about.
    subjects: Vec<(&'static str, String, Key)>,
}

impl Inspector {
    pub(crate) fn take(&mut self, page: &Page) {
        *self.found.rows.entry(page.table.name).or_default() +=
            u64::try_from(page.rows()).unwrap_or(u64::MAX);
        for row in (0..page.rows()).map(|number| Row { page, number }) {
            match page.table.name {
                "document" => self.document(&row),
                "index_entry" => self.index_entry(&row),
                "outcome" => self.outcome(&row),
                "log" => self.line(&row),
                "wake" => self.subject("timer", row.text(0), row.text(2), row.text(3)),
                "outbox" => self.promise(&row),
                "blob" => self.body(&row),
                "piece" => self.piece(&row),
                _ => {}
            }
        }
    }

    pub(crate) fn finish(mut self) -> Inspection {
        self.end_of_body();
        for (name, _, key) in std::mem::take(&mut self.entries) {
            self.wrong(format!("{key} is missing in the index {name}"));
        }
        for (what, id, key) in std::mem::take(&mut self.subjects) {
            if !self.readable.contains_key(&key) && !self.unreadable.contains(&key) {
                self.wrong(format!("{what} {id:?} is about {key}, which is not there"));
            }
        }
        for (key, claim) in std::mem::take(&mut self.claims) {
            let session = Key::session(&claim.agent);
            let number = self.readable.get(&session).copied().flatten();
            if number != Some(claim.session) && !self.unreadable.contains(&session) {
                self.wrong(format!("{key} is claimed by a session of {session} that is not there"));
            }
        }
        self.check_audit();
        for (id, body) in std::mem::take(&mut self.bodies) {
            // Of those with pieces each was taken out.
            if body.pieces > 0 {
                self.wrong(format!("body {id:?} has no pieces, {} are missing", body.pieces));
            }
        }
        self.found
    }

    fn document(&mut self, row: &Row<'_>) {
        let Some(kind) = Kind::from_name(row.text(0)) else {
            return self.newer(format!("a document is of kind {:?}", row.text(0)));
        };
        let key = Key::new(kind, row.text(1));
        let schema = u32::try_from(row.number(3)).unwrap_or(u32::MAX);
        match Document::decode(kind, schema, row.text(4)) {
            Ok(document) => {
                *self.found.documents.entry(kind).or_default() += 1;
                for entry in document.index_entries() {
                    self.entries.insert((entry.index.name().to_owned(), entry.value, key.clone()));
                }
                for (former, now) in document.former_index_entries() {
                    let of = |entry: IndexEntry| {
                        (entry.index.name().to_owned(), entry.value, key.clone())
                    };
                    self.former.insert(of(former), of(now));
                }
                self.note(&key, document);
            }
            Err(domain::DecodeDocumentError::Newer { found, known, .. }) => {
                self.found.newer = Some((kind, found, known));
                self.newer(format!("{key} has schema {found}, this program knows {known}"));
                self.unreadable.insert(key);
            }
            Err(error @ domain::DecodeDocumentError::Damaged { .. }) => {
                self.wrong(format!("{key}: {error}"));
                self.unreadable.insert(key);
            }
        }
    }

    fn note(&mut self, key: &Key, document: Document) {
        let mut number = None;
        match document {
            Document::Session(session) => {
                number = Some(session.number);
                self.found.signed_in += u64::from(session.signed_in().is_some());
                if Key::session(&session.agent) != *key {
                    self.wrong(format!("{key} holds the session of somebody else"));
                }
            }
            Document::Setting(setting) => {
                self.found.agents += u64::from(matches!(*setting, SettingDocument::Agent(_)));
            }
            Document::SettingsHead(SettingsHead { number, .. }) => {
                self.found.settings_number = number;
            }
            Document::Deployment(deployment) => self.found.deployment = Some(deployment),
            Document::Audit(entry) => {
                self.audit.insert(entry.number, *entry);
            }
            Document::AuditHead(head) => self.audit_head = Some(head),
            Document::Line(claim) | Document::Device(claim) => {
                self.claims.push((key.clone(), claim));
            }
            _ => {}
        }
        self.readable.insert(key.clone(), number);
    }

    /// Entries follow each other unaltered, up to where the head says.
    fn check_audit(&mut self) {
        let entries = std::mem::take(&mut self.audit);
        let head = self.audit_head.take().unwrap_or_default();
        let mut chain = ChainCheck::new(&head);
        let checked = entries.values().try_for_each(|entry| chain.take(entry));
        if let Err(error) = checked.and_then(|()| chain.finish(&head)) {
            self.wrong(format!("the audit log: {error}"));
        }
    }

    fn index_entry(&mut self, row: &Row<'_>) {
        let Some(kind) = Kind::from_name(row.text(2)) else {
            return self.newer(format!("a row of an index is of kind {:?}", row.text(2)));
        };
        let key = Key::new(kind, row.text(3));
        let entry = (row.text(0).to_owned(), row.text(1).to_owned(), key);
        if self.entries.remove(&entry) || self.unreadable.contains(&entry.2) {
            return;
        }
        if self.former.remove(&entry).is_some_and(|now| self.entries.remove(&now)) {
            return;
        }
        let (name, _, key) = entry;
        match domain::Index::ALL.iter().any(|index| index.name() == name) {
            true => self.wrong(format!("{key} stands in the index {name} where it should not")),
            false => self.newer(format!("there is an index {name:?}")),
        }
    }

    fn outcome(&mut self, row: &Row<'_>) {
        if serde_json::from_str::<Reply>(row.text(1)).is_err() {
            self.unreadable_json("an outcome", row.text(1));
        }
    }

    fn line(&mut self, row: &Row<'_>) {
        let at = Timestamp::from_microseconds(row.number(1));
        let first = self.found.lines_at.map_or(at, |(first, _)| first.min(at));
        let last = self.found.lines_at.map_or(at, |(_, last)| last.max(at));
        self.found.lines_at = Some((first, last));
        if serde_json::from_str::<Event>(row.text(2)).is_err() {
            self.unreadable_json(&format!("line {} of the log", row.number(0)), row.text(2));
        }
    }

    fn promise(&mut self, row: &Row<'_>) {
        // One that is not owed is about nothing.
        if row.is_something(5) {
            self.subject("promise", row.text(1), row.text(5), row.text(6));
        }
    }

    fn subject(&mut self, what: &'static str, id: &str, kind: &str, subject: &str) {
        match Kind::from_name(kind) {
            Some(kind) => {
                self.subjects.push((what, id.to_owned(), Key::new(kind, subject)));
            }
            None => self.newer(format!("a {what} is about something of kind {kind:?}")),
        }
    }

    fn body(&mut self, row: &Row<'_>) {
        let body = Body {
            bytes: from_sql(row.number(1)),
            pieces: from_sql(row.number(2)),
            digest: row.text(3).to_owned(),
        };
        self.found.blob_bytes = self.found.blob_bytes.saturating_add(body.bytes);
        self.bodies.insert(row.text(0).to_owned(), body);
    }

    fn piece(&mut self, row: &Row<'_>) {
        let (id, body) = (row.text(0), row.bytes(2));
        if self.pieces.as_ref().is_none_or(|pieces| pieces.id != id) {
            self.end_of_body();
            let digest = Context::new(&SHA256);
            self.pieces = Some(Pieces { id: id.to_owned(), bytes: 0, count: 0, digest });
        }
        let Some(pieces) = &mut self.pieces else { return };
        let in_order = from_sql(row.number(1)) == pieces.count;
        pieces.count += 1;
        pieces.bytes += u64::try_from(body.len()).unwrap_or(u64::MAX);
        pieces.digest.update(body);
        if !in_order {
            // Its digest is wrong, too, and told at its end.
            pieces.digest.update(&[0]);
        }
    }

    fn end_of_body(&mut self) {
        let Some(Pieces { id, bytes, count, digest }) = self.pieces.take() else { return };
        // Pieces of what is not finished yet are nobody's.
        let Some(body) = self.bodies.remove(&id) else { return };
        let digest: String =
            digest.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        if (count, bytes) != (body.pieces, body.bytes) {
            let Body { bytes: wanted, pieces, .. } = body;
            self.wrong(format!(
                "body {id:?} has {count} pieces with {bytes} bytes instead of {pieces} with {wanted}"
            ));
        } else if digest != body.digest {
            self.wrong(format!("body {id:?} is not what was written: its digest is another one"));
        }
    }

    /// What is JSON, but not what is expected, is a newer program's.
    fn unreadable_json(&mut self, what: &str, text: &str) {
        match serde_json::from_str::<serde_json::Value>(text) {
            Ok(_) => self.newer(format!("{what} is of a sort that is not known here")),
            Err(_) => self.wrong(format!("{what} cannot be read")),
        }
    }

    fn wrong(&mut self, what: String) {
        self.found.wrong += 1;
        self.add(Severity::Wrong, what);
    }

    fn newer(&mut self, what: String) {
        self.found.of_newer += 1;
        self.add(Severity::Newer, what);
    }

    fn add(&mut self, severity: Severity, what: String) {
        if self.found.findings.len() < FINDINGS_MAX {
            self.found.findings.push(Finding { severity, what });
        }
    }
}

impl Inspection {
    /// Adds something that was found apart from the rows.
    pub(crate) fn add_wrong(&mut self, what: String) {
        self.wrong += 1;
        self.findings.insert(0, Finding { severity: Severity::Wrong, what });
    }
}

/// One row of a page.
struct Row<'a> {
    page: &'a Page,
    number: usize,
}

impl<'a> Row<'a> {
    fn text(&self, column: usize) -> &'a str {
        match self.page.columns.get(column) {
            Some(Column::Texts(values)) => {
                values.get(self.number).and_then(Option::as_deref).unwrap_or_default()
            }
            _ => "",
        }
    }

    fn number(&self, column: usize) -> i64 {
        match self.page.columns.get(column) {
            Some(Column::Numbers(values)) => {
                values.get(self.number).copied().flatten().unwrap_or_default()
            }
            _ => 0,
        }
    }

    fn bytes(&self, column: usize) -> &'a [u8] {
        match self.page.columns.get(column) {
            Some(Column::Bytes(values)) => {
                values.get(self.number).and_then(Option::as_deref).unwrap_or_default()
            }
            _ => &[],
        }
    }

    fn is_something(&self, column: usize) -> bool {
        match self.page.columns.get(column) {
            Some(Column::Texts(values)) => values.get(self.number).is_some_and(Option::is_some),
            _ => false,
        }
    }
}
