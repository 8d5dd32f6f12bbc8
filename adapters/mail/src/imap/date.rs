//! Dates as IMAP writes them (RFC 3501 section 9).

use time::{Date, Month, OffsetDateTime};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since 1970 of a date and time as `17-Jul-1996 02:44:25 -0700`.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let mut words = text.split_ascii_whitespace();
    let (date, clock, zone) = (words.next()?, words.next()?, words.next()?);
    let mut parts = date.split('-');
    let day: u8 = parts.next()?.parse().ok()?;
    let month = parts.next()?;
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let month = Month::try_from(u8::try_from(month).ok()? + 1).ok()?;
    let year: i32 = parts.next()?.parse().ok()?;
    let date = Date::from_calendar_date(year, month, day).ok()?;
    let mut parts = clock.split(':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) || !(0..=60).contains(&second) {
        return None;
    }
    let zone: i64 = zone.parse().ok()?;
    let offset = (zone / 100) * 3600 + (zone % 100) * 60;
    let days =
        i64::from(date.to_julian_day() - Date::from_ordinal_date(1970, 1).ok()?.to_julian_day());
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// The day of a time, as `1-Feb-1994`.
pub(super) fn day(seconds: i64) -> Option<String> {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    let month = MONTHS.get(usize::from(u8::from(time.month())) - 1)?;
    (0..=9999).contains(&time.year()).then(|| format!("{}-{month}-{:04}", time.day(), time.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        assert_eq!(seconds("17-Jul-1996 02:44:25 -0700"), Some(837_596_665));
        assert_eq!(seconds(" 1-Jan-1970 05:30:00 +0530"), Some(0));
        assert_eq!(day(837_596_665).as_deref(), Some("17-Jul-1996"));
        for wrong in ["", "17-Jul-1996", "32-Jul-1996 00:00:00 +0000", "1-Foo-1996 0:0:0 +0000"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
        assert_eq!(day(i64::MAX), None);
    }
}
