//! Lines of a script that are for the headset, and what can be waited for of it.

use serde_json::{Map, Value, json};

use super::super::driver::Driver;
use super::command::{Step, WAIT_SECONDS_DEFAULT, WAIT_SECONDS_MAX};
use crate::headset::machine::Command;

/// The one command with two members: conditions, and `within` how many seconds.
pub(super) const WAIT_HEADSET: &str = "wait_headset";

/// Members that count something since the start: so many or more are waited for.
const COUNTS: [&str; 6] =
    ["refers", "updates", "discoveries", "failed_discoveries", "configurations", "inventories"];
/// Members that can be waited for as they are.
const EXACT: [&str; 19] = [
    "light",
    "muted",
    "in_call",
    "plugged",
    "mode",
    "mute_button",
    "state",
    "reason",
    "signed_in",
    "agent",
    "agent_problem",
    "default_reason",
    "registered",
    "registrar",
    "discovered",
    "enabled",
    "has_token",
    "service",
    "last_answer",
];

/// What the headset has to be; all that is given must hold at once.
#[derive(Debug)]
pub(super) struct HeadsetCondition(Map<String, Value>);

impl HeadsetCondition {
    fn read(members: &Map<String, Value>) -> Result<Self, String> {
        for (name, value) in members {
            let is_count = COUNTS.contains(&name.as_str());
            if is_count && !value.is_u64() {
                return Err(format!("{name} takes a number"));
            }
            if !is_count && !EXACT.contains(&name.as_str()) {
                return Err(format!("cannot wait for {name:?} of a headset"));
            }
        }
        Ok(Self(members.clone()))
    }

    /// Whether the headset is so.
    pub(super) fn holds(&self, driver: &Driver) -> bool {
        driver.headset().is_ok_and(|headset| self.holds_of(&headset.state()))
    }

    fn holds_of(&self, state: &Value) -> bool {
        self.0.iter().all(|(name, wanted)| {
            let found = state.get(name).unwrap_or(&Value::Null);
            match COUNTS.contains(&name.as_str()) {
                true => found.as_u64() >= wanted.as_u64(),
                false => found == wanted,
            }
        })
    }

    /// What there is instead, for people.
    pub(super) fn unmet(&self, driver: &Driver) -> String {
        let state = driver.headset().map(crate::headset::Worn::state).unwrap_or_default();
        let found: Map<String, Value> = self
            .0
            .keys()
            .map(|name| (name.clone(), state.get(name).cloned().unwrap_or_default()))
            .collect();
        format!("waited in vain; there is {}", json!(found))
    }
}

/// Reads `wait_headset` with its `within`.
pub(super) fn wait(members: &Map<String, Value>, conditions: &Value) -> Result<Step, String> {
    let conditions = conditions.as_object().ok_or("takes an object")?;
    let mut seconds = WAIT_SECONDS_DEFAULT;
    for (name, value) in members {
        match name.as_str() {
            WAIT_HEADSET => {}
            "within" => {
                let given = value.as_f64().filter(|it| (0.0..=WAIT_SECONDS_MAX).contains(it));
                seconds = given.ok_or(format!("within must be 0 to {WAIT_SECONDS_MAX}"))?;
            }
            _ => return Err(format!("{WAIT_HEADSET} goes with within, not with {name}")),
        }
    }
    Ok(Step::WaitHeadset { condition: HeadsetCondition::read(conditions)?, seconds })
}

/// Reads what `headset` says.
pub(super) fn command(text: &str) -> Result<Step, String> {
    Ok(Step::Headset(match text {
        "mute" => Command::Mute,
        "call" => Command::Call,
        "hangup" => Command::HangUp,
        "plug" => Command::Plug,
        "unplug" => Command::Unplug,
        "repeat" => Command::Repeat,
        "restart" => Command::Restart,
        "state" => return Ok(Step::HeadsetState),
        "draw" => return Ok(Step::HeadsetDraw),
        _ => {
            return Err(
                "a headset does mute, call, hangup, plug, unplug, repeat, restart, state and draw"
                    .to_owned(),
            );
        }
    }))
}

/// Reads what `headset_fault` says.
pub(super) fn fault(argument: &Value) -> Result<Step, String> {
    let fault = match argument {
        Value::Null => None,
        Value::String(text) => Some(text.parse()?),
        _ => return Err("takes a string or null".to_owned()),
    };
    Ok(Step::Headset(Command::Fault(fault)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<HeadsetCondition, String> {
        HeadsetCondition::read(serde_json::from_str::<Value>(line).unwrap().as_object().unwrap())
    }

    #[test]
    fn counts_are_reached_and_the_rest_is_equal() {
        let state = json!({"light": "red", "refers": 3, "service": null});
        let holds = |line: &str| read(line).unwrap().holds_of(&state);
        assert!(holds(r#"{"light":"red","refers":2,"service":null}"#));
        assert!(holds(r#"{"refers":3}"#));
        assert!(!holds(r#"{"refers":4}"#));
        assert!(!holds(r#"{"light":"off"}"#));
        assert!(read(r#"{"colour":"red"}"#).is_err());
        assert!(read(r#"{"refers":"3"}"#).is_err());
    }

    #[test]
    fn a_wait_has_conditions_and_a_time() {
        let reads = |line: &str| {
            let members = serde_json::from_str::<Value>(line).unwrap();
            let members = members.as_object().unwrap();
            wait(members, &members[WAIT_HEADSET])
        };
        let step = reads(r#"{"wait_headset":{"light":"red"},"within":2}"#);
        assert!(matches!(step, Ok(Step::WaitHeadset { seconds: 2.0, .. })));
        assert!(reads(r#"{"wait_headset":{"light":"red"},"seconds":2}"#).is_err());
        assert!(reads(r#"{"wait_headset":{"light":"red"},"within":-1}"#).is_err());
        assert!(reads(r#"{"wait_headset":"red"}"#).is_err());
    }
}
