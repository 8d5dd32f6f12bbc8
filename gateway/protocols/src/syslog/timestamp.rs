//! TIMESTAMP: RFC 3339 in UTC with six digits of a second, the most that RFC 5424 allows.

use super::text::NIL;
use crate::calendar::date;

const SECONDS_OF_A_DAY: i64 = 86_400;

/// A time in microseconds since 1970; nil where its year has no four digits.
pub(super) fn timestamp(microseconds: i64) -> String {
    let seconds = microseconds.div_euclid(1_000_000);
    let fraction = microseconds.rem_euclid(1_000_000);
    let (days, second) =
        (seconds.div_euclid(SECONDS_OF_A_DAY), seconds.rem_euclid(SECONDS_OF_A_DAY));
    let (year, month, day) = date(days);
    if !(0..=9_999).contains(&year) {
        return NIL.to_owned();
    }
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z")
}
