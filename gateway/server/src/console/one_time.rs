//! One-time passwords by time (RFC 6238): six digits, 30 seconds, HMAC-SHA-1, as authenticator apps
//! make them.
//!
//! One step before and after now counts too, for clocks that differ; no step counts twice, which the
//! store sees to.

use domain::{Secret, Timestamp};
use ring::hmac;
use subtle::ConstantTimeEq;

/// How long one password is shown.
const STEP_SECONDS: i64 = 30;
/// How many digits it has.
const DIGITS: usize = 6;

/// The time step that the password is for, where it is right at `now`.
pub(super) fn step_of(key: &Secret, typed: &Secret, now: Timestamp) -> Option<u64> {
    let key = base32(key.expose())?;
    let typed: String = typed.expose().chars().filter(|it| !it.is_whitespace()).collect();
    let current = u64::try_from(now.seconds() / STEP_SECONDS).ok()?;
    let mut found = None;
    // All are computed, so that the time tells nothing of which it was.
    for step in [current.saturating_sub(1), current, current + 1] {
        let right = password(&key, step);
        if bool::from(right.as_bytes().ct_eq(typed.as_bytes())) {
            found = Some(step);
        }
    }
    found
}

fn password(key: &[u8], step: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = bytes.last().map_or(0, |last| usize::from(last & 0x0f));
    let word = bytes.get(offset..offset + 4).and_then(|word| <[u8; 4]>::try_from(word).ok());
    let number = u32::from_be_bytes(word.unwrap_or_default()) & 0x7fff_ffff;
    format!("{:0DIGITS$}", number % 1_000_000)
}

/// The bytes of a key in base32 (RFC 4648, section 6); `None` where it is none.
fn base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0_u32);
    for character in text.trim_end_matches('=').chars() {
        let value = match character {
            'A'..='Z' => u32::from(character) - u32::from('A'),
            '2'..='7' => u32::from(character) - u32::from('2') + 26,
            _ => return None,
        };
        bits = (bits << 5) | value;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).ok()?);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 6238, appendix B: the ASCII digits 1 to 0, twice.
    const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    fn at(seconds: i64, typed: &str) -> Option<u64> {
        step_of(&Secret::new(KEY), &Secret::new(typed), Timestamp::from_seconds(seconds))
    }

    #[test]
    fn ops_06_the_passwords_are_those_of_rfc_6238() {
        assert_eq!(base32(KEY).unwrap(), b"12345678901234567890");
        for (seconds, eight) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            let step = u64::try_from(seconds / 30).unwrap();
            assert_eq!(at(seconds, &eight[2..]), Some(step), "{seconds}");
        }
    }

    #[test]
    fn ops_06_one_step_before_and_after_counts_and_no_other() {
        assert_eq!(at(59, "287 082"), Some(1));
        assert_eq!(at(59 - 30, "287082"), Some(1));
        assert_eq!(at(59 + 30, "287082"), Some(1));
        assert_eq!(at(59 + 61, "287082"), None);
        for bad in ["", "28708", "2870821", "94287082", "287083", "２８７０８２"] {
            assert_eq!(at(59, bad), None, "{bad}");
        }
        assert_eq!(step_of(&Secret::new("0"), &Secret::new("287082"), Timestamp::default()), None);
    }
}
