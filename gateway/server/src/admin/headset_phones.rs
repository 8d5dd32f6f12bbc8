//! Phones with headsets on the admin socket: what each was told, and what nobody understood.

use console::Failure;
use domain::settings::{HeadsetMode, Reader};
use domain::{DeviceName, HEADSET_TEXT_CHARACTERS_MAX};
use headset::HeadsetSeen;
use serde_json::{Value, json};

use crate::node::Shared;

/// The most phones in one answer.
const PAGE_MAX: u64 = 1_000;
/// Those in an answer where nothing is said.
const PAGE_USUAL: u64 = 100;

/// Which phones are wanted.
pub(super) struct WantedPhones {
    limit: usize,
    after: Option<String>,
    device: Option<String>,
}

impl WantedPhones {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let limit = reader.number("limit", 1..=PAGE_MAX).unwrap_or(PAGE_USUAL);
        let after = reader.short_text("after", HEADSET_TEXT_CHARACTERS_MAX);
        let device = reader.short_text("device", HEADSET_TEXT_CHARACTERS_MAX);
        let device = device.map(|text| text.to_lowercase());
        Some(Self { limit: usize::try_from(limit).ok()?, after, device })
    }

    fn wants(&self, device: &DeviceName) -> bool {
        let holds = |text: &String| device.as_str().to_lowercase().contains(text);
        self.after.as_ref().is_none_or(|after| device.as_str() > after.as_str())
            && self.device.as_ref().is_none_or(holds)
    }
}

/// A page of the phones that this node tells, or that asked it, by name.
pub(super) fn list(shared: &Shared, wanted: &WantedPhones) -> Result<Value, Failure> {
    let mode = shared.engine.settings().headset.mode;
    let seen = headset(shared)?.seen().into_iter();
    // One more than are wanted tells whether there is another page.
    let mut found: Vec<_> =
        seen.filter(|it| wanted.wants(&it.device)).take(wanted.limit + 1).collect();
    let more = found.len() > wanted.limit;
    found.truncate(wanted.limit);
    let next = found.last().filter(|_| more).map(|last| last.device.clone());
    let phones: Vec<_> = found.iter().map(|phone| told(phone, mode)).collect();
    Ok(json!({"phones": phones, "next": next}))
}

/// Requests that the profile does not know, masked, the newest first.
pub(super) fn unknown(shared: &Shared) -> Result<Value, Failure> {
    let requests = headset(shared)?.unknown_requests().into_iter().map(|unknown| {
        let request = unknown.request;
        let headers = request.headers.iter();
        let headers = headers.map(|(name, value)| json!({"name": name, "value": value}));
        json!({
            "at": unknown.at,
            "count": unknown.count,
            "method": request.method,
            "target": request.target,
            "headers": headers.collect::<Vec<_>>(),
            "body": request.body,
        })
    });
    Ok(json!({"requests": requests.collect::<Vec<_>>()}))
}

/// How many phones with headsets there are, and how many of them something is wrong with; nothing where this
/// node has no headsets.
pub(super) fn counts(shared: &Shared) -> Value {
    let Some(headset) = shared.headset.as_deref() else { return Value::Null };
    let seen = headset.seen();
    let count = |is: fn(&HeadsetSeen) -> bool| seen.iter().filter(|it| is(it)).count();
    json!({
        "mode": shared.engine.settings().headset.mode,
        "told": count(|it| it.told.is_some()),
        "dead": count(|it| it.dead),
        "ambiguous": count(|it| it.problem.is_some()),
        "without_discovery": count(|it| it.reached && it.discovered_at.is_none()),
    })
}

fn headset(shared: &Shared) -> Result<&headset::Headset, Failure> {
    let headset = shared.headset.as_deref();
    headset.ok_or_else(|| Failure::new("unavailable", "this node has no headsets"))
}

fn told(phone: &HeadsetSeen, mode: HeadsetMode) -> Value {
    json!({
        "device": phone.device,
        "agent": phone.agent,
        "state": phone.told.map(|told| told.state.name()),
        "reason": phone.told.map(|told| told.reason).filter(|reason| *reason != 0),
        "light": phone.light.name(),
        "reached": phone.reached,
        "dead": phone.dead,
        "discovered_at": phone.discovered_at,
        "configured_at": phone.configured_at,
        "proof": phone.proven.map(headset::Proven::name),
        "problem": problem(phone, mode),
    })
}

/// Whether something keeps its light from being right.
pub(super) fn is_amiss(phone: &HeadsetSeen, mode: HeadsetMode) -> bool {
    problem(phone, mode).is_some()
}

/// What is wrong with it, and what to do about it; the first thing that keeps its light from being right.
fn problem(phone: &HeadsetSeen, mode: HeadsetMode) -> Option<String> {
    if mode == HeadsetMode::Disabled {
        return None;
    }
    let words = match phone {
        HeadsetSeen { problem: Some(problem), .. } => return Some(problem.clone()),
        HeadsetSeen { dead: true, .. } => {
            "it gave no answer twice, or refused; it is told nothing until it registers again"
        }
        HeadsetSeen { reached: false, .. } => {
            "it is not registered with this node over SIP, so that this node cannot tell it anything"
        }
        HeadsetSeen { discovered_at: None, .. } => {
            "it did not ask this node for its services since the node started, or nothing proved that \
             it was this phone, so that its key changes nothing; print its discovery URL anew, or \
             trust the authority of its certificate, and see that it trusts ours"
        }
        _ => return None,
    };
    Some(words.to_owned())
}

#[cfg(test)]
mod tests {
    use domain::{HeadsetState, HeadsetStatus, Timestamp};
    use headset::{Light, Proven};

    use super::*;

    fn well() -> HeadsetSeen {
        HeadsetSeen {
            device: "SEP001122334455".parse().unwrap(),
            agent: Some("east:1001".parse().unwrap()),
            problem: None,
            told: Some(HeadsetStatus { state: HeadsetState::NotReady, reason: 7 }),
            light: Light::Red,
            reached: true,
            dead: false,
            discovered_at: Some(Timestamp::from_seconds(1)),
            configured_at: None,
            proven: Some(Proven::Token),
        }
    }

    #[test]
    fn ops_15_a_phone_is_told_with_the_first_thing_that_is_wrong() {
        let on = HeadsetMode::Notification;
        let phone = told(&well(), on);
        let expected = json!({
            "device": "SEP001122334455", "agent": "east:1001", "state": "not_ready", "reason": 7,
            "light": "red", "reached": true, "dead": false, "discovered_at": 1_000_000,
            "configured_at": null, "proof": "token", "problem": null,
        });
        assert_eq!(phone, expected);
        let mut phone = HeadsetSeen { discovered_at: None, proven: None, ..well() };
        let words = |phone: &HeadsetSeen| problem(phone, on).unwrap();
        assert!(words(&phone).contains("discovery URL"));
        phone.reached = false;
        assert!(words(&phone).contains("not registered"));
        phone.dead = true;
        assert!(words(&phone).contains("no answer twice"));
        phone.problem = Some("two".to_owned());
        assert_eq!(words(&phone), "two");
        assert_eq!(problem(&phone, HeadsetMode::Disabled), None);
    }
}
