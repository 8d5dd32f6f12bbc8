//! The agent's own state: signing in with and without a line, Ready and Not Ready, for contacts and for calls.

use std::sync::{Arc, PoisonError};

use domain::settings::PairOf;
use domain::{
    AgentCommand, AgentId, AgentKey, Command, DeskCommand, DeskWish, Extension, Identity,
    ReasonCategory, ReasonCode, Role, Secret, SignIn, SignInOn, SignedOutBy, Wish,
};
use engine::{ClientConnection, SignInAnswer, SignInAttempt};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::problem::Problem;
use crate::surface::{Asked, Given, Workspace};
use crate::{answer, told};

/// How somebody sits down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sitting {
    /// The line; without one no calls are taken (RTE-08).
    extension: Option<Extension>,
    /// Where a contact centre's server judges passwords itself.
    password: Option<String>,
}

/// A state that is wished for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    state: String,
    #[serde(default)]
    reason: Option<ReasonCode>,
}

/// Who asks, and all that the page begins with.
pub(crate) async fn me(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let port = &workspace.port;
    let settings = port.settings();
    let Some(agent) = asked.agent_id().filter(|id| settings.agents.contains_key(id)) else {
        return Ok(answer::json(&leader(&asked, &settings)));
    };
    let known = settings.agents.get(&agent).ok_or_else(Problem::not_found)?;
    let reasons = |category| {
        let of = settings.reasons_for(&agent, category);
        of.map(|it| json!({"code": it.code, "label": it.label})).collect::<Vec<_>>()
    };
    let csqs = settings.csqs.values().filter(|csq| csq.email.is_some());
    let csqs: Vec<_> = csqs.map(|csq| json!({"name": csq.name})).collect();
    let desk = port.desk(&agent).map_or(Value::Null, |desk| told::desk(&desk));
    Ok(answer::json(&json!({
        "agent": agent,
        "name": known.called(),
        "alias": known.alias,
        "extension": known.extension,
        "roles": asked.principal.roles,
        "desk": desk,
        "voice": voice(&workspace, &agent),
        "needs_password_for_voice": !is_signed_on(&asked)
            && matches!(settings.pair_of(&agent), PairOf::One(_) | PairOf::Unsettled(_)),
        "reasons": {
            "not_ready": reasons(ReasonCategory::NotReady),
            "sign_out": reasons(ReasonCategory::SignOut),
        },
        "csqs": csqs,
        "emails_per_agent": settings.channels.emails_per_agent,
        "scans_files": settings.channels.virus_scanner.is_some(),
        "settings_number": settings.number,
        "can_supervise": can_supervise(&asked),
    })))
}

/// What the page begins with for somebody who leads and is no agent.
fn leader(asked: &Asked, settings: &domain::Settings) -> Value {
    let csqs = settings.csqs.values().filter(|csq| csq.email.is_some());
    json!({
        "agent": null,
        "name": asked.principal.who,
        "roles": asked.principal.roles,
        "desk": null,
        "voice": null,
        "reasons": {"not_ready": [], "sign_out": []},
        "csqs": csqs.map(|csq| json!({"name": csq.name})).collect::<Vec<_>>(),
        "emails_per_agent": settings.channels.emails_per_agent,
        "scans_files": settings.channels.virus_scanner.is_some(),
        "settings_number": settings.number,
        "can_supervise": can_supervise(asked),
    })
}

fn can_supervise(asked: &Asked) -> bool {
    [Role::Supervisor, Role::Administrator].iter().any(|it| asked.principal.has(*it))
}

/// The key of an agent whose voice state has one owner that is known.
pub(crate) fn key_of(workspace: &Workspace, agent: &AgentId) -> Option<AgentKey> {
    match workspace.port.settings().pair_of(agent) {
        PairOf::Owned => Some(AgentKey::owned(agent.clone())),
        PairOf::One(pair) => Some(AgentKey { pair, id: agent.clone() }),
        PairOf::Unsettled(pairs) => {
            let keys = pairs.into_iter().map(|pair| AgentKey { pair, id: agent.clone() });
            let mut keys = keys.filter(|key| workspace.port.seen_session(key).is_some());
            keys.next()
        }
    }
}

/// What the agent does on the phone, where they are signed in there.
pub(crate) fn voice(workspace: &Workspace, agent: &AgentId) -> Value {
    let Some(key) = key_of(workspace, agent) else { return Value::Null };
    let Some(session) = workspace.port.seen_session(&key) else { return Value::Null };
    let (Some(signed_in), Some(presence)) =
        (session.signed_in(), workspace.port.presence(&session))
    else {
        return Value::Null;
    };
    let mut told = json!({
        "extension": signed_in.extension,
        "since": answer::time(presence.since),
        "pending": presence.pending,
        "until": presence.until.map(answer::time),
        "not_known_since": presence.not_known_since.map(answer::time),
    });
    if let (Some(members), Ok(Value::Object(state))) =
        (told.as_object_mut(), serde_json::to_value(presence.state))
    {
        members.extend(state);
    }
    told
}

/// Signs in or out.
pub(crate) async fn change(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    if asked.request.method == Method::DELETE {
        return sign_out(&workspace, &asked, agent).await;
    }
    let sitting: Sitting = asked.body()?;
    let has_extension = sitting.extension.is_some();
    if let Some(extension) = sitting.extension {
        let password = sitting.password.map(Secret::new);
        sign_in_voice(&workspace, &asked, &agent, extension, password).await?;
    }
    let wish = DeskWish::SignIn { has_extension };
    workspace.submit(Command::Desk(DeskCommand { agent: agent.clone(), desk: None, wish })).await?;
    desk_of(&workspace, &agent)
}

fn desk_of(workspace: &Workspace, agent: &AgentId) -> Given {
    let desk = workspace.port.desk(agent).map_or(Value::Null, |desk| told::desk(&desk));
    Ok(answer::json(&desk))
}

async fn sign_in_voice(
    workspace: &Arc<Workspace>,
    asked: &Asked,
    agent: &AgentId,
    extension: Extension,
    password: Option<Secret>,
) -> Result<(), Problem> {
    let port = &workspace.port;
    let key = key_of(workspace, agent);
    let session = key.as_ref().and_then(|key| port.seen_session(key));
    let has_line = session.as_ref().and_then(|it| it.signed_in()).map(|it| &it.extension);
    if has_line == Some(&extension) {
        return Ok(());
    }
    let is_open = {
        let streams = workspace.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.contains_key(agent)
    };
    if !is_open {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "no_stream",
            "open the stream of events first: it shows that your browser is there",
        ));
    }
    let client = connection(workspace, agent)?;
    let on = SignInOn::Client { connection: client.number() };
    match key {
        Some(key) if key.is_owned() => {
            let wish = SignIn {
                agent: key,
                extension,
                device: None,
                mobile: None,
                on,
                node: port.node().clone(),
                verifier: None,
                follows: None,
            };
            if let domain::Reply::SignedIn { session } =
                workspace.submit(Command::SignIn(Box::new(wish))).await?
            {
                client.speak_for(session);
            }
            Ok(())
        }
        _ => {
            let is_proven = is_signed_on(asked);
            let Some(password) = password.or(is_proven.then(|| Secret::new(""))) else {
                return Err(Problem::new(
                    StatusCode::CONFLICT,
                    "password_needed",
                    "password: the contact centre's server judges passwords itself; type yours",
                ));
            };
            let attempt = SignInAttempt {
                id: workspace.id("workspace_voice")?,
                account: agent.to_string(),
                password,
                extension: Some(extension),
                device: None,
                mobile: None,
                on,
                source: asked.request.peer.address,
                surface: "workspace",
            };
            let answer = match is_proven {
                true => port.sign_in_proven(attempt, agent.clone()).await,
                false => port.sign_in(attempt).await,
            };
            match answer {
                SignInAnswer::SignedIn { session, .. } => {
                    client.speak_for(session);
                    Ok(())
                }
                SignInAnswer::Refused(refusal) => Err(Problem::of_refusal(&refusal)),
                SignInAnswer::NotProven(_) => Err(Problem::field(
                    "password",
                    "the contact centre's server does not accept it",
                )),
                SignInAnswer::Failed(error) => Err(Problem::of_submit(&error)),
                SignInAnswer::Unclear(_) => Err(Problem::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "unclear",
                    "nobody knows yet whether the contact centre signed you in; look again",
                )),
                _ => Err(Problem::new(
                    StatusCode::CONFLICT,
                    "refused",
                    "signing in with a line is not possible now; sign in for email and chat alone",
                )),
            }
        }
    }
}

/// Whether single sign-on proved who asks: they have no password that a contact centre could judge.
fn is_signed_on(asked: &Asked) -> bool {
    matches!(asked.principal.identity, Some(Identity::SignedOn { .. }))
}

/// The desktop client that stands for the agent's browser.
fn connection(workspace: &Workspace, agent: &AgentId) -> Result<Arc<ClientConnection>, Problem> {
    let mut clients = workspace.clients.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(client) = clients.get(agent) {
        return Ok(Arc::clone(client));
    }
    let key = key_of(workspace, agent).unwrap_or_else(|| AgentKey::owned(agent.clone()));
    let client = workspace.port.connect_client(&key).map(Arc::new).ok_or_else(|| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "this machine gives no randomness",
        )
    })?;
    clients.insert(agent.clone(), Arc::clone(&client));
    Ok(client)
}

async fn sign_out(workspace: &Arc<Workspace>, asked: &Asked, agent: AgentId) -> Given {
    let reason = match asked.value()? {
        Value::Null => None,
        value => value.get("reason").and_then(Value::as_u64).and_then(|it| u16::try_from(it).ok()),
    };
    let reason = reason.map(ReasonCode);
    let with_line = workspace.port.desk(&agent);
    let with_line = with_line.and_then(|desk| desk.signed_in().map(|it| it.has_extension));
    let wish = DeskWish::SignOut { reason, by: SignedOutBy::Agent };
    workspace.submit(Command::Desk(DeskCommand { agent: agent.clone(), desk: None, wish })).await?;
    if with_line == Some(true)
        && let Some(key) = key_of(workspace, &agent)
    {
        let wish = Wish::ForceSignOut { reason, by: SignedOutBy::Agent };
        let command = AgentCommand { agent: key, holder: None, seen_changes: None, wish };
        workspace.submit(Command::Agent(command)).await?;
    }
    workspace.clients.lock().unwrap_or_else(PoisonError::into_inner).remove(&agent);
    Ok(answer::nothing())
}

fn wished(state: &State) -> Result<bool, Problem> {
    match state.state.as_str() {
        "ready" => Ok(true),
        "not_ready" => Ok(false),
        _ => Err(Problem::field("state", "must be ready or not_ready")),
    }
}

/// Ready or Not Ready for digital contacts.
pub(crate) async fn state(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    let state: State = asked.body()?;
    let wish = match wished(&state)? {
        true => DeskWish::Ready,
        false => DeskWish::NotReady { reason: state.reason },
    };
    workspace.submit(Command::Desk(DeskCommand { agent: agent.clone(), desk: None, wish })).await?;
    desk_of(&workspace, &agent)
}

/// Ready or Not Ready for calls.
pub(crate) async fn voice_state(workspace: Arc<Workspace>, asked: Asked) -> Given {
    let agent = workspace.agent(&asked)?;
    let state: State = asked.body()?;
    let wish = match wished(&state)? {
        true => Wish::Ready,
        false => Wish::NotReady(state.reason),
    };
    let key = key_of(&workspace, &agent).ok_or_else(Problem::not_found)?;
    let command = AgentCommand { agent: key, holder: None, seen_changes: None, wish };
    workspace.submit(Command::Agent(command)).await?;
    Ok(answer::json(&voice(&workspace, &agent)))
}
