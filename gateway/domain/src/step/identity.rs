//! Sign-ons by an IdP, codes, lines of refresh tokens, revocations, keys and tests of trust.

use std::time::Duration;

use crate::{
    AuthorizationCode, Decision, Document, Event, FAMILIES_OF_SESSION_MAX, Grant, Halt,
    IdentityKeys, Index, Key, Kind, Refusal, Reply, Revocation, Revoked, SIGNED_ON_SESSION_MAX,
    SignOnSession, TRUST_TESTS_MAX, Timestamp, TokenFamily, TrustTest, TrustTests, UsedMessage,
    View,
};

/// So many documents that are over are removed in one commit at most.
pub const IDENTITY_FORGOTTEN_MAX: usize = 500;

/// Something about the identity service.
#[derive(Clone, Debug, PartialEq)]
pub enum IdentityCommand {
    /// These keys in the place of those of the number before.
    KeepKeys {
        /// The keys; their number is one more than that of those they replace.
        keys: Box<IdentityKeys>,
    },
    /// An IdP proved somebody. Refused where one of the messages counted before.
    BeginSignOn {
        /// Digests of the request, the response and the assertion.
        used: Vec<String>,
        /// Until when they must be remembered.
        remembered_until: Timestamp,
        /// The digest of what the browser's cookie holds, and the sign-on; `None` for a test of trust, which
        /// signs nobody on.
        session: Option<(String, Box<SignOnSession>)>,
    },
    /// An application is given a code.
    IssueCode {
        /// The digest of the code.
        digest: String,
        /// The code.
        code: Box<AuthorizationCode>,
    },
    /// A code is traded.
    Redeem {
        /// The digest of the code.
        digest: String,
        /// Who trades it.
        client_id: String,
        /// Where it says that it was sent.
        redirect_uri: Option<String>,
        /// S256 of the verifier that came with it.
        challenge: Option<String>,
        /// The id of the family to begin.
        family: String,
        /// How long refresh tokens are good, from the sign-on on.
        lasting: Duration,
    },
    /// A refresh token is traded for the next one.
    Refresh {
        /// Its family.
        family: String,
        /// Which one of the family it is.
        generation: u32,
        /// Who trades it.
        client_id: String,
        /// For how long the one before may be shown again, by a retry or another tab.
        overlap: Duration,
    },
    /// Tokens are good no more.
    Revoke {
        /// Which.
        what: Revoked,
        /// When they would have ended anyway.
        ends_at: Timestamp,
        /// Whose they must be, where a client asks.
        client_id: Option<String>,
    },
    /// A browser signs off; what was granted by the sign-on ends with it.
    EndSignOn {
        /// The digest of what its cookie holds.
        digest: String,
    },
    /// A component was tested.
    NoteTest {
        /// Which.
        component: String,
        /// How it went.
        test: TrustTest,
        /// The IdP and its metadata that were proven by it.
        proven: Option<(String, String)>,
        /// The SAML key that it was tried with, which is the current one from now on.
        key: Option<String>,
    },
    /// Documents that are over go.
    Forget {
        /// Which; those that are not over stay.
        keys: Vec<Key>,
    },
}

impl IdentityCommand {
    /// Those of one lane run one after the other.
    pub(super) fn lane(&self) -> String {
        match self {
            Self::KeepKeys { .. } | Self::NoteTest { .. } => "identity".to_owned(),
            Self::BeginSignOn { used, .. } => {
                format!("sign_on/{}", used.first().map_or("", String::as_str))
            }
            Self::IssueCode { code, .. } => format!("sign_on_session/{}", code.session),
            Self::EndSignOn { digest } => format!("sign_on_session/{digest}"),
            Self::Redeem { digest, .. } => format!("code/{digest}"),
            Self::Refresh { family, .. } => format!("family/{family}"),
            Self::Revoke { what, .. } => what.id(),
            Self::Forget { .. } => "identity_forgets".to_owned(),
        }
    }
}

/// What follows.
pub(super) fn identity(
    now: Timestamp,
    command: &IdentityCommand,
    view: &View,
) -> Result<Decision, Halt> {
    match command {
        IdentityCommand::KeepKeys { keys } => keep_keys(keys, view),
        IdentityCommand::BeginSignOn { used, remembered_until, session } => {
            begin_sign_on(used, *remembered_until, session.as_ref(), view)
        }
        IdentityCommand::IssueCode { digest, code } => issue_code(now, digest, code, view),
        IdentityCommand::Redeem { digest, .. } => {
            let key = Key::authorization_code(digest);
            let loaded = view.document(&key)?;
            let version = loaded.map(|loaded| loaded.version);
            match loaded.map(|loaded| &loaded.document) {
                Some(Document::AuthorizationCode(code)) => {
                    let decision = Decision::already(Reply::Done).guard(key.clone(), version);
                    redeem(now, command, (&key, code), decision, view)
                }
                _ => Err(Refusal::GrantInvalid.into()),
            }
        }
        IdentityCommand::Refresh { family, generation, client_id, overlap } => {
            refresh(now, (family, *generation), client_id, *overlap, view)
        }
        IdentityCommand::Revoke { what, ends_at, client_id } => {
            revoke(now, what, *ends_at, client_id.as_deref(), view)
        }
        IdentityCommand::EndSignOn { digest } => end_sign_on(now, digest, view),
        IdentityCommand::NoteTest { component, test, proven, key } => {
            note_test(component, test, proven.as_ref(), key.as_deref(), view)
        }
        IdentityCommand::Forget { keys } => forget(now, keys, view),
    }
}

fn keep_keys(keys: &IdentityKeys, view: &View) -> Result<Decision, Halt> {
    let key = Key::identity_keys();
    let loaded = view.document(&key)?;
    let number = match loaded.map(|loaded| &loaded.document) {
        Some(Document::IdentityKeys(kept)) => kept.number,
        _ => 0,
    };
    // Two nodes may make the first ones, or somebody elsewhere renews them: whoever is late looks again.
    if keys.number != number + 1 || keys.is_full() {
        return Err(Refusal::SettingsMoved.into());
    }
    Ok(Decision::already(Reply::Done)
        .guard(key.clone(), loaded.map(|loaded| loaded.version))
        .event(Event::new("identity_keys", key.clone()).with("number", keys.number))
        .put(key, Document::IdentityKeys(Box::new(keys.clone()))))
}

fn begin_sign_on(
    used: &[String],
    remembered_until: Timestamp,
    session: Option<&(String, Box<SignOnSession>)>,
    view: &View,
) -> Result<Decision, Halt> {
    let keys: Vec<_> = used.iter().map(|digest| Key::used_message(digest)).collect();
    view.need(&keys)?;
    let mut decision = Decision::already(Reply::Done);
    for key in keys {
        if view.document(&key)?.is_some() {
            return Err(Refusal::UsedAlready.into());
        }
        let document = Document::UsedMessage(UsedMessage { ends_at: remembered_until });
        decision = decision.guard(key.clone(), None).put(key, document);
    }
    if let Some((digest, session)) = session {
        let key = Key::sign_on_session(digest);
        decision =
            decision.guard(key.clone(), None).put(key, Document::SignOnSession(session.clone()));
    }
    Ok(decision)
}

fn issue_code(
    now: Timestamp,
    digest: &str,
    code: &AuthorizationCode,
    view: &View,
) -> Result<Decision, Halt> {
    let session_key = Key::sign_on_session(&code.session);
    let loaded = view.document(&session_key)?;
    match loaded.map(|loaded| &loaded.document) {
        Some(Document::SignOnSession(session)) if now < session.ends_at => {}
        _ => return Err(Refusal::NotSignedIn.into()),
    }
    let key = Key::authorization_code(digest);
    Ok(Decision::already(Reply::Done)
        .guard(session_key, loaded.map(|loaded| loaded.version))
        .guard(key.clone(), None)
        .put(key, Document::AuthorizationCode(Box::new(code.clone()))))
}

/// Trades a code. A second use ends what came of the first, whoever it was that came first.
fn redeem(
    now: Timestamp,
    command: &IdentityCommand,
    (key, code): (&Key, &AuthorizationCode),
    decision: Decision,
    view: &View,
) -> Result<Decision, Halt> {
    let IdentityCommand::Redeem { client_id, redirect_uri, challenge, family, lasting, .. } =
        command
    else {
        return Err(Refusal::GrantInvalid.into());
    };
    if code.client_id != *client_id {
        return Err(Refusal::GrantInvalid.into());
    }
    if let Some(granted) = &code.family {
        let granted_key = Key::token_family(granted);
        let Some(loaded) = view.document(&granted_key)? else {
            return Err(Refusal::GrantInvalid.into());
        };
        let ends_at = code.kept_until;
        let decision =
            decision.guard(granted_key.clone(), Some(loaded.version)).delete(granted_key);
        return revoking(now, &Revoked::Family(granted.clone()), ends_at, decision, view);
    }
    let is_over = now >= code.ends_at;
    if is_over || redirect_uri.as_ref() != Some(&code.redirect_uri) || *challenge != code.challenge
    {
        return Err(Refusal::GrantInvalid.into());
    }
    let session_key = Key::sign_on_session(&code.session);
    let loaded = view.document(&session_key)?;
    let Some(Document::SignOnSession(session)) = loaded.map(|loaded| &loaded.document) else {
        // Whoever signed off meanwhile is not signed on by a code of before.
        return Err(Refusal::GrantInvalid.into());
    };
    let mut session = session.as_ref().clone();
    session.families.push(family.clone());
    let surplus = session.families.len().saturating_sub(FAMILIES_OF_SESSION_MAX);
    session.families.drain(..surplus);
    let of = TokenFamily {
        client_id: client_id.clone(),
        person: code.person.clone(),
        scope: code.scope.clone(),
        began_at: now,
        ends_at: session.began_at.after(*lasting).min(code.kept_until),
        generation: 1,
        rotated_at: now,
    };
    if now >= of.ends_at {
        return Err(Refusal::GrantInvalid.into());
    }
    let used = AuthorizationCode { family: Some(family.clone()), ..code.clone() };
    let family_key = Key::token_family(family);
    let grant = Grant { family: family.clone(), of: of.clone() };
    Ok(Decision { reply: Reply::Granted { grant: Box::new(grant) }, ..decision }
        .guard(session_key.clone(), loaded.map(|loaded| loaded.version))
        .put(session_key, Document::SignOnSession(Box::new(session)))
        .put(key.clone(), Document::AuthorizationCode(Box::new(used)))
        .guard(family_key.clone(), None)
        .put(family_key, Document::TokenFamily(Box::new(of))))
}

fn refresh(
    now: Timestamp,
    (id, generation): (&str, u32),
    client_id: &str,
    overlap: Duration,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::token_family(id);
    let loaded = view.document(&key)?;
    let version = loaded.map(|loaded| loaded.version);
    let Some(Document::TokenFamily(family)) = loaded.map(|loaded| &loaded.document) else {
        return Err(Refusal::GrantInvalid.into());
    };
    if now >= family.ends_at {
        return Err(Refusal::GrantInvalid.into());
    }
    let granted =
        |of: TokenFamily| Reply::Granted { grant: Box::new(Grant { family: id.to_owned(), of }) };
    let is_theirs = family.client_id == client_id;
    if is_theirs && generation == family.generation {
        let next = generation.checked_add(1).ok_or(Refusal::GrantInvalid)?;
        let of = TokenFamily { generation: next, rotated_at: now, ..family.as_ref().clone() };
        return Ok(Decision::already(granted(of.clone()))
            .guard(key.clone(), version)
            .put(key, Document::TokenFamily(Box::new(of))));
    }
    // A retry after a lost answer, or a second tab: the same successor once more.
    let is_one_before = generation.checked_add(1) == Some(family.generation);
    if is_theirs && is_one_before && now.since(family.rotated_at) <= overlap {
        return Ok(Decision::already(granted(family.as_ref().clone())));
    }
    // One that was never given out here: of a store that was put back to a day before.
    if is_theirs && generation > family.generation {
        return Err(Refusal::GrantInvalid.into());
    }
    let decision = Decision::already(Reply::Done).guard(key.clone(), version).delete(key.clone());
    revoking(now, &Revoked::Family(id.to_owned()), family.ends_at, decision, view)
}

/// The rest of a decision after which those tokens are good no more; who asked is told so.
fn revoking(
    now: Timestamp,
    what: &Revoked,
    ends_at: Timestamp,
    decision: Decision,
    view: &View,
) -> Result<Decision, Halt> {
    let revoked = revoke_in(now, what, ends_at, decision, view)?;
    Ok(Decision { reply: Reply::Reused, ..revoked })
}

fn revoke_in(
    now: Timestamp,
    what: &Revoked,
    ends_at: Timestamp,
    decision: Decision,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::revocation(what);
    let version = view.version(&key)?;
    if version.is_some() {
        return Ok(decision);
    }
    // Sessions that a family began here may last longer than its tokens.
    let ends_at = match what {
        Revoked::Family(_) => ends_at.max(now.after(SIGNED_ON_SESSION_MAX)),
        Revoked::Token(_) => ends_at,
    };
    Ok(decision
        .guard(key.clone(), None)
        .event(Event::new("tokens_revoked", key.clone()))
        .put(key, Document::Revocation(Revocation { at: now, ends_at })))
}

fn revoke(
    now: Timestamp,
    what: &Revoked,
    ends_at: Timestamp,
    client_id: Option<&str>,
    view: &View,
) -> Result<Decision, Halt> {
    let mut decision = Decision::already(Reply::Done);
    if let Revoked::Family(id) = what {
        let key = Key::token_family(id);
        let loaded = view.document(&key)?;
        let Some(Document::TokenFamily(family)) = loaded.map(|loaded| &loaded.document) else {
            return Ok(decision);
        };
        if client_id.is_some_and(|client_id| client_id != family.client_id) {
            return Err(Refusal::GrantInvalid.into());
        }
        let version = loaded.map(|loaded| loaded.version);
        let ends_at = family.ends_at.max(ends_at);
        decision = decision.guard(key.clone(), version).delete(key);
        return revoke_in(now, what, ends_at, decision, view);
    }
    revoke_in(now, what, ends_at, decision, view)
}

fn end_sign_on(now: Timestamp, digest: &str, view: &View) -> Result<Decision, Halt> {
    let key = Key::sign_on_session(digest);
    let loaded = view.document(&key)?;
    let Some(Document::SignOnSession(session)) = loaded.map(|loaded| &loaded.document) else {
        return Ok(Decision::already(Reply::Done));
    };
    let families: Vec<_> = session.families.iter().map(|id| Key::token_family(id)).collect();
    let revocations = session.families.iter().map(|id| Revoked::Family(id.clone()));
    let revocations: Vec<_> = revocations.map(|what| Key::revocation(&what)).collect();
    view.need(&[families.clone(), revocations].concat())?;
    let mut decision = Decision::already(Reply::Done)
        .guard(key.clone(), loaded.map(|loaded| loaded.version))
        .delete(key);
    for (id, key) in session.families.iter().zip(families) {
        let loaded = view.document(&key)?;
        let version = loaded.map(|loaded| loaded.version);
        if let Some(Document::TokenFamily(family)) = loaded.map(|loaded| &loaded.document) {
            let ends_at = family.ends_at;
            decision = decision.guard(key.clone(), version).delete(key);
            decision = revoke_in(now, &Revoked::Family(id.clone()), ends_at, decision, view)?;
        }
    }
    Ok(decision)
}

fn note_test(
    component: &str,
    test: &TrustTest,
    proven: Option<&(String, String)>,
    saml_key: Option<&str>,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::trust_tests();
    let keys_key = Key::identity_keys();
    view.need(&[key.clone(), keys_key.clone()])?;
    let loaded = view.document(&key)?;
    let mut tests = match loaded.map(|loaded| &loaded.document) {
        Some(Document::TrustTests(tests)) => tests.as_ref().clone(),
        _ => TrustTests::default(),
    };
    tests.tests.insert(component.to_owned(), test.clone());
    while tests.tests.len() > TRUST_TESTS_MAX {
        let oldest = tests.tests.iter().min_by_key(|(_, test)| test.at);
        let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
        tests.tests.remove(&oldest);
    }
    if let Some((provider, metadata)) = proven {
        tests.proven.insert(provider.clone(), metadata.clone());
        let known = &view.settings.identity_providers;
        tests.proven.retain(|name, _| known.contains_key(name));
    }
    let mut decision = Decision::already(Reply::Done)
        .guard(key.clone(), loaded.map(|loaded| loaded.version))
        .event(Event::new("trust_tested", key.clone()))
        .put(key, Document::TrustTests(Box::new(tests)));
    let loaded = view.document(&keys_key)?;
    if let (Some(saml_key), Some(Document::IdentityKeys(keys))) =
        (saml_key, loaded.map(|loaded| &loaded.document))
        && keys.saml_current().is_some_and(|current| current.id != saml_key)
        && keys.saml.iter().any(|key| key.id == saml_key)
    {
        let mut keys = keys.as_ref().clone();
        keys.saml.retain(|key| key.id == saml_key);
        keys.number += 1;
        decision = decision
            .guard(keys_key.clone(), loaded.map(|loaded| loaded.version))
            .event(Event::new("identity_keys", keys_key.clone()).with("number", keys.number))
            .put(keys_key, Document::IdentityKeys(Box::new(keys)));
    }
    Ok(decision)
}

/// When a document of the identity service is over; `None` for others.
pub(crate) fn end_of(document: &Document) -> Option<Timestamp> {
    match document {
        Document::SignOnSession(session) => Some(session.ends_at),
        Document::AuthorizationCode(code) => Some(match code.family {
            Some(_) => code.kept_until,
            None => code.ends_at,
        }),
        Document::TokenFamily(family) => Some(family.ends_at),
        Document::UsedMessage(used) => Some(used.ends_at),
        Document::Revocation(revocation) => Some(revocation.ends_at),
        _ => None,
    }
}

fn forget(now: Timestamp, keys: &[Key], view: &View) -> Result<Decision, Halt> {
    let keys = keys.get(..IDENTITY_FORGOTTEN_MAX).unwrap_or(keys);
    view.need(keys)?;
    let mut decision = Decision::already(Reply::Done);
    for key in keys {
        let Some(loaded) = view.document(key)? else { continue };
        if end_of(&loaded.document).is_some_and(|end| now >= end) {
            if key.kind == Kind::Revocation {
                decision = decision.event(Event::new("revocation_over", key.clone()));
            }
            decision = decision.guard(key.clone(), Some(loaded.version)).delete(key.clone());
        }
    }
    Ok(decision)
}

/// All that is over by `until`.
pub fn identity_over(until: Timestamp) -> crate::IndexRange {
    crate::IndexRange {
        index: Index::IdentityByEnd,
        from: String::new(),
        to: Index::seen_value(until),
        limit: u32::try_from(IDENTITY_FORGOTTEN_MAX).unwrap_or(u32::MAX),
    }
}
