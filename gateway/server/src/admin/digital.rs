//! The page "Digital channels": how each part stands at this moment (CCP-01, CCP-11).
//!
//! ```text
//!   asked --> every mail server that a CSQ names: reached now, both ways, up to its greeting
//!         |-> the virus scanner: asked now whether it is there
//!         `-> every mailbox: as this node reads it, or as the node that reads it said with its last sign of life
//! ```
//!
//! No answer is older than its question. Those that come while servers are being reached for another share the
//! next time they are, so that many readers make no storm of connections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::console::PartCode;
use domain::settings::{Channel, MailServer, Settings, VirusScanner};
use mail::trial::{Check, Fault, FaultKind, Outcome, Side, Subject, Trial};
use mail::{MailboxState, MailboxStatus, Mailboxes, SAID_MAILBOXES, said_mailboxes};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use workspace::scanner::{ScanTrouble, ping};

use super::mail_tests::check_json;
use crate::node::Shared;

/// So long a server may take before it counts as not reachable.
const REACHING: Duration = Duration::from_secs(12);

/// How everything stands.
pub(super) async fn status(shared: &Arc<Shared>) -> Value {
    let settings = shared.engine.settings();
    let has_email = settings.csqs_of(Channel::Email).next().is_some();
    let scanner = scanner(settings.channels.virus_scanner.as_ref());
    let servers = servers(shared, &settings, has_email);
    let (scanner, (overall, servers)) = tokio::join!(scanner, servers);
    let why = match (&shared.mailboxes, overall) {
        (None, _) => Some("service_down"),
        (Some(_), "not_applicable") => Some("no_email_csq"),
        (Some(_), _) => None,
    };
    json!({
        "node": shared.engine.node(),
        "at": shared.engine.now().microseconds(),
        "mail_servers": {"state": overall, "why": why, "items": servers},
        "mail_cache": cache(shared, &settings, has_email),
        "virus_scanner": scanner,
    })
}

/// Every mail server, and how they stand together.
async fn servers(
    shared: &Arc<Shared>,
    settings: &Arc<Settings>,
    has_email: bool,
) -> (&'static str, Vec<Value>) {
    match &shared.mailboxes {
        None => ("not_applicable", Vec::new()),
        Some(_) if settings.mail_servers.is_empty() => ("not_configured", Vec::new()),
        Some(_) if !has_email => ("not_applicable", Vec::new()),
        Some(mailboxes) => {
            let servers = reached_anew(shared, mailboxes, settings).await;
            (overall(&servers), servers)
        }
    }
}

/// Whether the virus scanner is there.
async fn scanner(scanner: Option<&VirusScanner>) -> Value {
    let Some(scanner) = scanner else {
        return json!({
            "state": "off", "address": null, "code": null, "why": null, "when_unreachable": null,
        });
    };
    let trouble = ping(scanner).await.err();
    json!({
        "state": if trouble.is_none() { "working" } else { "unable" },
        "address": scanner.address,
        "code": trouble.as_ref().map(ScanTrouble::name),
        "why": trouble.as_ref().map(ToString::to_string),
        "when_unreachable": scanner.when_unreachable,
    })
}

fn overall(servers: &[Value]) -> &'static str {
    let is = |state: &str| servers.iter().filter(|it| text(it, "state") == Some(state)).count();
    match (is("reachable"), is("unreachable")) {
        (_, 0) => "reachable",
        (0, _) => "unreachable",
        _ => "partly",
    }
}

fn text<'v>(value: &'v Value, member: &str) -> Option<&'v str> {
    value.get(member).and_then(Value::as_str)
}

/// Every mail server as it was reached after this was asked.
async fn reached_anew(
    shared: &Shared,
    mailboxes: &Arc<Mailboxes>,
    settings: &Arc<Settings>,
) -> Vec<Value> {
    let tests = &shared.mail_tests;
    let before = tests.reachings.load(Ordering::Acquire);
    let mut last = tests.reached.lock().await;
    // It began while this question waited for the time before.
    if last.0 > before {
        return last.1.clone();
    }
    let number = tests.reachings.fetch_add(1, Ordering::AcqRel) + 1;
    let servers = reached(mailboxes, settings).await;
    *last = (number, servers.clone());
    servers
}

/// Every mail server that a CSQ names, reached now.
async fn reached(mailboxes: &Arc<Mailboxes>, settings: &Arc<Settings>) -> Vec<Value> {
    let mut csqs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for csq in settings.csqs_of(Channel::Email) {
        if let Some(email) = &csq.email {
            csqs.entry(&email.mail_server).or_default().push(&csq.name);
        }
    }
    let mut reaching = JoinSet::new();
    for (name, server) in settings.mail_servers.iter() {
        let names = csqs.remove(name.as_str()).unwrap_or_default();
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        let trial = mailboxes.server_trial(settings, name);
        let server = Arc::clone(server);
        reaching.spawn(async move { reach(&server, names, trial).await });
    }
    let mut servers = reaching.join_all().await;
    servers.sort_by(|one, other| text(one, "name").cmp(&text(other, "name")));
    servers
}

async fn reach(server: &MailServer, csqs: Vec<String>, trial: Result<Trial, String>) -> Value {
    let mut checks: Vec<Check> = Vec::new();
    let state = match trial {
        // Nobody's mails depend on it.
        _ if csqs.is_empty() => "not_used",
        Err(why) => {
            checks.push(unusable(why));
            "unreachable"
        }
        Ok(trial) => {
            let ended =
                tokio::time::timeout(REACHING, trial.run(&mut |check| checks.push(check))).await;
            if ended.is_err() {
                let late = timed_out(server, &checks);
                checks.push(late);
            }
            let is_well = checks.iter().all(|it| it.outcome == Outcome::Passed);
            if is_well { "reachable" } else { "unreachable" }
        }
    };
    let failed = |side: Side| {
        let found = checks
            .iter()
            .find(|check| check.side == side && matches!(check.outcome, Outcome::Failed(_)));
        found.map(check_json)
    };
    json!({
        "name": server.name,
        "kind": server.kind.name(),
        "imap": format!("{}:{}", server.imap_host, server.imap_port),
        "smtp": format!("{}:{}", server.smtp_host, server.smtp_port),
        "state": state,
        "reading": failed(Side::Reading),
        "sending": failed(Side::Sending),
        "csqs": csqs,
    })
}

/// The settings do not say enough to try it.
fn unusable(why: String) -> Check {
    let words = why.clone();
    let fault =
        Fault { kind: FaultKind::Unusable, host: None, said: Some(why), meant: None, words };
    let (side, subject) = (Side::Reading, Subject::Connection);
    Check { side, subject, folder: None, outcome: Outcome::Failed(Box::new(fault)) }
}

/// All of it took too long: the first side that was not over by then is named.
fn timed_out(server: &MailServer, checks: &[Check]) -> Check {
    let has_ended = |check: &Check| {
        let is_over = matches!(check.outcome, Outcome::Failed(_));
        check.side == Side::Reading && (is_over || check.subject == Subject::Greeting)
    };
    let (side, host) = match checks.iter().any(has_ended) {
        true => (Side::Sending, &server.smtp_host),
        false => (Side::Reading, &server.imap_host),
    };
    let fault = Fault {
        kind: FaultKind::TimedOut,
        host: Some(host.clone()),
        said: None,
        meant: None,
        words: format!("{host} did not answer in time"),
    };
    let outcome = Outcome::Failed(Box::new(fault));
    Check { side, subject: Subject::Greeting, folder: None, outcome }
}

/// Whether new mails are fetched, mailbox by mailbox.
fn cache(shared: &Shared, settings: &Settings, has_email: bool) -> Value {
    let Some(mailboxes) = shared.mailboxes.as_ref().filter(|_| has_email) else {
        return json!({"state": "not_applicable", "items": []});
    };
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    let open = shared.port.open_contacts();
    for contact in open.iter().filter(|contact| contact.is_queued()) {
        *waiting.entry(contact.csq.as_str()).or_default() += 1;
    }
    let said: Vec<(String, MailboxStatus)> = shared
        .engine
        .nodes()
        .iter()
        .filter(|node| node.live && node.node != *shared.engine.node())
        .filter_map(|node| Some((node.node.to_string(), node.said.get(SAID_MAILBOXES)?)))
        .flat_map(|(node, text)| {
            said_mailboxes(text).into_iter().map(move |status| (node.clone(), status))
        })
        .collect();
    let statuses = mailboxes.statuses();
    let items: Vec<Value> = statuses
        .iter()
        .filter(|status| settings.csqs.contains_key(&status.csq))
        .map(|own| {
            let is_elsewhere = own.state == MailboxState::Elsewhere;
            let other = said.iter().find(|(_, it)| is_elsewhere && it.csq == own.csq);
            let (node, status) = match other {
                Some((node, status)) => (Some(node.clone()), status),
                None => ((!is_elsewhere).then(|| shared.engine.node().to_string()), own),
            };
            let waiting = waiting.get(own.csq.as_str()).copied().unwrap_or_default();
            mailbox(status, node, waiting)
        })
        .collect();
    let unable = items.iter().filter(|it| text(it, "state") == Some("unable")).count();
    let state = match unable {
        0 => "working",
        _ if unable == items.len() => "unable",
        _ => "partly",
    };
    json!({"state": state, "items": items})
}

fn mailbox(status: &MailboxStatus, node: Option<String>, waiting: usize) -> Value {
    let (state, code, why) = match &status.state {
        MailboxState::Ok => ("working", None, None),
        MailboxState::Warned(why) => ("working", Some(PartCode::MailboxAmiss), Some(why)),
        MailboxState::Failing(why) => ("unable", Some(PartCode::MailboxDown), Some(why)),
        MailboxState::StoreRefuses(why) => ("unable", Some(PartCode::MailboxNotKept), Some(why)),
        MailboxState::Elsewhere => ("unknown", Some(PartCode::MailboxElsewhere), None),
        MailboxState::Unknown => ("unknown", Some(PartCode::MailboxNotYet), None),
    };
    let mut arguments = Map::new();
    if let Some(why) = why {
        arguments.insert("why".to_owned(), json!(why));
    }
    json!({
        "csq": status.csq,
        "state": state,
        "code": code.map(PartCode::name),
        "reason": code.map(|code| code.reason(&arguments)),
        "arguments": arguments,
        "node": node,
        "last_round_at": status.last_round_at.map(domain::Timestamp::microseconds),
        "behind": status.behind,
        "waiting": waiting,
    })
}

#[cfg(test)]
mod tests;
