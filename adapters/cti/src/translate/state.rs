//! States of agents ("Application Level Interfaces", `AGENT_STATE_EVENT`).

use std::time::Duration;

use domain::{AgentId, Extension, HeardState, PresenceState, ReasonCode, Timestamp};
use protocols::cti::{AgentState, AgentStateEvent, QueryAgentStateConf, VOICE};

/// A state in the gateway's words. Reasons are of use when not ready or signed out; 0 is none.
pub(crate) fn presence(state: AgentState, reason: u16) -> PresenceState {
    let reason = (reason != 0).then_some(ReasonCode(reason));
    match state {
        AgentState::Logout => PresenceState::SignedOut { reason },
        // Passes by on the way to Not Ready.
        AgentState::Login => PresenceState::NotReady { reason: None },
        AgentState::NotReady => PresenceState::NotReady { reason },
        AgentState::Available => PresenceState::Ready,
        AgentState::Talking => PresenceState::Talking,
        AgentState::Hold => PresenceState::Held,
        AgentState::Reserved => PresenceState::Reserved,
        AgentState::WorkNotReady => PresenceState::WrapUp { ready_afterwards: false },
        AgentState::WorkReady => PresenceState::WrapUp { ready_afterwards: true },
        AgentState::BusyOther
        | AgentState::Active
        | AgentState::Paused
        | AgentState::Interrupted => PresenceState::Busy,
        AgentState::Unknown | AgentState::NotActive | AgentState::Other(_) => {
            PresenceState::Unknown
        }
    }
}

/// What an event says of which agent; `None` where it is not about voice, or names no agent that
/// could sign in here.
pub(crate) fn heard(event: &AgentStateEvent, now: Timestamp) -> Option<(AgentId, HeardState)> {
    // Some peers leave the domain out.
    if !matches!(event.media_routing_domain, VOICE | 0) {
        return None;
    }
    let agent = event.agent.id.as_deref()?.parse().ok()?;
    let state = presence(event.state, event.reason);
    let lasting = Duration::from_secs(event.state_duration.into());
    let pending = event.next_state.map(|next| presence(next, 0)).filter(|next| {
        // A reason makes no other state of it.
        std::mem::discriminant(next) != std::mem::discriminant(&state)
            && *next != PresenceState::Unknown
    });
    let heard = HeardState {
        state,
        since: before(now, lasting),
        pending,
        extension: line(event.agent.extension.as_deref()),
        instrument: event.agent.instrument.as_deref().map(str::to_owned),
    };
    Some((agent, heard))
}

/// What an answer says of the agent that was asked about. It tells no reason: the one known before
/// stays with a state that is the same.
pub(crate) fn answered(
    conf: &QueryAgentStateConf,
    before: Option<&domain::LiveAgent>,
    now: Timestamp,
) -> HeardState {
    let told = presence(conf.state, 0);
    let same =
        before.filter(|it| std::mem::discriminant(&it.state) == std::mem::discriminant(&told));
    HeardState {
        state: same.map_or(told, |it| it.state),
        since: same.map_or(now, |it| it.since),
        pending: same.and_then(|it| it.pending),
        extension: line(conf.agent.extension.as_deref()),
        instrument: conf.agent.instrument.as_deref().map(str::to_owned),
    }
}

fn line(extension: Option<&str>) -> Option<Extension> {
    extension?.parse().ok()
}

fn before(now: Timestamp, lasting: Duration) -> Timestamp {
    let microseconds = i64::try_from(lasting.as_micros()).unwrap_or(0);
    Timestamp::from_microseconds(now.microseconds().saturating_sub(microseconds).max(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cti_03_a_code_of_the_servers_is_shown_as_it_comes() {
        let reason = Some(ReasonCode(50_002));
        assert_eq!(presence(AgentState::NotReady, 50_002), PresenceState::NotReady { reason });
        assert_eq!(presence(AgentState::Logout, 50_002), PresenceState::SignedOut { reason });
        assert_eq!(presence(AgentState::Available, 50_002), PresenceState::Ready);
    }

    #[test]
    fn cti_01_an_event_of_another_medium_or_without_an_agent_says_nothing() {
        let now = Timestamp::from_seconds(100);
        let mut event = AgentStateEvent {
            state: AgentState::Available,
            state_duration: 40,
            media_routing_domain: 1,
            ..AgentStateEvent::default()
        };
        assert_eq!(heard(&event, now), None);
        event.agent.id = Some("1001".into());
        let (agent, told) = heard(&event, now).unwrap();
        assert_eq!((agent.as_str(), told.since), ("1001", Timestamp::from_seconds(60)));
        event.state_duration = u32::MAX;
        assert_eq!(heard(&event, now).unwrap().1.since, Timestamp::from_seconds(0));
        event.media_routing_domain = 5;
        assert_eq!(heard(&event, now), None);
    }

    #[test]
    fn phn_21_what_is_announced_as_next_is_pending() {
        let mut event = AgentStateEvent {
            state: AgentState::Talking,
            media_routing_domain: 1,
            next_state: Some(AgentState::NotReady),
            ..AgentStateEvent::default()
        };
        event.agent.id = Some("1001".into());
        let (_, told) = heard(&event, Timestamp::default()).unwrap();
        assert_eq!(told.pending, Some(PresenceState::NotReady { reason: None }));
        event.next_state = Some(AgentState::Talking);
        assert_eq!(heard(&event, Timestamp::default()).unwrap().1.pending, None);
    }
}
