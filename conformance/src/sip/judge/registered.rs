//! The answer to a REGISTER: what a Cisco call manager's registrar answers, and RFC 3261.

use std::time::{Duration, SystemTime};

use super::Problems;
use crate::sip::body::{self, Options};
use crate::sip::compose::Registering;
use crate::sip::grammar;
use crate::sip::message::Message;

/// What the phone knows when a 200 comes.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) registering: Registering,
    /// The Contact sent, as it was written.
    pub(crate) contact: String,
    /// The XML of the options offered; `None` where there was no body.
    pub(crate) offered: Option<Vec<u8>>,
    /// What the registrar grants whatever is asked.
    pub(crate) expires_seconds: u64,
    /// A phone that is no Cisco phone gets what RFC 3261 says and no more is judged.
    pub(crate) plain: bool,
    /// The wall clock, where Date is to be compared with it.
    pub(crate) now: Option<SystemTime>,
}

/// How far the server's Date may be from here: the phone sets its clock by it.
const DATE_OFF_MAX: Duration = Duration::from_secs(60);

/// Judges a 200; answers the seconds granted as well.
pub(crate) fn registered(expected: &Expected, message: &Message) -> (Problems, u64) {
    let mut problems = Problems::new();
    if !expected.plain {
        match message.get("date") {
            None => problems.push("200 to REGISTER without Date".to_owned()),
            Some(date) => problems.extend(date_is_off(date, expected.now)),
        }
    }
    match expected.registering {
        Registering::Fresh | Registering::Refresh => {
            let granted = granted(expected, message, &mut problems);
            if !expected.plain {
                supported(message, &mut problems);
                answer_body(expected, message, &mut problems);
            }
            (problems, granted)
        }
        Registering::End(_) | Registering::KeepAlive => {
            if !message.body.is_empty() {
                problems.push("a body where the phone sent none".to_owned());
            }
            // What a standby node lists is its own affair; after an end the binding must be gone.
            if matches!(expected.registering, Registering::End(_))
                && ours(expected, message).is_some()
            {
                problems.push("the Contact is still there after Expires: 0".to_owned());
            }
            (problems, 0)
        }
    }
}

fn date_is_off(date: &str, now: Option<SystemTime>) -> Option<String> {
    let (date, now) = (httpdate::parse_http_date(date).ok()?, now?);
    let off = now.duration_since(date).or_else(|_| date.duration_since(now)).ok()?;
    (off > DATE_OFF_MAX).then(|| format!("Date is {} s off", off.as_secs()))
}

/// The value of Contact in the answer that is this phone's.
fn ours<'a>(expected: &Expected, message: &'a Message) -> Option<&'a str> {
    let uri = grammar::name_address(&expected.contact).ok()?.uri;
    let values = message.list("contact").ok()?;
    values.into_iter().find(|value| grammar::name_address(value).is_ok_and(|it| it.uri == uri))
}

fn granted(expected: &Expected, message: &Message, problems: &mut Problems) -> u64 {
    let most = u64::from(u32::MAX);
    let of_field = message.get("expires").and_then(|text| grammar::number(text, most));
    let (Ok(sent), Some(value)) =
        (grammar::name_address(&expected.contact), ours(expected, message))
    else {
        problems.push("200 to REGISTER without the phone's Contact, byte for byte".to_owned());
        return of_field.unwrap_or_default();
    };
    let got = grammar::name_address(value).map(|it| it.parameters).unwrap_or_default();
    for (name, value) in &sent.parameters.0 {
        if !got.0.iter().any(|each| each == &(name.clone(), value.clone())) {
            problems.push(format!("Contact does not echo {name} byte for byte"));
        }
    }
    for (name, _) in &got.0 {
        let is_ours = sent.parameters.0.iter().any(|(each, _)| each == name);
        let known = ["expires", "x-cisco-newreg", "q", "pub-gruu", "temp-gruu"];
        if !is_ours && !known.contains(&name.as_str()) {
            problems.push(format!("Contact got the parameter {name}"));
        }
    }
    if expected.registering == Registering::Refresh && got.get("x-cisco-newreg").is_some() {
        problems.push("x-cisco-newreg on a refresh".to_owned());
    }
    let of_contact = got.get("expires").and_then(|text| grammar::number(text, most));
    if expected.plain {
        if of_contact.is_none() {
            problems.push("Contact without expires (RFC 3261 section 10.3)".to_owned());
        }
        return of_contact.or(of_field).unwrap_or_default();
    }
    let wanted = expected.expires_seconds;
    if of_field != Some(wanted) {
        problems.push(format!(
            "Expires is {}, not {wanted}",
            message.get("expires").unwrap_or("missing")
        ));
    }
    if of_contact.is_some_and(|seconds| seconds != wanted) {
        problems.push(format!("expires of the Contact is not {wanted}"));
    }
    of_contact.or(of_field).unwrap_or_default()
}

fn supported(message: &Message, problems: &mut Problems) {
    let options = message.list("supported").unwrap_or_default();
    let is_version = |option: &&str| option.to_ascii_lowercase().starts_with("x-cisco-sis-");
    if !options.iter().any(is_version) {
        problems.push("200 to REGISTER without X-cisco-sis-... in Supported".to_owned());
    }
}

fn answer_body(expected: &Expected, message: &Message, problems: &mut Problems) {
    let Some(offered) = &expected.offered else {
        if !message.body.is_empty() {
            problems.push("a body where the phone sent none".to_owned());
        }
        return;
    };
    let offered = std::str::from_utf8(offered).ok().and_then(|xml| body::offered(xml).ok());
    if let Err(words) = accepted(&offered.unwrap_or_default(), message) {
        problems.push(format!("the body of the 200 to REGISTER: {words}"));
    }
}

fn accepted(offered: &Options, message: &Message) -> Result<(), String> {
    let Some(content_type) = message.get("content-type") else {
        return Err("is missing".to_owned());
    };
    let mut options = None;
    for part in body::parts(content_type, &message.body)? {
        if part.media_type != body::RESPONSE {
            return Err(format!("is of type {}", part.media_type));
        }
        let (code, found) = body::response(part.body)?;
        if code != 200 {
            return Err(format!("has the code {code}"));
        }
        options = options.or(found);
    }
    let options = options.ok_or("has no optionsind")?;
    for (at, (name, usage, inner, max)) in options.iter().enumerate() {
        let is_same = |each: &&(String, String, Vec<String>, Option<u64>)| {
            each.0 == *name && each.1 == *usage
        };
        if options.iter().take(at).any(|each| is_same(&each)) {
            return Err(format!("accepts {name} {usage} twice"));
        }
        let Some((.., offered_inner, offered_max)) = offered.iter().find(is_same) else {
            return Err(format!("accepts {name} {usage}, which was not offered"));
        };
        // `cfwdall-anyline` is answered by a child `Yes` or by text; it was offered bare.
        let more = inner.iter().find(|child| !offered_inner.contains(child));
        if let Some(child) = more.filter(|child| !child.eq_ignore_ascii_case("yes")) {
            return Err(format!("accepts {child} in {name} {usage}, which was not offered"));
        }
        if max > offered_max || name == "combine" && max.is_none_or(|max| max == 0) {
            return Err(format!("accepts {name} with max {max:?} of {offered_max:?}"));
        }
    }
    Ok(())
}
