//! Signing in, taking over, and the count of wrong passwords.
//!
//! Whoever comes here has proven their password to the server. A sign-in of an agent who is signed
//! in already takes the session over: the state is kept, the old screen loses it (PHN-10, PHN-22).

use std::time::Duration;

use crate::settings::{DevicePolicy, Settings};
use crate::step::{clear_timer, leaving_wake};
use crate::view::Loaded;
use crate::{
    Account, AgentId, AgentKey, AgentSession, Claim, Client, Decision, DeviceChoice, DeviceName,
    Document, Entropy, Event, Halt, Key, Refusal, Reply, SessionNumber, SignIn, SignInOn, SignedIn,
    Status, Timestamp, Verifier, View, Voice, VoiceState, WakeChange, choose_device,
};

/// So many wrong passwords in a row lock an account.
pub const WRONG_PASSWORDS_MAX: u8 = 5;
/// How long it stays locked, and after how long a wrong password is forgotten, in seconds.
pub const LOCK_SECONDS: u64 = 300;

pub(crate) fn sign_in(
    now: Timestamp,
    entropy: Entropy,
    wish: &SignIn,
    view: &View,
) -> Result<Decision, Halt> {
    let agent = wish.agent.clone();
    let session_key = Key::session(&agent);
    // Lines of a contact-centre server are its own to give.
    let line_key = agent.is_owned().then(|| Key::line(&wish.extension));
    let (head_key, node_key) = (Key::settings_head(), Key::node(&wish.node));
    let screen = match &wish.on {
        SignInOn::Phone { device, .. } => Some(device),
        SignInOn::Client { .. } | SignInOn::Local => None,
    };
    let screen_key = screen.map(Key::device);
    let mut keys = vec![session_key.clone(), head_key.clone(), node_key.clone()];
    keys.extend(line_key.clone());
    keys.extend(screen_key.clone());
    view.need(&keys)?;

    refuse_maintenance(wish, &node_key, view)?;
    let settings: &Settings = &view.settings;
    let device = sign_in_possible(wish, settings)?;
    if let Some(key) = &line_key
        && let Some(by) = claimed_by_another(key, &agent, view)?
    {
        let extension = wish.extension.clone();
        return Err(Refusal::ExtensionInUse { extension, by }.into());
    }
    if let (Some(key), Some(screen)) = (&screen_key, screen)
        && let Some(by) = claimed_by_another(key, &agent, view)?
    {
        return Err(Refusal::DeviceInUse { device: screen.clone(), by }.into());
    }

    let before = match view.document(&session_key)? {
        Some(Loaded { document: Document::Session(session), .. }) => Some(session),
        _ => None,
    };
    let held = before.and_then(|session| Some((session, session.signed_in()?)));
    let left = before.and_then(AgentSession::leaving);
    if let Some(leaving) = left.filter(|it| now < it.until) {
        return Err(Refusal::Leaving { until: leaving.until }.into());
    }
    let generation = before.map_or(0, |session| session.generation);
    if wish.follows.is_some_and(|follows| follows != generation) {
        return Err(Refusal::Stale.into());
    }
    let in_call = |signed_in: &SignedIn| {
        signed_in.voice.is_some_and(|it| matches!(it.state, VoiceState::Talking { .. }))
    };
    if held.is_some_and(|(_, held)| in_call(held) && held.extension != wish.extension) {
        return Err(Refusal::CallInProgress.into());
    }
    let number = held.map_or_else(|| entropy.session_number(), |(session, _)| session.number);
    // It goes on over sign-out and sign-in: what is owed to an older session must never fit a newer.
    let generation = generation.saturating_add(1);
    let signed_in = SignedIn {
        at: held.map_or(now, |(_, held)| held.at),
        node: wish.node.clone(),
        extension: wish.extension.clone(),
        device,
        screen: screen.cloned(),
        mobile: wish.mobile.clone(),
        proof: match &wish.on {
            SignInOn::Phone { proof, .. } => Some(proof.clone()),
            SignInOn::Client { .. } | SignInOn::Local => None,
        },
        client: match wish.on {
            SignInOn::Client { connection } => Some(Client::at(wish.node.clone(), connection)),
            SignInOn::Phone { .. } | SignInOn::Local => None,
        },
        voice: agent.is_owned().then(|| {
            held.and_then(|(_, held)| held.voice).unwrap_or_else(|| Voice::signed_in(now))
        }),
        call: held.and_then(|(_, held)| held.call.clone()),
        changes: held.map_or(0, |(_, held)| held.changes.saturating_add(1)),
        origins: held.map(|(_, held)| held.origins).unwrap_or_default(),
    };
    let session = AgentSession {
        agent: agent.clone(),
        number,
        generation,
        status: Status::SignedIn(Box::new(signed_in)),
    };
    let name = if held.is_some() { "agent_taken_over" } else { "agent_signed_in" };
    let on = match &wish.on {
        SignInOn::Phone { device, .. } => format!("phone {device}"),
        SignInOn::Client { .. } => "desktop client".to_owned(),
        SignInOn::Local => "admin socket".to_owned(),
    };
    let event =
        Event::new(name, session_key.clone()).with("extension", &wish.extension).with("on", on);
    let reply = Reply::SignedIn { session: session.holder() };
    let mut decision = Decision::already(reply);
    for key in keys {
        let version = view.version(&key)?;
        decision = decision.guard(key, version);
    }
    if left.is_some() {
        // Its timer is due and has not run.
        decision = decision.wake(WakeChange::Clear(leaving_wake(&agent)));
    }
    if let Some((_, held)) = held {
        decision = release_moved(decision, held, wish, screen);
        decision = clear_timer(decision, &agent, held);
    }
    if let Some(hash) = &wish.verifier {
        let verifier = Verifier { hash: hash.clone(), at: now };
        decision = decision.put(Key::verifier(&agent), Document::Verifier(verifier));
    }
    Ok(claim(decision, [line_key, screen_key], &agent, number)
        .put(session_key, Document::Session(session))
        .event(event))
}

/// Counts wrong passwords. Only accounts that exist come here, so the count cannot grow by guesses.
pub(crate) fn password_checked(
    now: Timestamp,
    agent: &AgentId,
    right: bool,
    view: &View,
) -> Result<Decision, Halt> {
    let key = Key::account(agent);
    let loaded = view.document(&key)?;
    let version = loaded.map(|loaded| loaded.version);
    let account = match loaded.map(|loaded| &loaded.document) {
        Some(Document::Account(account)) => Some(account),
        _ => None,
    };
    let decision = Decision::already(Reply::Done).guard(key.clone(), version);
    if right {
        return Ok(match account {
            None => Decision::already(Reply::Done),
            Some(_) => decision.delete(key),
        });
    }
    let lasting = Duration::from_secs(LOCK_SECONDS);
    // A clock that was ahead and was set back must not keep an account locked for the difference.
    let believable = |account: &&Account| account.last_at <= now.after(lasting);
    let recent = account.filter(believable).filter(|account| now.since(account.last_at) < lasting);
    if let Some(until) = recent.and_then(|account| account.lock_at(now)) {
        return Ok(Decision::already(Reply::Locked { until }));
    }
    let counted = recent.map_or(0, |account| account.wrong_passwords);
    let wrong_passwords = counted.saturating_add(1);
    if wrong_passwords < WRONG_PASSWORDS_MAX {
        let account = Account { wrong_passwords, last_at: now, locked_until: None };
        return Ok(decision.put(key, Document::Account(account)));
    }
    let until = now.after(lasting);
    let account = Account { wrong_passwords: 0, last_at: now, locked_until: Some(until) };
    let event = Event::new("account_locked", key.clone());
    Ok(Decision { reply: Reply::Locked { until }, ..decision }
        .put(key, Document::Account(account))
        .event(event))
}

/// What the settings alone say of a sign-in: the phone that carries the line, or why it is refused.
/// Asked as well before a contact-centre server judges the password.
pub fn sign_in_possible(wish: &SignIn, settings: &Settings) -> Result<Option<DeviceName>, Refusal> {
    if wish.agent.is_owned() && !settings.agents.contains_key(&wish.agent.id) {
        return Err(Refusal::AgentUnknown);
    }
    if wish.mobile.is_some() && !settings.phone_service.mobile_agents {
        return Err(Refusal::MobileNotAllowed);
    }
    let screen = match &wish.on {
        SignInOn::Phone { device, .. } => Some(device),
        SignInOn::Client { .. } | SignInOn::Local => None,
    };
    device_for(wish, screen, settings)
}

fn refuse_maintenance(wish: &SignIn, node_key: &Key, view: &View) -> Result<(), Halt> {
    if let Some(Loaded { document: Document::Node(node), .. }) = view.document(node_key)?
        && node.maintenance
    {
        let alternate = view.settings.phone_service.alternates.get(&wish.node).cloned();
        return Err(Refusal::Maintenance { alternate }.into());
    }
    Ok(())
}

fn device_for(
    wish: &SignIn,
    screen: Option<&DeviceName>,
    settings: &Settings,
) -> Result<Option<DeviceName>, Refusal> {
    if let Some(screen) = screen
        && settings.phone_service.devices == DevicePolicy::Listed
        && !settings.devices.contains_key(screen)
    {
        return Err(Refusal::DeviceUnknown { device: screen.clone() });
    }
    match choose_device(settings, &wish.agent.id, &wish.extension, wish.device.as_ref(), screen) {
        DeviceChoice::One(device) => Ok(Some(device)),
        DeviceChoice::None => Ok(None),
        DeviceChoice::Ask(devices) => Err(Refusal::DeviceChoice { devices }),
        // Which lines there are is the contact-centre server's to say.
        DeviceChoice::Unknown if !wish.agent.is_owned() => Ok(screen.cloned()),
        DeviceChoice::Unknown => {
            Err(Refusal::ExtensionUnknown { extension: wish.extension.clone() })
        }
    }
}

fn claimed_by_another(key: &Key, agent: &AgentKey, view: &View) -> Result<Option<AgentKey>, Halt> {
    Ok(match view.document(key)? {
        Some(Loaded { document: Document::Line(claim) | Document::Device(claim), .. })
            if claim.agent != *agent =>
        {
            Some(claim.agent.clone())
        }
        _ => None,
    })
}

/// Gives up the line and screen that the session no longer uses.
fn release_moved(
    mut decision: Decision,
    held: &SignedIn,
    wish: &SignIn,
    screen: Option<&DeviceName>,
) -> Decision {
    if wish.agent.is_owned() && held.extension != wish.extension {
        decision = decision.delete(Key::line(&held.extension));
    }
    if let Some(old) = held.screen.as_ref().filter(|old| Some(*old) != screen) {
        decision = decision.delete(Key::device(old));
    }
    decision
}

fn claim(
    mut decision: Decision,
    keys: [Option<Key>; 2],
    agent: &AgentKey,
    session: SessionNumber,
) -> Decision {
    for key in keys.into_iter().flatten() {
        let claim = Claim { agent: agent.clone(), session };
        let document = match key.kind {
            crate::Kind::Line => Document::Line(claim),
            _ => Document::Device(claim),
        };
        decision = decision.put(key, document);
    }
    decision
}
