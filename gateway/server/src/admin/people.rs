//! Tokens, sessions and the audit log, for the command line and for REST.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use console::{Context, Failure};
use domain::settings::Reader;
use domain::{
    AccessToken, AgentId, Ask, AuditEntry, AuditHead, BrokenChain, ChainCheck, Command,
    ConsoleCommand, Deed, Document, Identity, Index, IndexRange, Input, InputId, Key, Role,
    TOKENS_MAX, Timestamp, WebSession,
};
use engine::Outcome;
use serde_json::{Value, json};

use super::agents::fresh_number;
use super::protocol::{read, refused};
use crate::console::{TOKEN_PREFIX, sha256};
use crate::node::Shared;

/// The most entries of the audit log in one answer.
const ENTRIES_MAX: u64 = 1_000;
/// So many entries are looked through for those that are asked for.
const LOOKED_MAX: u64 = 100_000;
/// How many entries are loaded at once.
const PAGE: u64 = 500;
/// An entry that is older by more than what was asked for ends the look.
const OUT_OF_ORDER_MAX: Duration = Duration::from_secs(86_400);
/// How often the chain is walked anew, as entries were removed from its beginning meanwhile.
const WALKS_MAX: usize = 4;

/// Whether it is one of the deeds here.
pub(super) fn knows(deed: &str) -> bool {
    const DEEDS: [&str; 7] = [
        "token_make",
        "token_revoke",
        "tokens_list",
        "web_sessions",
        "web_session_end",
        "audit_list",
        "audit_check",
    ];
    DEEDS.contains(&deed)
}

/// Does one of them.
pub(super) async fn done(
    shared: &Arc<Shared>,
    context: &Context,
    deed: &str,
    members: Value,
) -> Result<Value, Failure> {
    match deed {
        "token_make" => {
            let wanted = read(members, |reader| Wanted::read(shared, reader))?;
            token_make(shared, wanted, context).await
        }
        "token_revoke" => {
            let (identity, id) =
                read(members, |reader| Some((read_identity(reader), reader.named("token", 16)?)))?;
            token_revoke(shared, identity, &id, context).await
        }
        "tokens_list" => {
            let identity = read(members, |reader| Some(read_identity(reader)))?;
            tokens_list(shared, identity).await
        }
        "web_sessions" => {
            let identity = read(members, |reader| Some(read_identity(reader)))?;
            web_sessions(shared, identity).await
        }
        "web_session_end" => {
            let (identity, number) = read(members, |reader| {
                Some((read_identity(reader), reader.named("session", 16)?))
            })?;
            web_session_end(shared, identity, &number, context).await
        }
        "audit_list" => {
            let wanted = read(members, WantedEntries::read)?;
            audit_list(shared, wanted).await
        }
        _ => {
            read(members, |_| Some(()))?;
            audit_check(shared).await
        }
    }
}

/// Writes what was done to the audit log; where that cannot be, the log tells it.
pub(crate) async fn note(shared: &Shared, context: &Context, deed: Deed) {
    let (action, outcome) = (deed.action.clone(), deed.outcome.clone());
    let Ok(number) = fresh_number() else { return };
    let by = context.by.clone();
    let command = Command::Audited { by, deed: Some(deed), command: None };
    let input = Input::command(InputId::new("audit", number), command);
    if let Err(error) = shared.engine.submit(input).await {
        tracing::error!(%error, action, outcome, "not written to the audit log");
    }
}

/// Carries a command of people out, with its entry in the audit log.
pub(crate) async fn submit(
    shared: &Shared,
    context: &Context,
    deed: Deed,
    command: ConsoleCommand,
) -> Result<(), Failure> {
    let number = match &context.idempotency {
        Some(own) => own.clone(),
        None => fresh_number()?,
    };
    let command = Command::Audited {
        by: context.by.clone(),
        deed: Some(deed),
        command: Some(Box::new(Command::Console(command))),
    };
    let submitted = shared.engine.submit(Input::command(InputId::new("console", number), command));
    match submitted.await? {
        Outcome::Done(_) => Ok(()),
        Outcome::Refused(refusal) => Err(refused(&refusal)),
        Outcome::Unclear(_) => Err(engine::SubmitError::Undecided.into()),
    }
}

/// Whoever the members name under `identity`, as REST gives it; without it everybody.
fn read_identity(reader: &mut Reader<'_>) -> Option<Identity> {
    let value = reader.value("identity")?;
    let identity = serde_json::from_value(value).ok();
    if identity.is_none() {
        reader.problem("identity", "must be an identity");
    }
    identity
}

/// A token that is wanted.
struct Wanted {
    identity: Identity,
    name: String,
    roles: Vec<Role>,
    days: u32,
    credential: Option<String>,
}

impl Wanted {
    fn read(shared: &Shared, reader: &mut Reader<'_>) -> Option<Self> {
        let settings = shared.engine.settings();
        let identity = read_identity(reader);
        // The command line names an account or an agent.
        let account: Option<AgentId> = reader.parsed("account");
        let named = account.as_ref().map(|name| {
            if settings.agents.contains_key(name) {
                Identity::Agent { id: name.clone() }
            } else {
                Identity::Account { name: name.clone() }
            }
        });
        let identity = identity.or(named).map(Identity::of_a_token);
        let name = reader.named("name", 64);
        let roles = [
            ("administrator", Role::Administrator),
            ("supervisor", Role::Supervisor),
            ("agent", Role::Agent),
            ("report", Role::Report),
        ];
        let mut wanted = Vec::new();
        for text in reader.parsed_list::<String>("roles", 4) {
            match roles.iter().find(|(name, _)| *name == text) {
                Some((_, role)) => wanted.push(*role),
                None => reader.problem("roles", format_args!("has {text:?}, which is no role")),
            }
        }
        let most = settings.sign_on.token_days_max;
        let days = reader.count("days", 1..=most, most.min(90));
        let Some(standing) = identity.as_ref().and_then(|it| it.standing(&settings)) else {
            match identity {
                Some(Identity::Directory { .. }) => reader.problem(
                    "roles",
                    "has what you have by a group of the directory alone, and nobody would take that \
                     from a token when you leave the group; a token needs a role whose grant names you \
                     in users",
                ),
                _ => reader.problem("account", "is nobody who may do anything here"),
            }
            return None;
        };
        if wanted.is_empty() {
            wanted.clone_from(&standing.roles);
        }
        if let Some(surplus) = wanted.iter().find(|role| !standing.roles.contains(role)) {
            let why = match identity {
                Some(Identity::Directory { .. }) => {
                    "no grant gives to whom it is for by their name"
                }
                _ => "whoever it is for does not have",
            };
            reader.problem("roles", format_args!("has {surplus:?}, which {why}"));
        }
        let identity = identity?;
        let credential = identity.credential(&settings);
        Some(Self { identity, name: name?, roles: wanted, days, credential })
    }
}

async fn token_make(shared: &Shared, wanted: Wanted, context: &Context) -> Result<Value, Failure> {
    let random = shared.port.random::<40>();
    let random =
        random.ok_or_else(|| Failure::new("unavailable", "the machine gives no random numbers"))?;
    let (id, secret) = random.split_at(8);
    let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = URL_SAFE_NO_PAD.encode(secret);
    let now = shared.engine.now();
    let ends_at = now.after(Duration::from_secs(u64::from(wanted.days) * 86_400));
    let token = AccessToken {
        identity: wanted.identity,
        name: wanted.name,
        roles: wanted.roles,
        digest: sha256(&secret),
        made_at: now,
        ends_at,
        credential: wanted.credential,
    };
    let deed = Deed::done("token_made", format!("tokens/{id}"))
        .with("for", &json!(token.identity.who()))
        .with("roles", &json!(token.roles));
    let told = token_told(&id, &token);
    let command = ConsoleCommand::MakeToken { id: id.clone(), token: Box::new(token) };
    if let Some(own) = &context.idempotency
        && let Ok(Some(_)) = shared.engine.outcome(&InputId::new("console", own)).await
    {
        let message =
            "this was done already; the token is shown once only, so revoke it and make another";
        return Err(Failure::new("done_already", message));
    }
    submit(shared, context, deed, command).await?;
    let mut told = told;
    if let Some(members) = told.as_object_mut() {
        members.insert("token".to_owned(), format!("{TOKEN_PREFIX}{id}_{secret}").into());
    }
    Ok(told)
}

fn token_told(id: &str, token: &AccessToken) -> Value {
    json!({
        "id": id,
        "name": token.name,
        "for": token.identity.who(),
        "roles": token.roles,
        "made_at": token.made_at.seconds(),
        "ends_at": token.ends_at.seconds(),
    })
}

async fn token_revoke(
    shared: &Shared,
    identity: Option<Identity>,
    id: &str,
    context: &Context,
) -> Result<Value, Failure> {
    let missing = || Failure::new("not_found", format!("there is no token {id}"));
    let found = document(shared, &Key::access_token(id)).await?;
    let Some(Document::AccessToken(token)) = found else { return Err(missing()) };
    // Another's token looks like none.
    if identity.is_some_and(|it| it.index_value() != token.identity.index_value()) {
        return Err(missing());
    }
    let deed = Deed::done("token_revoked", format!("tokens/{id}"))
        .with("for", &json!(token.identity.who()));
    submit(shared, context, deed, ConsoleCommand::RevokeToken { id: id.to_owned() }).await?;
    Ok(json!({}))
}

async fn tokens_list(shared: &Shared, identity: Option<Identity>) -> Result<Value, Failure> {
    let found = of_identity(shared, Index::AccessTokenByIdentity, identity).await?;
    let tokens: Vec<_> = found
        .into_iter()
        .filter_map(|(key, document)| match document {
            Document::AccessToken(token) => Some(token_told(&key.id, &token)),
            _ => None,
        })
        .collect();
    Ok(json!({"tokens": tokens}))
}

async fn web_sessions(shared: &Shared, identity: Option<Identity>) -> Result<Value, Failure> {
    let (now, idle) = (shared.engine.now(), shared.engine.settings().sign_on.idle_minutes);
    let found = of_identity(shared, Index::WebSessionByIdentity, identity).await?;
    let sessions: Vec<_> = found
        .into_iter()
        .filter_map(|(_, document)| match document {
            Document::WebSession(session) if !session.is_over(now, idle) => Some(told(&session)),
            _ => None,
        })
        .collect();
    Ok(json!({"sessions": sessions}))
}

fn told(session: &WebSession) -> Value {
    json!({
        "number": session.number,
        "who": session.identity.who(),
        "began_at": session.began_at.seconds(),
        "seen_at": session.seen_at.seconds(),
        "ends_at": session.ends_at.seconds(),
        "from": session.from,
    })
}

async fn web_session_end(
    shared: &Shared,
    identity: Option<Identity>,
    number: &str,
    context: &Context,
) -> Result<Value, Failure> {
    let found = of_identity(shared, Index::WebSessionByIdentity, identity).await?;
    let found = found.into_iter().find_map(|(key, document)| match document {
        Document::WebSession(session) if session.number == number => Some((key, session)),
        _ => None,
    });
    let (key, session) =
        found.ok_or_else(|| Failure::new("not_found", format!("there is no session {number}")))?;
    let deed = Deed::done("session_ended", format!("sessions/{number}"))
        .with("of", &json!(session.identity.who()));
    submit(shared, context, deed, ConsoleCommand::EndSession { digest: key.id }).await?;
    Ok(json!({}))
}

/// The documents of one person, or of everybody.
async fn of_identity(
    shared: &Shared,
    index: Index,
    identity: Option<Identity>,
) -> Result<Vec<(Key, Document)>, Failure> {
    let limit = u32::try_from(TOKENS_MAX * 100).unwrap_or(u32::MAX);
    let range = match identity {
        Some(identity) => IndexRange::exactly(index, identity.index_value(), limit),
        None => IndexRange { index, from: String::new(), to: "~".to_owned(), limit },
    };
    let keys = shared.engine.keys(range).await?;
    documents(shared, keys).await
}

async fn documents(shared: &Shared, keys: Vec<Key>) -> Result<Vec<(Key, Document)>, Failure> {
    let asks = keys.iter().cloned().map(Ask::Document).collect();
    let found = shared.engine.documents(asks).await?;
    let mut found: BTreeMap<_, _> = found.into_iter().collect();
    // In the order that was asked for.
    let taken = keys.into_iter().filter_map(|key| {
        let document = found.remove(&key)??.document;
        Some((key, document))
    });
    Ok(taken.collect())
}

async fn document(shared: &Shared, key: &Key) -> Result<Option<Document>, Failure> {
    let loaded = shared.engine.document(key).await?;
    Ok(loaded.map(|loaded| loaded.document))
}

/// Entries that are wanted, newest first.
struct WantedEntries {
    limit: u64,
    before: Option<u64>,
    who: Option<String>,
    action: Option<String>,
    object: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl WantedEntries {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let time = |reader: &mut Reader<'_>, name: &str| {
            let seconds = reader.number(name, 0..=253_402_300_799)?;
            i64::try_from(seconds).ok().map(Timestamp::from_seconds)
        };
        Some(Self {
            limit: reader.number("limit", 1..=ENTRIES_MAX).unwrap_or(100),
            before: reader.number("before", 0..=u64::MAX),
            who: reader.short_text("who", 128),
            action: reader.short_text("action", 64),
            object: reader.short_text("object", 256),
            from: time(reader, "from"),
            to: time(reader, "to"),
        })
    }

    fn wants(&self, entry: &AuditEntry) -> bool {
        let is = |wanted: &Option<String>, text: &str| wanted.as_ref().is_none_or(|it| it == text);
        is(&self.who, &entry.by.who)
            && is(&self.action, &entry.deed.action)
            && self.object.as_ref().is_none_or(|it| entry.deed.object.starts_with(it.as_str()))
            && self.from.is_none_or(|from| entry.at >= from)
            && self.to.is_none_or(|to| entry.at <= to)
    }
}

async fn audit_list(shared: &Shared, wanted: WantedEntries) -> Result<Value, Failure> {
    let head = audit_head(shared).await?;
    let mut next = wanted.before.map_or(head.number, |before| before.saturating_sub(1));
    next = next.min(head.number);
    let least = next.saturating_sub(LOOKED_MAX).max(head.first);
    let mut entries = Vec::new();
    'pages: while next >= least && next > 0 {
        let first = next.saturating_sub(PAGE - 1).max(least);
        let keys = (first..=next).rev().map(Key::audit).collect();
        for (_, document) in documents(shared, keys).await? {
            let Document::Audit(entry) = document else { continue };
            // Older ones follow, but for a clock that was wrong.
            if wanted.from.is_some_and(|from| from.since(entry.at) > OUT_OF_ORDER_MAX) {
                next = 0;
                break 'pages;
            }
            if wanted.wants(&entry) {
                next = entry.number.saturating_sub(1);
                entries.push(entry);
                if entries.len() as u64 >= wanted.limit {
                    break 'pages;
                }
            }
        }
        next = first.saturating_sub(1);
    }
    let told: Vec<_> = entries.iter().map(|entry| json!(entry)).collect();
    let more = next >= head.first && next > 0;
    let before = more.then(|| next + 1);
    Ok(json!({"entries": told, "before": before, "kept_from": head.first, "last": head.number}))
}

/// Walks the chain from where it begins to its end.
async fn audit_check(shared: &Shared) -> Result<Value, Failure> {
    let mut head = audit_head(shared).await?;
    let mut broken = walked(shared, &head).await?;
    for _ in 1..WALKS_MAX {
        let now = audit_head(shared).await?;
        if broken.is_none() || now.first == head.first {
            break;
        }
        head = now;
        broken = walked(shared, &head).await?;
    }
    Ok(json!({
        "intact": broken.is_none(),
        "why": broken.map(|broken| broken.to_string()),
        "first": head.first,
        "last": head.number,
        "hash": head.hash,
    }))
}

/// Where the chain of that head is broken.
async fn walked(shared: &Shared, head: &AuditHead) -> Result<Option<BrokenChain>, Failure> {
    let mut check = ChainCheck::new(head);
    let mut next = head.first;
    while next <= head.number {
        let last = next.saturating_add(PAGE - 1).min(head.number);
        let keys = (next..=last).map(Key::audit).collect();
        for (_, document) in documents(shared, keys).await? {
            let Document::Audit(entry) = document else { continue };
            if let Err(broken) = check.take(&entry) {
                return Ok(Some(broken));
            }
        }
        next = last + 1;
    }
    Ok(check.finish(head).err())
}

async fn audit_head(shared: &Shared) -> Result<AuditHead, Failure> {
    Ok(match document(shared, &Key::audit_head()).await? {
        Some(Document::AuditHead(head)) => head,
        _ => AuditHead::default(),
    })
}
