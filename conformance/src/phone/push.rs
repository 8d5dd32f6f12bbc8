//! The HTTP form of a push and of its authentication callback, judged without any socket.
//!
//! A push is one form field `XML` with Basic credentials; the callback's body is exactly
//! `AUTHORIZED`. Passwords pass through here and are never part of a report.

use base64::Engine;
use percent_encoding::percent_decode;

use super::handset::{Answer, encoded};
use super::headers::{Headers, header};
use super::model::Model;
use super::uri::with_parameter;

/// The one path a push goes to; case counts.
pub(crate) const PATH: &str = "/CGI/Execute";
/// What the callback says when the caller may push.
const AUTHORIZED: &[u8] = b"AUTHORIZED";
/// Characters of the application user's name or password.
const CREDENTIAL_CHARACTERS_MAX: usize = 95;

/// Who pushes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Reads `Authorization: Basic`.
pub(crate) fn credentials(authorization: &str) -> Option<Credentials> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let bytes = base64::engine::general_purpose::STANDARD.decode(token.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (user, password) = text.split_once(':')?;
    Some(Credentials { user: user.to_owned(), password: password.to_owned() })
}

/// What is wrong with the credentials by themselves.
pub(crate) fn judge_credentials(credentials: &Credentials) -> Vec<String> {
    let mut violations = Vec::new();
    for (what, value) in [("user", &credentials.user), ("password", &credentials.password)] {
        let length = value.chars().count();
        if length > CREDENTIAL_CHARACTERS_MAX {
            violations.push(format!(
                "the push {what} has {length} characters, at most {CREDENTIAL_CHARACTERS_MAX} are \
                 allowed"
            ));
        }
        if !value.is_ascii() {
            violations.push(format!("the push {what} is not ASCII"));
        }
    }
    violations
}

/// A push body read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// Value of the field `XML`, or `None` where there is no such thing.
    pub(crate) xml: Option<String>,
    pub(crate) violations: Vec<String>,
}

/// Reads the form of a push.
pub(crate) fn read_form(content_type: Option<&str>, body: &[u8], model: &Model) -> Form {
    let mut violations = Vec::new();
    let media = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        violations.push(format!(
            "a push has Content-Type {media:?}, it must be application/x-www-form-urlencoded"
        ));
    }
    let most = model.push_body_bytes_max();
    if body.len() > most {
        let length = body.len();
        violations.push(format!("a push has {length} bytes, {} reads {most}", model.name));
        return Form { xml: None, violations };
    }
    let mut xml = None;
    for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let mut parts = pair.splitn(2, |byte| *byte == b'=');
        let name = decoded(parts.next().unwrap_or_default());
        let value = decoded(parts.next().unwrap_or_default());
        match name.as_deref() {
            Some("XML") if xml.is_none() => match value {
                Some(value) => xml = Some(value),
                None => violations.push("the field XML of a push is not UTF-8".to_owned()),
            },
            other => violations.push(format!(
                "a push has the field {:?}, it has only one, named XML",
                other.unwrap_or("(not UTF-8)")
            )),
        }
    }
    if xml.is_none() && violations.is_empty() {
        violations.push("a push has no field XML".to_owned());
    }
    Form { xml, violations }
}

fn decoded(bytes: &[u8]) -> Option<String> {
    let spaced: Vec<u8> =
        bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}

/// The URL of the authentication callback; it holds the password and is never printed.
pub(crate) fn callback_url(
    authentication_url: &str,
    credentials: &Credentials,
    device: &str,
) -> String {
    [
        ("UserID", credentials.user.as_str()),
        ("Password", credentials.password.as_str()),
        ("devicename", device),
    ]
    .into_iter()
    .fold(authentication_url.to_owned(), |url, (name, value)| {
        with_parameter(&url, &format!("{name}={}", encoded(value)))
    })
}

/// Whether the callback lets the push in, and what is wrong with its answer.
pub(crate) fn judge_callback(answer: &Answer, model: &Model) -> (bool, Vec<String>) {
    const SECURITY: [&str; 3] =
        ["strict-transport-security", "content-security-policy", "x-frame-options"];
    let mut violations = Vec::new();
    if answer.status != 200 {
        violations.push(format!(
            "the authentication callback has status {}, it is 200 for yes and for no",
            answer.status
        ));
    }
    violations.extend(super::headers::judge_length(&answer.headers, model));
    let mut authorized = answer.status == 200 && answer.body == AUTHORIZED;
    if !authorized && answer.body.trim_ascii() == AUTHORIZED && answer.status == 200 {
        violations.push("the authentication callback has more than the 10 bytes AUTHORIZED".into());
    }
    if model.callback_headers_minimal
        && let Some(name) = extra_header(&answer.headers, &SECURITY)
    {
        violations.push(format!("{} refuses a callback with the header {name}", model.name));
        authorized = false;
    }
    (authorized, violations)
}

fn extra_header(headers: &Headers, names: &[&'static str]) -> Option<&'static str> {
    names.iter().copied().find(|name| header(headers, name).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str) -> &'static Model {
        Model::find(name).unwrap()
    }

    #[track_caller]
    fn check_form(
        name: &str,
        content_type: &str,
        body: &str,
        xml: Option<&str>,
        violations: usize,
    ) {
        let form = read_form(Some(content_type), body.as_bytes(), model(name));
        assert_eq!(form.xml.as_deref(), xml);
        assert_eq!(form.violations.len(), violations, "{:?}", form.violations);
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn a_push_is_one_field_named_xml() {
        check_form("8845", FORM, "XML=%3Ca+b%3D%221%22/%3E", Some("<a b=\"1\"/>"), 0);
        check_form("8845", FORM, "xml=%3Ca/%3E", None, 1);
        check_form("8845", FORM, "XML=a&XML=b", Some("a"), 1);
        check_form("8845", FORM, "", None, 1);
        check_form("8845", FORM, "XML=%FF", None, 1);
        check_form("8845", "text/xml", "XML=a", Some("a"), 1);
    }

    #[test]
    fn phn_17_old_phones_read_512_bytes_and_new_ones_40_kilobytes() {
        let body = |length: usize| format!("XML={}", "x".repeat(length - 4));
        let value = |length: usize| "x".repeat(length - 4);
        check_form("7942G", FORM, &body(512), Some(&value(512)), 0);
        check_form("7942G", FORM, &body(513), None, 1);
        check_form("8845", FORM, &body(40_960), Some(&value(40_960)), 0);
        check_form("8845", FORM, &body(40_961), None, 1);
    }

    #[test]
    fn phn_12_credentials_are_ascii_and_at_most_95_characters() {
        let of = |password: String| {
            judge_credentials(&Credentials { user: "app".to_owned(), password }).len()
        };
        assert_eq!(of("x".repeat(95)), 0);
        assert_eq!(of("x".repeat(96)), 1);
        assert_eq!(of("ü".to_owned()), 1);
        let token = base64::engine::general_purpose::STANDARD.encode("app:a:b");
        let read = credentials(&format!("Basic {token}")).unwrap();
        assert_eq!((read.user.as_str(), read.password.as_str()), ("app", "a:b"));
        assert!(credentials("Bearer x").is_none());
        assert!(!format!("{read:?}").contains("a:b"));
    }

    #[track_caller]
    fn check_callback(name: &str, body: &str, header: &str, authorized: bool, violations: usize) {
        let answer = Answer {
            status: 200,
            headers: vec![
                (header.to_owned(), "1".to_owned()),
                ("Content-Length".to_owned(), body.len().to_string()),
            ],
            body: body.as_bytes().to_vec(),
        };
        let (accepted, found) = judge_callback(&answer, model(name));
        assert_eq!((accepted, found.len()), (authorized, violations), "{found:?}");
    }

    #[test]
    fn phn_13_only_ten_bytes_authorize() {
        check_callback("8845", "AUTHORIZED", "Date", true, 0);
        check_callback("8845", "AUTHORIZED\n", "Date", false, 1);
        check_callback("8845", "UN-AUTHORIZED", "Date", false, 0);
        check_callback("8845", "authorized", "Date", false, 0);
        check_callback("6945", "AUTHORIZED", "X-Frame-Options", false, 1);
        check_callback("8845", "AUTHORIZED", "X-Frame-Options", true, 0);
    }

    #[test]
    fn phn_13_the_callback_names_user_password_and_device() {
        let credentials = Credentials { user: "a b".to_owned(), password: "p&c".to_owned() };
        assert_eq!(
            callback_url("https://gw/auth", &credentials, "SEP001122334455"),
            "https://gw/auth?UserID=a%20b&Password=p%26c&devicename=SEP001122334455"
        );
    }
}
