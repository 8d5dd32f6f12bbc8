//! Times on the wire: RFC 3339 texts, or seconds or milliseconds since 1970.

use std::ops::RangeInclusive;

use super::tree::Node;
use crate::calendar;

const MICROSECONDS: i64 = 1_000_000;
const SECONDS_OF_A_DAY: i64 = 86_400;
/// The last microsecond whose year has four digits.
const LAST: i64 = 253_402_300_799_999_999;

/// A time between 1970 and 9999, to the microsecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// That many microseconds after 1970 began; what lies outside the years 1970 to 9999 becomes their nearest end.
    #[must_use]
    pub fn from_microseconds(microseconds: i64) -> Self {
        Self(microseconds.clamp(0, LAST))
    }

    /// Microseconds since 1970 began.
    #[must_use]
    pub fn microseconds(self) -> i64 {
        self.0
    }

    fn of(seconds: i64, microseconds: i64) -> Option<Self> {
        let all = seconds.checked_mul(MICROSECONDS)?.checked_add(microseconds)?;
        (0..=LAST).contains(&all).then_some(Self(all))
    }
}

/// How times are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// `2026-11-27T18:30:00Z`, with three or six digits of the second where it has some.
    Iso8601,
    /// Whole seconds since 1970; with a fraction they are read too.
    EpochSeconds,
    /// Whole milliseconds since 1970.
    EpochMilliseconds,
}

impl TimeFormat {
    pub(super) const ALL: [(&'static str, Self); 3] = [
        ("iso8601", Self::Iso8601),
        ("epoch_seconds", Self::EpochSeconds),
        ("epoch_milliseconds", Self::EpochMilliseconds),
    ];

    pub(super) fn write(self, moment: Moment) -> Node {
        match self {
            Self::Iso8601 => Node::Text(iso_8601(moment)),
            Self::EpochSeconds => Node::number(moment.0 / MICROSECONDS),
            Self::EpochMilliseconds => Node::number(moment.0 / 1_000),
        }
    }

    pub(super) fn read(self, text: &str) -> Option<Moment> {
        match self {
            Self::Iso8601 => read_iso_8601(text.as_bytes()),
            Self::EpochSeconds => {
                let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
                Moment::of(digits(whole.as_bytes())?, microseconds(fraction.as_bytes())?)
            }
            Self::EpochMilliseconds => {
                let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
                let milliseconds = digits(whole.as_bytes())?;
                let rest =
                    milliseconds % 1_000 * 1_000 + microseconds(fraction.as_bytes())? / 1_000;
                Moment::of(milliseconds / 1_000, rest)
            }
        }
    }

    /// What a text of that format looks like, for whoever has to mend one.
    pub(super) fn wanted(self) -> &'static str {
        match self {
            Self::Iso8601 => "a time like 2026-11-27T18:30:00Z",
            Self::EpochSeconds => "a time in seconds since 1970",
            Self::EpochMilliseconds => "a time in milliseconds since 1970",
        }
    }
}

fn iso_8601(moment: Moment) -> String {
    let (seconds, fraction) = (moment.0 / MICROSECONDS, moment.0 % MICROSECONDS);
    let (days, second) = (seconds / SECONDS_OF_A_DAY, seconds % SECONDS_OF_A_DAY);
    let (year, month, day) = calendar::date(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let fraction = match fraction {
        0 => String::new(),
        _ if fraction % 1_000 == 0 => format!(".{:03}", fraction / 1_000),
        _ => format!(".{fraction:06}"),
    };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// RFC 3339, section 5.6, with an offset too: a phone may not know how to leave it out.
fn read_iso_8601(text: &[u8]) -> Option<Moment> {
    let (date, time) = (text.get(..10)?, text.get(11..19)?);
    let separator = text.get(10)?;
    if !matches!(separator, b'T' | b't' | b' ') {
        return None;
    }
    let [year, month, day] = fields(date, b'-', [0..=3, 5..=6, 8..=9])?;
    let [hour, minute, second] = fields(time, b':', [0..=1, 3..=4, 6..=7])?;
    // A leap second counts as the one before.
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let of_day = hour * 3_600 + minute * 60 + second.min(59);
    let rest = text.get(19..)?;
    let (fraction, zone) = match rest.strip_prefix(b".") {
        Some(rest) => {
            let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            rest.split_at_checked(end)?
        }
        None => (b"0".as_slice(), rest),
    };
    let seconds = calendar::day(year, month, day)? * SECONDS_OF_A_DAY + of_day - offset(zone)?;
    Moment::of(seconds, microseconds(fraction)?)
}

/// Seconds that a zone is ahead of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, time) = match zone.split_first()? {
        (b'Z' | b'z', []) => return Some(0),
        (b'+', time) => (1, time),
        (b'-', time) => (-1, time),
        _ => return None,
    };
    let [hours, minutes] = fields(time, b':', [0..=1, 3..=4])?;
    (time.len() == 5 && hours < 24 && minutes < 60).then(|| sign * (hours * 3_600 + minutes * 60))
}

/// Numbers at those places of `text`, with `between` before each but the first.
fn fields<const COUNT: usize>(
    text: &[u8],
    between: u8,
    places: [RangeInclusive<usize>; COUNT],
) -> Option<[i64; COUNT]> {
    let mut numbers = [0; COUNT];
    for (number, place) in numbers.iter_mut().zip(places) {
        let before = place.start().checked_sub(1);
        if before.is_some_and(|before| text.get(before) != Some(&between)) {
            return None;
        }
        *number = digits(text.get(place)?)?;
    }
    Some(numbers)
}

/// A fraction of a second; what is finer than a microsecond is cut off.
fn microseconds(fraction: &[u8]) -> Option<i64> {
    if fraction.len() > 18 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let kept = fraction.get(..6).unwrap_or(fraction);
    let places = u32::try_from(kept.len()).ok()?;
    Some(digits(kept)? * 10_i64.pow(6_u32.saturating_sub(places)))
}

fn digits(text: &[u8]) -> Option<i64> {
    if !(1..=16).contains(&text.len()) || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |all, digit| all * 10 + i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: TimeFormat, text: &str, microseconds: Option<i64>) {
        assert_eq!(format.read(text).map(Moment::microseconds), microseconds, "{text}");
    }

    #[test]
    fn times_are_read_in_each_format() {
        const HALF: i64 = 1_795_804_200_500_000;
        check(TimeFormat::Iso8601, "2026-11-27T18:30:00.5Z", Some(HALF));
        check(TimeFormat::Iso8601, "2026-11-27t19:30:00.500+01:00", Some(HALF));
        check(TimeFormat::Iso8601, "2026-11-27 12:45:00.500000999-05:45", Some(HALF));
        check(TimeFormat::Iso8601, "1970-01-01T00:00:00Z", Some(0));
        check(TimeFormat::Iso8601, "2016-12-31T23:59:60Z", Some(1_483_228_799_000_000));
        check(TimeFormat::EpochSeconds, "1795804200.5", Some(HALF));
        check(TimeFormat::EpochMilliseconds, "1795804200500", Some(HALF));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let texts = [
            "",
            "2026-11-27",
            "2026-11-27T18:30:00",
            "2026-02-30T18:30:00Z",
            "2026-11-27T24:00:00Z",
            "2026-11-27T18:30:00.Z",
            "2026-11-27T18:30:00+0100",
            "2026-11-27T18:30:00ZZ",
            "1969-12-31T23:59:59Z",
            "2026-11-27T18:30:00+24:00",
            "2026_11_27T18:30:00Z",
            "9999-12-31T23:59:59-00:01",
            "+026-11-27T18:30:00Z",
            "2026-11-27T18:30:00.1é",
        ];
        for text in texts {
            check(TimeFormat::Iso8601, text, None);
        }
        for text in ["", "-1", "1e9", "1.", "99999999999999999", "0x10", "253402300800"] {
            check(TimeFormat::EpochSeconds, text, None);
        }
    }

    #[test]
    fn times_are_written_as_short_as_they_are_exact() {
        let written = |microseconds| {
            TimeFormat::Iso8601.write(Moment::from_microseconds(microseconds)).into_text()
        };
        assert_eq!(written(0), "1970-01-01T00:00:00Z");
        assert_eq!(written(1_795_804_200_500_000), "2026-11-27T18:30:00.500Z");
        assert_eq!(written(1_795_804_200_500_001), "2026-11-27T18:30:00.500001Z");
        assert_eq!(written(i64::MAX), "9999-12-31T23:59:59.999999Z");
        assert_eq!(written(-1), "1970-01-01T00:00:00Z");
    }
}
