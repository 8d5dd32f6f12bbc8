//! Points in time as the headset service writes them: ISO 8601 in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY_SECONDS: u64 = 86_400;

/// `2026-01-31T12:00:00.250Z`; what was before 1970 is 1970.
pub(crate) fn write(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / DAY_SECONDS, since.as_secs() % DAY_SECONDS);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let milliseconds = since.subsec_millis();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z")
}

/// Seconds since 1970 of such a text; fractions may be there, another zone than `Z` may not.
pub(crate) fn read(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(whole, ':', [2, 2, 2])?;
    let fits = is_fraction && hour < 24 && minute < 60 && second <= 60 && year >= 1970;
    let days = days(year, month, day).filter(|_| fits)?;
    // The 29th of February and its like: only what reads back the same is a date.
    (civil(days) == (year, month, day))
        .then_some(days * DAY_SECONDS + hour * 3600 + minute * 60 + second)
}

fn numbers<const COUNT: usize>(
    text: &str,
    between: char,
    lengths: [usize; COUNT],
) -> Option<[u64; COUNT]> {
    let mut found = [0; COUNT];
    let mut parts = text.split(between);
    for (place, length) in found.iter_mut().zip(lengths) {
        let part = parts.next()?;
        let is_number = part.len() == length && part.bytes().all(|byte| byte.is_ascii_digit());
        *place = part.parse().ok().filter(|_| is_number)?;
    }
    parts.next().is_none().then_some(found)
}

/// Days since 1970 of a date of the Gregorian calendar; years are counted from March.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).checked_sub(719_468)
}

fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_read_back_as_they_were_written() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_767_225_599, "2025-12-31T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(write(UNIX_EPOCH + Duration::from_secs(seconds)), text);
            assert_eq!(read(text), Some(seconds));
        }
        for day in 0..50_000 {
            let time = UNIX_EPOCH + Duration::from_secs(day * DAY_SECONDS + 7);
            assert_eq!(read(&write(time)), Some(day * DAY_SECONDS + 7));
        }
    }

    #[test]
    fn what_is_no_utc_time_is_none() {
        for text in [
            "",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00:00+00:00",
            "2026-02-29T12:00:00Z",
            "2026-13-01T12:00:00Z",
            "2026-01-31 12:00:00Z",
            "2026-1-31T12:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T12:00:00.Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
