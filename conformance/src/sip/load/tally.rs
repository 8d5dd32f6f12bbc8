//! What happened to many phones, counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::sip::event::{Event, milliseconds};

/// Problems told in words; more are only counted.
const SAMPLES_MAX: usize = 10;

/// Counts of one run.
pub(super) struct Tally {
    began: Instant,
    phones: usize,
    up: usize,
    all_up: Option<Duration>,
    fresh: Vec<f32>,
    refreshes: Vec<f32>,
    refers: u64,
    notifies: u64,
    repeated: u64,
    challenges: u64,
    refused: u64,
    unanswered: u64,
    not_connected: u64,
    lost: u64,
    problems: u64,
    samples: Vec<String>,
    /// When connections were lost and not all phones are back.
    down: Option<Instant>,
    backs: Vec<f64>,
    lines: Vec<Value>,
}

/// One phone's part in it.
pub(super) struct Phone {
    tally: Arc<Mutex<Tally>>,
    is_up: bool,
}

impl Phone {
    /// A phone that is not registered.
    pub(super) fn new(tally: Arc<Mutex<Tally>>) -> Self {
        Self { tally, is_up: false }
    }

    /// Counts what happened to it.
    pub(super) fn note(&mut self, event: Event) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let is_up = match &event {
            Event::Registered { .. } => true,
            Event::Lost(_) | Event::Unregistered { .. } => false,
            Event::Refused { what: "register" | "refresh", .. } => false,
            _ => self.is_up,
        };
        tally.note(event);
        match (self.is_up, is_up) {
            (false, true) => tally.rise(),
            (true, false) => tally.fall(),
            _ => {}
        }
        self.is_up = is_up;
    }
}

impl Tally {
    /// Nothing has happened yet.
    pub(super) fn new(phones: usize) -> Self {
        Self {
            began: Instant::now(),
            phones,
            up: 0,
            all_up: None,
            fresh: Vec::new(),
            refreshes: Vec::new(),
            refers: 0,
            notifies: 0,
            repeated: 0,
            challenges: 0,
            refused: 0,
            unanswered: 0,
            not_connected: 0,
            lost: 0,
            problems: 0,
            samples: Vec::new(),
            down: None,
            backs: Vec::new(),
            lines: Vec::new(),
        }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Registered { fresh, took, .. } => {
                let times = if fresh { &mut self.fresh } else { &mut self.refreshes };
                times.push(took.as_secs_f32() * 1e3);
            }
            Event::Request { name: "refer", .. } => self.refers += 1,
            Event::Request { name: "notify", .. } => self.notifies += 1,
            Event::Repeated { .. } => self.repeated += 1,
            Event::Challenged { .. } => self.challenges += 1,
            Event::Unanswered { .. } => self.unanswered += 1,
            Event::NotConnected(words) => {
                self.not_connected += 1;
                self.sample(&format!("not connected: {words}"));
            }
            Event::Lost(words) => {
                self.lost += 1;
                self.sample(&format!("lost: {words}"));
            }
            Event::Refused { what, status, reason, .. } => {
                self.refused += 1;
                self.sample(&format!("{what} refused: {status} {reason}"));
            }
            Event::Problem { words, about } => {
                self.problems += 1;
                self.sample(&format!("problem: {words} ({about})"));
            }
            _ => {}
        }
    }

    fn sample(&mut self, words: &str) {
        let is_known = self.samples.iter().any(|each| each == words);
        if !is_known && self.samples.len() < SAMPLES_MAX {
            self.samples.push(words.to_owned());
        }
    }

    fn rise(&mut self) {
        self.up += 1;
        if self.up < self.phones {
            return;
        }
        if self.all_up.is_none() {
            let took = self.began.elapsed();
            self.all_up = Some(took);
            let line =
                json!({"event": "all_registered", "phones": self.up, "seconds": seconds(took)});
            self.lines.push(line);
        }
        if let Some(since) = self.down.take() {
            let took = seconds(since.elapsed());
            self.backs.push(took);
            self.lines.push(json!({"event": "all_back", "phones": self.up, "seconds": took}));
        }
    }

    fn fall(&mut self) {
        if self.up == self.phones && self.all_up.is_some() {
            self.down = Some(Instant::now());
            self.lines.push(json!({"event": "lost"}));
        }
        self.up -= 1;
    }

    /// Lines to print since the last call.
    pub(super) fn lines(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.lines)
    }

    /// How often all phones came back.
    pub(super) fn losses(&self) -> usize {
        self.backs.len()
    }

    /// Whether phones are still away after a loss.
    pub(super) fn is_down(&self) -> bool {
        self.down.is_some()
    }

    /// Problems, and phones that are not registered.
    pub(super) fn failures(&self) -> (u64, usize) {
        (self.problems, self.phones - self.up)
    }

    /// The last line.
    pub(super) fn total(&self) -> Value {
        json!({
            "event": "total",
            "phones": self.phones,
            "registered_now": self.up,
            "seconds": seconds(self.began.elapsed()),
            "all_registered_seconds": self.all_up.map(seconds),
            "all_back_seconds": self.backs,
            "registrations": self.fresh.len(),
            "registration_milliseconds": percentiles(&self.fresh),
            "refreshes": self.refreshes.len(),
            "refresh_milliseconds": percentiles(&self.refreshes),
            "challenges": self.challenges,
            "refers": self.refers,
            "notifies": self.notifies,
            "repeated": self.repeated,
            "refused": self.refused,
            "unanswered": self.unanswered,
            "not_connected": self.not_connected,
            "lost": self.lost,
            "problems": self.problems,
            "samples": self.samples,
        })
    }
}

/// Seconds with milliseconds.
pub(crate) fn seconds(duration: Duration) -> f64 {
    milliseconds(duration).round() / 1e3
}

/// Median and tail of some figures; null where there are none.
pub(crate) fn percentiles(figures: &[f32]) -> Value {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f32::total_cmp);
    let Some(most) = sorted.last() else { return Value::Null };
    let at = |share: f64| {
        let place = (share * sorted.len() as f64).ceil() as usize;
        let figure = sorted.get(place.saturating_sub(1)).copied().unwrap_or_default();
        (f64::from(figure) * 1e3).round() / 1e3
    };
    let most = (f64::from(*most) * 1e3).round() / 1e3;
    json!({"p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "most": most})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up(fresh: bool) -> Event {
        let took = Duration::from_millis(2);
        Event::Registered { fresh, expires_seconds: 120, took, challenges: 0 }
    }

    #[test]
    fn a_loss_is_over_when_all_are_back() {
        let tally = Arc::new(Mutex::new(Tally::new(2)));
        let mut phones = [(); 2].map(|()| Phone::new(Arc::clone(&tally)));
        let names = || {
            let lines = tally.lock().unwrap().lines();
            lines.iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        phones[0].note(up(true));
        assert_eq!(names(), Vec::<String>::new());
        phones[1].note(up(true));
        assert_eq!(names(), ["all_registered"]);
        phones[0].note(up(false));
        phones[0].note(Event::Lost("closed".to_owned()));
        phones[1].note(Event::Lost("closed".to_owned()));
        assert_eq!(names(), ["lost"]);
        assert!(tally.lock().unwrap().is_down());
        phones[1].note(up(true));
        assert_eq!(tally.lock().unwrap().failures(), (0, 1));
        phones[0].note(up(true));
        assert_eq!(names(), ["all_back"]);
        let total = tally.lock().unwrap().total();
        assert_eq!(total["registrations"], 4);
        assert_eq!(total["refreshes"], 1);
        assert_eq!(total["lost"], 2);
    }

    #[test]
    fn percentiles_are_of_the_figures() {
        let figures: Vec<f32> = (1..=100_u8).map(f32::from).collect();
        let of = percentiles(&figures);
        assert_eq!((of["p50"].as_f64(), of["p99"].as_f64()), (Some(50.0), Some(99.0)));
        assert_eq!(of["most"], 100.0);
        assert_eq!(percentiles(&[]), Value::Null);
    }
}
