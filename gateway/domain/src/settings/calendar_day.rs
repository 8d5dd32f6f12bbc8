//! Days of the calendar, as `2027-03-31`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A day of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarDay {
    year: u16,
    month: u8,
    day: u8,
}

/// Why a text is no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a day of the calendar from the year 2000 on as 2027-03-31, not {0:?}")]
pub struct InvalidCalendarDay(String);

impl CalendarDay {
    /// How many days it is after 1 January 1970.
    pub fn days_since_1970(self) -> i64 {
        let years = i64::from(self.year) - 1;
        let leap_days = years / 4 - years / 100 + years / 400;
        let months = (1..self.month).map(|month| i64::from(days_of(self.year, month)));
        // 719,162 days lie before 1970.
        years * 365 + leap_days + months.sum::<i64>() + i64::from(self.day) - 1 - 719_162
    }
}

fn days_of(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    }
}

impl FromStr for CalendarDay {
    type Err = InvalidCalendarDay;

    fn from_str(text: &str) -> Result<Self, InvalidCalendarDay> {
        let refused = || InvalidCalendarDay(text.chars().take(40).collect());
        let number = |text: &str, digits: usize| {
            let is_number = text.len() == digits && text.chars().all(|it| it.is_ascii_digit());
            if is_number { text.parse::<u16>().ok() } else { None }
        };
        let mut parts = text.splitn(3, '-');
        let mut part = |digits| parts.next().and_then(|part| number(part, digits));
        let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else {
            return Err(refused());
        };
        let (Ok(month), Ok(day)) = (u8::try_from(month), u8::try_from(day)) else {
            return Err(refused());
        };
        let is_day =
            year >= 2_000 && (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
        is_day.then_some(Self { year, month, day }).ok_or_else(refused)
    }
}

impl fmt::Display for CalendarDay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Serialize for CalendarDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CalendarDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_it_is_read_and_counted_from_1970() {
        let days = [
            ("2000-01-01", 10_957),
            ("2000-02-29", 11_016),
            ("2026-11-28", 20_785),
            ("2028-02-29", 21_243),
            ("2100-03-01", 47_541),
        ];
        for (text, number) in days {
            let day: CalendarDay = text.parse().unwrap();
            assert_eq!((day.to_string().as_str(), day.days_since_1970()), (text, number));
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "2027-02-29",
            "2100-02-29",
            "2027-13-01",
            "2027-00-10",
            "2027-04-31",
            "2027-4-1",
            "1999-12-31",
            "27-04-01",
            "2027-04-01T00:00",
            "2027/04/01",
            "+027-04-01",
            "01.04.2027",
        ] {
            assert!(text.parse::<CalendarDay>().is_err(), "{text}");
        }
    }
}
