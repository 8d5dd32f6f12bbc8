//! A busy hour: many agents signed on as from elsewhere, and a steady rate of state changes.
//!
//! Each agent's events carry a number that only rises: whole as StateDuration, and modulo 60,000 as
//! EventReasonCode of Not Ready. `states` answers the last one of each agent, so that a consumer can
//! be compared.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Timer, World};
use crate::cti::numbers::{state, state_name};

/// How often a load writes.
const TICK: Duration = Duration::from_millis(5);
/// Modulus of the number in EventReasonCode.
const REASONS: u32 = 60_000;

pub(super) struct Load {
    ticket: u64,
    agents: usize,
    signed_on: usize,
    sign_ons_per_second: u64,
    events_per_second: u64,
    calls: bool,
    duration: Duration,
    began: Instant,
    /// When the state changes began.
    changes_began: Option<Instant>,
    sent: u64,
    /// The agent whose turn it is; a step that shares no factor with most counts scatters them.
    turn: usize,
}

impl World {
    pub(super) fn begin_load(&mut self, ticket: u64, request: &Value) -> Result<(), String> {
        if self.load.is_some() {
            return Err("a load is under way".into());
        }
        let read = |name: &str, usual: u64, most: u64| -> Result<u64, String> {
            let value = match request.get(name) {
                None => usual,
                Some(value) => value.as_u64().ok_or_else(|| format!("{name} is a number"))?,
            };
            if value == 0 || value > most {
                return Err(format!("{name} {value}: it is 1 to {most}"));
            }
            Ok(value)
        };
        let known = u64::try_from(self.agents.len()).unwrap_or(u64::MAX);
        let agents = read("agents", known, known)?;
        self.load = Some(Load {
            ticket,
            agents: usize::try_from(agents).unwrap_or(usize::MAX),
            signed_on: 0,
            sign_ons_per_second: read("sign_ons_per_second", 10_000, 1_000_000)?,
            events_per_second: read("events_per_second", 2_000, 1_000_000)?,
            calls: request.get("calls") == Some(&json!(true)),
            duration: Duration::from_secs(read("seconds", 10, 86_400)?),
            began: self.now.instant,
            changes_began: None,
            sent: 0,
            turn: 0,
        });
        self.after(TICK, Timer::Load);
        Ok(())
    }

    /// As many events as the time since the beginning asks for.
    pub(super) fn load_goes_on(&mut self) {
        let Some(mut load) = self.load.take() else { return };
        let now = self.now.instant;
        let due = |since: Instant, rate: u64| -> u64 {
            let micros = now.saturating_duration_since(since).as_micros();
            let count = micros.saturating_mul(u128::from(rate)) / 1_000_000;
            u64::try_from(count).unwrap_or(u64::MAX)
        };
        if load.signed_on < load.agents {
            let wanted = usize::try_from(due(load.began, load.sign_ons_per_second));
            let wanted = wanted.unwrap_or(usize::MAX).min(load.agents);
            while load.signed_on < wanted {
                let agent = load.signed_on;
                load.signed_on += 1;
                let out = self.agents.get(agent).is_some_and(|agent| !agent.signed_on());
                if out && !self.occupants.contains_key(&agent) {
                    self.take_place(agent, agent);
                    self.signed_on(agent);
                }
            }
        } else {
            let began = *load.changes_began.get_or_insert(now);
            let end = load.events_per_second.saturating_mul(load.duration.as_secs());
            let wanted = due(began, load.events_per_second).min(end);
            while load.sent < wanted {
                load.sent += 1;
                self.load_changes(load.turn, load.calls);
                load.turn = (load.turn + 1) % load.agents;
            }
            if load.sent >= end {
                return self.load_over(&load, now);
            }
        }
        self.load = Some(load);
        self.after(TICK, Timer::Load);
    }

    fn load_over(&mut self, load: &Load, now: Instant) {
        let micros = |since: Instant| {
            u64::try_from(now.saturating_duration_since(since).as_micros()).unwrap_or(u64::MAX)
        };
        let answer = json!({
            "agents": load.agents,
            "events": load.sent,
            "changes_microseconds": load.changes_began.map(micros),
            "whole_microseconds": micros(load.began),
        });
        self.load_report = answer.clone();
        self.reply(load.ticket, answer);
    }

    /// The next change of one agent.
    fn load_changes(&mut self, index: usize, calls: bool) {
        let now = self.now.instant;
        let Some(agent) = self.agents.get_mut(index) else { return };
        let number = agent.marker.map_or(1, |marker| marker.saturating_add(1));
        agent.marker = Some(number);
        agent.next = None;
        let reason = u16::try_from(number % REASONS).unwrap_or(0);
        let (wanted, reason, direction) = match agent.state {
            state::NOT_READY => (state::AVAILABLE, 0, 0),
            state::AVAILABLE if calls => (state::RESERVED, 0, 1),
            state::RESERVED if calls => (state::TALKING, 0, 1),
            _ => (state::NOT_READY, reason, 0),
        };
        agent.load_state(wanted, reason, direction, now);
        self.tell_agent(index);
    }

    /// The last state of each agent of a load.
    pub(super) fn load_states(&self, limit: Option<u64>) -> Value {
        let limit = limit.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX));
        let marked = self.agents.iter().filter_map(|agent| {
            agent.marker.map(|marker| {
                json!({
                    "id": agent.person.id,
                    "state": state_name(agent.state),
                    "reason": agent.reason,
                    "marker": marker,
                })
            })
        });
        let states: Vec<_> = marked.take(limit).collect();
        json!({ "states": states, "last_load": self.load_report })
    }
}
