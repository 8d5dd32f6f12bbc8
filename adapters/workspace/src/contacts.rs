//! Contacts as an agent or supervisor reads them: what was written, what belongs to it, the mail itself.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, Weak};

use bytes::Bytes;
use domain::{AgentId, Contact, ContactId, ContactMail, Role, routing};
use http::Response;
use protocols::mail::{self, Read, ReadOptions, Remote};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Problem;
use crate::surface::{Asked, Given, Workspace};
use crate::{answer, told};

/// So many earlier contacts stand beside one.
const EARLIER_MAX: u32 = 50;
/// A frame shows no more of a text that has no HTML.
const FRAME: &str = "<!doctype html><html><head><meta charset=\"utf-8\"><style>\
    body{font:15px/1.5 system-ui,sans-serif;margin:12px;color:#1a1a1a;background:#fff;overflow-wrap:anywhere}\
    img{max-width:100%;height:auto}table{max-width:100%}blockquote{border-left:3px solid #bbb;margin:0 0 0 4px;\
    padding-left:10px;color:#555}pre{white-space:pre-wrap}</style></head><body>";

/// So many at once have the bytes of one contact's mail in memory.
pub(crate) const READS_OF_CONTACT_MAX: usize = 2;

/// A turn to have a mail's bytes in memory; it ends when it is dropped.
pub(crate) struct Turn {
    _of_contact: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Workspace {
    /// The contact that the path names, where who asks may read it.
    pub(crate) async fn readable(&self, asked: &Asked) -> Result<Contact, Problem> {
        let id = asked.contact_id()?;
        let contact = self.port.contact(id).await?.ok_or_else(Problem::not_found)?;
        match self.may_read(asked, &contact) {
            true => Ok(contact),
            false => Err(Problem::not_found()),
        }
    }

    /// Whether who asks may read a contact: it is theirs, or of a conversation or customer that they have in hand, or
    /// of a CSQ that they qualify for; supervisors read what their teams' agents have and what waits.
    pub(crate) fn may_read(&self, asked: &Asked, contact: &Contact) -> bool {
        let settings = self.port.settings();
        if asked.principal.has(Role::Administrator) {
            return true;
        }
        if asked.principal.has(Role::Supervisor) {
            let leads = |agent: &AgentId| self.leads(asked, agent);
            let had = contact.legs.iter().map(|leg| &leg.agent).any(leads);
            if had || contact.is_queued() {
                return true;
            }
        }
        let Some(agent) = asked.agent_id() else { return false };
        let Some(known) = settings.agents.get(&agent) else { return false };
        let had = contact.legs.iter().any(|leg| leg.agent == agent);
        if contact.agent() == Some(&agent) || (contact.is_closed() && had) {
            return true;
        }
        let fits = |csq: &str| {
            let csq = settings.csqs.get(csq);
            csq.is_some_and(|csq| routing::qualifies(&known.skills, &csq.skills))
        };
        if contact.is_closed() && fits(&contact.csq) {
            return true;
        }
        let customer = contact.customer.known_as();
        // Where a server judges senders, what it does not prove is nobody's.
        let needs_proof = settings.mail.authentication_server_id.is_some();
        let is_believed =
            |mail: &ContactMail| !mail.is_unverified && (mail.is_proven || !needs_proof);
        self.port.contacts_in_hand(&agent).iter().any(|it| {
            // A sender who may be another one opens nobody else's mails: agents can write such mails too.
            is_believed(&it.mail)
                && (it.conversation == contact.conversation
                    || (!customer.is_empty() && it.customer.known_as() == customer))
        })
    }

    /// Whether who asks leads a team that the agent is in.
    pub(crate) fn leads(&self, asked: &Asked, agent: &AgentId) -> bool {
        if asked.principal.has(Role::Administrator) {
            return true;
        }
        let settings = self.port.settings();
        let team = settings.agents.get(agent).and_then(|agent| agent.team.as_ref());
        asked.principal.has(Role::Supervisor)
            && team.is_some_and(|team| asked.principal.teams.contains(team))
    }

    /// What a contact's mail says; nothing where its bytes never came or are gone.
    pub(crate) async fn read(&self, contact: &Contact) -> Result<Option<Read>, Problem> {
        match &contact.mail.blob {
            Some(blob) => {
                let options = |kept| self.options(contact, kept);
                self.with_blob(contact.id, blob, options, |_, read, _| read).await
            }
            None => Ok(None),
        }
    }

    /// What `work` makes of a mail of that contact whose bytes a blob has; reading takes a while, so it is done aside.
    /// How it is read may depend on how many bytes there are.
    async fn with_blob<T: Send + 'static>(
        &self,
        contact: ContactId,
        blob: &str,
        options: impl FnOnce(usize) -> ReadOptions + Send,
        work: impl FnOnce(&[u8], Read, bool) -> T + Send + 'static,
    ) -> Result<Option<T>, Problem> {
        let turn = self.turn(contact).await?;
        let Some(raw) = self.port.blob(blob).await? else { return Ok(None) };
        let options = options(raw.len());
        let made = tokio::task::spawn_blocking(move || {
            // Whoever goes away meanwhile keeps the place until the bytes are gone too.
            let _turn = turn;
            work(&raw, mail::read(&raw, &options), options.is_cut)
        });
        Ok(made.await.ok())
    }

    /// What a mail whose bytes a blob has says in a frame, with the pictures that it brings.
    pub(crate) async fn shown_blob(
        &self,
        contact: ContactId,
        blob: &str,
        remote: Remote,
        options: impl FnOnce(usize) -> ReadOptions + Send,
    ) -> Result<Option<String>, Problem> {
        self.with_blob(contact, blob, options, move |raw, read, is_cut| match &read.html {
            Some(html) => {
                mail::for_display(html, remote, &mail::pictures_within(raw, &read, is_cut)).html
            }
            None => format!("<pre>{}</pre>", escaped(&read.text)),
        })
        .await
    }

    /// A file of a mail whose bytes a blob has, by its number.
    pub(crate) async fn file_of(
        &self,
        contact: ContactId,
        blob: &str,
        number: &str,
        is_cut: impl FnOnce(usize) -> bool + Send,
    ) -> Given {
        let number: u32 = number.parse().map_err(|_| Problem::not_found())?;
        let turn = self.turn(contact).await?;
        let raw = self.port.blob(blob).await?.ok_or_else(Problem::not_found)?;
        let is_cut = is_cut(raw.len());
        let found = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            mail::attachment(&raw, number, is_cut)
        });
        let (file, bytes) = found.await.ok().flatten().ok_or_else(Problem::not_found)?;
        self.passes_scan(&format!("{blob}#{number}"), &file.name, &bytes).await?;
        Ok(answer::file(&file.name, &file.media_type, bytes, file.is_inline))
    }

    /// The turn to have a mail's bytes in memory. One mail that is asked for many times at once leaves places to the
    /// others.
    pub(crate) async fn turn(&self, contact: ContactId) -> Result<Turn, Problem> {
        let of_contact = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turns| turns.strong_count() > 0);
            let kept = turns.get(&contact).and_then(Weak::upgrade);
            let kept = kept.unwrap_or_else(|| Arc::new(Semaphore::new(READS_OF_CONTACT_MAX)));
            turns.insert(contact, Arc::downgrade(&kept));
            kept
        };
        let gone = |_| Problem::not_found();
        let of_contact = of_contact.acquire_owned().await.map_err(gone)?;
        let of_all = Arc::clone(&self.reads).acquire_owned().await.map_err(gone)?;
        Ok(Turn { _of_contact: of_contact, _of_all: of_all })
    }

    fn options(&self, contact: &Contact, kept: usize) -> ReadOptions {
        let settings = self.port.settings();
        ReadOptions {
            authentication_server_id: settings.mail.authentication_server_id.clone(),
            own_addresses: self.own_addresses(),
            is_cut: contact.is_cut_at(kept),
        }
    }

    /// The addresses of all mailboxes.
    pub(crate) fn own_addresses(&self) -> Vec<String> {
        let settings = self.port.settings();
        let mailboxes = settings.csqs.values().filter_map(|csq| csq.email.as_ref());
        mailboxes
            .flat_map(|email| email.addresses().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }
}

/// The agent's contacts, and how many wait.
pub(crate) async fn list(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    let mut mine: Vec<_> = workspace.port.open_contacts();
    mine.retain(|it| it.agent() == Some(&agent));
    mine.sort_by_key(|it| (it.arrived_at, it.id));
    let contacts: Vec<_> = mine.iter().map(|it| told::contact(it)).collect();
    let waiting = waiting(&workspace, &agent);
    Ok(answer::json(&json!({"contacts": contacts, "waiting": waiting})))
}

/// How many contacts wait in each CSQ that the agent qualifies for.
pub(crate) fn waiting(workspace: &Workspace, agent: &AgentId) -> BTreeMap<String, u32> {
    let settings = workspace.port.settings();
    let Some(known) = settings.agents.get(agent) else { return BTreeMap::new() };
    let fits = settings
        .csqs
        .values()
        .filter(|csq| csq.email.is_some() && routing::qualifies(&known.skills, &csq.skills));
    let counted = workspace.port.contacts_waiting();
    let count = |csq: &str| counted.get(csq).copied().unwrap_or(0);
    fits.map(|csq| (csq.name.clone(), count(&csq.name))).collect()
}

/// One contact with all that stands beside it (MAIL-16).
pub(crate) async fn one(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = workspace.readable(&asked).await?;
    let settings = workspace.port.settings();
    let read = workspace.read(&contact).await?;
    let own = workspace.own_addresses();
    let (mut reply, mut reply_all) = (Value::Null, Value::Null);
    if let Some(read) = &read {
        reply = told::recipients(&mail::reply(read, &own));
        reply_all = told::recipients(&mail::reply_all(read, &own));
    }
    let customer = contact.customer.known_as();
    let earlier = match customer.is_empty() {
        true => Vec::new(),
        false => workspace.port.contacts_of_customer(&customer, EARLIER_MAX).await?,
    };
    let earlier = earlier.iter().filter(|it| it.id != contact.id && workspace.may_read(&asked, it));
    let earlier = earlier.map(told::contact);
    let earlier: Vec<_> = earlier.collect();
    let predefined: Vec<_> = settings
        .predefined_responses
        .values()
        .filter(|it| it.channel == contact.channel && it.is_for(&contact.csq))
        .map(|it| json!({"title": it.title, "text": it.text}))
        .collect();
    let terms = workspace.port.contact_terms(&contact.terms).await?.unwrap_or_default();
    let draft = workspace.port.draft(contact.id).await?;
    let me = asked.agent_id();
    let mine = contact.agent().is_some_and(|agent| me.as_ref() == Some(agent));
    let conversation = workspace.conversation(&asked, &contact).await?;
    // A conversation has the number of the contact that began it.
    let names_is_readable = match contact.names {
        Some(named) => {
            workspace.port.contact(named).await?.is_some_and(|it| workspace.may_read(&asked, &it))
        }
        None => false,
    };
    let mut told = told::contact(&contact);
    if let Some(members) = told.as_object_mut() {
        let mail = read.as_ref().map(|it| told::mail(it, contact.mail.received_at));
        members.insert("mail".to_owned(), json!(mail));
        members.insert("has_raw".to_owned(), json!(contact.mail.blob.is_some()));
        members.insert("names_is_readable".to_owned(), json!(names_is_readable));
        members.insert("conversation".to_owned(), json!(conversation.lines));
        members.insert("conversation_is_cut".to_owned(), json!(conversation.is_cut));
        members.insert("notes".to_owned(), json!(conversation.notes));
        members.insert("failed_answer".to_owned(), conversation.failed);
        members.insert("earlier".to_owned(), json!(earlier));
        members
            .insert("draft".to_owned(), json!(draft.filter(|_| mine).map(|it| told::draft(&it))));
        members.insert("predefined".to_owned(), json!(predefined));
        members.insert("wrap_up_categories".to_owned(), json!(terms.wrap_up));
        let mut signatures = settings.email_signatures.values();
        let is_signed = signatures.any(|it| it.csqs.is_empty() || it.csqs.contains(&contact.csq));
        members.insert("signature".to_owned(), json!(is_signed));
        members.insert("recipients".to_owned(), json!({"reply": reply, "reply_all": reply_all}));
        members.insert("is_mine".to_owned(), json!(mine));
    }
    Ok(answer::json(&told))
}

/// The mail's text for a frame that can do nothing.
pub(crate) async fn body(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = workspace.readable(&asked).await?;
    let remote = remote(&asked);
    let shown = match &contact.mail.blob {
        Some(blob) => {
            let options = |kept| workspace.options(&contact, kept);
            workspace.shown_blob(contact.id, blob, remote, options).await?
        }
        None => None,
    };
    Ok(framed(&workspace, remote, &shown.unwrap_or_default()))
}

/// Whether pictures of other servers are asked for.
pub(crate) fn remote(asked: &Asked) -> Remote {
    match asked.query("remote").as_deref() {
        Some("yes") => Remote::Shown,
        _ => Remote::Blocked,
    }
}

/// What a mail says as a page that can do nothing.
pub(crate) fn framed(workspace: &Workspace, remote: Remote, shown: &str) -> Response<Bytes> {
    let settings = workspace.port.settings();
    let around = &settings.channels.workspace_frame_origins;
    let html = format!("{FRAME}{shown}</body></html>");
    answer::mail_body(html, remote == Remote::Shown, around)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A file of the mail.
pub(crate) async fn attachment(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = workspace.readable(&asked).await?;
    let blob = contact.mail.blob.as_ref().ok_or_else(Problem::not_found)?;
    let is_cut = |kept| contact.is_cut_at(kept);
    workspace.file_of(contact.id, blob, asked.path("number"), is_cut).await
}

/// The mail as it came.
pub(crate) async fn raw(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = workspace.readable(&asked).await?;
    let blob = contact.mail.blob.as_ref().ok_or_else(Problem::not_found)?;
    let turn = workspace.turn(contact.id).await?;
    let raw = workspace.port.blob(blob).await?.ok_or_else(Problem::not_found)?;
    // Whoever waits for the virus scanner holds up no reader.
    drop(turn);
    let name = raw_name(contact.id);
    workspace.passes_scan(blob, &name, &raw).await?;
    Ok(answer::file(&name, "message/rfc822", raw, false))
}

fn raw_name(id: ContactId) -> String {
    format!("{id}.eml")
}
