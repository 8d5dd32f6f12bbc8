//! Tokens for mailboxes: client credentials and signed assertions, kept while they last.
//!
//! ```text
//!   none --asked--> kept until 5 minutes before its end (at least half its life) --> asked again
//!                     `--refused by a mail server--> asked again, once
//! ```
//!
//! [`Tokens`] owns them all. One question at a time for each source: who comes meanwhile waits for its answer.

mod assertion;
mod key_file;

pub use key_file::from_google_key;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Secret;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use crate::account::{Route, TokenSource};
use crate::http::{Answer, place, post_form};
use crate::trouble::{Trouble, said};

/// How long before its end a token is no longer used.
const SPARE_SECONDS: i64 = 300;
/// How long one lasts whose giver does not say.
const LIFE_SECONDS: i64 = 600;
/// The longest life that is believed.
const LIFE_SECONDS_MAX: i64 = 24 * 3600;
/// What a giver says when our credentials are of no use.
const REFUSALS: [&str; 5] =
    ["invalid_client", "invalid_grant", "unauthorized_client", "invalid_scope", "access_denied"];

/// Tells the seconds since 1970.
pub type Now = Arc<dyn Fn() -> i64 + Send + Sync>;

/// A token as a server takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token(Secret);

impl Token {
    /// The text itself, for who shows it to a server.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[derive(Debug)]
struct Kept {
    token: Token,
    until_seconds: i64,
}

type Slot = Arc<AsyncMutex<Option<Kept>>>;

/// The tokens of all accounts.
pub struct Tokens {
    now: Now,
    route: Route,
    tls: Arc<rustls::ClientConfig>,
    patience: Duration,
    slots: Mutex<Vec<(TokenSource, Slot)>>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tokens").field("route", &self.route).finish_non_exhaustive()
    }
}

impl Tokens {
    /// None yet; givers are reached by `route`, whoever `tls` trusts.
    pub fn new(
        now: Now,
        route: Route,
        tls: Arc<rustls::ClientConfig>,
        patience: Duration,
    ) -> Arc<Self> {
        Arc::new(Self { now, route, tls, patience, slots: Mutex::new(Vec::new()) })
    }

    /// A token from `source`, kept or new.
    pub async fn token(&self, source: &TokenSource) -> Result<Token, Trouble> {
        self.other_than(source, None).await
    }

    /// A token in place of one that a mail server refused; the same giver is asked once for all who ask
    /// for it.
    pub async fn instead_of(
        &self,
        source: &TokenSource,
        refused: &Token,
    ) -> Result<Token, Trouble> {
        self.other_than(source, Some(refused)).await
    }

    async fn other_than(
        &self,
        source: &TokenSource,
        refused: Option<&Token>,
    ) -> Result<Token, Trouble> {
        let slot = self.slot(source);
        let mut kept = slot.lock().await;
        let now = (self.now)();
        let usable = kept.as_ref().filter(|kept| now < kept.until_seconds);
        if let Some(kept) = usable.filter(|kept| Some(&kept.token) != refused) {
            return Ok(kept.token.clone());
        }
        // What was refused is not used again, whatever becomes of the question.
        *kept = None;
        let (token, life_seconds) = self.ask(source, now).await?;
        let lasts = (life_seconds - SPARE_SECONDS).max(life_seconds / 2);
        *kept = Some(Kept { token: token.clone(), until_seconds: now.saturating_add(lasts) });
        Ok(token)
    }

    fn slot(&self, source: &TokenSource) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = slots.iter().find(|(known, _)| known == source) {
            return Arc::clone(slot);
        }
        let now = (self.now)();
        // Sources that the settings no longer name end with their tokens.
        slots.retain(|(_, slot)| {
            Arc::strong_count(slot) > 1
                || slot
                    .try_lock()
                    .is_ok_and(|kept| kept.as_ref().is_some_and(|kept| now < kept.until_seconds))
        });
        let slot = Slot::default();
        slots.push((source.clone(), Arc::clone(&slot)));
        slot
    }

    async fn ask(&self, source: &TokenSource, now: i64) -> Result<(Token, i64), Trouble> {
        let signed;
        let (url, secret, fields): (_, _, Vec<(&str, &str)>) = match source {
            TokenSource::ClientCredentials { url, client_id, client_secret, scope } => {
                let fields = vec![
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("client_secret", client_secret.expose()),
                    ("scope", scope),
                ];
                (url, client_secret.expose(), fields)
            }
            TokenSource::Assertion { url, issuer, subject, scope, key } => {
                signed = assertion::signed(issuer, subject, scope, url, key, now)?;
                let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
                (url, signed.as_str(), vec![("grant_type", grant), ("assertion", &signed)])
            }
        };
        let (endpoint, _) = place(url)?;
        let answer = post_form(url, &fields, &self.route, &self.tls, self.patience).await?;
        read(&answer, &endpoint.host, secret)
    }
}

/// The token in an answer, and how long it lasts.
fn read(answer: &Answer, host: &str, secret: &str) -> Result<(Token, i64), Trouble> {
    let host = host.to_owned();
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    if !answer.status.is_success() || body.get("error").is_some() {
        let error = text("error").unwrap_or_default();
        let description = text("error_description").unwrap_or_default();
        let words = format!("{} {error} {description}", answer.status.as_u16());
        let is_refused = REFUSALS.contains(&error);
        return Err(Trouble::Token { host, text: said(&words, secret), is_refused });
    }
    let malformed = |why: &str| Trouble::Malformed { host: host.clone(), why: why.to_owned() };
    let token = text("access_token").ok_or_else(|| malformed("its answer has no access_token"))?;
    // It stands between control characters on its way to a mail server.
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed("its access_token is none"));
    }
    if !text("token_type").is_none_or(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err(malformed("its token is of a kind that is not known"));
    }
    let life = body.get("expires_in").and_then(|life| match life {
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    });
    let life = life.unwrap_or(LIFE_SECONDS).clamp(0, LIFE_SECONDS_MAX);
    Ok((Token(Secret::new(token)), life))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::StatusCode;

    use super::*;

    fn answer(status: u16, body: &'static str) -> Result<(Token, i64), Trouble> {
        let status = StatusCode::from_u16(status).unwrap();
        read(&Answer { status, body: Bytes::from_static(body.as_bytes()) }, "giver", "hush hush")
    }

    #[test]
    fn answers_of_givers_are_read() {
        let (token, life) =
            answer(200, r#"{"access_token":"abc.def","expires_in":"3599","token_type":"bearer"}"#)
                .unwrap();
        assert_eq!((token.expose(), life), ("abc.def", 3599));
        assert_eq!(answer(200, r#"{"access_token":"abc"}"#).unwrap().1, LIFE_SECONDS);
        for wrong in [
            "",
            "[]",
            r#"{"access_token":""}"#,
            "{\"access_token\":\"a\\u0001b\"}",
            r#"{"access_token":"a","token_type":"mac"}"#,
        ] {
            assert!(matches!(answer(200, wrong), Err(Trouble::Malformed { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_refusal_is_told_apart_from_a_bad_hour() {
        let refused = |status, body| match answer(status, body) {
            Err(Trouble::Token { is_refused, text, .. }) => (is_refused, text),
            other => panic!("{other:?}"),
        };
        assert!(
            refused(401, r#"{"error":"invalid_client","error_description":"AADSTS7000215"}"#).0
        );
        assert!(!refused(503, "<html>").0);
        assert!(!refused(400, r#"{"error":"temporarily_unavailable"}"#).0);
        let (_, text) =
            refused(400, r#"{"error":"invalid_grant","error_description":"hush hush"}"#);
        assert!(!text.contains("hush"), "{text}");
    }
}
