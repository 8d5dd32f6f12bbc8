//! Times as SAML writes them.

use crate::calendar;

/// Milliseconds since 1970 of a time in UTC that ends in `Z`; any number of digits of a second may
/// follow (AD FS writes 3 to 7), what is finer than a millisecond is dropped. Nothing for any other
/// form.
pub(super) fn milliseconds(text: &str) -> Option<i64> {
    const TEXT_BYTES_MAX: usize = 40;
    let text = text.strip_suffix('Z').filter(|text| text.len() <= TEXT_BYTES_MAX)?;
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let (date, time) = whole.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = calendar::day(year, month, day)?;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(seconds * 1_000 + fraction.map_or(Some(0), thousandths)?)
}

fn thousandths(fraction: &str) -> Option<i64> {
    digits(fraction)?;
    let mut three = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    three.try_fold(0, |sum, digit| Some(sum * 10 + i64::from(digit.checked_sub(b'0')?)))
}

fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut next =
        |length: usize| parts.next().filter(|part| part.len() == length).and_then(digits);
    let [first, second, third] = lengths;
    let found = [next(first)?, next(second)?, next(third)?];
    parts.next().is_none().then_some(found)
}

/// Digits only; a sign would pass for a number otherwise.
fn digits(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.get(..text.len().min(9))).flatten()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::milliseconds;

    #[test]
    fn ids_04_only_times_in_utc_are_read() {
        let known = [
            ("1970-01-01T00:00:00Z", 0),
            ("2018-10-29T10:01:39Z", 1_540_807_299_000),
            ("2017-08-10T13:20:26.556Z", 1_502_371_226_556),
            ("2017-08-10T13:20:26.5Z", 1_502_371_226_500),
            ("2017-08-10T13:20:26.5569999Z", 1_502_371_226_556),
            ("2024-02-29T23:59:59.000000000000Z", 1_709_251_199_000),
        ];
        for (text, expected) in known {
            assert_eq!(milliseconds(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "Z",
            "2017-08-10",
            "2017-08-10T13:20:26",
            "2017-08-10T13:20:26+00:00",
            "2017-08-10T13:20:26-05:00",
            "2017-08-10T13:20:26z",
            "2017-08-10t13:20:26Z",
            "2017-08-10 13:20:26Z",
            "2017-8-10T13:20:26Z",
            "2017-08-10T24:00:00Z",
            "2017-08-10T13:60:26Z",
            "2017-08-10T13:20:60Z",
            "2017-02-29T13:20:26Z",
            "+017-08-10T13:20:26Z",
            "2017-08-10T13:20:+6Z",
            "2017-08-10T13:20:26.Z",
            "2017-08-10T13:20:26.5.5Z",
            "2017-08-10T13:20:26,5Z",
            "02017-08-10T13:20:26Z",
            "-2017-08-10T13:20:26Z",
            "2017-08-10T13:20:26ZZ",
            " 2017-08-10T13:20:26Z",
            "2017-08-10T13:20:26 Z",
            "2017-08-10T13:20Z",
            "1502371226",
            "2017-08-10T13:20:26.５Z",
        ] {
            assert_eq!(milliseconds(text), None, "{text}");
        }
        let long = format!("2017-08-10T13:20:26.{}Z", "0".repeat(100));
        assert_eq!(milliseconds(&long), None);
    }
}
