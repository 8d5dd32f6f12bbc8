//! A person signs in with a browser: message, password, second factor, session.
//!
//! The message must be acknowledged before anything is tried (OPS-07). The second factor is asked for
//! after the password is right only, and a wrong one counts as a wrong password does, so that its
//! million values are not guessed.

use std::net::IpAddr;
use std::time::Duration;

use ::console::{Context, NewSession, SignIn, SignInRefusal};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::settings::TOTP_PURPOSE;
use domain::{
    Actor, AgentId, Command, ConsoleCommand, Deed, Identity, Input, InputId, Proof, Role,
    SIGNED_ON_SESSION_MAX, Secret, Settings, WebSession,
};
use engine::surface::Request;
use engine::{Admission, Applicant, Attempt, AuthenticationRefusal, Judgement, Outcome};
use serde_json::json;

use super::proofs::{WHO_CHARACTERS_MAX, sha256};
use super::{SURFACE, one_time};
use crate::node::Shared;

/// The most hours of a session of somebody whom a directory knows.
const DIRECTORY_HOURS_MAX: u32 = 12;

pub(super) async fn sign_in(shared: &Shared, attempt: SignIn) -> Result<NewSession, SignInRefusal> {
    let settings = shared.engine.settings();
    // Local accounts always have their way in, so that a trust that broke can be mended.
    let is_local =
        attempt.account.parse().is_ok_and(|name| settings.accounts.contains_key::<AgentId>(&name));
    if settings.identity.single_sign_on && !is_local {
        return Err(SignInRefusal::SingleSignOn);
    }
    if settings.sign_on.message.is_some() && !attempt.acknowledged {
        return Err(SignInRefusal::Unacknowledged);
    }
    let actor = Actor {
        who: attempt.account.chars().take(WHO_CHARACTERS_MAX).collect(),
        how: Some(Proof::Password),
        from: Some(attempt.from.to_string()),
        reference: Some(attempt.reference.clone()),
    };
    let context = Context { by: actor, idempotency: None };
    let asked = Attempt {
        account: attempt.account.clone(),
        password: attempt.password.clone(),
        source: attempt.from,
        surface: SURFACE,
    };
    let principal = match shared.port.authenticate(asked).await {
        Ok(principal) => principal,
        Err(refusal) => {
            let refusal = refused(&refusal);
            tell_refused(shared, &context, &refusal).await;
            return Err(refusal);
        }
    };
    let identity = principal.identity.ok_or(SignInRefusal::NoRole)?;
    let (step, admitted) = match second_factor(shared, &identity, &attempt).await {
        Ok(Some(OneTime { account, step, admitted })) => (Some((account, step)), Some(admitted)),
        Ok(None) => (None, None),
        Err(refusal) => {
            if refusal != SignInRefusal::OneTimeNeeded {
                tell_refused(shared, &context, &refusal).await;
            }
            return Err(refusal);
        }
    };
    let needs = settings.sign_on.administrators_need_totp
        && matches!(identity, Identity::Account { .. })
        && principal.roles.contains(&Role::Administrator);
    if needs && step.is_none() {
        tell_refused(shared, &context, &SignInRefusal::OneTimeNeeded).await;
        return Err(SignInRefusal::OneTimeNeeded);
    }
    // By the settings of before the password was judged: one that is changed meanwhile ends the session.
    let credential = identity.credential(&settings);
    let beginning =
        Beginning { identity, second_factor: step, from: attempt.from, credential, family: None };
    let begun = begin(shared, &context, beginning).await;
    let Some(admitted) = admitted else { return begun };
    // Whether the one-time password was used already is known only now: one that was seen by somebody
    // must not set the count of their guesses back.
    let judgement = match &begun {
        Ok(_) => Judgement::Right,
        Err(SignInRefusal::OneTimeWrong) => Judgement::Wrong,
        Err(_) => Judgement::None,
    };
    match admitted.judged(judgement).await {
        Ok(()) | Err(AuthenticationRefusal::Wrong) => begun,
        Err(refusal) => begun.and_then(|_| Err(refused(&refusal))),
    }
}

/// A one-time password that is right, unless it was used already.
struct OneTime {
    account: AgentId,
    step: u64,
    /// Still to be judged.
    admitted: Box<dyn Admission>,
}

/// What was typed as the second factor; `None` where the account needs none.
async fn second_factor(
    shared: &Shared,
    identity: &Identity,
    attempt: &SignIn,
) -> Result<Option<OneTime>, SignInRefusal> {
    let Identity::Account { name } = identity else { return Ok(None) };
    let settings = shared.engine.settings();
    let sealed = settings.accounts.get(name).and_then(|account| account.totp.as_ref());
    let Some(sealed) = sealed else { return Ok(None) };
    let Some(typed) = &attempt.one_time else { return Err(SignInRefusal::OneTimeNeeded) };
    let key = shared.port.unseal(TOTP_PURPOSE, sealed).map_err(|error| {
        tracing::error!(%error, "a second factor cannot be opened");
        SignInRefusal::Unavailable
    })?;
    // Counted under a name that no account can have and nobody can type: the right password before it
    // would else set the count back each time, and strangers could lock it.
    let account = format!("\0{name}");
    let applicant = Applicant { account, source: attempt.from, surface: SURFACE };
    let admitted = shared.port.admit(applicant).await.map_err(|refusal| refused(&refusal))?;
    match one_time::step_of(&key, typed, shared.engine.now()) {
        Some(step) => Ok(Some(OneTime { account: name.clone(), step, admitted })),
        None => match admitted.judged(Judgement::Wrong).await {
            Ok(()) | Err(AuthenticationRefusal::Wrong) => Err(SignInRefusal::OneTimeWrong),
            Err(refusal) => Err(refused(&refusal)),
        },
    }
}

/// A session that is to begin.
struct Beginning {
    identity: Identity,
    second_factor: Option<(AgentId, u64)>,
    from: IpAddr,
    credential: Option<String>,
    /// What the identity service granted, where it proved them.
    family: Option<String>,
}

/// Somebody whom the identity service proved, in the audit log.
pub(super) fn proven_actor(request: &Request, who: &str) -> Actor {
    Actor {
        who: who.chars().take(WHO_CHARACTERS_MAX).collect(),
        how: Some(Proof::Bearer),
        from: Some(request.peer.address.to_string()),
        reference: Some(request.reference.clone()),
    }
}

/// Begins the session of somebody whom the identity service proved.
pub(super) async fn begin_proven(
    shared: &Shared,
    request: &Request,
    identity: Identity,
    family: String,
) -> Result<NewSession, SignInRefusal> {
    let context = Context { by: proven_actor(request, identity.who()), idempotency: None };
    let from = request.peer.address;
    let family = Some(family);
    let beginning = Beginning { identity, second_factor: None, from, credential: None, family };
    begin(shared, &context, beginning).await
}

async fn begin(
    shared: &Shared,
    context: &Context,
    beginning: Beginning,
) -> Result<NewSession, SignInRefusal> {
    let Beginning { identity, second_factor, from, credential, family } = beginning;
    let random = shared.port.random::<40>().ok_or(SignInRefusal::Unavailable)?;
    let (cookie, number) = random.split_at(32);
    let cookie = Secret::new(URL_SAFE_NO_PAD.encode(cookie));
    let number: String = number.iter().map(|byte| format!("{byte:02x}")).collect();
    let now = shared.engine.now();
    let hours = session_hours(&identity, &shared.engine.settings());
    let lasting = Duration::from_secs(u64::from(hours) * 3_600);
    // That somebody signed off at the identity service is remembered for no longer.
    let lasting = match family {
        Some(_) => lasting.min(SIGNED_ON_SESSION_MAX),
        None => lasting,
    };
    let ends_at = now.after(lasting);
    let session = WebSession {
        identity: identity.clone(),
        number: number.clone(),
        began_at: now,
        seen_at: now,
        ends_at,
        from: from.to_string(),
        credential,
        family,
    };
    let digest = sha256(cookie.expose());
    let deed = Deed::done("signed_in", format!("sessions/{number}"))
        .with("second_factor", &json!(second_factor.is_some()));
    let id = InputId::new("web_session", &digest);
    let command =
        ConsoleCommand::BeginSession { digest, session: Box::new(session), second_factor };
    let command = Command::Audited {
        by: context.by.clone(),
        deed: Some(deed),
        command: Some(Box::new(Command::Console(command))),
    };
    match shared.engine.submit(Input::command(id, command)).await {
        Ok(Outcome::Done(_)) => Ok(NewSession { cookie, identity, ends_at }),
        Ok(Outcome::Refused(domain::Refusal::UsedAlready)) => {
            tell_refused(shared, context, &SignInRefusal::OneTimeWrong).await;
            Err(SignInRefusal::OneTimeWrong)
        }
        Ok(_) => Err(SignInRefusal::Unavailable),
        Err(error) => {
            tracing::warn!(%error, "a session could not be begun");
            Err(SignInRefusal::Unavailable)
        }
    }
}

/// How long a session lasts at most. Groups of people in directories are looked up at sign-in alone, and
/// an identity provider is asked no more, so whoever leaves keeps a role until then: hardly longer than a
/// day's work.
fn session_hours(identity: &Identity, settings: &Settings) -> u32 {
    let hours = settings.sign_on.session_hours;
    match identity {
        Identity::Directory { .. } | Identity::SignedOn { .. } => hours.min(DIRECTORY_HOURS_MAX),
        Identity::Agent { .. } | Identity::Account { .. } => hours,
    }
}

/// Failed sign-ins are told too.
async fn tell_refused(shared: &Shared, context: &Context, refusal: &SignInRefusal) {
    let outcome = match refusal {
        SignInRefusal::Wrong => "wrong",
        SignInRefusal::OneTimeNeeded => "one_time_needed",
        SignInRefusal::OneTimeWrong => "one_time_wrong",
        SignInRefusal::Locked { .. } => "locked",
        SignInRefusal::NoRole => "no_role",
        // Nothing was judged.
        SignInRefusal::Unacknowledged
        | SignInRefusal::SingleSignOn
        | SignInRefusal::Busy { .. }
        | SignInRefusal::Unavailable => {
            return;
        }
    };
    let deed = Deed::done("sign_in_refused", "sessions").with_outcome(outcome);
    shared.tries.refused(context.by.clone(), deed).await;
}

fn refused(refusal: &AuthenticationRefusal) -> SignInRefusal {
    match refusal {
        AuthenticationRefusal::Wrong => SignInRefusal::Wrong,
        AuthenticationRefusal::Locked { until } => SignInRefusal::Locked { until: *until },
        AuthenticationRefusal::Busy { retry_seconds } => {
            SignInRefusal::Busy { retry_seconds: *retry_seconds }
        }
        AuthenticationRefusal::Unavailable => SignInRefusal::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use domain::settings::{SettingDocument, SettingsHead, SignOn};

    use super::*;

    #[test]
    fn ids_16_sessions_of_people_in_directories_end_after_a_day_of_work() {
        let hours = |session_hours: u32, identity: &Identity| {
            let sign_on = SignOn { session_hours, ..SignOn::default() };
            let documents = [SettingDocument::SignOn(sign_on)];
            let settings = Settings::from_documents(&SettingsHead::default(), documents);
            super::session_hours(identity, &settings)
        };
        let account = Identity::Account { name: "boss".parse().unwrap() };
        let (directory, user) = ("head office".to_owned(), "ann".to_owned());
        let person = Identity::Directory { directory, user, groups: Vec::new() };
        assert_eq!((hours(168, &account), hours(168, &person)), (168, 12));
        assert_eq!((hours(2, &account), hours(2, &person)), (2, 2));
    }
}
