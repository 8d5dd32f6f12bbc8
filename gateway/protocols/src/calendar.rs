//! Days of the Gregorian calendar, counted from 1970, and back.
//!
//! Years are taken to begin in March, so that the leap day is the last one.

/// Days from the first of March of the year 0 to 1970.
const DAYS_TO_1970: i64 = 719_468;
const DAYS_OF_400_YEARS: i64 = 146_097;

/// Year, month and day of a day counted from 1970.
pub(crate) fn date(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (era, day) = (days.div_euclid(DAYS_OF_400_YEARS), days.rem_euclid(DAYS_OF_400_YEARS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

/// The day counted from 1970 of a date of the years 0 to 9999; nothing where there is no such day.
pub(crate) fn day(year: i64, month: i64, day: i64) -> Option<i64> {
    let may_be = (0..=9_999).contains(&year) && (1..=12).contains(&month);
    if !may_be || !(1..=31).contains(&day) {
        return None;
    }
    let (from_march, before) = if month > 2 { (month - 3, 0) } else { (month + 9, 1) };
    let year_from_march = year - before;
    let (era, of_era) = (year_from_march.div_euclid(400), year_from_march.rem_euclid(400));
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    let days = 365 * of_era + of_era / 4 - of_era / 100 + of_year;
    let days = era * DAYS_OF_400_YEARS + days - DAYS_TO_1970;
    (date(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_of_three_centuries_is_found_again() {
        for days in -40_000..70_000 {
            let (year, month, of_month) = date(days);
            assert_eq!(day(year, month, of_month), Some(days));
        }
        assert_eq!((date(0), date(20_000)), ((1970, 1, 1), (2024, 10, 4)));
    }

    #[test]
    fn days_that_do_not_exist_are_none() {
        for (year, month, of_month) in
            [(2023, 2, 29), (1900, 2, 29), (2024, 4, 31), (2024, 13, 1), (2024, 0, 1), (2024, 1, 0)]
        {
            assert_eq!(day(year, month, of_month), None, "{year}-{month}-{of_month}");
        }
        assert_eq!(day(2024, 2, 29), Some(19_782));
        assert_eq!(day(0, 1, 1), Some(-719_528));
    }
}
