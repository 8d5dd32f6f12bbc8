//! What is asked of a server ("Application Level Interfaces").

use domain::{AgentId, Extension, MobileMode, OwnerSignIn, ReasonCode, Secret as Password, Target};
use protocols::cti::{
    AgentIdentity, AgentState, CallContext, Connection, ForcedFlag, QueryAgentStateReq, Request,
    Secret, SetAgentStateReq, SetCallDataReq, Text, VOICE, WorkMode,
};

/// The most bytes of what a call was about, without the closing zero (`CallWrapupData`).
const WRAP_UP_BYTES_MAX: usize = 39;

fn identity(agent: &AgentId, instrument: Text) -> AgentIdentity {
    AgentIdentity { extension: None, id: Some(agent.as_str().into()), instrument }
}

fn text(text: &str) -> Text {
    Some(text.into())
}

fn set_state(peripheral_id: u32, agent: AgentIdentity, state: AgentState) -> SetAgentStateReq {
    SetAgentStateReq { peripheral_id, state, agent, ..SetAgentStateReq::default() }
}

/// LOGIN, without a password where the agent was proven by us (`SSOEnabled`). A mobile agent's instrument is the local port, a semicolon and the remote number; the work
/// mode says how that is connected.
pub(crate) fn sign_in(
    peripheral_id: u32,
    dialect: protocols::cti::Dialect,
    agent: &AgentId,
    wish: &OwnerSignIn,
) -> Request {
    let line = wish.extension.as_str();
    let (instrument, work_mode) = match &wish.mobile {
        None => (line.to_owned(), WorkMode::Unspecified),
        Some(mobile) => {
            let mode = match mobile.mode {
                MobileMode::CallByCall => WorkMode::CallByCall,
                MobileMode::NailedConnection => WorkMode::NailedConnection,
            };
            (format!("{line};{}", mobile.number), mode)
        }
    };
    let mut request =
        set_state(peripheral_id, identity(agent, text(&instrument)), AgentState::Login);
    request.work_mode = work_mode;
    match &wish.password {
        Some(password) => request.password = Some(Secret::new(password.expose())),
        None => request.single_sign_on = Some(true),
    }
    // The phone of a shared line is the Enterprise server's to know.
    if dialect == protocols::cti::Dialect::Enterprise {
        request.active_terminal = wish.device.as_ref().and_then(|device| text(device.as_str()));
    }
    Request::SetAgentState(Box::new(request))
}

/// LOGIN that changes nothing (`ForcedFlag` 2, Express).
pub(crate) fn check_password(
    peripheral_id: u32,
    agent: &AgentId,
    extension: &Extension,
    password: &Password,
) -> Request {
    let agent = identity(agent, text(extension.as_str()));
    let mut request = set_state(peripheral_id, agent, AgentState::Login);
    request.forced = ForcedFlag::AuthenticateOnly;
    request.password = Some(Secret::new(password.expose()));
    Request::SetAgentState(Box::new(request))
}

/// Another state. A sign-out carries a password field, which is empty: it is the owner of the link
/// who asks.
pub(crate) fn set(
    peripheral_id: u32,
    agent: &AgentId,
    instrument: Text,
    target: Target,
) -> Request {
    let (state, reason) = match target {
        Target::Ready => (AgentState::Available, None),
        Target::NotReady(reason) => (AgentState::NotReady, reason),
        Target::SignedOut(reason) => (AgentState::Logout, reason),
    };
    let mut request = set_state(peripheral_id, identity(agent, instrument), state);
    request.reason = reason.map_or(0, |reason| reason.0);
    if state == AgentState::Logout {
        request.password = Some(Secret::default());
    }
    Request::SetAgentState(Box::new(request))
}

/// A sign-out whatever the state, since nobody speaks for the agent any more (CTI-03).
pub(crate) fn force_out(
    peripheral_id: u32,
    agent: &AgentId,
    instrument: Text,
    reason: ReasonCode,
) -> Request {
    let mut request = SetAgentStateReq::forced_logout(peripheral_id, identity(agent, instrument));
    request.reason = reason.0;
    request.password = Some(Secret::default());
    Request::SetAgentState(Box::new(request))
}

/// What an agent is doing.
pub(crate) fn query(peripheral_id: u32, agent: &AgentId) -> Request {
    Request::QueryAgentState(QueryAgentStateReq {
        peripheral_id,
        media_routing_domain: VOICE,
        agent_skill_target_id: 0,
        agent: identity(agent, None),
    })
}

/// What a call was about.
pub(crate) fn wrap_up(peripheral_id: u32, connection: Connection, about: &str) -> Request {
    let mut end = about.len().min(WRAP_UP_BYTES_MAX);
    while !about.is_char_boundary(end) {
        end -= 1;
    }
    let about = about.get(..end).unwrap_or_default();
    let context = CallContext { wrapup: text(about), ..CallContext::default() };
    Request::SetCallData(SetCallDataReq {
        peripheral_id,
        connection,
        context: Box::new(context),
        ..SetCallDataReq::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(password: Option<&str>) -> SetAgentStateReq {
        let wish = OwnerSignIn {
            extension: "2001".parse().unwrap(),
            password: password.map(Password::new),
            mobile: None,
            device: None,
        };
        let agent: AgentId = "1001".parse().unwrap();
        match sign_in(5_000, protocols::cti::Dialect::Enterprise, &agent, &wish) {
            Request::SetAgentState(request) => *request,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn phn_15_whom_we_proved_is_signed_on_without_a_password() {
        let request = login(None);
        assert_eq!((request.password, request.single_sign_on), (None, Some(true)));
        let request = login(Some("x"));
        assert_eq!(request.single_sign_on, None);
        assert_eq!(request.password.as_ref().map(Secret::expose), Some("x"));
    }
}
