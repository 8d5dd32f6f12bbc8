//! What clients were told, compared with what the log of the database says afterwards.
//!
//! Each agent's acts are in the order in which one client did them, so both are lists, and the cheapest
//! way to lay them side by side tells what is wrong:
//!
//! ```text
//!   acknowledged, and not in the log          lost
//!   in the log once more, or from nowhere     doubled
//!   never acknowledged, in the log            carried out without an answer: fine
//!   the same, after a later act of the client late: fine, and told
//!   end of a wrap-up                          a timer's, once for each
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::record::Line;

/// What a client wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    pub(crate) deed: Deed,
    pub(crate) told: Told,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    SignIn,
    Ready,
    NotReady(u16),
    CallBegins,
    CallEnds,
    SignOut(u16),
}

/// What the client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Done,
    Refused,
    /// No answer, or that nobody knows, or that something does not work.
    Nothing,
}

/// Everything of one run.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    kinds: BTreeMap<&'static str, Counts>,
    timers: u64,
    timers_missing: u64,
    timers_late: Vec<Duration>,
    takeovers: Vec<Duration>,
    longest_wait: Duration,
    faults: Vec<String>,
    /// Acts that may still come into the log, by agent.
    open: BTreeMap<String, Vec<Act>>,
    /// The last line about an agent.
    before: BTreeMap<String, Line>,
    /// Who holds which line by the log.
    holders: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    asked: u64,
    done: u64,
    refused: u64,
    unanswered: u64,
    found_unanswered: u64,
    lost: u64,
    doubled: u64,
    late: u64,
}

impl Deed {
    fn kind(self) -> &'static str {
        match self {
            Self::SignIn => "sign in",
            Self::Ready => "ready",
            Self::NotReady(_) => "not ready",
            Self::CallBegins => "call begins",
            Self::CallEnds => "call ends",
            Self::SignOut(_) => "sign out",
        }
    }

    fn is_in(self, line: &Line) -> bool {
        let reason = |code: u16| line.details.get("reason") == Some(&code.to_string());
        match self {
            Self::SignIn => matches!(line.name.as_str(), "agent_signed_in" | "agent_taken_over"),
            Self::Ready => line.name == "agent_ready",
            Self::NotReady(code) => line.name == "agent_not_ready" && reason(code),
            Self::CallBegins => line.name == "agent_talking",
            Self::CallEnds => line.name == "agent_wrap_up",
            Self::SignOut(code) => line.name == "agent_signed_out" && reason(code),
        }
    }
}

impl Ledger {
    /// Takes in what clients did and what the log got meanwhile, all clients being at rest.
    pub(crate) fn take(&mut self, mut acts: BTreeMap<String, Vec<Act>>, lines: &[Line]) {
        for (agent, open) in std::mem::take(&mut self.open) {
            acts.entry(agent).or_default().splice(0..0, open);
        }
        self.look_at_lines(lines);
        for (agent, acts) in acts {
            let own: Vec<_> = lines.iter().filter(|line| line.agent == agent).collect();
            let passed_over = ["session_moved", "agent_pending"];
            let own: Vec<_> =
                own.into_iter().filter(|it| !passed_over.contains(&it.name.as_str())).collect();
            self.compare(&agent, acts, &own);
        }
    }

    /// Notes how long the sessions of a node that was killed were with nobody.
    pub(crate) fn note_takeover(&mut self, after: Duration) {
        self.takeovers.push(after);
    }

    /// Notes for how long a client had no answer.
    pub(crate) fn note_wait(&mut self, wait: Duration) {
        self.longest_wait = self.longest_wait.max(wait);
    }

    /// The acts that were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.kinds.values().map(|counts| counts.done).sum()
    }

    pub(crate) fn takeovers(&self) -> usize {
        self.takeovers.len()
    }

    /// Fails where anything acknowledged is lost or anything was done twice.
    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        assert!(self.faults.is_empty(), "{self}\n{}", self.faults.join("\n"));
    }

    /// No line ever has two agents.
    fn look_at_lines(&mut self, lines: &[Line]) {
        for line in lines {
            match line.name.as_str() {
                "agent_signed_in" | "agent_taken_over" => {
                    let extension = line.details["extension"].clone();
                    self.holders.retain(|_, holder| *holder != line.agent);
                    if let Some(other) = self.holders.insert(extension.clone(), line.agent.clone())
                    {
                        self.faults.push(format!(
                            "line {extension} went to {} while {other} had it",
                            line.agent
                        ));
                    }
                }
                "agent_signed_out" => self.holders.retain(|_, holder| *holder != line.agent),
                _ => {}
            }
        }
    }

    fn compare(&mut self, agent: &str, acts: Vec<Act>, lines: &[&Line]) {
        let mut before = self.before.get(agent).cloned();
        let mut timers = vec![false; lines.len()];
        for (timer, line) in timers.iter_mut().zip(lines) {
            if let Some(before) = before.filter(|before| before.name == "agent_wrap_up")
                && matches!(line.name.as_str(), "agent_ready" | "agent_not_ready")
                && !line.details.contains_key("reason")
            {
                *timer = true;
                self.timers += 1;
                let meant = before.at.after(Duration::from_secs(1));
                self.timers_late.push(line.at.since(meant));
            }
            before = Some((*line).clone());
        }
        if let Some(last) = before {
            self.before.insert(agent.to_owned(), last);
        }
        let (mut matched, surplus) = side_by_side(&acts, lines, &timers);
        let before = self.faults.len();
        let story = story(&acts, &matched, lines);
        for line in surplus {
            let line = lines[line];
            // An act that nobody acknowledged may be done after later ones of the same client.
            let late = acts.iter().zip(&mut matched).find(|(act, matched)| {
                act.told == Told::Nothing && !**matched && act.deed.is_in(line)
            });
            if let Some((act, matched)) = late {
                *matched = true;
                self.kinds.entry(act.deed.kind()).or_default().late += 1;
                continue;
            }
            let deed = acts.iter().map(|act| act.deed).find(|deed| deed.is_in(line));
            let kind = deed.map_or("from nowhere", Deed::kind);
            self.kinds.entry(kind).or_default().doubled += 1;
            self.faults.push(format!("{agent}: once more or from nowhere: {line:?}"));
        }
        for (act, matched) in acts.into_iter().zip(matched) {
            let counts = self.kinds.entry(act.deed.kind()).or_default();
            match (act.told, matched) {
                (Told::Done, false) => {
                    counts.lost += 1;
                    self.faults.push(format!("{agent}: acknowledged and lost: {:?}", act.deed));
                }
                (Told::Refused, true) => {
                    counts.doubled += 1;
                    self.faults.push(format!("{agent}: refused and done: {:?}", act.deed));
                }
                (Told::Nothing, true) => counts.found_unanswered += 1,
                // It may still come.
                (Told::Nothing, false) => {
                    self.open.entry(agent.to_owned()).or_default().push(act.clone());
                    continue;
                }
                (Told::Done, true) | (Told::Refused, false) => {}
            }
            counts.asked += 1;
            match act.told {
                Told::Done => counts.done += 1,
                Told::Refused => counts.refused += 1,
                Told::Nothing => counts.unanswered += 1,
            }
        }
        if self.faults.len() > before {
            self.faults.push(story);
        }
    }

    /// Counts what never came, and timers that did not run: at the very end.
    pub(crate) fn close(&mut self) {
        for act in std::mem::take(&mut self.open).into_values().flatten() {
            let counts = self.kinds.entry(act.deed.kind()).or_default();
            counts.asked += 1;
            counts.unanswered += 1;
        }
        for (agent, last) in &self.before {
            if last.name == "agent_wrap_up" {
                self.timers_missing += 1;
                self.faults.push(format!("{agent}: a timer that never ran: {last:?}"));
            }
        }
    }
}

/// Both lists, for whoever looks for the reason.
fn story(acts: &[Act], matched: &[bool], lines: &[&Line]) -> String {
    let acts = acts.iter().zip(matched).map(|(act, matched)| {
        let found = if *matched { "in the log" } else { "not in the log" };
        format!("  {:?}: {:?}, {found}", act.deed, act.told)
    });
    let lines = lines.iter().map(|line| {
        let reason = line.details.get("reason").map(String::as_str).unwrap_or_default();
        format!("  {} {} {reason}", line.at.microseconds(), line.name)
    });
    let acts: Vec<_> = acts.collect();
    let lines: Vec<_> = lines.collect();
    format!("acts\n{}\nlog\n{}", acts.join("\n"), lines.join("\n"))
}

/// Which acts stand in the log, and which lines belong to no act: the way that costs least.
fn side_by_side(acts: &[Act], lines: &[&Line], timers: &[bool]) -> (Vec<bool>, Vec<usize>) {
    const FAULT: u32 = 1_000;
    let skip_act = |act: &Act| if act.told == Told::Done { FAULT } else { 0 };
    let skip_line = |line: usize| if timers[line] { 0 } else { FAULT };
    let pair = |act: &Act, line: usize| {
        let fits = act.deed.is_in(lines[line]) && !timers[line];
        fits.then_some(if act.told == Told::Refused { FAULT } else { 0 })
    };
    let width = lines.len() + 1;
    let mut costs = vec![0u32; (acts.len() + 1) * width];
    for a in (0..=acts.len()).rev() {
        for l in (0..=lines.len()).rev() {
            let cost = |a: usize, l: usize| costs[a * width + l];
            let ways = [
                acts.get(a).map(|act| skip_act(act) + cost(a + 1, l)),
                (l < lines.len()).then(|| skip_line(l) + cost(a, l + 1)),
                (a < acts.len() && l < lines.len())
                    .then(|| pair(&acts[a], l).map(|own| own + cost(a + 1, l + 1)))
                    .flatten(),
            ];
            costs[a * width + l] = ways.into_iter().flatten().min().unwrap_or(0);
        }
    }
    let (mut matched, mut surplus) = (vec![false; acts.len()], Vec::new());
    let (mut a, mut l) = (0, 0);
    let cost = |a: usize, l: usize| costs[a * width + l];
    while a < acts.len() || l < lines.len() {
        let here = cost(a, l);
        let paired = (a < acts.len() && l < lines.len()).then(|| pair(&acts[a], l)).flatten();
        if paired.is_some_and(|own| here == own + cost(a + 1, l + 1)) {
            matched[a] = true;
            (a, l) = (a + 1, l + 1);
        } else if a < acts.len() && here == skip_act(&acts[a]) + cost(a + 1, l) {
            a += 1;
        } else {
            if !timers[l] {
                surplus.push(l);
            }
            l += 1;
        }
    }
    (matched, surplus)
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<14}{:>8}{:>8}{:>9}{:>12}{:>8}{:>6}{:>6}{:>9}",
            "", "asked", "done", "refused", "unanswered", "found", "late", "lost", "doubled"
        )?;
        for (kind, counts) in &self.kinds {
            let Counts { asked, done, refused, unanswered, found_unanswered, .. } = counts;
            let Counts { late, lost, doubled, .. } = counts;
            writeln!(
                f,
                "{kind:<14}{asked:>8}{done:>8}{refused:>9}{unanswered:>12}{found_unanswered:>8}\
                 {late:>6}{lost:>6}{doubled:>9}"
            )?;
        }
        let ran = format!("{} ran, {} did not", self.timers, self.timers_missing);
        writeln!(f, "{:<14}{ran}; late by {}", "timers", spread(&self.timers_late))?;
        let count = self.takeovers.len();
        writeln!(f, "{:<14}{count} sessions, after {}", "takeovers", spread(&self.takeovers))?;
        write!(
            f,
            "{:<14}{:.1} s without an answer at most",
            "clients",
            self.longest_wait.as_secs_f64()
        )
    }
}

/// Median, 99th percentile and maximum.
fn spread(durations: &[Duration]) -> String {
    let mut sorted: Vec<_> = durations.iter().map(Duration::as_secs_f64).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let index = ((sorted.len() as f64 * part).ceil() as usize).clamp(1, sorted.len()) - 1;
        sorted[index]
    };
    match sorted.is_empty() {
        true => "-".to_owned(),
        false => format!("p50 {:.2} s, p99 {:.2} s, max {:.2} s", at(0.5), at(0.99), at(1.0)),
    }
}

mod tests;
