//! What goes wrong on demand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::commands::{number, one_of, side_named, text, text_or_number};
use super::{Output, Side, Timer, World};
use crate::cti::events::{self, AgentView};
use crate::cti::numbers::{message, state};
use crate::cti::request::layout_named;
use crate::cti::wire::Framing;

/// How often a flood writes.
const FLOOD_TICK: Duration = Duration::from_millis(10);

/// A refusal that waits for its request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    /// None for whatever comes next.
    message: Option<u32>,
    pub(super) code: u16,
    /// As `CONTROL_FAILURE_CONF`, else as `FAILURE_CONF`.
    pub(super) by_switch: bool,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    mute: [bool; 2],
    delay: [Duration; 2],
    pub(super) event_first: bool,
    pub(super) both_active: bool,
    /// Confirmations that go missing, by message number.
    lose: BTreeMap<u32, u32>,
    refuse: VecDeque<Refusal>,
    flood: Option<Flood>,
}

#[derive(Debug)]
struct Flood {
    events_per_tick: u32,
    ticks: u32,
    sent: u32,
}

impl Faults {
    pub(super) fn is_mute(&self, side: Side) -> bool {
        self.mute.get(side as usize).copied().unwrap_or_default()
    }

    pub(super) fn delay(&self, side: Side) -> Duration {
        self.delay.get(side as usize).copied().unwrap_or_default()
    }

    /// Whether this confirmation goes missing.
    pub(super) fn loses(&mut self, number: u32) -> bool {
        match self.lose.get_mut(&number) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        }
    }

    /// The refusal that waits for such a request.
    pub(super) fn refuses(&mut self, number: u32) -> Option<Refusal> {
        let waits = |it: &Refusal| it.message.is_none_or(|wanted| wanted == number);
        let place = self.refuse.iter().position(waits)?;
        self.refuse.remove(place)
    }
}

/// Which sides a fault concerns; both unless one is named.
fn sides(side: Option<Side>) -> Vec<Side> {
    side.map_or_else(|| vec![Side::A, Side::B], |side| vec![side])
}

impl World {
    /// The command `fault`.
    pub(super) fn fault(&mut self, request: &Value) -> Result<Value, String> {
        let side = side_named(text(request, "side"))?;
        let session = number(request, "session")?;
        let value = text_or_number(request, "value");
        let count = text_or_number(request, "count");
        let parse = |text: &str, usual: i64| -> Result<i64, String> {
            if text.is_empty() {
                return Ok(usual);
            }
            text.parse().map_err(|_| format!("{text:?} is no number"))
        };
        let small = |value: i64| u32::try_from(value).map_err(|_| format!("{value} is too big"));
        let concerned = match text(request, "what") {
            "drop-link" => {
                let reset = request.get("reset") == Some(&json!(true));
                match session {
                    None => self.drop_links(side, reset),
                    Some(session) => {
                        if !self.sessions.contains_key(&session) {
                            return Err(format!("there is no session {session}"));
                        }
                        self.end(session, reset);
                        1
                    }
                }
            }
            "heartbeats" => {
                let on = one_of(&value, &["off", "on"])? == 1;
                self.mute_heartbeats(side, !on);
                0
            }
            "delay" => {
                let delay = u64::from(small(parse(&value, 0)?)?);
                self.delay_output(side, Duration::from_millis(delay));
                0
            }
            "order" => {
                let names = ["confirmation-first", "event-first"];
                self.faults.event_first = one_of(&value, &names)? == 1;
                0
            }
            "lose" => {
                self.lose_confirmations(&value, small(parse(&count, 1)?)?)?;
                0
            }
            "refuse" => {
                let code = u16::try_from(parse(&value, -1)?);
                let code = code.map_err(|_| "fault refuse wants a code up to 65535".to_owned())?;
                let named = text(request, "request");
                let named = (!named.is_empty()).then_some(named);
                self.refuse_next(named, code, request.get("failure") != Some(&json!(true)))?;
                0
            }
            "raw" => self.send_raw(session, unhex(&value)?),
            "half-frame" => self.send_half(session),
            "lying-length" => self.send_lying_length(session, parse(&value, 4)?),
            "flood" => {
                let rate = small(parse(&value, 1_000)?)?;
                let seconds = number(request, "seconds")?.unwrap_or(1).min(3_600);
                self.flood(rate, u32::try_from(seconds).unwrap_or(1));
                0
            }
            "unknown-agents" => {
                let many = parse(&value, 1)?.min(10_000);
                self.tell_unknown_agents(900_001, small(many)?)
            }
            "both-active" => {
                self.faults.both_active = true;
                0
            }
            "off" => {
                self.no_faults();
                0
            }
            other => return Err(format!("{other:?} is no fault; --help lists them")),
        };
        Ok(json!({ "sessions": concerned }))
    }

    pub(super) fn mute_heartbeats(&mut self, side: Option<Side>, mute: bool) {
        for side in sides(side) {
            if let Some(place) = self.faults.mute.get_mut(side as usize) {
                *place = mute;
            }
        }
    }

    pub(super) fn delay_output(&mut self, side: Option<Side>, delay: Duration) {
        for side in sides(side) {
            if let Some(place) = self.faults.delay.get_mut(side as usize) {
                *place = delay;
            }
        }
    }

    /// Loses confirmations of a request, named or numbered as the request.
    pub(super) fn lose_confirmations(&mut self, request: &str, count: u32) -> Result<(), String> {
        self.faults.lose.insert(request_number(request)? + 1, count);
        Ok(())
    }

    pub(super) fn refuse_next(
        &mut self,
        request: Option<&str>,
        code: u16,
        by_switch: bool,
    ) -> Result<(), String> {
        let message = request.map(request_number).transpose()?;
        self.faults.refuse.push_back(Refusal { message, code, by_switch });
        Ok(())
    }

    /// Ends every fault; bytes already wrong stay so.
    pub(super) fn no_faults(&mut self) {
        self.faults = Faults::default();
    }

    /// Sends bytes as they are to open sessions of a side, or of one number.
    pub(super) fn send_raw(&mut self, session: Option<u64>, bytes: Vec<u8>) -> usize {
        let bytes = Arc::new(bytes);
        let targets = self.fault_targets(session);
        for session in &targets {
            self.send_bytes(*session, &bytes);
        }
        targets.len()
    }

    fn fault_targets(&self, session: Option<u64>) -> Vec<u64> {
        let open = self.sessions.iter().filter(|(_, it)| it.is_open());
        open.map(|(number, _)| *number)
            .filter(|number| session.is_none_or(|wanted| wanted == *number))
            .collect()
    }

    /// The first half of an event, and nothing more on that link.
    pub(super) fn send_half(&mut self, session: Option<u64>) -> usize {
        let framing = Framing::of(self.settings.maximum_version, self.settings.express, None);
        let whole = self.system_event(5, 0, "half a frame").encode(framing);
        let half = whole.get(..whole.len() / 2).unwrap_or_default().to_vec();
        let targets = self.fault_targets(session);
        for number in &targets {
            self.send_raw(Some(*number), half.clone());
            if let Some(target) = self.sessions.get_mut(number) {
                // Nothing is meant for it any more; its requests are not answered either.
                target.phase = super::sessions::Phase::Closed;
            }
        }
        targets.len()
    }

    /// An event whose header names another length than it has.
    pub(super) fn send_lying_length(&mut self, session: Option<u64>, by: i64) -> usize {
        let framing = Framing::of(self.settings.maximum_version, self.settings.express, None);
        let mut bytes = self.system_event(5, 0, "a lying length").encode(framing);
        let length = i64::try_from(bytes.len()).unwrap_or(0) - 8 + by;
        let length = u32::try_from(length.clamp(0, i64::from(u32::MAX))).unwrap_or(0);
        for (place, byte) in bytes.iter_mut().zip(length.to_be_bytes()) {
            *place = byte;
        }
        self.send_raw(session, bytes)
    }

    /// State events of agents nobody has heard of.
    pub(super) fn tell_unknown_agents(&mut self, first: u32, count: u32) -> usize {
        let sessions: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, it)| it.hears_all() && it.agent_mask & 0x4 != 0)
            .map(|(number, it)| (*number, it.framing))
            .collect();
        for (session, framing) in &sessions {
            let mut bytes = Vec::new();
            for number in (first..).take(usize::try_from(count).unwrap_or(0)) {
                let id = format!("x{number}");
                let message = events::agent_state_event(
                    &AgentView {
                        id: &id,
                        extension: &number.to_string(),
                        instrument: &number.to_string(),
                        terminal: "",
                        number,
                        state: state::NOT_READY,
                        duration: 0,
                        reason: 0,
                        next: None,
                        direction: 0,
                        skill_groups: &[],
                        peripheral: self.settings.peripheral,
                        session: 0,
                    },
                    *framing,
                    0,
                    None,
                );
                bytes.extend(message.encode(*framing));
            }
            self.send_bytes(*session, &Arc::new(bytes));
        }
        sessions.len()
    }

    /// System texts at a rate, to every session of all events.
    pub(super) fn flood(&mut self, events_per_second: u32, seconds: u32) {
        self.faults.flood = Some(Flood {
            events_per_tick: events_per_second.div_ceil(100),
            ticks: seconds.saturating_mul(100),
            sent: 0,
        });
        self.after(FLOOD_TICK, Timer::Flood);
    }

    pub(super) fn flood_goes_on(&mut self) {
        let Some(flood) = &mut self.faults.flood else { return };
        if flood.ticks == 0 {
            let words = format!("flood over: {} events", flood.sent);
            self.faults.flood = None;
            self.outputs.push(Output::Line(words));
            return;
        }
        flood.ticks -= 1;
        let count = flood.events_per_tick;
        flood.sent = flood.sent.saturating_add(count);
        let message = self.system_event(5, 0, "flood");
        let sessions: Vec<_> = self
            .sessions
            .iter()
            .filter(|(_, it)| it.hears_all())
            .map(|(number, it)| (*number, it.framing))
            .collect();
        for (session, framing) in sessions {
            let one = message.encode(framing);
            let many = one.repeat(usize::try_from(count).unwrap_or(0));
            self.send_bytes(session, &Arc::new(many));
        }
        self.after(FLOOD_TICK, Timer::Flood);
    }
}

/// The number of a request by its name or number.
fn request_number(name: &str) -> Result<u32, String> {
    if let Some(layout) = layout_named(name) {
        return Ok(layout.number);
    }
    match name.parse() {
        Ok(number) if number > message::FAILURE_EVENT => Ok(number),
        _ => Err(format!("{name:?} is no request, such as SET_AGENT_STATE or 38")),
    }
}

fn unhex(digits: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u32> = digits
        .chars()
        .filter(|digit| !digit.is_whitespace())
        .map(|digit| digit.to_digit(16).ok_or_else(|| format!("{digit:?} is no hex digit")))
        .collect::<Result<_, _>>()?;
    if digits.is_empty() || digits.len() % 2 == 1 {
        return Err("fault raw wants an even number of hex digits".into());
    }
    let bytes = digits.chunks(2).map(|pair| pair.iter().fold(0, |value, digit| value * 16 + digit));
    Ok(bytes.map(|byte| u8::try_from(byte).unwrap_or(0)).collect())
}
