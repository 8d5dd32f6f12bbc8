//! One message by the grammar of RFC 5424, section 6.
//!
//! What a receiver is to bear, such as a backslash that escapes nothing, is a breach here: the sender
//! is judged.

use serde_json::{Map, Value, json};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// SD-IDs without an enterprise number that IANA has registered.
const REGISTERED: [&str; 3] = ["timeQuality", "origin", "meta"];
const PRIORITY_MAX: u16 = 191;

/// Reads a message; a breach names the part it is in.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut rest = Rest(bytes);
    let priority = priority(&mut rest)?;
    if rest.until(b' ', "VERSION")? != b"1" {
        return Err("VERSION is not 1".to_owned());
    }
    let timestamp = timestamp(rest.until(b' ', "TIMESTAMP")?)?;
    let host_name = header(rest.until(b' ', "HOSTNAME")?, "HOSTNAME", 255)?;
    let application = header(rest.until(b' ', "APP-NAME")?, "APP-NAME", 48)?;
    let process_id = header(rest.until(b' ', "PROCID")?, "PROCID", 128)?;
    let message_id = header(rest.until(b' ', "MSGID")?, "MSGID", 32)?;
    let structured_data = structured_data(&mut rest)?;
    let (text, mark) = match rest.0 {
        [] => (Value::Null, false),
        [b' ', text @ ..] => free_text(text)?,
        _ => return Err("no space after STRUCTURED-DATA".to_owned()),
    };
    Ok(json!({
        "facility": priority / 8,
        "severity": priority % 8,
        "timestamp": timestamp,
        "hostname": host_name,
        "app_name": application,
        "procid": process_id,
        "msgid": message_id,
        "structured_data": structured_data,
        "text": text,
        "byte_order_mark": mark,
    }))
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    /// What stands before the next `end`, which is passed over.
    fn until(&mut self, end: u8, part: &str) -> Result<&'a [u8], String> {
        let at = self.0.iter().position(|byte| *byte == end);
        let at = at.ok_or_else(|| format!("{part} does not end"))?;
        let (found, rest) = self.0.split_at(at);
        self.0 = rest.get(1..).unwrap_or_default();
        Ok(found)
    }

    /// Passes over one byte where it is that one.
    fn take(&mut self, byte: u8) -> bool {
        match self.0 {
            [first, rest @ ..] if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }
}

fn priority(rest: &mut Rest<'_>) -> Result<u16, String> {
    if !rest.take(b'<') {
        return Err("it does not begin with PRI".to_owned());
    }
    let digits = number(rest.until(b'>', "PRI")?, 1, 3).ok_or("PRI is not one to three digits")?;
    let text = digits.to_string();
    let value: u16 = text.parse().map_err(|_| "PRI is no number")?;
    if text.len() > 1 && text.starts_with('0') {
        return Err("PRI has a leading zero".to_owned());
    }
    if value > PRIORITY_MAX {
        return Err(format!("PRI is above {PRIORITY_MAX}"));
    }
    Ok(value)
}

/// So many ASCII digits and nothing else.
fn number(bytes: &[u8], least: usize, most: usize) -> Option<&str> {
    let fits = (least..=most).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit);
    if fits { std::str::from_utf8(bytes).ok() } else { None }
}

fn header(bytes: &[u8], part: &str, most: usize) -> Result<Value, String> {
    if bytes == b"-" {
        return Ok(Value::Null);
    }
    if bytes.is_empty() || bytes.len() > most {
        return Err(format!("{part} has not 1 to {most} characters"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(u8::is_ascii_graphic) => Ok(json!(text)),
        _ => Err(format!("{part} has characters that are not printable ASCII")),
    }
}

/// RFC 3339 with capital `T` and `Z`, no leap second, six digits of a second at most.
fn timestamp(bytes: &[u8]) -> Result<Value, String> {
    if bytes == b"-" {
        return Ok(Value::Null);
    }
    let breach = || "TIMESTAMP is not of the form that RFC 5424 allows".to_owned();
    let text = std::str::from_utf8(bytes).map_err(|_| breach())?;
    let (date, time) = text.split_once('T').ok_or_else(breach)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2]).ok_or_else(breach)?;
    let (time, offset) = match time.strip_suffix('Z') {
        Some(time) => (time, None),
        None => {
            let at = time.rfind(['+', '-']).ok_or_else(breach)?;
            let (time, offset) = time.split_at(at);
            (time, offset.get(1..))
        }
    };
    let (time, fraction) = match time.split_once('.') {
        Some((time, fraction)) => (time, Some(fraction)),
        None => (time, None),
    };
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2]).ok_or_else(breach)?;
    if let Some(fraction) = fraction {
        number(fraction.as_bytes(), 1, 6).ok_or_else(breach)?;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return Err("TIMESTAMP has no such month".to_owned()),
    };
    let mut is_right = (1..=days).contains(&day) && hour <= 23 && minute <= 59 && second <= 59;
    if let Some(offset) = offset {
        let [hours, minutes] = numbers(offset, ':', [2, 2]).ok_or_else(breach)?;
        is_right &= hours <= 23 && minutes <= 59;
    }
    if is_right { Ok(json!(text)) } else { Err("TIMESTAMP is no time there is".to_owned()) }
}

/// Numbers of so many digits each with a separator between them.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[u32; N]> {
    let mut found = [0; N];
    let mut parts = text.split(separator);
    for (found, digits) in found.iter_mut().zip(digits) {
        *found = number(parts.next()?.as_bytes(), digits, digits)?.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

fn structured_data(rest: &mut Rest<'_>) -> Result<Value, String> {
    let mut elements = Map::new();
    if rest.take(b'-') {
        return Ok(Value::Object(elements));
    }
    if !rest.0.starts_with(b"[") {
        return Err("STRUCTURED-DATA is neither nil nor an element".to_owned());
    }
    while rest.take(b'[') {
        let end = rest.0.iter().position(|byte| matches!(byte, b' ' | b']'));
        let end = end.ok_or("an element of STRUCTURED-DATA does not end")?;
        let (id, after) = rest.0.split_at(end);
        rest.0 = after;
        let id = element_id(id)?;
        let mut parameters = Vec::new();
        while rest.take(b' ') {
            let name = sd_name(rest.until(b'=', "a PARAM-NAME")?, "a PARAM-NAME")?;
            parameters.push(json!([name, parameter_value(rest)?]));
        }
        if !rest.take(b']') {
            return Err(format!("the element {id} does not end with ]"));
        }
        if elements.insert(id.clone(), Value::Array(parameters)).is_some() {
            return Err(format!("the element {id} is there twice"));
        }
    }
    Ok(Value::Object(elements))
}

fn element_id(bytes: &[u8]) -> Result<String, String> {
    let id = sd_name(bytes, "an SD-ID")?;
    match id.split_once('@') {
        None if REGISTERED.contains(&id.as_str()) => Ok(id),
        None => Err(format!("the SD-ID {id} is not registered and has no enterprise number")),
        Some((name, enterprise)) => {
            let is_number = enterprise
                .split('.')
                .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
            if name.is_empty() || !is_number {
                return Err(format!("the SD-ID {id} is not a name, @ and an enterprise number"));
            }
            Ok(id)
        }
    }
}

fn sd_name(bytes: &[u8], part: &str) -> Result<String, String> {
    let fits = (1..=32).contains(&bytes.len())
        && bytes.iter().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'=' | b']' | b'"'));
    match std::str::from_utf8(bytes) {
        Ok(text) if fits => Ok(text.to_owned()),
        _ => Err(format!("{part} is not 1 to 32 printable characters without = ] and quotes")),
    }
}

/// A value with its quotes.
fn parameter_value(rest: &mut Rest<'_>) -> Result<String, String> {
    if !rest.take(b'"') {
        return Err("a PARAM-VALUE does not begin with a quote".to_owned());
    }
    let mut value = Vec::new();
    loop {
        match rest.0 {
            [] => return Err("a PARAM-VALUE does not end".to_owned()),
            [b'"', after @ ..] => {
                rest.0 = after;
                break;
            }
            [b'\\', escaped @ (b'"' | b'\\' | b']'), after @ ..] => {
                value.push(*escaped);
                rest.0 = after;
            }
            [b'\\', ..] => return Err("a backslash in a PARAM-VALUE escapes nothing".to_owned()),
            [b']', ..] => return Err("a ] in a PARAM-VALUE is not escaped".to_owned()),
            [byte, after @ ..] => {
                value.push(*byte);
                rest.0 = after;
            }
        }
    }
    let value = String::from_utf8(value).map_err(|_| "a PARAM-VALUE is not UTF-8")?;
    without_controls(&value, "a PARAM-VALUE")?;
    Ok(value)
}

/// The text, and whether it says that it is UTF-8.
fn free_text(bytes: &[u8]) -> Result<(Value, bool), String> {
    let Some(bytes) = bytes.strip_prefix(BYTE_ORDER_MARK) else {
        // Of an encoding that nobody knows; ASCII or not, it is legal.
        let text = String::from_utf8_lossy(bytes).into_owned();
        without_controls(&text, "MSG")?;
        return Ok((json!(text), false));
    };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| "MSG begins with the byte order mark and is not UTF-8")?;
    without_controls(text, "MSG")?;
    Ok((json!(text), true))
}

fn without_controls(text: &str, part: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err(format!("{part} has control characters, which should be avoided"));
    }
    Ok(())
}
