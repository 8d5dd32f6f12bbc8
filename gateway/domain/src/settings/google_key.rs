//! Keys of Google's service accounts, as Google hands them out in a JSON file.

use serde_json::Value;

use super::web_address::{host_of, https_problem};
use crate::Secret;

/// The most characters of such a file.
pub const GOOGLE_KEY_CHARACTERS_MAX: usize = 16_384;

/// What such a file says, as far as it matters here. It prints without the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoogleKey {
    /// The service account.
    pub client_email: String,
    /// Its key as PEM.
    pub private_key: Secret,
    /// Which of its keys this is.
    pub private_key_id: Option<String>,
    /// Where tokens are fetched, where the file says so.
    pub token_url: Option<String>,
}

impl GoogleKey {
    /// Reads such a file; what it names for tokens must be on one of `allowed_hosts`, or somebody who
    /// hands it in would aim our requests.
    pub fn read(text: &str, allowed_hosts: &[String]) -> Result<Self, String> {
        let not_one = || {
            "must be the JSON file of a Google service account as it was downloaded, with type \
             service_account, client_email and private_key"
                .to_owned()
        };
        let value: Value = serde_json::from_str(text).map_err(|_| not_one())?;
        let member = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        if member("type").as_deref() != Some("service_account") {
            return Err(not_one());
        }
        let client_email = member("client_email").filter(|it| it.contains('@'));
        let private_key =
            member("private_key").filter(|it| it.trim_start().starts_with("-----BEGIN "));
        let (Some(client_email), Some(private_key)) = (client_email, private_key) else {
            return Err(not_one());
        };
        let token_url = member("token_uri");
        if let Some(url) = &token_url {
            if let Some(why) = https_problem(url) {
                return Err(format!("names the token_uri {url:?}, which {why}"));
            }
            let host = host_of(url).unwrap_or_default().to_ascii_lowercase();
            if !allowed_hosts.contains(&host) {
                return Err(format!(
                    "names the host {host:?} in token_uri, which is not in mail.allowed_token_hosts; \
                     add it there where it is yours"
                ));
            }
        }
        Ok(Self {
            client_email,
            private_key: Secret::new(private_key),
            private_key_id: member("private_key_id"),
            token_url,
        })
    }
}
