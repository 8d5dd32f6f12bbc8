//! What was written before and afterwards: mails, answers with what became of them, reports of servers (MAIL-16).
//!
//! ```text
//!   contact --mail--> line "in"        contact --answer--> outgoing mail --> line "out": sent, on its way, delayed,
//!   conversation --notes--> reports of other servers, answers that came back               not known, failed
//!   an answer's text: from the bytes that went out once there are any, else as it was written; cleaned as mails are
//! ```
//!
//! Texts of other servers are cut and stripped of what could mislead; a page shows them as plain text.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::mail::{ConversationNote, MailOut, OutKind};
use domain::{Contact, ContactId};
use protocols::mail::{ReadOptions, Remote, clean_html, for_display};
use serde_json::{Value, json};

use crate::contacts::{framed, remote};
use crate::problem::Problem;
use crate::surface::{Asked, Given, Workspace};
use crate::{answer, told};

/// So many contacts of a conversation, the latest ones.
const CONVERSATION_MAX: u32 = 200;
/// So many answers are read at once: each may be a megabyte.
const ANSWERS_AT_ONCE: usize = 20;
/// So many characters of an address that a report names.
const ADDRESS_CHARACTERS_MAX: usize = 320;
/// So many characters of what a server said.
const WORDS_CHARACTERS_MAX: usize = 500;

/// What is told of a conversation.
pub(crate) struct Told {
    /// Mails and answers, the oldest first.
    pub(crate) lines: Vec<Value>,
    /// Whether there are older ones than that.
    pub(crate) is_cut: bool,
    /// What servers said, the oldest first.
    pub(crate) notes: Vec<Value>,
    /// That the contact's last answer came back to its writer, where it did.
    pub(crate) failed: Value,
}

impl Workspace {
    /// What was written before and afterwards, the oldest first, and what servers said of it.
    pub(crate) async fn conversation(
        &self,
        asked: &Asked,
        contact: &Contact,
    ) -> Result<Told, Problem> {
        let conversation = contact.conversation;
        let limit = CONVERSATION_MAX.saturating_add(1);
        let mut all = self.port.contacts_of_conversation(conversation, limit).await?;
        let shown_max = usize::try_from(CONVERSATION_MAX).unwrap_or(usize::MAX);
        let is_cut = all.len() > shown_max;
        all.sort_by_key(|it| std::cmp::Reverse((it.arrived_at, it.id)));
        all.truncate(shown_max);
        all.retain(|it| it.id != contact.id && self.may_read(asked, it));
        all.push(contact.clone());
        all.sort_by_key(|it| (it.arrived_at, it.id));
        let mut answers = HashMap::new();
        let out: Vec<ContactId> = all.iter().filter_map(|it| it.answer).collect();
        for out in out.chunks(ANSWERS_AT_ONCE) {
            for mail in self.port.mails_out(out).await? {
                let line = self.answer_line(mail.contact, &mail);
                answers.insert(mail.id, line);
            }
        }
        let mut lines = Vec::new();
        for it in &all {
            lines.push(json!({
                "id": it.id,
                "at": answer::time(it.mail.received_at),
                "direction": "in",
                "from": {"address": it.customer.address, "name": it.customer.name},
                "subject": it.subject,
            }));
            lines.extend(it.answer.and_then(|out| answers.remove(&out)).flatten());
        }
        let kept = self.port.conversation(contact.conversation).await?;
        let mut kept = kept.map(|it| it.notes).unwrap_or_default();
        // Notes name who else was written to: they are read with the contact that they are about.
        let is_believed = self.believes(contact);
        kept.retain(|note| match note.contact {
            Some(about) => all.iter().any(|it| it.id == about),
            None => is_believed,
        });
        let failed = match contact.is_closed() {
            true => None,
            false => kept.iter().rfind(|it| it.is_ours && it.contact == Some(contact.id)),
        };
        // One that a server took after all did not fail.
        let failed = failed.filter(|it| it.action != "taken");
        let failed = json!(failed.map(note));
        Ok(Told { lines, is_cut, notes: kept.iter().map(note).collect(), failed })
    }

    /// Whether a contact's mail is from whom it says, as far as the site's mail server judges that.
    fn believes(&self, contact: &Contact) -> bool {
        let needs_proof = self.port.settings().mail.authentication_server_id.is_some();
        !contact.mail.is_unverified && (contact.mail.is_proven || !needs_proof)
    }

    fn answer_line(&self, contact: ContactId, mail: &MailOut) -> Option<Value> {
        let OutKind::Answer { writing, files, agent } = &mail.kind else { return None };
        let settings = self.port.settings();
        let csq = settings.csqs.get(&mail.csq).and_then(|csq| csq.email.as_ref());
        let name = settings.agents.get(agent).map_or(agent.as_str(), |it| it.called());
        let (state, reason) = told::out(mail);
        let files = files.iter().filter(|it| !it.is_inline);
        let files: Vec<_> = files.map(|it| json!({"name": it.name, "bytes": it.bytes})).collect();
        Some(json!({
            "id": contact,
            "at": answer::time(mail.at),
            "direction": "out",
            "from": {"address": csq.map_or("", |it| it.address.as_str()), "name": name},
            "agent": agent,
            "subject": writing.subject,
            "to": writing.to,
            "cc": writing.cc,
            "files": files,
            "state": state,
            "reason": reason.map(|it| short(it, WORDS_CHARACTERS_MAX)),
            "next_try_at": mail.next_try_at.filter(|_| state == "delayed").map(answer::time),
        }))
    }

    /// The answer that a contact ended with.
    async fn answered(&self, contact: &Contact) -> Result<MailOut, Problem> {
        let out = contact.answer.ok_or_else(Problem::not_found)?;
        let mail = self.port.mail_out(out).await?.ok_or_else(Problem::not_found)?;
        match mail.kind {
            OutKind::Answer { .. } => Ok(mail),
            OutKind::Acknowledgement { .. } => Err(Problem::not_found()),
        }
    }
}

fn note(note: &ConversationNote) -> Value {
    json!({
        "at": answer::time(note.at),
        "contact": note.contact,
        "is_ours": note.is_ours,
        "recipient": short(&note.recipient, ADDRESS_CHARACTERS_MAX),
        "action": short(&note.action, 40),
        "status": short(&note.status, WORDS_CHARACTERS_MAX),
    })
}

/// The beginning of another's text on one line, without what could turn it round.
fn short(text: &str, characters_max: usize) -> String {
    let is_shown = |it: &char| !matches!(*it, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let shown = text.chars().filter(is_shown).map(|it| if it.is_control() { ' ' } else { it });
    let all: String = shown.take(characters_max + 1).collect();
    match all.char_indices().nth(characters_max) {
        Some((at, _)) => format!("{}…", all.get(..at).unwrap_or_default().trim()),
        None => all.trim().to_owned(),
    }
}

/// A sent answer's text for a frame that can do nothing.
pub(crate) async fn body(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = workspace.readable(&asked).await?;
    let mail = workspace.answered(&contact).await?;
    let remote = remote(&asked);
    let options = |_| ReadOptions::default();
    let sent = workspace.shown_blob(contact.id, &mail.blob(), remote, options).await?;
    let shown = match (sent, mail.kind) {
        (Some(sent), _) => sent,
        (None, OutKind::Answer { writing, .. }) => as_written(writing.html, remote).await,
        (None, OutKind::Acknowledgement { .. }) => String::new(),
    };
    Ok(framed(&workspace, remote, &shown))
}

/// What was written, shown as a mail is: no bytes went out yet.
async fn as_written(html: String, remote: Remote) -> String {
    let shown = tokio::task::spawn_blocking(move || {
        let cleaned = clean_html(&html, Remote::Blocked);
        for_display(&cleaned.html, remote, &BTreeMap::new()).html
    });
    shown.await.unwrap_or_default()
}

/// A file of a sent answer, by its place in the mail that went out.
pub(crate) async fn attachment(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = workspace.readable(&asked).await?;
    let mail = workspace.answered(&contact).await?;
    workspace.file_of(contact.id, &mail.blob(), asked.path("number"), |_| false).await
}
