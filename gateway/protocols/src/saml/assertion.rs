//! Inside an assertion that a signature covers: subject, conditions, statements, attributes.

use super::refused::shown;
use super::response::{Expected, is_ours};
use super::signature::Verified;
use super::{ASSERTION, SamlReason, SamlRefused, instant};

const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const MISPRINTED_TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:named-format:transient";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Characters of an attribute or a name.
pub const VALUE_CHARACTERS_MAX: usize = 256;

/// The ends that an assertion names, in milliseconds since 1970.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub(super) latest_end: i64,
}

impl Times {
    fn add(&mut self, end: i64) {
        self.latest_end = self.latest_end.max(end);
    }
}

/// A time out of an attribute, in milliseconds since 1970.
pub(super) fn time(element: Verified<'_>, name: &str) -> Result<Option<i64>, SamlRefused> {
    let Some(text) = element.attribute(name) else { return Ok(None) };
    instant::milliseconds(text).map(Some).ok_or_else(|| {
        let detail = format!("{name} is \"{}\", not a time that ends in Z", shown(text));
        SamlRefused::new(SamlReason::Time, detail)
    })
}

fn has_begun(begin: i64, expected: &Expected<'_>) -> bool {
    expected.now_millis + i64::from(expected.skew_seconds) * 1_000 >= begin
}

fn is_over(end: i64, expected: &Expected<'_>) -> bool {
    expected.now_millis - i64::from(expected.skew_seconds) * 1_000 >= end
}

/// The data of each confirmation that whoever bears the assertion is the person.
fn bearers(assertion: Verified<'_>) -> impl Iterator<Item = Verified<'_>> {
    assertion
        .children_named(ASSERTION, "Subject")
        .flat_map(|subject| subject.children_named(ASSERTION, "SubjectConfirmation"))
        .filter(|confirmation| confirmation.attribute("Method") == Some(BEARER))
        .filter_map(|confirmation| confirmation.only_child(ASSERTION, "SubjectConfirmationData"))
}

/// Whether some confirmation answers that request.
pub(super) fn answers(assertion: Verified<'_>, request_id: &str) -> bool {
    bearers(assertion).any(|data| data.attribute("InResponseTo") == Some(request_id))
}

/// Step 16; the name that the person has in this assertion.
pub(super) fn check_subject(
    assertion: Verified<'_>,
    expected: &Expected<'_>,
    times: &mut Times,
) -> Result<String, SamlRefused> {
    let refuse = |detail: &'static str| SamlRefused::new(SamlReason::NameId, detail);
    let subject = assertion
        .only_child(ASSERTION, "Subject")
        .ok_or_else(|| refuse("there is not exactly one subject"))?;
    let name_id = subject
        .only_child(ASSERTION, "NameID")
        .ok_or_else(|| refuse("there is not exactly one NameID"))?;
    match name_id.attribute("Format") {
        Some(TRANSIENT) => {}
        Some(MISPRINTED_TRANSIENT) if expected.accept_misprinted_name_id_format => {}
        format => {
            let detail = format!("NameID is of format \"{}\"", shown(format.unwrap_or_default()));
            return Err(SamlRefused::new(SamlReason::NameId, detail));
        }
    }
    let qualifier = name_id.attribute("SPNameQualifier");
    if qualifier.is_some_and(|qualifier| qualifier != expected.own_entity_id) {
        return Err(refuse("NameID is qualified for another service"));
    }
    let text = name_id.text().ok_or_else(|| refuse("NameID holds more than text"))?;
    let name = text.trim_matches([' ', '\t', '\n', '\r']);
    if !is_plain_value(name) {
        return Err(refuse("NameID is empty, too long or holds control characters"));
    }
    let mut why = "there is no bearer confirmation";
    for data in bearers(assertion) {
        match confirm(data, expected)? {
            Ok(end) => {
                times.add(end);
                return Ok(name.to_owned());
            }
            Err(problem) => why = problem,
        }
    }
    Err(SamlRefused::new(SamlReason::SubjectConfirmation, why))
}

/// When that confirmation ends, or why it confirms nothing.
fn confirm(
    data: Verified<'_>,
    expected: &Expected<'_>,
) -> Result<Result<i64, &'static str>, SamlRefused> {
    if !is_ours(data.attribute("Recipient").unwrap_or_default(), expected) {
        return Ok(Err("the confirmation has another recipient"));
    }
    if data.attribute("NotBefore").is_some() {
        return Ok(Err("the confirmation has a NotBefore, which a bearer's must not have"));
    }
    if data.attribute("InResponseTo") != Some(expected.request_id) {
        return Ok(Err("the confirmation answers another request"));
    }
    let Some(end) = time(data, "NotOnOrAfter")? else {
        return Ok(Err("the confirmation has no end"));
    };
    if is_over(end, expected) {
        return Ok(Err("the confirmation is over"));
    }
    Ok(Ok(end))
}

/// Step 17.
pub(super) fn check_conditions(
    assertion: Verified<'_>,
    expected: &Expected<'_>,
    times: &mut Times,
) -> Result<(), SamlRefused> {
    let refuse = |detail: String| Err(SamlRefused::new(SamlReason::Conditions, detail));
    let Some(conditions) = assertion.only_child(ASSERTION, "Conditions") else {
        return refuse("there are not exactly one Conditions".to_owned());
    };
    if time(conditions, "NotBefore")?.is_some_and(|begin| !has_begun(begin, expected)) {
        return Err(SamlRefused::new(SamlReason::TooEarly, "the conditions do not hold yet"));
    }
    if let Some(end) = time(conditions, "NotOnOrAfter")? {
        if is_over(end, expected) {
            return Err(SamlRefused::new(SamlReason::TooLate, "the conditions hold no more"));
        }
        times.add(end);
    }
    let mut is_restricted = false;
    for condition in conditions.children() {
        if condition.is(ASSERTION, "AudienceRestriction") {
            check_audience(condition, expected)?;
            is_restricted = true;
        } else if !condition.is(ASSERTION, "OneTimeUse")
            && !condition.is(ASSERTION, "ProxyRestriction")
        {
            return refuse(format!("{} is not understood", shown(condition.name())));
        }
    }
    if is_restricted {
        return Ok(());
    }
    Err(SamlRefused::new(SamlReason::Audience, "the assertion is for nobody in particular"))
}

/// Every restriction must be met; within one, any of its audiences will do.
fn check_audience(restriction: Verified<'_>, expected: &Expected<'_>) -> Result<(), SamlRefused> {
    let mut audiences = restriction.children_named(ASSERTION, "Audience");
    let own = expected.own_entity_id;
    if !own.is_empty() && audiences.any(|audience| audience.text().as_deref() == Some(own)) {
        return Ok(());
    }
    let first = restriction.children_named(ASSERTION, "Audience").next();
    let first = first.and_then(Verified::text).unwrap_or_default();
    let detail = format!("the assertion is for \"{}\"", shown(&first));
    Err(SamlRefused::new(SamlReason::Audience, detail))
}

/// Step 18; the earliest end of a session at the identity provider.
pub(super) fn check_statements(
    assertion: Verified<'_>,
    expected: &Expected<'_>,
) -> Result<Option<i64>, SamlRefused> {
    let (mut has_one, mut earliest) = (false, None::<i64>);
    for statement in assertion.children_named(ASSERTION, "AuthnStatement") {
        if time(statement, "AuthnInstant")?.is_none() {
            let detail = "an AuthnStatement without AuthnInstant";
            return Err(SamlRefused::new(SamlReason::AuthnStatement, detail));
        }
        has_one = true;
        if let Some(end) = time(statement, "SessionNotOnOrAfter")? {
            if is_over(end, expected) {
                let detail = "the session at the identity provider is over";
                return Err(SamlRefused::new(SamlReason::SessionOver, detail));
            }
            earliest = Some(earliest.map_or(end, |other| other.min(end)));
        }
    }
    if has_one {
        return Ok(earliest);
    }
    Err(SamlRefused::new(SamlReason::AuthnStatement, "there is no AuthnStatement"))
}

/// Step 20: `uid` and `user_principal`.
pub(super) fn attributes(
    assertion: Verified<'_>,
    expected: &Expected<'_>,
) -> Result<(String, String), SamlRefused> {
    let uid = attribute(assertion, "uid")?;
    let principal = attribute(assertion, "user_principal")?;
    let refuse = |detail: &'static str| Err(SamlRefused::new(SamlReason::Attribute, detail));
    match principal.split_once('@') {
        Some((name, domain)) if name.is_empty() || domain.is_empty() || domain.contains('@') => {
            refuse("user_principal is not of the form uid@domain")
        }
        Some((name, _)) if !expected.relaxed_user_principal && !name.eq_ignore_ascii_case(&uid) => {
            refuse("user_principal does not begin with uid")
        }
        Some(_) => Ok((uid, principal)),
        None => refuse("user_principal is not of the form uid@domain"),
    }
}

/// The one value of the one attribute of that name; other names that look alike do not count.
fn attribute(assertion: Verified<'_>, name: &str) -> Result<String, SamlRefused> {
    let refuse =
        |what: &str| Err(SamlRefused::new(SamlReason::Attribute, format!("{name} {what}")));
    let mut named = assertion
        .children_named(ASSERTION, "AttributeStatement")
        .flat_map(|statement| statement.children_named(ASSERTION, "Attribute"))
        .filter(|attribute| attribute.attribute("Name") == Some(name));
    let Some(attribute) = named.next() else { return refuse("is missing") };
    if named.next().is_some() {
        return refuse("is there twice");
    }
    let mut values = attribute.children();
    let value = match (values.next(), values.next()) {
        (Some(value), None) if value.is(ASSERTION, "AttributeValue") => value,
        _ => return refuse("has not exactly one value"),
    };
    if value.attributes().any(|(space, name, _)| space == SCHEMA_INSTANCE && name == "nil") {
        return refuse("is nil");
    }
    match value.text() {
        Some(text) if is_plain_value(&text) => Ok(text.into_owned()),
        Some(_) => {
            refuse("is empty, too long, or holds white space around it or control characters")
        }
        None => refuse("holds more than text"),
    }
}

/// What may name a person: not empty, bounded, without white space around it, without characters
/// that nobody sees or that change the order of others.
fn is_plain_value(text: &str) -> bool {
    let is_hidden = |character: char| {
        character.is_control()
            || matches!(character,
                '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
                | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
    };
    !text.is_empty()
        && text.trim() == text
        && text.chars().nth(VALUE_CHARACTERS_MAX).is_none()
        && !text.chars().any(is_hidden)
}
