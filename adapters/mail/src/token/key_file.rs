//! The key file of a Google service account.

use domain::Secret;
use serde_json::Value;

use super::assertion::key_pair;
use crate::account::TokenSource;
use crate::http::place;
use crate::trouble::Trouble;

/// Bytes of a key file; they have about 2,400.
const BYTES_MAX: usize = 64 * 1024;

/// Whence tokens for the mailbox `subject` come by the key file `json`. A file that would send them to a host that is
/// not in `allowed_hosts` is refused: who uploads one must not aim our questions elsewhere.
pub fn from_google_key(
    json: &Secret,
    subject: &str,
    scope: &str,
    allowed_hosts: &[String],
) -> Result<TokenSource, Trouble> {
    let unusable = |why: &str| Trouble::Unusable(format!("the key file cannot be used: {why}"));
    if json.expose().len() > BYTES_MAX {
        return Err(unusable("it is too long"));
    }
    let file: Value = serde_json::from_str(json.expose()).map_err(|_| unusable("it is no JSON"))?;
    let text = |name: &str| {
        let text = file.get(name).and_then(Value::as_str).unwrap_or_default();
        if text.is_empty() { Err(unusable(&format!("it has no {name}"))) } else { Ok(text) }
    };
    if text("type")? != "service_account" {
        return Err(unusable("it is not that of a service account"));
    }
    let url = text("token_uri")?;
    let (endpoint, _) = place(url)?;
    if !allowed_hosts.iter().any(|host| host.eq_ignore_ascii_case(&endpoint.host)) {
        let host = endpoint.host;
        return Err(unusable(&format!(
            "its token_uri leads to {host}, which is not among the allowed hosts"
        )));
    }
    let key = Secret::new(text("private_key")?);
    key_pair(&key)?;
    Ok(TokenSource::Assertion {
        url: url.to_owned(),
        issuer: text("client_email")?.to_owned(),
        subject: subject.to_owned(),
        scope: scope.to_owned(),
        key,
    })
}
