//! Contacts as an agent or supervisor reads them: what was written, what belongs to it, the mail itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{AgentId, Contact, ContactId, Role, routing};
use protocols::mail::{self, Read, ReadOptions, Remote};
use serde_json::{Value, json};
use tokio::sync::OwnedSemaphorePermit;

use crate::problem::Problem;
use crate::surface::{Asked, Given, Workspace};
use crate::{answer, told};

/// So many earlier contacts stand beside one.
const EARLIER_MAX: u32 = 50;
/// So many contacts of a conversation.
const CONVERSATION_MAX: u32 = 200;
/// A frame shows no more of a text that has no HTML.
const FRAME: &str = "<!doctype html><html><head><meta charset=\"utf-8\"><style>\
    body{font:15px/1.5 system-ui,sans-serif;margin:12px;color:#1a1a1a;background:#fff;overflow-wrap:anywhere}\
    img{max-width:100%;height:auto}table{max-width:100%}blockquote{border-left:3px solid #bbb;margin:0 0 0 4px;\
    padding-left:10px;color:#555}pre{white-space:pre-wrap}</style></head><body>";

impl Workspace {
    /// The contact that the path names, where who asks may read it.
    async fn readable(&self, asked: &Asked) -> Result<Contact, Problem> {
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
        self.port.open_contacts().iter().any(|it| {
            // A sender who may be another one opens nobody else's mails: agents can write such mails too.
            it.agent() == Some(&agent)
                && !it.mail.is_unverified
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

    /// The bytes of a contact's mail.
    pub(crate) async fn raw(&self, contact: &Contact) -> Result<Option<Vec<u8>>, Problem> {
        match &contact.mail.blob {
            Some(blob) => Ok(self.port.blob(blob).await?),
            None => Ok(None),
        }
    }

    /// What a contact's mail says; reading takes a while, so it is done aside.
    pub(crate) async fn read(&self, contact: &Contact) -> Result<Option<Read>, Problem> {
        let turn = self.turn().await?;
        let Some(raw) = self.raw(contact).await? else { return Ok(None) };
        let options = self.options(contact, raw.len());
        let read = tokio::task::spawn_blocking(move || {
            // Whoever goes away meanwhile keeps the place until the bytes are gone too.
            let _turn = turn;
            mail::read(&raw, &options)
        });
        Ok(read.await.ok())
    }

    /// The turn to have a mail's bytes in memory.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = Arc::clone(&self.reads).acquire_owned().await;
        turn.map_err(|_| Problem::not_found())
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

    /// What was written before and afterwards, the oldest first, and what servers said of it.
    async fn conversation(
        &self,
        asked: &Asked,
        contact: &Contact,
    ) -> Result<(Vec<Value>, Vec<Value>), Problem> {
        let settings = self.port.settings();
        let mut all =
            self.port.contacts_of_conversation(contact.conversation, CONVERSATION_MAX).await?;
        all.retain(|it| it.id == contact.id || self.may_read(asked, it));
        all.sort_by_key(|it| (it.arrived_at, it.id));
        let mut lines = Vec::new();
        for it in &all {
            lines.push(json!({
                "id": it.id,
                "at": answer::time(it.mail.received_at),
                "direction": "in",
                "from": {"address": it.customer.address, "name": it.customer.name},
                "subject": it.subject,
            }));
            let Some(out) = it.answer else { continue };
            let Some(mail) = self.port.mail_out(out).await? else { continue };
            if let domain::mail::OutKind::Answer { writing, agent, .. } = &mail.kind {
                let csq = settings.csqs.get(&mail.csq).and_then(|csq| csq.email.as_ref());
                let name = settings.agents.get(agent).map_or(agent.as_str(), |it| it.called());
                let mut line = told::out(&mail);
                if let Some(line) = line.as_object_mut() {
                    let address = csq.map_or("", |email| email.address.as_str());
                    line.insert("direction".to_owned(), json!("out"));
                    line.insert("id".to_owned(), json!(it.id));
                    line.insert("from".to_owned(), json!({"address": address, "name": name}));
                    line.insert("agent".to_owned(), json!(agent));
                    line.insert("subject".to_owned(), json!(writing.subject));
                    line.insert("to".to_owned(), json!(writing.to));
                }
                lines.push(line);
            }
        }
        let notes =
            self.port.conversation(contact.conversation).await?.map_or_else(Vec::new, |it| {
                let told = |note: &domain::mail::ConversationNote| {
                    json!({
                        "at": answer::time(note.at),
                        "recipient": note.recipient,
                        "action": note.action,
                        "status": note.status,
                    })
                };
                it.notes.iter().map(told).collect()
            });
        Ok((lines, notes))
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
    let mut counts: BTreeMap<_, _> = fits.map(|csq| (csq.name.clone(), 0)).collect();
    for contact in workspace.port.open_contacts() {
        if contact.is_queued()
            && let Some(count) = counts.get_mut(&contact.csq)
        {
            *count += 1;
        }
    }
    counts
}

/// One contact with all that stands beside it (MAIL-16).
pub(crate) async fn one(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = workspace.readable(&asked).await?;
    let settings = workspace.port.settings();
    let read = workspace.read(&contact).await?;
    let own = workspace.own_addresses();
    let (mut reply, mut reply_all) = (Value::Null, Value::Null);
    if let Some(read) = &read {
        let told = |to: &[mail::Address], cc: &[mail::Address]| {
            json!({
                "to": to.iter().map(told::address).collect::<Vec<_>>(),
                "cc": cc.iter().map(told::address).collect::<Vec<_>>(),
            })
        };
        let one = mail::reply(read, &own);
        let all = mail::reply_all(read, &own);
        (reply, reply_all) = (told(&one.to, &one.cc), told(&all.to, &all.cc));
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
    let mut told = told::contact(&contact);
    if let Some(members) = told.as_object_mut() {
        let mail = read.as_ref().map(|it| told::mail(it, contact.mail.received_at));
        members.insert("mail".to_owned(), json!(mail));
        let (lines, notes) = workspace.conversation(&asked, &contact).await?;
        members.insert("conversation".to_owned(), json!(lines));
        members.insert("notes".to_owned(), json!(notes));
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
    let with_remote = asked.query("remote").as_deref() == Some("yes");
    let read = workspace.read(&contact).await?;
    let at = format!("/api/v1/workspace/contacts/{}/attachments/", contact.id);
    let remote = if with_remote { Remote::Shown } else { Remote::Blocked };
    let shown = tokio::task::spawn_blocking(move || match &read {
        Some(Read { html: Some(html), .. }) => mail::for_display(html, remote, &at).html,
        Some(read) => format!("<pre>{}</pre>", escaped(&read.text)),
        None => String::new(),
    });
    let shown = shown.await.unwrap_or_default();
    Ok(answer::mail_body(format!("{FRAME}{shown}</body></html>"), with_remote))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A file of the mail.
pub(crate) async fn attachment(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = workspace.readable(&asked).await?;
    let number: u32 = asked.path("number").parse().map_err(|_| Problem::not_found())?;
    let turn = workspace.turn().await?;
    let raw = workspace.raw(&contact).await?.ok_or_else(Problem::not_found)?;
    let is_cut = contact.is_cut_at(raw.len());
    let found = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        mail::attachment(&raw, number, is_cut)
    });
    let (file, bytes) = found.await.ok().flatten().ok_or_else(Problem::not_found)?;
    Ok(answer::file(&file.name, &file.media_type, bytes, file.is_inline))
}

/// The mail as it came.
pub(crate) async fn raw(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let contact = workspace.readable(&asked).await?;
    let _turn = workspace.turn().await?;
    let raw = workspace.raw(&contact).await?.ok_or_else(Problem::not_found)?;
    Ok(answer::file(&raw_name(contact.id), "message/rfc822", raw, false))
}

fn raw_name(id: ContactId) -> String {
    format!("{id}.eml")
}
