//! Who gets a token, and what a token is good for: client credentials as Microsoft has them (RFC 6749, 4.4),
//! and assertions of service accounts as Google has them (RFC 7523), without sockets and clock.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::idp::form::Form;
use crate::idp::keys::{SigningKey, is_signed_by};

use super::mailboxes::Mailbox;

/// The tenant in paths that name one.
pub(super) const TENANT: &str = "5f0c7a1e-3d52-4a8e-9b1d-2c6e8f4a7b90";
pub(super) const CLIENT_ID: &str = "0d6b1c9a-7e43-4f25-8a90-b3c1d5e7f682";
pub(super) const ACCOUNT: &str = "reader@project.iam.gserviceaccount.example";
pub(super) const KEY_ID: &str = "key-1";
pub(super) const CLIENT_SCOPE: &str = "https://outlook.office365.com/.default";
pub(super) const ACCOUNT_SCOPE: &str = "https://mail.google.com/";

const ASSERTION: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long an assertion may be good for, and how far clocks may differ.
const ASSERTION_SECONDS_MAX: u64 = 3_600;
const SKEW_SECONDS: u64 = 60;
/// Tokens that are remembered; the oldest ones of a long run are of no use to anybody.
const TOKENS_MAX: usize = 100_000;

/// What a request is judged by.
pub(super) struct Setup {
    /// The URL of the endpoint, which assertions have to be addressed to.
    pub(super) url: String,
    pub(super) lifetime: Duration,
    pub(super) client_secret: String,
    pub(super) key: SigningKey,
    pub(super) mailboxes: Vec<Mailbox>,
    /// Whose mailboxes an application may use.
    pub(super) domain: String,
}

/// The endpoint and the tokens it has issued.
pub(super) struct Tokens {
    setup: Setup,
    issued: HashMap<String, Issued>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Bearer {
    Mailbox(String),
    /// Any mailbox of the domain.
    Application,
}

struct Issued {
    bearer: Bearer,
    ends_at: SystemTime,
}

/// A request for a token.
#[derive(Clone, Debug, Default)]
pub(super) struct TokenRequest {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) content_type: Option<String>,
    pub(super) authorization: Option<String>,
    pub(super) body: Vec<u8>,
}

/// Status and JSON of an answer.
pub(super) type Answer = (u16, Value);

struct Refused(u16, &'static str, String);

impl Tokens {
    pub(super) fn new(setup: Setup) -> Self {
        Self { setup, issued: HashMap::new() }
    }

    /// Issues a token for whoever proves to be somebody. `fresh` becomes the token.
    pub(super) fn answer(
        &mut self,
        request: &TokenRequest,
        fresh: String,
        now: SystemTime,
    ) -> Answer {
        match self.judge(request, now) {
            Ok((bearer, scope)) => {
                let ends_at = now + self.setup.lifetime;
                if self.issued.len() >= TOKENS_MAX {
                    self.issued.retain(|_, token| token.ends_at > now);
                }
                self.issued.insert(fresh.clone(), Issued { bearer, ends_at });
                let seconds = self.setup.lifetime.as_secs();
                let answer = json!({"access_token": fresh, "token_type": "Bearer",
                                    "expires_in": seconds, "scope": scope});
                (200, answer)
            }
            Err(Refused(status, error, why)) => {
                (status, json!({"error": error, "error_description": why}))
            }
        }
    }

    fn judge(
        &self,
        request: &TokenRequest,
        now: SystemTime,
    ) -> Result<(Bearer, &'static str), Refused> {
        let invalid = |why: String| Refused(400, "invalid_request", why);
        let of_tenant = format!("/{TENANT}/oauth2/v2.0/token");
        if request.path != "/token" && request.path != of_tenant {
            return Err(Refused(404, "invalid_request", "no endpoint is here".to_owned()));
        }
        if request.method != "POST" {
            return Err(Refused(405, "invalid_request", "tokens are asked for by POST".to_owned()));
        }
        let form = Form::read(request.content_type.as_deref(), &request.body).map_err(invalid)?;
        match form.value("grant_type") {
            Some("client_credentials") => self.client(request, &form),
            Some(ASSERTION) => self.assertion(request, &form, now),
            Some(other) => Err(Refused(400, "unsupported_grant_type", other.to_owned())),
            None => Err(invalid("there is no grant_type".to_owned())),
        }
    }

    fn client(
        &self,
        request: &TokenRequest,
        form: &Form,
    ) -> Result<(Bearer, &'static str), Refused> {
        only(form, &["grant_type", "client_id", "client_secret", "scope"])?;
        let refused = |why: &str| Refused(401, "invalid_client", why.to_owned());
        let (id, secret) = match (&request.authorization, form.value("client_secret")) {
            (Some(_), Some(_)) => {
                let why = "the client proves itself twice".to_owned();
                return Err(Refused(400, "invalid_request", why));
            }
            (Some(header), None) => {
                basic(header).ok_or_else(|| refused("Authorization is not Basic"))?
            }
            (None, Some(secret)) => {
                (form.value("client_id").unwrap_or_default().to_owned(), secret.to_owned())
            }
            (None, None) => return Err(refused("there is no client_secret")),
        };
        if id != CLIENT_ID {
            return Err(refused("there is no such client"));
        }
        if secret != self.setup.client_secret {
            return Err(refused("the secret is another one"));
        }
        match form.value("scope") {
            Some(CLIENT_SCOPE) => Ok((Bearer::Application, CLIENT_SCOPE)),
            other => Err(wrong_scope(other, CLIENT_SCOPE)),
        }
    }

    fn assertion(
        &self,
        request: &TokenRequest,
        form: &Form,
        now: SystemTime,
    ) -> Result<(Bearer, &'static str), Refused> {
        only(form, &["grant_type", "assertion"])?;
        let invalid = |why: &str| Refused(400, "invalid_grant", why.to_owned());
        if request.authorization.is_some() {
            return Err(invalid("an assertion comes without Authorization"));
        }
        let assertion = form.value("assertion").unwrap_or_default();
        let (signed, signature) =
            assertion.rsplit_once('.').ok_or_else(|| invalid("the assertion is no JWT"))?;
        let (header, claims) =
            signed.split_once('.').ok_or_else(|| invalid("the assertion is no JWT"))?;
        let header = object(header).ok_or_else(|| invalid("the JWT's header is no JSON"))?;
        let claims = object(claims).ok_or_else(|| invalid("the JWT's claims are no JSON"))?;
        let signature = URL_SAFE_NO_PAD.decode(signature);
        let signature = signature.map_err(|_| invalid("the signature is no base64url"))?;
        let text = |value: &Value, name: &str| value.get(name)?.as_str().map(str::to_owned);
        if text(&header, "alg").as_deref() != Some("RS256") {
            return Err(invalid("alg is not RS256"));
        }
        if text(&header, "typ").is_some_and(|kind| kind != "JWT") {
            return Err(invalid("typ is not JWT"));
        }
        if header.get("kid").is_some_and(|kid| kid != KEY_ID) {
            return Err(invalid("kid names another key"));
        }
        if !is_signed_by(self.setup.key.certificate_der(), signed.as_bytes(), &signature) {
            return Err(invalid("the signature is not the account's"));
        }
        if text(&claims, "iss").as_deref() != Some(ACCOUNT) {
            return Err(invalid("iss is not the account"));
        }
        if text(&claims, "aud").as_deref() != Some(self.setup.url.as_str()) {
            return Err(invalid("aud is not this endpoint"));
        }
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let moment = |name: &str| claims.get(name).and_then(Value::as_u64);
        let (Some(issued_at), Some(ends_at)) = (moment("iat"), moment("exp")) else {
            return Err(invalid("iat or exp is no whole number"));
        };
        if issued_at > seconds + SKEW_SECONDS || ends_at + SKEW_SECONDS < seconds {
            return Err(invalid("iat is to come, or exp is over"));
        }
        if ends_at <= issued_at || ends_at - issued_at > ASSERTION_SECONDS_MAX {
            return Err(invalid("exp is not within an hour after iat"));
        }
        let scope = text(&claims, "scope");
        if scope.as_deref() != Some(ACCOUNT_SCOPE) {
            return Err(wrong_scope(scope.as_deref(), ACCOUNT_SCOPE));
        }
        let Some(subject) = text(&claims, "sub") else {
            return Err(invalid("sub names no mailbox"));
        };
        if !self.setup.mailboxes.iter().any(|mailbox| mailbox.address == subject) {
            return Err(invalid("sub names nobody's mailbox"));
        }
        Ok((Bearer::Mailbox(subject), ACCOUNT_SCOPE))
    }

    /// What a token is good for (RFC 7662). One of an application names somebody in the domain; the
    /// name that is not meant is there too, and fits nobody.
    pub(super) fn introspect(&self, token: &str, now: SystemTime) -> Value {
        let issued = self.issued.get(token).filter(|issued| issued.ends_at > now);
        let domain = &self.setup.domain;
        match issued.map(|issued| &issued.bearer) {
            None => json!({"active": false}),
            Some(Bearer::Mailbox(address)) => {
                json!({"active": true, "mailbox": address, "application": "-"})
            }
            Some(Bearer::Application) => {
                json!({"active": true, "mailbox": "-", "application": format!("any@{domain}")})
            }
        }
    }
}

fn only(form: &Form, allowed: &[&str]) -> Result<(), Refused> {
    match form.names().find(|name| !allowed.contains(name)) {
        None => Ok(()),
        Some(name) => Err(Refused(400, "invalid_request", format!("{name} does not belong here"))),
    }
}

fn wrong_scope(scope: Option<&str>, expected: &str) -> Refused {
    let why = format!("the scope is {:?}, not {expected}", scope.unwrap_or_default());
    Refused(400, "invalid_scope", why)
}

fn object(part: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

/// Name and password of Basic, both encoded as in forms (RFC 6749, 2.3.1).
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, value) = header.split_once(' ')?;
    let text = String::from_utf8(STANDARD.decode(value).ok()?).ok()?;
    let (name, password) = text.split_once(':').filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        let text = percent_encoding::percent_decode_str(&text).decode_utf8().ok()?;
        Some(text.into_owned())
    };
    Some((decoded(name)?, decoded(password)?))
}

/// The key file of the account, as Google's console gives it away.
pub(super) fn key_file(private_key_pem: &str, url: &str) -> String {
    let file = json!({
        "type": "service_account",
        "project_id": "project",
        "private_key_id": KEY_ID,
        "private_key": private_key_pem,
        "client_email": ACCOUNT,
        "client_id": "100000000000000000001",
        "token_uri": url,
    });
    format!("{file:#}\n")
}
