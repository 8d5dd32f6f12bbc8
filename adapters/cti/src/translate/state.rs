//! States of agents ("Application Level Interfaces", `AGENT_STATE_EVENT`).

use std::time::Duration;

use domain::{AgentId, Extension, HeardState, PresenceState, ReasonCode, Timestamp};
use protocols::cti::{AgentState, AgentStateEvent, QueryAgentStateConf, VOICE};

use super::phone;

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

/// What an event says of which agent; `None` where it is about another peripheral, whose agents may
/// have the same ids, or not about voice, or names no agent that could sign in here.
pub(crate) fn heard(
    event: &AgentStateEvent,
    peripheral_id: u32,
    now: Timestamp,
) -> Option<(AgentId, HeardState)> {
    if event.peripheral_id != peripheral_id {
        return None;
    }
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
    let instrument = event.agent.instrument.as_deref();
    let heard = HeardState {
        state,
        since: before(now, lasting),
        pending,
        extension: line(event.agent.extension.as_deref()),
        instrument: instrument.map(str::to_owned),
        device: phone::of_state(event.active_terminal.as_deref(), instrument),
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
    let is_same = |before: PresenceState| match (before, told) {
        (PresenceState::NotReady { .. }, PresenceState::NotReady { .. })
        | (PresenceState::SignedOut { .. }, PresenceState::SignedOut { .. }) => true,
        (before, told) => before == told,
    };
    let same = before.filter(|it| is_same(it.state));
    let instrument = conf.agent.instrument.as_deref();
    HeardState {
        state: same.map_or(told, |it| it.state),
        since: same.map_or(now, |it| it.since),
        pending: same.and_then(|it| it.pending),
        extension: line(conf.agent.extension.as_deref()),
        instrument: instrument.map(str::to_owned),
        device: phone::of_state(conf.active_terminal.as_deref(), instrument),
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
            peripheral_id: 5000,
            ..AgentStateEvent::default()
        };
        assert_eq!(heard(&event, 5000, now), None);
        event.agent.id = Some("1001".into());
        let (agent, told) = heard(&event, 5000, now).unwrap();
        assert_eq!((agent.as_str(), told.since), ("1001", Timestamp::from_seconds(60)));
        event.state_duration = u32::MAX;
        assert_eq!(heard(&event, 5000, now).unwrap().1.since, Timestamp::from_seconds(0));
        event.media_routing_domain = 5;
        assert_eq!(heard(&event, 5000, now), None);
        // Another peripheral may have an agent of that id.
        event.media_routing_domain = 1;
        assert!(heard(&event, 5000, now).is_some() && heard(&event, 5001, now).is_none());
    }

    #[test]
    fn cti_02_an_answer_keeps_what_it_does_not_tell_and_nothing_else() {
        let key: domain::AgentKey = "east:1001".parse().unwrap();
        let at = Timestamp::from_seconds;
        let after = |state, conf| {
            let heard = HeardState {
                state,
                since: at(10),
                pending: None,
                extension: None,
                instrument: None,
                device: None,
            };
            let heard = domain::Heard::State(heard);
            let before = domain::LiveAgent::after(&key, None, at(10), heard).unwrap();
            let conf = QueryAgentStateConf { state: conf, ..QueryAgentStateConf::default() };
            let heard = answered(&conf, Some(&before), at(20));
            (heard.state, heard.since)
        };
        let resting = PresenceState::NotReady { reason: Some(ReasonCode(7)) };
        assert_eq!(after(resting, AgentState::NotReady), (resting, at(10)));
        assert_eq!(after(resting, AgentState::Available), (PresenceState::Ready, at(20)));
        let [ready, not_ready] =
            [true, false].map(|ready_afterwards| PresenceState::WrapUp { ready_afterwards });
        assert_eq!(after(not_ready, AgentState::WorkReady), (ready, at(20)));
        assert_eq!(after(ready, AgentState::WorkReady), (ready, at(10)));
    }

    #[test]
    fn phn_21_what_is_announced_as_next_is_pending() {
        let mut event = AgentStateEvent {
            state: AgentState::Talking,
            peripheral_id: 5000,
            media_routing_domain: 1,
            next_state: Some(AgentState::NotReady),
            ..AgentStateEvent::default()
        };
        event.agent.id = Some("1001".into());
        let (_, told) = heard(&event, 5000, Timestamp::default()).unwrap();
        assert_eq!(told.pending, Some(PresenceState::NotReady { reason: None }));
        event.next_state = Some(AgentState::Talking);
        assert_eq!(heard(&event, 5000, Timestamp::default()).unwrap().1.pending, None);
    }
}
