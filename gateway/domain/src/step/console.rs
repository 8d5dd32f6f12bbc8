//! Sessions of browsers, tokens of programs, the set-up link, and the audit log's beginning.

use crate::settings::{LocalAccount, SettingDocument};
use crate::{
    AccessToken, AgentId, AuditEntry, AuditHead, Decision, Document, Halt, Index, IndexRange, Key,
    Kind, Past, Refusal, Reply, SESSIONS_MAX, SecondFactor, SetUpLink, TOKENS_MAX, TakenUpTo,
    Timestamp, View, Wake, WakeChange, WebSession, administrators,
};

/// So many entries of the audit log are removed in one commit at most.
pub const AUDIT_FORGOTTEN_MAX: u64 = 500;
/// What the timer is called that removes a session.
const SESSION_WAKE: &str = "web_session_over/";
/// What the timer is called that removes a token.
const TOKEN_WAKE: &str = "access_token_over/";

/// Something about people in consoles and their programs.
#[derive(Clone, Debug, PartialEq)]
pub enum ConsoleCommand {
    /// Somebody was proven, and gets a cookie.
    BeginSession {
        /// The digest of what the cookie holds, in hexadecimal.
        digest: String,
        /// The session.
        session: Box<WebSession>,
        /// The account and time step of the one-time password that was shown.
        second_factor: Option<(AgentId, u64)>,
    },
    /// A session was used.
    TouchSession {
        /// The digest of what its cookie holds.
        digest: String,
    },
    /// A session ends.
    EndSession {
        /// The digest of what its cookie holds.
        digest: String,
    },
    /// A program may act for somebody.
    MakeToken {
        /// The public half of the token.
        id: String,
        /// The token.
        token: Box<AccessToken>,
    },
    /// A token is good no longer.
    RevokeToken {
        /// Its public half.
        id: String,
    },
    /// There is a set-up link from now on.
    OpenSetUpLink {
        /// The link.
        link: SetUpLink,
        /// Whether it takes the place of one that waits; nodes that start together make one alone.
        replaces: bool,
    },
    /// Whoever has the set-up link makes the first administrator.
    UseSetUpLink {
        /// The digest of the secret in the link.
        digest: String,
        /// The settings' number that the account was made for.
        base: u64,
        /// The account.
        account: Box<LocalAccount>,
    },
    /// Sign-ins of agents are told in the audit log, as the event log has them.
    TellPast {
        /// Up to where the event log was told before.
        before: Option<TakenUpTo>,
        /// Up to where it is now.
        upto: TakenUpTo,
        /// What was found between.
        past: Vec<Past>,
    },
    /// Entries of the audit log are removed from its beginning on.
    ForgetAudit {
        /// The number of the last one to remove.
        last: u64,
    },
}

impl ConsoleCommand {
    /// Whether it is about the audit log itself.
    pub(super) fn is_of_audit(&self) -> bool {
        matches!(self, Self::ForgetAudit { .. } | Self::TellPast { .. })
    }

    /// Those of one lane run one after the other.
    pub(super) fn lane(&self) -> String {
        match self {
            Self::BeginSession { session, .. } => {
                format!("console/{}", session.identity.index_value())
            }
            Self::TouchSession { digest } | Self::EndSession { digest } => {
                format!("web_session/{digest}")
            }
            Self::MakeToken { token, .. } => format!("console/{}", token.identity.index_value()),
            Self::RevokeToken { id } => format!("token/{id}"),
            Self::OpenSetUpLink { .. } => "set_up".to_owned(),
            Self::UseSetUpLink { .. } => "settings".to_owned(),
            Self::ForgetAudit { .. } | Self::TellPast { .. } => "audit".to_owned(),
        }
    }
}

/// What follows.
pub(super) fn console(
    now: Timestamp,
    command: &ConsoleCommand,
    view: &View,
) -> Result<Decision, Halt> {
    match command {
        ConsoleCommand::BeginSession { digest, session, second_factor } => {
            begin_session(digest, session, second_factor.as_ref(), view)
        }
        ConsoleCommand::TouchSession { digest } => {
            let key = Key::web_session(digest);
            let Some(loaded) = view.document(&key)? else {
                return Ok(Decision::already(Reply::Done));
            };
            let Document::WebSession(session) = &loaded.document else {
                return Ok(Decision::already(Reply::Done));
            };
            let session = WebSession { seen_at: now, ..(**session).clone() };
            let version = Some(loaded.version);
            Ok(Decision::already(Reply::Done)
                .guard(key.clone(), version)
                .put(key, Document::WebSession(Box::new(session))))
        }
        ConsoleCommand::EndSession { digest } => remove(Key::web_session(digest), view)
            .map(|decision| decision.wake(WakeChange::Clear(format!("{SESSION_WAKE}{digest}")))),
        ConsoleCommand::MakeToken { id, token } => make_token(now, id, token, view),
        ConsoleCommand::RevokeToken { id } => remove(Key::access_token(id), view)
            .map(|decision| decision.wake(WakeChange::Clear(format!("{TOKEN_WAKE}{id}")))),
        ConsoleCommand::OpenSetUpLink { link, replaces } => {
            let key = Key::set_up_link();
            let version = view.version(&key)?;
            let waits = match view.document(&key)?.map(|loaded| &loaded.document) {
                Some(Document::SetUpLink(there)) => now < there.ends_at,
                _ => false,
            };
            if waits && !replaces {
                return Ok(Decision::already(Reply::Done));
            }
            Ok(Decision::already(Reply::Done)
                .guard(key.clone(), version)
                .put(key, Document::SetUpLink(link.clone())))
        }
        ConsoleCommand::UseSetUpLink { digest, base, account } => {
            use_set_up_link(now, digest, *base, account, view)
        }
        ConsoleCommand::ForgetAudit { last } => forget_audit(*last, view),
        ConsoleCommand::TellPast { before, upto, past } => {
            tell_past(now, *before, *upto, past, view)
        }
    }
}

/// The name of the timer that removes that session or token; `None` for other documents.
pub(super) fn end_wake(key: &Key) -> Option<String> {
    match key.kind {
        Kind::WebSession => Some(format!("{SESSION_WAKE}{}", key.id)),
        Kind::AccessToken => Some(format!("{TOKEN_WAKE}{}", key.id)),
        _ => None,
    }
}

/// Whether a timer removes a session or a token.
pub(super) fn is_end_wake(wake: &Wake) -> bool {
    matches!(wake.subject.kind, Kind::WebSession | Kind::AccessToken)
}

/// The longest life of a session or token is over.
pub(super) fn end_due(wake: &Wake, view: &View) -> Result<Decision, Halt> {
    let decision = remove(wake.subject.clone(), view)?;
    let claim = WakeChange::Claim { id: wake.id.clone(), generation: wake.generation };
    Ok(decision.wake(claim))
}

fn begin_session(
    digest: &str,
    session: &WebSession,
    second_factor: Option<&(AgentId, u64)>,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::web_session(digest);
    let limit = u32::try_from(SESSIONS_MAX * 2).unwrap_or(u32::MAX);
    let value = session.identity.index_value();
    let range = IndexRange::exactly(Index::WebSessionByIdentity, value, limit);
    let others = view.range(&range)?.to_vec();
    view.need(&others)?;
    let mut decision = Decision::already(Reply::Done).guard(key.clone(), None);
    if let Some((account, step)) = second_factor {
        let factor_key = Key::second_factor(account);
        let loaded = view.document(&factor_key)?;
        if let Some(Document::SecondFactor(last)) = loaded.map(|loaded| &loaded.document)
            && last.step >= *step
        {
            return Err(Refusal::UsedAlready.into());
        }
        decision = decision
            .guard(factor_key.clone(), loaded.map(|loaded| loaded.version))
            .put(factor_key, Document::SecondFactor(SecondFactor { step: *step }));
    }
    let mut began: Vec<_> = Vec::new();
    for other in others {
        if let Some(Document::WebSession(session)) = view.document(&other)?.map(|it| &it.document) {
            began.push((session.began_at, other));
        }
    }
    began.sort_unstable();
    let surplus = (began.len() + 1).saturating_sub(SESSIONS_MAX);
    for (_, oldest) in began.into_iter().take(surplus) {
        decision =
            decision.wake(WakeChange::Clear(format!("{SESSION_WAKE}{}", oldest.id))).delete(oldest);
    }
    let wake = Wake {
        id: format!("{SESSION_WAKE}{digest}"),
        due_at: session.ends_at,
        subject: key.clone(),
        generation: 1,
    };
    Ok(decision
        .put(key, Document::WebSession(Box::new(session.clone())))
        .wake(WakeChange::Set(wake)))
}

fn make_token(
    now: Timestamp,
    id: &str,
    token: &AccessToken,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::access_token(id);
    let limit = u32::try_from(TOKENS_MAX).unwrap_or(u32::MAX);
    let value = token.identity.index_value();
    let range = IndexRange::exactly(Index::AccessTokenByIdentity, value, limit);
    let others = view.range(&range)?.to_vec();
    view.need(&others)?;
    let mut decision = Decision::already(Reply::Done).guard(key.clone(), None);
    let mut good = 0;
    for other in others {
        let Some(loaded) = view.document(&other)? else { continue };
        match &loaded.document {
            // Those of older programs have no timer.
            Document::AccessToken(token) if now >= token.ends_at => {
                decision = decision
                    .wake(WakeChange::Clear(format!("{TOKEN_WAKE}{}", other.id)))
                    .delete(other);
            }
            _ => good += 1,
        }
    }
    if good >= TOKENS_MAX {
        return Err(Refusal::TooMany { limit: TOKENS_MAX }.into());
    }
    let wake = Wake {
        id: format!("{TOKEN_WAKE}{id}"),
        due_at: token.ends_at,
        subject: key.clone(),
        generation: 1,
    };
    Ok(decision
        .put(key, Document::AccessToken(Box::new(token.clone())))
        .wake(WakeChange::Set(wake)))
}

fn use_set_up_link(
    now: Timestamp,
    digest: &str,
    base: u64,
    account: &LocalAccount,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::set_up_link();
    view.need(&[key.clone(), Key::settings_head()])?;
    let loaded = view.document(&key)?;
    let good = match loaded.map(|loaded| &loaded.document) {
        Some(Document::SetUpLink(link)) => link.digest == digest && now < link.ends_at,
        _ => false,
    };
    if !good || administrators(&view.settings) > 0 {
        return Err(Refusal::LinkOver.into());
    }
    let put = [SettingDocument::Account(account.clone())];
    let decision = super::administration::changed(base, &put, &[], view)?;
    Ok(decision.guard(key.clone(), loaded.map(|loaded| loaded.version)).delete(key))
}

/// Adds what was done before, unless somebody did so already.
fn tell_past(
    now: Timestamp,
    before: Option<TakenUpTo>,
    upto: TakenUpTo,
    past: &[Past],
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::audit_head();
    let loaded = view.document(&key)?;
    let mut head = match loaded.map(|loaded| &loaded.document) {
        Some(Document::AuditHead(head)) => head.clone(),
        _ => AuditHead::default(),
    };
    let mut decision = Decision::already(Reply::Done);
    if head.taken != before {
        return Ok(decision);
    }
    decision = decision.guard(key.clone(), loaded.map(|loaded| loaded.version));
    for past in past {
        let (next, entry) = head.followed_by(now, past.clone());
        head = next;
        decision = decision.put(Key::audit(entry.number), Document::Audit(Box::new(entry)));
    }
    head.taken = Some(upto);
    Ok(decision.put(key, Document::AuditHead(head)))
}

/// Removes entries from the beginning on; where the rest begins is kept with the hash it follows.
fn forget_audit(last: u64, view: &View) -> Result<Decision, Halt> {
    let head_key = Key::audit_head();
    let loaded = view.document(&head_key)?;
    let Some(Document::AuditHead(head)) = loaded.map(|loaded| &loaded.document) else {
        return Ok(Decision::already(Reply::Done));
    };
    let last = last.min(head.number).min(head.first.saturating_add(AUDIT_FORGOTTEN_MAX - 1));
    if last < head.first {
        return Ok(Decision::already(Reply::Done));
    }
    let key = Key::audit(last);
    let Some(Document::Audit(entry)) = view.document(&key)?.map(|loaded| &loaded.document) else {
        return Ok(Decision::already(Reply::Done));
    };
    let AuditEntry { hash, .. } = entry.as_ref();
    let left = AuditHead { first: last + 1, before_first: hash.clone(), ..head.clone() };
    let mut decision =
        Decision::already(Reply::Done).guard(head_key.clone(), loaded.map(|loaded| loaded.version));
    for number in head.first..=last {
        decision = decision.delete(Key::audit(number));
    }
    Ok(decision.put(head_key, Document::AuditHead(left)))
}

fn remove(key: Key, view: &View) -> Result<Decision, Halt> {
    let Some(loaded) = view.document(&key)? else { return Ok(Decision::already(Reply::Done)) };
    let version = Some(loaded.version);
    Ok(Decision::already(Reply::Done).guard(key.clone(), version).delete(key))
}
