//! Judging a response: the steps in their order, the first one that fails is told.
//!
//! ```text
//!   bytes -> Tree -> one assertion, ids, signatures of the one shape -> Verified -> Proven
//! ```
//!
//! Up to the signatures nothing of the message is believed; from there on only what is inside
//! [`Verified`] is read. That a request is outstanding, and that a message was not used before, the
//! caller knows: it hands the request's id in, and keeps the ids of [`Proven`] until their end.

use super::assertion::{self, Times};
use super::refused::shown;
use super::signature::{Signatures, TrustedKey, Verified};
use super::tree::{Element, Tree};
use super::{ASSERTION, PROTOCOL, SamlReason, SamlRefused, ids};

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const ENTITY_FORMAT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
const ENCRYPTION: &str = "http://www.w3.org/2001/04/xmlenc#";
/// The most that `response_age_seconds` and `skew_seconds` may be set to, in milliseconds: after
/// this nobody takes a message any more, whatever it says itself.
const AGE_MILLIS_MAX: i64 = (600 + 180) * 1_000;

/// What a response must agree with.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who must have issued it.
    pub idp_entity_id: &'a str,
    /// Who we are, as the audience.
    pub own_entity_id: &'a str,
    /// Our addresses that it may have been sent to.
    pub destinations: &'a [String],
    /// The outstanding request of this browser.
    pub request_id: &'a str,
    /// Milliseconds since 1970.
    pub now_millis: i64,
    /// How far the clocks of both sides may differ.
    pub skew_seconds: u32,
    /// How old a message may be.
    pub response_age_seconds: u32,
    /// Whether ECDSA with P-256 and SHA-256 is taken.
    pub accept_ecdsa: bool,
    /// Whether `named-format` is taken for `nameid-format`, as a manual prints it.
    pub accept_misprinted_name_id_format: bool,
    /// Whether the part of `user_principal` before the `@` may differ from `uid`.
    pub relaxed_user_principal: bool,
}

/// What a response proved.
#[derive(Clone, PartialEq, Eq)]
pub struct Proven {
    /// Who the person is.
    pub uid: String,
    /// The same as `uid@domain`.
    pub user_principal: String,
    /// The transient name, which is not the identity.
    pub name_id: String,
    /// For the memory of used messages.
    pub assertion_id: String,
    /// For the memory of used messages.
    pub response_id: String,
    /// Seconds since 1970 from when on nobody takes this message any more.
    pub not_on_or_after: i64,
    /// Seconds since 1970 when the session at the identity provider ends.
    pub session_not_on_or_after: Option<i64>,
    /// How far the clock of the identity provider is ahead of ours.
    pub skew_millis: i64,
}

/// Without what names a person.
impl std::fmt::Debug for Proven {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Proven")
            .field("response_id", &self.response_id)
            .field("assertion_id", &self.assertion_id)
            .finish_non_exhaustive()
    }
}

/// Judges a response as it was posted.
pub fn judge(
    xml: &[u8],
    keys: &[TrustedKey],
    expected: &Expected<'_>,
) -> Result<Proven, SamlRefused> {
    let tree = Tree::parse(xml)?;
    let root = tree.root()?;
    let assertion = only_assertion(root)?;
    ids::check(root)?;
    let (Some(response_id), Some(assertion_id)) = (root.attribute("ID"), assertion.attribute("ID"))
    else {
        return Err(SamlRefused::new(SamlReason::Ids, "the response or its assertion has no ID"));
    };
    let signatures = Signatures::find(root, Some(assertion))?;
    let response = signatures.verify(keys, expected.accept_ecdsa)?;

    let assertion = response.only_child(ASSERTION, "Assertion").ok_or_else(|| {
        SamlRefused::new(SamlReason::Assertions, "the assertion is not part of what is signed")
    })?;
    check_issuer(response, expected)?;
    check_issuer(assertion, expected)?;
    check_status(response)?;
    check_destination(response, expected)?;
    check_request(response, assertion, expected)?;
    let issued_at = check_age(response, expected)?;
    let assertion_issued_at = check_age(assertion, expected)?;
    let mut times = Times::default();
    let name_id = assertion::check_subject(assertion, expected, &mut times)?;
    assertion::check_conditions(assertion, expected, &mut times)?;
    let session_end = assertion::check_statements(assertion, expected)?;
    let (uid, user_principal) = assertion::attributes(assertion, expected)?;

    // Rounded up, so that the memory never ends first. An end in the far future must not fill it:
    // by its age the message is refused long before.
    let skew = i64::from(expected.skew_seconds) * 1_000;
    let latest_issued_at = issued_at.max(assertion_issued_at);
    let end = times.latest_end.saturating_add(skew).min(latest_issued_at + AGE_MILLIS_MAX);
    Ok(Proven {
        uid,
        user_principal,
        name_id,
        assertion_id: assertion_id.to_owned(),
        response_id: response_id.to_owned(),
        not_on_or_after: end.div_euclid(1_000) + 1,
        session_not_on_or_after: session_end.map(|end| end.div_euclid(1_000)),
        skew_millis: issued_at - expected.now_millis,
    })
}

/// Step 4: a response of SAML 2.0 that holds one assertion in the one place for it, and nothing that
/// is encrypted, since anybody can encrypt for us.
fn only_assertion(root: Element<'_>) -> Result<Element<'_>, SamlRefused> {
    if !root.is(PROTOCOL, "Response") {
        let detail = format!("the root is {}", shown(root.name()));
        return Err(SamlRefused::new(SamlReason::NotAResponse, detail));
    }
    check_version(root)?;
    let mut found = None;
    for element in root.descendants() {
        let is_encrypted = match element.name() {
            "EncryptedAssertion" | "EncryptedID" | "EncryptedAttribute" => {
                element.namespace() == ASSERTION
            }
            "NewEncryptedID" => element.namespace() == PROTOCOL,
            "EncryptedData" | "EncryptedKey" => element.namespace() == ENCRYPTION,
            _ => false,
        };
        if is_encrypted {
            let detail = format!("the response holds {}", element.name());
            return Err(SamlRefused::new(SamlReason::Encrypted, detail));
        }
        if element.is(ASSERTION, "Assertion") {
            if element.parent() != Some(root) {
                let detail = "an assertion that is not directly in the response";
                return Err(SamlRefused::new(SamlReason::Assertions, detail));
            }
            if found.replace(element).is_some() {
                return Err(SamlRefused::new(SamlReason::Assertions, "more than one assertion"));
            }
        }
    }
    let Some(assertion) = found else { return Err(without_assertion(root)) };
    check_version(assertion)?;
    Ok(assertion)
}

/// A sign-in that did not succeed has no assertion, and is refused for what it says itself, which
/// nobody needs to prove.
fn without_assertion(root: Element<'_>) -> SamlRefused {
    let code = root.child(PROTOCOL, "Status").and_then(|it| it.child(PROTOCOL, "StatusCode"));
    let value = |code: Element<'_>| code.attribute("Value").unwrap_or_default().to_owned();
    match code {
        Some(code) if value(code) != SUCCESS => {
            let second = code.child(PROTOCOL, "StatusCode").map(value);
            not_successful(&value(code), second.as_deref())
        }
        _ => SamlRefused::new(SamlReason::Assertions, "there is no assertion"),
    }
}

fn not_successful(first: &str, second: Option<&str>) -> SamlRefused {
    let last = |code: &str| shown(code.rsplit(':').next().unwrap_or_default());
    let detail = match second {
        Some(second) => format!("the identity provider says {}: {}", last(first), last(second)),
        None => format!("the identity provider says {}", last(first)),
    };
    SamlRefused::new(SamlReason::Status, detail)
}

fn check_version(element: Element<'_>) -> Result<(), SamlRefused> {
    if element.attribute("Version") == Some("2.0") {
        return Ok(());
    }
    let detail = format!("the {} is not of version 2.0", element.name());
    Err(SamlRefused::new(SamlReason::NotAResponse, detail))
}

/// Step 11. White space around the name is common.
fn check_issuer(element: Verified<'_>, expected: &Expected<'_>) -> Result<(), SamlRefused> {
    let refuse = |detail: String| Err(SamlRefused::new(SamlReason::Issuer, detail));
    let of = element.name();
    let Some(issuer) = element.only_child(ASSERTION, "Issuer") else {
        return refuse(format!("the {of} has not exactly one issuer"));
    };
    if issuer.attribute("Format").is_some_and(|format| format != ENTITY_FORMAT) {
        return refuse(format!("the issuer of the {of} is not an entity"));
    }
    let text = issuer.text().unwrap_or_default();
    let name = text.trim_matches([' ', '\t', '\n', '\r']);
    if name != expected.idp_entity_id || name.is_empty() {
        return refuse(format!("the {of} was issued by \"{}\"", shown(name)));
    }
    Ok(())
}

/// Step 12.
fn check_status(response: Verified<'_>) -> Result<(), SamlRefused> {
    let code = response
        .only_child(PROTOCOL, "Status")
        .and_then(|status| status.only_child(PROTOCOL, "StatusCode"))
        .ok_or_else(|| SamlRefused::new(SamlReason::Status, "there is not exactly one status"))?;
    match code.attribute("Value") {
        Some(SUCCESS) => Ok(()),
        value => {
            let second = code.children_named(PROTOCOL, "StatusCode").next();
            let second = second.and_then(|code| code.attribute("Value"));
            Err(not_successful(value.unwrap_or_default(), second))
        }
    }
}

/// Step 13.
fn check_destination(response: Verified<'_>, expected: &Expected<'_>) -> Result<(), SamlRefused> {
    let destination = response.attribute("Destination").unwrap_or_default();
    if is_ours(destination, expected) {
        return Ok(());
    }
    let detail = format!("sent to \"{}\"", shown(destination));
    Err(SamlRefused::new(SamlReason::Destination, detail))
}

/// Whether it is one of our addresses, byte for byte.
pub(super) fn is_ours(address: &str, expected: &Expected<'_>) -> bool {
    !address.is_empty() && expected.destinations.iter().any(|own| own == address)
}

/// Step 14: the response and its confirmation answer the request that this browser began with.
fn check_request(
    response: Verified<'_>,
    assertion: Verified<'_>,
    expected: &Expected<'_>,
) -> Result<(), SamlRefused> {
    let refuse = |detail: &'static str| Err(SamlRefused::new(SamlReason::InResponseTo, detail));
    match response.attribute("InResponseTo") {
        None => return refuse("the response answers no request"),
        Some(id) if id != expected.request_id || id.is_empty() => {
            return refuse("the response answers another request");
        }
        Some(_) => {}
    }
    if assertion::answers(assertion, expected.request_id) {
        return Ok(());
    }
    refuse("the assertion answers no request, or another one")
}

/// Step 15, in milliseconds since 1970.
fn check_age(element: Verified<'_>, expected: &Expected<'_>) -> Result<i64, SamlRefused> {
    let of = element.name();
    let issued_at = assertion::time(element, "IssueInstant")?.ok_or_else(|| {
        SamlRefused::new(SamlReason::Time, format!("the {of} has no IssueInstant"))
    })?;
    let age = expected.now_millis - issued_at;
    if age < -i64::from(expected.skew_seconds) * 1_000 {
        let detail = format!("the {of} is from {} seconds in the future", (-age).div_euclid(1_000));
        return Err(SamlRefused::new(SamlReason::TooEarly, detail));
    }
    if age > i64::from(expected.response_age_seconds) * 1_000 {
        let detail = format!("the {of} is {} seconds old", age.div_euclid(1_000));
        return Err(SamlRefused::new(SamlReason::TooLate, detail));
    }
    Ok(issued_at)
}
