//! Control requests that wait until something is so.

use std::time::Duration;

use serde_json::{Value, json};

use super::commands::{number, text, text_or_number, wanted_state};
use super::{Output, World};

/// How long `wait` waits unless it says so.
const WAIT_USUAL: Duration = Duration::from_secs(10);

/// A control request that waits for a condition.
pub(super) struct Waiter {
    ticket: u64,
    request: Value,
}

impl World {
    pub(super) fn begin_wait(
        &mut self,
        ticket: u64,
        request: &Value,
    ) -> Result<Option<Value>, String> {
        if let Some(answer) = self.met(request)? {
            return Ok(Some(answer));
        }
        let delay = number(request, "seconds")?.map_or(WAIT_USUAL, Duration::from_secs);
        self.waiters.push(Waiter { ticket, request: request.clone() });
        self.wait_until(delay, ticket);
        Ok(None)
    }

    /// What a waiter waits for, once it is so.
    fn met(&self, request: &Value) -> Result<Option<Value>, String> {
        let value = text_or_number(request, "value");
        let more = text_or_number(request, "more");
        let count = |text: &str| -> Result<u64, String> {
            text.parse().map_err(|_| format!("wait wants a number, not {text:?}"))
        };
        let counted = |have: usize| -> Result<Option<Value>, String> {
            let have = u64::try_from(have).unwrap_or(u64::MAX);
            Ok((have == count(&value)?).then(|| json!({ "count": have })))
        };
        match text(request, "what") {
            "agent" => {
                let agent =
                    self.agent_of(&value).ok_or_else(|| format!("{value:?} is no agent"))?;
                let wanted = wanted_state(&more)?;
                let is = self.agents.get(agent).is_some_and(|agent| agent.state == wanted);
                if is { self.agent_json(agent).map(Some) } else { Ok(None) }
            }
            "sessions" => counted(self.sessions.values().filter(|it| it.is_open()).count()),
            "standby" => {
                counted(self.sessions.values().filter(|it| it.is_open() && it.standby).count())
            }
            "calls" => counted(self.calls.len()),
            "violations" => {
                let wanted = count(&value)?;
                Ok((self.violations_count >= wanted)
                    .then(|| json!({"count": self.violations_count})))
            }
            "request" => {
                let wanted = if more.is_empty() { 1 } else { count(&more)? };
                let name = value.to_uppercase();
                let seen = self.log.iter().filter(|line| text(line, "message").starts_with(&name));
                let seen = u64::try_from(seen.count()).unwrap_or(u64::MAX);
                Ok((seen >= wanted).then(|| json!({ "count": seen })))
            }
            other => Err(format!(
                "{other:?}: it is agent, sessions, standby, calls, request or violations"
            )),
        }
    }

    pub(super) fn look_at_waiters(&mut self) {
        if self.waiters.is_empty() {
            return;
        }
        for waiter in std::mem::take(&mut self.waiters) {
            match self.met(&waiter.request) {
                Ok(Some(answer)) => self.reply(waiter.ticket, answer),
                _ => self.waiters.push(waiter),
            }
        }
    }

    pub(super) fn waiter_over(&mut self, ticket: u64) {
        let Some(place) = self.waiters.iter().position(|waiter| waiter.ticket == ticket) else {
            return;
        };
        let waiter = self.waiters.remove(place);
        let answer = json!({
            "ok": false,
            "problem": format!("it did not come to that in time: {}", waiter.request),
        });
        self.outputs.push(Output::Reply { ticket, answer });
    }
}
