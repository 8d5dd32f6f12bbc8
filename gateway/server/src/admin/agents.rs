//! What an administrator does for an agent: sign-in, states, a call on owned voice state.

use std::net::IpAddr;

use domain::settings::{PASSWORD_CHARACTERS_MAX, PairOf, Reader, Settings};
use domain::{
    AgentCommand, AgentId, AgentKey, CallDirection, CallVariable, Command, Deed, Input, InputId,
    Mobile, MobileMode, NodeName, ReasonCategory, ReasonCode, Reply, Secret, SignIn, SignInOn,
    SignedOutBy, VARIABLES_MAX, Wish,
};
use engine::{AuthenticationRefusal, Outcome, SignInAnswer, SignInAttempt};
use serde_json::{Value, json};

use console::{Context, Failure};

use super::people;
use super::protocol::refused;
use crate::node::Shared;

/// A sign-in, and the password where a contact-centre server has to judge it.
pub(super) struct LocalSignIn {
    wish: SignIn,
    password: Option<Secret>,
}

pub(super) fn read_sign_in(reader: &mut Reader<'_>, node: &NodeName) -> Option<LocalSignIn> {
    let agent: Option<AgentId> = reader.required("agent");
    let password = reader.secret("password", PASSWORD_CHARACTERS_MAX);
    let extension = reader.required("extension");
    let device = reader.parsed("device");
    let mobile = reader.table("mobile", |mobile| {
        let modes = [
            ("call_by_call", MobileMode::CallByCall),
            ("nailed_connection", MobileMode::NailedConnection),
        ];
        let number = mobile.required("number");
        let mode = mobile.choice("mode", &modes).unwrap_or(MobileMode::CallByCall);
        Some(Mobile { number: number?, mode })
    });
    let wish = SignIn {
        agent: AgentKey::owned(agent?),
        extension: extension?,
        device,
        mobile,
        on: SignInOn::Local,
        node: node.clone(),
        verifier: None,
        follows: None,
    };
    Some(LocalSignIn { wish, password })
}

pub(super) fn read_state(reader: &mut Reader<'_>) -> Option<(AgentCommand, AskedBy)> {
    let agent = reader.required("agent");
    let states = [("ready", 0), ("not_ready", 1), ("signed_out", 2)];
    if !reader.has("state") {
        reader.problem("state", "is missing");
    }
    let state = reader.choice("state", &states);
    let reason = reader.number("reason", 0..=u64::from(u16::MAX));
    let reason = reason.and_then(|code| u16::try_from(code).ok()).map(ReasonCode);
    if state == Some(0) && reason.is_some() {
        reader.problem("reason", "is for not_ready and signed_out only");
    }
    // Agents sign themselves out by the rule of their phones, and nobody forces them.
    let own = reader.switch("own").unwrap_or(false);
    let wish = match state? {
        0 => Wish::Ready,
        1 => Wish::NotReady(reason),
        _ if own => Wish::SignOut(reason),
        _ => Wish::ForceSignOut { reason, by: SignedOutBy::Supervisor },
    };
    let roles = [
        ("administrator", AskedBy::Administrator),
        ("supervisor", AskedBy::Supervisor),
        ("agent", AskedBy::Agent),
    ];
    let by = reader.choice("by", &roles).unwrap_or(AskedBy::Administrator);
    Some((local(agent?, wish), by))
}

/// In which role somebody asks, which is kept beside the state (BYD-03).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AskedBy {
    Administrator,
    Supervisor,
    /// The agent, in a browser.
    Agent,
}

impl AskedBy {
    /// The kind of its inputs, by which [`domain::Origin`] knows it.
    fn kind(self) -> &'static str {
        match self {
            Self::Administrator => "admin",
            Self::Supervisor => "supervisor",
            Self::Agent => "desktop",
        }
    }
}

pub(super) fn read_call_begin(reader: &mut Reader<'_>) -> Option<AgentCommand> {
    let agent = reader.required("agent");
    let directions = [("inbound", CallDirection::Inbound), ("outbound", CallDirection::Outbound)];
    let direction = reader.choice("direction", &directions).unwrap_or(CallDirection::Inbound);
    if !reader.has("number") {
        reader.problem("number", "is missing");
    }
    let number = reader.short_text("number", 64);
    // Not `id`, which names the request.
    let given = reader.short_text("call", 64);
    let id = given.or_else(|| fresh_number().ok().map(|number| format!("local-{number}")));
    let mut variables = Vec::new();
    for (name, value) in reader.entries("variables", VARIABLES_MAX) {
        match value {
            Value::String(value) => variables.push(CallVariable { name, value }),
            _ => reader.problem("variables", format_args!("{name} must be a text")),
        }
    }
    let wish = Wish::CallBegins { id: id?, direction, number: number?, variables };
    Some(local(agent?, wish))
}

pub(super) fn read_call_end(reader: &mut Reader<'_>) -> Option<AgentCommand> {
    let agent = reader.required("agent");
    let id = reader.short_text("call", 64);
    Some(local(agent?, Wish::CallEnds { id }))
}

pub(super) async fn sign_in(shared: &Shared, local: LocalSignIn) -> Result<Value, Failure> {
    let LocalSignIn { wish, password } = local;
    let agent = wish.agent.clone();
    let id = InputId::new("admin", fresh_number()?);
    if shared.engine.settings().pair_of(&agent.id) != PairOf::Owned {
        let Some(password) = password else {
            let message = "the contact centre's server signs this agent in, and needs the password";
            return Err(Failure::new("password_needed", message));
        };
        return sign_in_with_owner(shared, id, wish, password).await;
    }
    let input = Input::command(id, Command::SignIn(Box::new(wish)));
    match shared.engine.submit(input).await? {
        Outcome::Done(Reply::SignedIn { session }) => {
            tracing::info!(session = %session.number, surface = "admin", "signed in");
            told(shared, &agent).await
        }
        Outcome::Done(_) => told(shared, &agent).await,
        Outcome::Refused(refusal) => Err(refused(&refusal)),
        Outcome::Unclear(_) => Err(unclear()),
    }
}

async fn sign_in_with_owner(
    shared: &Shared,
    id: InputId,
    wish: SignIn,
    password: Secret,
) -> Result<Value, Failure> {
    let attempt = SignInAttempt {
        id,
        account: wish.agent.id.to_string(),
        password,
        extension: Some(wish.extension),
        device: wish.device,
        mobile: wish.mobile,
        on: wish.on,
        source: IpAddr::from([127, 0, 0, 1]),
        surface: "admin",
    };
    match shared.port.sign_in(attempt).await {
        SignInAnswer::SignedIn { agent, session } => {
            tracing::info!(session = %session.number, surface = "admin", "signed in");
            told(shared, &agent).await
        }
        SignInAnswer::Refused(refusal) => Err(refused(&refusal)),
        SignInAnswer::NotProven(refusal) => Err(Failure::new("not_proven", not_proven(&refusal))),
        SignInAnswer::Unclear(_) => Err(unclear()),
        SignInAnswer::Failed(error) => Err(error.into()),
        SignInAnswer::SingleSignOn => {
            let message = "people sign in by the identity provider";
            Err(Failure::new("single_sign_on", message))
        }
        SignInAnswer::NeedsExtension | SignInAnswer::NotAnAgent => {
            Err(refused(&domain::Refusal::AgentUnknown))
        }
    }
}

fn not_proven(refusal: &AuthenticationRefusal) -> &'static str {
    match refusal {
        AuthenticationRefusal::Wrong => "the agent or the password is wrong",
        AuthenticationRefusal::Locked { .. } => "the account is locked after wrong passwords",
        AuthenticationRefusal::Busy { .. } => "too many sign-ins at once; try again",
        AuthenticationRefusal::Unavailable => "the store cannot be reached",
    }
}

fn unclear() -> Failure {
    let message = "the contact centre's server was asked and did not show a result in time; look at \
                   the agent's state";
    Failure::new("unclear", message)
}

pub(super) async fn command(
    shared: &Shared,
    mut command: AgentCommand,
    by: AskedBy,
    context: &Context,
) -> Result<Value, Failure> {
    let key = shared.engine.agent_key(&command.agent.id);
    command.agent = key.map_err(|refusal| refused(&refusal))?;
    let agent = command.agent.clone();
    check_reason(&shared.engine.settings(), &command)?;
    let id = match &context.idempotency {
        Some(own) => InputId::new(by.kind(), own),
        None => InputId::new(by.kind(), fresh_number()?),
    };
    let deed = Deed::done("agent_state_changed", agent.to_string())
        .with("wish", &json!(wish_name(&command.wish)));
    let command = Command::Agent(command);
    let submitted = if agent.is_owned() {
        let (by, command) = (context.by.clone(), Some(Box::new(command)));
        let command = Command::Audited { by, deed: Some(deed), command };
        shared.engine.submit(Input::command(id, command)).await
    } else {
        // What another owns is told once it answered.
        let submitted = shared.engine.submit(Input::command(id, command)).await;
        let outcome = match &submitted {
            Ok(Outcome::Done(_)) => "done".to_owned(),
            Ok(Outcome::Refused(refusal)) => crate::words::code(refusal),
            Ok(Outcome::Unclear(_)) => "unclear".to_owned(),
            Err(_) => "failed".to_owned(),
        };
        people::note(shared, context, deed.with_outcome(outcome)).await;
        submitted
    };
    match submitted? {
        Outcome::Done(_) => told(shared, &agent).await,
        Outcome::Refused(refusal) => Err(refused(&refusal)),
        Outcome::Unclear(_) => Err(unclear()),
    }
}

/// A forced sign-out is carried through whatever reason it has, so that is judged here.
fn check_reason(settings: &Settings, command: &AgentCommand) -> Result<(), Failure> {
    let Wish::ForceSignOut { reason: Some(code), .. } = command.wish else { return Ok(()) };
    let category = ReasonCategory::SignOut;
    let known = settings.reason_for(&command.agent.id, category, code).is_some();
    match known || code == ReasonCode::CONNECTION_LOST {
        true => Ok(()),
        false => Err(refused(&domain::Refusal::ReasonUnknown { category, code })),
    }
}

/// The agent's state afterwards.
async fn told(shared: &Shared, agent: &AgentKey) -> Result<Value, Failure> {
    let session = shared.engine.session_of(agent).await;
    let session = session?;
    let signed_in = session.as_ref().and_then(|session| session.signed_in());
    let Some(signed_in) = signed_in else {
        return Ok(json!({"agent": agent.id, "state": "signed_out"}));
    };
    let mut value = json!({
        "agent": agent.id,
        "extension": signed_in.extension,
        "device": signed_in.device,
        "mobile": signed_in.mobile,
    });
    // What the gateway itself owns is told as it is kept.
    let state = match (signed_in.voice, session.as_deref()) {
        (Some(voice), _) => serde_json::to_value(voice.state),
        (None, Some(session)) => serde_json::to_value(shared.engine.presence(session)),
        (None, None) => Ok(Value::Null),
    };
    if let (Some(members), Ok(Value::Object(state))) = (value.as_object_mut(), state) {
        members.extend(state);
    }
    Ok(value)
}

/// Every request on the socket is one of its own, never a repeat.
pub(crate) fn fresh_number() -> Result<String, Failure> {
    let random = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
    let random =
        random.map_err(|_| Failure::new("unavailable", "the machine gives no random numbers"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(random.expose())))
}

fn wish_name(wish: &Wish) -> &'static str {
    match wish {
        Wish::Ready => "ready",
        Wish::NotReady(_) => "not_ready",
        Wish::WrapUpReason(_) => "wrap_up_reason",
        Wish::SignOut(_) | Wish::ForceSignOut { .. } => "signed_out",
        Wish::CallBegins { .. } => "call_begins",
        Wish::CallEnds { .. } => "call_ends",
    }
}

fn local(agent: AgentId, wish: Wish) -> AgentCommand {
    AgentCommand { agent: AgentKey::owned(agent), holder: None, seen_changes: None, wish }
}
