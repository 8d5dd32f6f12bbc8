//! What happened to many headsets, counted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::headset::machine::Report;
use crate::sip::event::Event;
use crate::sip::load::tally::{percentiles, seconds};

/// Problems told in words; more are only counted.
const SAMPLES_MAX: usize = 10;

/// Both clocks at one moment, so that times of the steady one have dates.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    now: Instant,
    date: SystemTime,
}

impl Clock {
    /// Read together.
    pub(super) fn present() -> Self {
        Self { now: Instant::now(), date: SystemTime::now() }
    }

    /// Microseconds since 1970 of a time after this one.
    pub(super) fn microseconds(&self, at: Instant) -> u64 {
        let date = self.date + at.saturating_duration_since(self.now);
        let since = date.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_micros()).unwrap_or_default()
    }
}

/// One phone's part in it.
pub(super) struct Phone {
    is_up: bool,
    is_found: bool,
    /// Discoveries after the first.
    again: usize,
    /// Its place in the run, for reports.
    number: usize,
}

impl Phone {
    /// A phone that is not registered.
    pub(super) fn new(number: usize) -> Self {
        Self { is_up: false, is_found: false, again: 0, number }
    }

    /// Something happened between the phone and its registrar.
    pub(super) fn hear(&mut self, tally: &mut Tally, event: &Event) {
        let is_up = match event {
            Event::Registered { fresh, .. } => {
                tally.registrations += u64::from(*fresh);
                true
            }
            Event::Lost(words) => {
                tally.lost += 1;
                tally.sample(&format!("lost: {words}"));
                false
            }
            Event::NotConnected(words) => {
                tally.not_connected += 1;
                tally.sample(&format!("not connected: {words}"));
                self.is_up
            }
            Event::Refused { what, status, reason, .. } => {
                tally.refused += 1;
                tally.sample(&format!("{what} refused: {status} {reason}"));
                !matches!(*what, "register" | "refresh") && self.is_up
            }
            Event::Request { name: "refer", .. } => {
                tally.refers += 1;
                self.is_up
            }
            Event::Request { name: "notify", .. } => {
                tally.notifies += 1;
                self.is_up
            }
            _ => self.is_up,
        };
        if is_up != self.is_up {
            self.is_up = is_up;
            tally.stands(is_up);
        }
    }

    /// The headset's software told something.
    pub(super) fn told(&mut self, tally: &mut Tally, report: &Report) {
        let event = match report {
            Report::Violation(words) => {
                tally.violations += 1;
                return tally.sample(&format!("violation: {words}"));
            }
            Report::Event(event) => event,
        };
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("event") {
            "discovered" if !self.is_found => {
                self.is_found = true;
                tally.finds(true);
            }
            "discovered" => {
                self.again += 1;
                tally.again(self.again, Instant::now());
            }
            "not_discovered" => {
                tally.failed_discoveries += 1;
                tally.sample(&format!("phone {} found nothing: {}", self.number, text("words")));
                if std::mem::take(&mut self.is_found) {
                    tally.finds(false);
                }
            }
            "no_configuration" => {
                tally.sample(&format!("phone {}: {}", self.number, text("words")));
                tally.failed_configurations += 1;
            }
            "configured" => tally.configurations += 1,
            "told" => {
                if let Some(after) = event.get("after_milliseconds").and_then(Value::as_f64) {
                    tally.after_press.push(after as f32);
                }
            }
            "update" => {
                let outcome = match event.get("status").and_then(Value::as_u64) {
                    Some(status) => status.to_string(),
                    None => text("failure").to_owned(),
                };
                *tally.updates.entry(format!("{} {outcome}", text("to"))).or_default() += 1;
                if let Some(took) = event.get("milliseconds").and_then(Value::as_f64) {
                    tally.update_times.push(took as f32);
                }
            }
            _ => {}
        }
    }
}

/// Every phone's discovery for the same time after its first.
#[derive(Clone, Copy, Debug)]
struct Round {
    phones: usize,
    first: Instant,
    last: Instant,
}

/// Counts of one run.
pub(super) struct Tally {
    clock: Clock,
    phones: usize,
    up: usize,
    found: usize,
    all_up: Option<Duration>,
    all_found: Option<Duration>,
    rounds: Vec<Round>,
    registrations: u64,
    lost: u64,
    not_connected: u64,
    refused: u64,
    refers: u64,
    notifies: u64,
    failed_discoveries: u64,
    configurations: u64,
    failed_configurations: u64,
    presses: u64,
    after_press: Vec<f32>,
    updates: BTreeMap<String, u64>,
    update_times: Vec<f32>,
    violations: u64,
    samples: Vec<String>,
    lines: Vec<Value>,
}

impl Tally {
    /// Nothing has happened yet.
    pub(super) fn new(clock: Clock, phones: usize) -> Self {
        Self {
            clock,
            phones,
            up: 0,
            found: 0,
            all_up: None,
            all_found: None,
            rounds: Vec::new(),
            registrations: 0,
            lost: 0,
            not_connected: 0,
            refused: 0,
            refers: 0,
            notifies: 0,
            failed_discoveries: 0,
            configurations: 0,
            failed_configurations: 0,
            presses: 0,
            after_press: Vec::new(),
            updates: BTreeMap::new(),
            update_times: Vec::new(),
            violations: 0,
            samples: Vec::new(),
            lines: Vec::new(),
        }
    }

    fn sample(&mut self, words: &str) {
        let is_known = self.samples.iter().any(|each| each == words);
        if !is_known && self.samples.len() < SAMPLES_MAX {
            self.samples.push(words.to_owned());
        }
    }

    fn stands(&mut self, is_up: bool) {
        self.up = if is_up { self.up + 1 } else { self.up.saturating_sub(1) };
        if self.up == self.phones && self.all_up.is_none() {
            let took = self.clock.now.elapsed();
            self.all_up = Some(took);
            self.lines.push(json!({"event": "all_registered", "phones": self.phones,
                "seconds": seconds(took)}));
        }
    }

    fn finds(&mut self, is_found: bool) {
        self.found = if is_found { self.found + 1 } else { self.found.saturating_sub(1) };
        if self.found == self.phones && self.all_found.is_none() {
            let took = self.clock.now.elapsed();
            self.all_found = Some(took);
            self.lines.push(json!({"event": "all_discovered", "phones": self.phones,
                "seconds": seconds(took)}));
        }
    }

    /// A phone discovered again, for that time.
    fn again(&mut self, round: usize, at: Instant) {
        let fresh = Round { phones: 0, first: at, last: at };
        while self.rounds.len() < round {
            self.rounds.push(fresh);
        }
        let Some(known) = round.checked_sub(1).and_then(|it| self.rounds.get_mut(it)) else {
            return;
        };
        known.phones += 1;
        known.last = at;
        if known.phones == self.phones {
            let mut line = round_json(&self.clock, known);
            if let Some(members) = line.as_object_mut() {
                members.insert("event".to_owned(), json!("all_rediscovered"));
                members.insert("round".to_owned(), json!(round));
            }
            self.lines.push(line);
        }
    }

    /// A mute key was pressed that asked for a state.
    pub(super) fn pressed(&mut self) {
        self.presses += 1;
    }

    /// Whether so many rounds are over, and so many presses followed by their state.
    pub(super) fn reaches(&self, (rounds, presses): (usize, usize)) -> bool {
        let over = self.rounds.iter().filter(|round| round.phones == self.phones).count();
        over >= rounds && self.after_press.len() >= presses
    }

    /// Lines to print since the last call.
    pub(super) fn lines(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.lines)
    }

    /// Violations, and phones that are not registered or know no service.
    pub(super) fn failures(&self) -> (u64, usize) {
        let missing = self.phones.saturating_sub(self.up.min(self.found));
        (self.violations, missing)
    }

    /// The last line.
    pub(super) fn total(&self) -> Value {
        let rounds: Vec<_> = self.rounds.iter().map(|it| round_json(&self.clock, it)).collect();
        json!({
            "event": "total",
            "phones": self.phones,
            "registered_now": self.up,
            "discovered_now": self.found,
            "seconds": seconds(self.clock.now.elapsed()),
            "all_registered_seconds": self.all_up.map(seconds),
            "all_discovered_seconds": self.all_found.map(seconds),
            "registrations": self.registrations,
            "lost": self.lost,
            "not_connected": self.not_connected,
            "refused": self.refused,
            "refers": self.refers,
            "notifies": self.notifies,
            "failed_discoveries": self.failed_discoveries,
            "configurations": self.configurations,
            "failed_configurations": self.failed_configurations,
            "rediscoveries": rounds,
            "mute": {
                "presses": self.presses,
                "told": self.after_press.len(),
                "press_to_refer_milliseconds": percentiles(&self.after_press),
                "answers": self.updates,
                "answer_milliseconds": percentiles(&self.update_times),
            },
            "violations": self.violations,
            "samples": self.samples,
        })
    }
}

fn round_json(clock: &Clock, round: &Round) -> Value {
    json!({
        "phones": round.phones,
        "first_microseconds": clock.microseconds(round.first),
        "last_microseconds": clock.microseconds(round.last),
        "seconds": seconds(round.last.saturating_duration_since(round.first)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(value: Value) -> Report {
        Report::Event(value)
    }

    #[test]
    fn a_round_is_over_when_every_phone_discovered_again() {
        let mut tally = Tally::new(Clock::present(), 2);
        let mut phones = [Phone::new(0), Phone::new(1)];
        let found = event(json!({"event": "discovered"}));
        let names = |tally: &mut Tally| {
            let lines = tally.lines();
            lines.iter().map(|it| it["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        phones[0].told(&mut tally, &found);
        assert!(names(&mut tally).is_empty());
        phones[1].told(&mut tally, &found);
        assert_eq!(names(&mut tally), ["all_discovered"]);
        phones[0].told(&mut tally, &found);
        phones[0].told(&mut tally, &found);
        assert!(names(&mut tally).is_empty());
        phones[1].told(&mut tally, &found);
        assert_eq!(names(&mut tally), ["all_rediscovered"]);
        assert!(tally.reaches((1, 0)) && !tally.reaches((2, 0)) && !tally.reaches((1, 1)));
        let total = tally.total();
        assert_eq!(total["rediscoveries"][0]["phones"], 2);
        assert_eq!(total["rediscoveries"][1]["phones"], 1);
        phones[1].told(&mut tally, &event(json!({"event": "not_discovered", "words": "503"})));
        assert_eq!(tally.total()["discovered_now"], 1);
    }

    #[test]
    fn presses_and_what_became_of_them_are_counted() {
        let mut tally = Tally::new(Clock::present(), 1);
        let mut phone = Phone::new(0);
        tally.pressed();
        let update =
            json!({"event": "update", "to": "primary", "status": 202, "milliseconds": 3.0});
        phone.told(&mut tally, &event(update));
        phone.told(&mut tally, &event(json!({"event": "told", "after_milliseconds": 5.0})));
        phone.told(&mut tally, &event(json!({"event": "told", "after_milliseconds": null})));
        phone.told(&mut tally, &Report::Violation("bad".to_owned()));
        let total = tally.total();
        assert_eq!(total["mute"]["presses"], 1);
        assert_eq!(total["mute"]["told"], 1);
        assert_eq!(total["mute"]["press_to_refer_milliseconds"]["p50"], 5.0);
        assert_eq!(total["mute"]["answers"]["primary 202"], 1);
        assert_eq!(tally.failures(), (1, 1));
    }

    #[test]
    fn times_are_dates_in_microseconds() {
        let clock = Clock { now: Instant::now(), date: UNIX_EPOCH + Duration::from_secs(7) };
        assert_eq!(clock.microseconds(clock.now + Duration::from_millis(1)), 7_001_000);
    }
}
