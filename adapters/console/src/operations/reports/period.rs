//! The stretch of time that a report is of, and the steps in which arrivals are counted.
//!
//! Steps are hours and days as clocks of a time zone show them: where clocks change, a day has 23 or 25 hours. The
//! first step begins with the stretch and the last one ends with it, so both may be shorter than the rest.

use std::time::Duration;

use domain::Timestamp;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ZonedDateTime};

use crate::Console;
use crate::asked::Asked;
use crate::operation::{Kind, Parameter};
use crate::problem::Problem;

/// The longest stretch of one report: 92 days, one of which may have 25 hours.
const LONGEST: Duration = Duration::from_secs(92 * DAY_SECONDS + 3_600);
/// The longest stretch that is counted by the hour.
const DAYS_BY_HOUR_MAX: u64 = 31;
/// The longest that is where nobody says how.
const DAYS_BY_HOUR_USUAL: u64 = 4;
/// The stretch where nobody says.
const USUAL: Duration = Duration::from_secs(7 * DAY_SECONDS);
const DAY_SECONDS: u64 = 86_400;
/// More steps than any stretch has.
const STEPS_MAX: usize = 1_000;

pub(super) const PERIOD: [Parameter; 2] = [
    Parameter {
        name: "from",
        kind: Kind::Time,
        about: "Mails that came from then on; a week before the end where not set.",
    },
    Parameter {
        name: "to",
        kind: Kind::Time,
        about: "Until just before then, at most 92 days later; now where not set.",
    },
];

pub(super) const STEPS: [Parameter; 2] = [
    Parameter {
        name: "time_zone",
        kind: Kind::Text(64),
        about: "Whose hours and days arrivals are counted in, by its name in the IANA database, such as \
                Europe/Berlin; UTC where not set.",
    },
    Parameter {
        name: "step",
        kind: Kind::Choice(&["hour", "day"]),
        about: "Whether arrivals are counted by the hour, over at most 31 days, or by the day; where not set, by the \
                hour over up to four days.",
    },
];

/// A stretch of time: from then on until just before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// How long a step is on a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Hour,
    Day,
}

impl Step {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

/// In which steps arrivals are counted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Steps {
    pub(super) step: Step,
    /// The name of the time zone as it was asked for.
    pub(super) zone: String,
    pub(super) starts: Vec<Timestamp>,
}

impl Period {
    /// The stretch that is asked for.
    pub(super) fn asked_for(console: &Console, asked: &Asked) -> Result<Self, Problem> {
        let to = asked.time("to").unwrap_or_else(|| console.port.now());
        let usual = i64::try_from(USUAL.as_micros()).unwrap_or(i64::MAX);
        let usual = Timestamp::from_microseconds(to.microseconds().saturating_sub(usual));
        Self { from: asked.time("from").unwrap_or(usual), to }.checked()
    }

    /// The same, unless it is no stretch or a long one.
    pub(super) fn checked(self) -> Result<Self, Problem> {
        if self.from >= self.to {
            return Err(Problem::query(
                "from",
                "must be before to; a report needs a stretch of time",
            ));
        }
        if self.to.since(self.from) > LONGEST || self.from.microseconds() < 0 {
            let message =
                "must be at most 92 days before to, and after 1970; ask for a shorter stretch";
            return Err(Problem::query("from", message));
        }
        Ok(self)
    }

    /// How many days it has, begun ones counted.
    fn days(self) -> u64 {
        let micros =
            self.to.since(self.from).as_micros().div_ceil(u128::from(DAY_SECONDS) * 1_000_000);
        u64::try_from(micros).unwrap_or(u64::MAX)
    }

    /// Its steps, as they are asked for.
    pub(super) fn steps(self, asked: &Asked) -> Result<Steps, Problem> {
        let zone = asked.query("time_zone").unwrap_or("UTC");
        let step = match asked.query("step") {
            // A change of the clocks may add an hour.
            Some("hour") if self.days() > DAYS_BY_HOUR_MAX + 1 => {
                let message = "hour is for at most 31 days; ask for a shorter stretch, or by day";
                return Err(Problem::query("step", message));
            }
            Some("hour") => Step::Hour,
            None if self.days() <= DAYS_BY_HOUR_USUAL => Step::Hour,
            _ => Step::Day,
        };
        let unknown = || {
            let message =
                "no time zone has that name; give one of the IANA database, such as Europe/Berlin";
            Problem::query("time_zone", message)
        };
        let known = TimeZone::get(zone).map_err(|_| unknown())?;
        let starts = self.starts(step, &known).ok_or_else(unknown)?;
        Ok(Steps { step, zone: zone.to_owned(), starts })
    }

    /// When each step begins; `None` outside of what clocks can show.
    fn starts(self, step: Step, zone: &TimeZone) -> Option<Vec<Timestamp>> {
        let first = jiff::Timestamp::from_microsecond(self.from.microseconds()).ok()?;
        let mut clock = first.to_zoned_datetime(zone.clone());
        let mut starts = vec![self.from];
        while starts.len() < STEPS_MAX {
            let next = match step {
                Step::Hour => next_hour(&clock)?,
                Step::Day => clock.tomorrow().ok()?.start_of_day().ok()?,
            };
            let at = Timestamp::from_microseconds(next.timestamp().as_microsecond());
            if at >= self.to {
                break;
            }
            // Clocks that are set back show the same hour twice; time goes on.
            if starts.last().is_some_and(|last| at > *last) {
                starts.push(at);
            }
            clock = next;
        }
        Some(starts)
    }
}

/// When the clock shows the next whole hour.
fn next_hour(clock: &ZonedDateTime) -> Option<ZonedDateTime> {
    let rest = |clock: &ZonedDateTime| {
        let seconds = i64::from(clock.minute()) * 60 + i64::from(clock.second());
        SignedDuration::from_hours(1) - SignedDuration::new(seconds, clock.subsec_nanosecond())
    };
    let next = clock.checked_add(rest(clock)).ok()?;
    match rest(&next) {
        whole if whole == SignedDuration::from_hours(1) => Some(next),
        // Some zones change their clocks by half an hour.
        rest => next.checked_add(rest).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_microseconds(text.parse::<jiff::Timestamp>().unwrap().as_microsecond())
    }

    #[track_caller]
    fn check(zone: &str, step: Step, (from, to): (&str, &str), expected: &[&str]) {
        let zone = TimeZone::get(zone).unwrap();
        let period = Period { from: at(from), to: at(to) };
        let starts = period.starts(step, &zone).unwrap();
        let told = starts.iter().map(|it| {
            let at = jiff::Timestamp::from_microsecond(it.microseconds()).unwrap();
            at.to_zoned_datetime(zone.clone()).strftime("%m-%d %H:%M %:z").to_string()
        });
        assert_eq!(told.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn rpt_01_days_are_those_of_the_time_zone_and_have_23_to_25_hours() {
        check(
            "Europe/Berlin",
            Step::Day,
            ("2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z"),
            &["10-24 00:00 +02:00", "10-25 00:00 +02:00", "10-26 00:00 +01:00"],
        );
        // 25 hours, then 24, from the middle of a day on.
        check(
            "Europe/Berlin",
            Step::Day,
            ("2026-10-25T10:30:00Z", "2026-10-26T23:00:01Z"),
            &["10-25 11:30 +01:00", "10-26 00:00 +01:00", "10-27 00:00 +01:00"],
        );
        check(
            "America/New_York",
            Step::Day,
            ("2026-03-08T05:00:00Z", "2026-03-10T04:00:00Z"),
            &["03-08 00:00 -05:00", "03-09 00:00 -04:00"],
        );
        // A day that begins at one o'clock.
        check(
            "Africa/Cairo",
            Step::Day,
            ("2026-04-23T10:00:00Z", "2026-04-24T21:30:00Z"),
            &["04-23 12:00 +02:00", "04-24 01:00 +03:00", "04-25 00:00 +03:00"],
        );
    }

    #[test]
    fn rpt_01_hours_are_those_that_clocks_show_where_they_change_and_where_they_stand_aside() {
        check(
            "Europe/Berlin",
            Step::Hour,
            ("2026-10-24T23:59:59.5Z", "2026-10-25T03:00:00Z"),
            &[
                "10-25 01:59 +02:00",
                "10-25 02:00 +02:00",
                "10-25 02:00 +01:00",
                "10-25 03:00 +01:00",
            ],
        );
        check(
            "Europe/Berlin",
            Step::Hour,
            ("2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z"),
            &["03-29 01:00 +01:00", "03-29 03:00 +02:00"],
        );
        check(
            "Asia/Kolkata",
            Step::Hour,
            ("2026-06-01T00:00:00Z", "2026-06-01T02:00:00Z"),
            &["06-01 05:30 +05:30", "06-01 06:00 +05:30", "06-01 07:00 +05:30"],
        );
        check(
            "Australia/Lord_Howe",
            Step::Hour,
            ("2026-04-04T14:00:00Z", "2026-04-04T17:00:00Z"),
            &["04-05 01:00 +11:00", "04-05 02:00 +10:30", "04-05 03:00 +10:30"],
        );
    }

    #[test]
    fn rpt_01_the_longest_stretch_has_all_its_steps() {
        let from = at("2026-01-01T00:00:00Z");
        let lasting =
            |days: u64| Period { from, to: from.after(Duration::from_secs(days * DAY_SECONDS)) };
        let zone = TimeZone::get("America/Sao_Paulo").unwrap();
        assert_eq!(lasting(92).starts(Step::Day, &zone).unwrap().len(), 93);
        assert_eq!(lasting(32).starts(Step::Hour, &zone).unwrap().len(), 32 * 24);
        assert!(lasting(92).checked().is_ok());
        let berlin = Period { from: at("2026-08-31T22:00:00Z"), to: at("2026-12-01T23:00:00Z") };
        assert!(berlin.checked().is_ok(), "92 days, the clocks are set back in one of them");
        assert!(lasting(93).checked().is_err());
        assert!(lasting(0).checked().is_err());
    }
}
