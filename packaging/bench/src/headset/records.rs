//! When states were written by the contact centre and when phones were told of them, laid side by side.
//!
//! A state belongs to the first REFER that says the same of that phone after it, and before the same was
//! written again. Several states in a row may come to one REFER, since phones are told the newest alone:
//! those that none says are counted apart from those whose phone was told of a later one.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use serde_json::Value;

use crate::AnyError;

/// A state that was written, or told: when in microseconds since 1970, and of which phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: u64,
    pub(super) phone: String,
    pub(super) said: Said,
}

/// What phones are told: status code and reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Said {
    pub(super) status: u64,
    pub(super) reason: u64,
}

/// Status codes of phones.
const NOT_READY: u64 = 2;
const READY: u64 = 3;

/// What became of the states that were written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Joined {
    /// Microseconds each took until its phone was told, in ascending order.
    pub(super) took: Vec<u64>,
    /// States that were not told, but a later one of that phone was.
    pub(super) passed_over: usize,
    /// States that were not told, nor anything after them.
    pub(super) lost: usize,
}

impl Joined {
    /// Milliseconds that so large a share of them took at most.
    pub(super) fn milliseconds(&self, share: f64) -> f64 {
        let place = (self.took.len() as f64 * share) as usize;
        let place = place.min(self.took.len().saturating_sub(1));
        self.took.get(place).map_or(f64::NAN, |took| *took as f64 / 1e3)
    }
}

/// Lays them side by side; both are in the order of time, phone by phone.
pub(super) fn join(written: &[Moment], told: &[Moment]) -> Joined {
    let mut by_phone: HashMap<&str, VecDeque<&Moment>> = HashMap::new();
    for moment in told {
        by_phone.entry(&moment.phone).or_default().push_back(moment);
    }
    // When the same is written of that phone again.
    let mut again: HashMap<(&str, Said), u64> = HashMap::new();
    let mut ends = vec![u64::MAX; written.len()];
    for (end, moment) in ends.iter_mut().zip(written).rev() {
        let next = again.insert((&moment.phone, moment.said), moment.at);
        *end = next.unwrap_or(u64::MAX);
    }
    let mut joined = Joined::default();
    for (moment, end) in written.iter().zip(ends) {
        let empty = &mut VecDeque::new();
        let told = by_phone.get_mut(moment.phone.as_str()).unwrap_or(empty);
        // What was told before is of earlier states.
        while told.front().is_some_and(|first| first.at < moment.at) {
            told.pop_front();
        }
        let place = told.iter().take_while(|it| it.at < end).position(|it| it.said == moment.said);
        match place.and_then(|place| told.drain(..=place).next_back()) {
            Some(found) => joined.took.push(found.at - moment.at),
            None if told.is_empty() => joined.lost += 1,
            None => joined.passed_over += 1,
        }
    }
    joined.took.sort_unstable();
    joined
}

/// What the simulated contact centre wrote within that time, of agents that have a phone.
pub(super) fn written(
    file: &Path,
    phones: &HashMap<String, String>,
    from: u64,
    until: u64,
) -> Result<Vec<Moment>, AnyError> {
    read(file, |line| {
        let at = line.get("at")?.as_u64()?;
        let phone = phones.get(line.get("agent")?.as_str()?)?.clone();
        let status = match line.get("state")?.as_str()? {
            "available" => READY,
            "not-ready" => NOT_READY,
            _ => return None,
        };
        // Ready has no reason whatever stands in the event.
        let reason = line.get("reason")?.as_u64().filter(|_| status == NOT_READY).unwrap_or(0);
        (from..until).contains(&at).then_some(Moment { at, phone, said: Said { status, reason } })
    })
}

/// What the simulated phones were told from then on; their file is whole once they have ended.
pub(super) fn told(file: &Path, from: u64) -> Result<Vec<Moment>, AnyError> {
    let number = |line: &Value, name: &str| line.get(name).and_then(Value::as_u64);
    let mut moments = read(file, |line| {
        let at = number(line, "at_microseconds").filter(|at| *at >= from)?;
        let phone = line.get("device")?.as_str()?.to_owned();
        let said = Said { status: number(line, "status")?, reason: number(line, "reason")? };
        Some(Moment { at, phone, said })
    })?;
    moments.sort_by_key(|moment| moment.at);
    Ok(moments)
}

fn read(file: &Path, of_line: impl Fn(&Value) -> Option<Moment>) -> Result<Vec<Moment>, AnyError> {
    let named = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut moments = Vec::new();
    for line in BufReader::new(File::open(file).map_err(named)?).lines() {
        let line: Value = serde_json::from_str(&line.map_err(named)?)?;
        moments.extend(of_line(&line));
    }
    Ok(moments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moments(of: &[(u64, &str, u64, u64)]) -> Vec<Moment> {
        let moment = |&(at, phone, status, reason): &(u64, &str, u64, u64)| Moment {
            at,
            phone: phone.to_owned(),
            said: Said { status, reason },
        };
        of.iter().map(moment).collect()
    }

    #[test]
    fn each_state_is_joined_with_what_says_the_same_next() {
        let written =
            moments(&[(100, "a", 3, 0), (110, "b", 2, 7), (200, "a", 2, 8), (300, "a", 3, 0)]);
        // What was told before the first is of no state here.
        let told = moments(&[
            (90, "a", 3, 0),
            (104, "a", 3, 0),
            (115, "b", 2, 7),
            (203, "a", 2, 8),
            (309, "a", 3, 0),
        ]);
        let joined = join(&written, &told);
        assert_eq!(joined, Joined { took: vec![3, 4, 5, 9], passed_over: 0, lost: 0 });
        assert_eq!((joined.milliseconds(0.5), joined.milliseconds(1.0)), (0.005, 0.009));
    }

    #[test]
    fn what_no_phone_was_told_is_lost_and_what_a_newer_state_took_the_place_of_is_not() {
        let written =
            moments(&[(100, "a", 2, 1), (101, "a", 3, 0), (100, "b", 3, 0), (150, "b", 3, 0)]);
        let told = moments(&[(105, "a", 3, 0), (160, "b", 3, 0)]);
        // The first state of b was not told before the same was written again.
        let joined = join(&written, &told);
        assert_eq!(joined, Joined { took: vec![4, 10], passed_over: 2, lost: 0 });
        let joined = join(&written, &told[..1]);
        assert_eq!(joined, Joined { took: vec![4], passed_over: 1, lost: 2 });
        assert!(Joined::default().milliseconds(0.99).is_nan());
    }

    #[test]
    fn both_files_are_read_as_they_are_written() {
        let folder = crate::sip::folder("records").unwrap();
        let (states, refers) = (folder.join("states"), folder.join("refers"));
        std::fs::write(
            &states,
            "{\"at\":100,\"session\":1,\"agent\":\"1001\",\"state\":\"available\",\"reason\":9}\n\
             {\"at\":101,\"session\":1,\"agent\":\"1002\",\"state\":\"available\",\"reason\":0}\n\
             {\"at\":102,\"session\":1,\"agent\":\"1001\",\"state\":\"not-ready\",\"reason\":9}\n\
             {\"at\":103,\"session\":1,\"agent\":\"1001\",\"state\":\"login\",\"reason\":0}\n\
             {\"at\":200,\"session\":1,\"agent\":\"1001\",\"state\":\"available\",\"reason\":0}\n",
        )
        .unwrap();
        std::fs::write(
            &refers,
            "{\"at_microseconds\":99,\"device\":\"A\",\"status\":3,\"reason\":0}\n\
             {\"at_microseconds\":104,\"device\":\"A\",\"status\":2,\"reason\":9}\n\
             {\"at_microseconds\":103,\"device\":\"A\",\"status\":3,\"reason\":0}\n",
        )
        .unwrap();
        let phones = HashMap::from([("1001".to_owned(), "A".to_owned())]);
        let written = written(&states, &phones, 100, 200).unwrap();
        assert_eq!(written, moments(&[(100, "A", 3, 0), (102, "A", 2, 9)]));
        assert_eq!(told(&refers, 100).unwrap(), moments(&[(103, "A", 3, 0), (104, "A", 2, 9)]));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
