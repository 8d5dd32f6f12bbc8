//! `application/x-www-form-urlencoded`, read strictly and written.

use super::{FORM_BYTES_MAX, PARAMETERS_MAX, VALUE_BYTES_MAX};

/// Why a form is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormRefused {
    /// More bytes or parameters than are read.
    TooLarge,
    /// A name or value that cannot be decoded.
    Encoding,
    /// A parameter of ours stands there more than once.
    Twice(&'static str),
    /// The value of one of ours is too long or not of printable ASCII.
    Value(&'static str),
}

/// The values of `N` parameters of ours, in the order in which they were asked for.
pub(super) type Values<const N: usize> = [Option<String>; N];

/// Reads the parameters called `names`; none stands for one that is left out or has no value.
pub(super) fn read<const N: usize>(
    form: &[u8],
    names: [&'static str; N],
) -> Result<Values<N>, FormRefused> {
    if form.len() > FORM_BYTES_MAX {
        return Err(FormRefused::TooLarge);
    }
    let mut values = [const { None }; N];
    let parameters = form.split(|byte| *byte == b'&').filter(|parameter| !parameter.is_empty());
    for (count, parameter) in parameters.enumerate() {
        if count >= PARAMETERS_MAX {
            return Err(FormRefused::TooLarge);
        }
        let mut halves = parameter.splitn(2, |byte| *byte == b'=');
        let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        let name = decode(name).ok_or(FormRefused::Encoding)?;
        let value = decode(value).ok_or(FormRefused::Encoding)?;
        let ours = names.iter().zip(&mut values).find(|(ours, _)| ours.as_bytes() == name);
        let Some((ours, place)) = ours else { continue };
        let value = String::from_utf8(value).map_err(|_| FormRefused::Value(ours))?;
        let is_printable = value.bytes().all(|byte| matches!(byte, 0x20..=0x7E));
        if value.len() > VALUE_BYTES_MAX || !is_printable {
            return Err(FormRefused::Value(ours));
        }
        if place.replace(value).is_some() {
            return Err(FormRefused::Twice(ours));
        }
    }
    Ok(values.map(|value| value.filter(|value| !value.is_empty())))
}

/// Whether a body is such a form. Its charset makes no difference to what is taken from it, as long as ASCII is
/// written in it as it is.
pub(super) fn is_form(content_type: Option<&str>) -> bool {
    let mut parts = content_type.unwrap_or_default().split(';').map(str::trim);
    let is_form = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    let of_ascii = ["utf-8", "us-ascii", "iso-8859-1"];
    is_form
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                let value = value
                    .strip_prefix('"')
                    .and_then(|rest| rest.strip_suffix('"'))
                    .unwrap_or(value);
                of_ascii.iter().any(|charset| value.eq_ignore_ascii_case(charset))
            }
            _ => true,
        })
}

/// Decodes a name or value; none where a percent sign is not followed by two digits.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            other => other,
        });
    }
    Some(decoded)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Writes a value so that nothing in it has a meaning of its own.
pub(super) fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => {
                out.push('%');
                for half in [byte >> 4, byte & 15] {
                    let digit = char::from_digit(u32::from(half), 16).unwrap_or('0');
                    out.push(digit.to_ascii_uppercase());
                }
            }
        }
    }
}
