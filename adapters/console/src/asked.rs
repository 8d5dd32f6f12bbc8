//! A request that was checked against its row of the table: query, body, and who asks.

use domain::settings::Reader;
use domain::{Actor, Identity, Principal, Problems, Role, Timestamp};
use engine::surface::{Callers, Request};
use http::HeaderName;
use http::header::{ACCEPT, CONTENT_TYPE};
use percent_encoding::percent_decode_str;
use ring::digest;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::operation::{Body, Kind, Operation, Parameter, Query};
use crate::problem::Problem;
use crate::{Context, json};

/// The header field with a client's own key for a request.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The most characters of such a key.
const IDEMPOTENCY_CHARACTERS_MAX: usize = 128;

/// A checked request.
pub(crate) struct Asked {
    /// The request itself.
    pub(crate) request: Request,
    query: Query,
    body: Value,
    idempotency: Option<String>,
}

impl Asked {
    /// Checks a request against its row.
    pub(crate) fn check(operation: &Operation, request: Request) -> Result<Self, Problem> {
        if let Callers::Roles(roles) = operation.callers {
            let Some(principal) = &request.principal else {
                return Err(Problem::new("unauthorized", "sign in, or send a token"));
            };
            if !roles.iter().any(|role| principal.has(*role)) {
                let detail = "this account has not the role for that";
                return Err(Problem::new("forbidden", detail));
            }
        }
        let query = read_query(&operation.query, request.uri.query().unwrap_or_default())?;
        let body = read_body(&operation.body, &request)?;
        let idempotency = match operation.is_unsafe() {
            true => read_idempotency(operation, &request)?,
            false => None,
        };
        Ok(Self { request, query, body, idempotency })
    }

    /// Who asks.
    pub(crate) fn principal(&self) -> Result<&Principal, Problem> {
        let unauthorized = || Problem::new("unauthorized", "sign in, or send a token");
        self.request.principal.as_ref().ok_or_else(unauthorized)
    }

    /// By what who asks is known.
    pub(crate) fn identity(&self) -> Result<&Identity, Problem> {
        let nobody = || Problem::new("forbidden", "nobody stands behind these credentials");
        self.principal()?.identity.as_ref().ok_or_else(nobody)
    }

    /// Whether who asks has that role.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.request.principal.as_ref().is_some_and(|principal| principal.has(role))
    }

    /// Who asks, for the audit log.
    pub(crate) fn actor(&self) -> Actor {
        let principal = self.request.principal.as_ref();
        Actor {
            who: principal.map_or_else(|| "nobody".to_owned(), |it| it.who.clone()),
            how: principal.map(|principal| principal.how),
            from: Some(self.request.peer.address.to_string()),
            reference: Some(self.request.reference.clone()),
        }
    }

    /// Who asks for a deed, and under which id they would repeat it.
    pub(crate) fn context(&self) -> Context {
        Context { by: self.actor(), idempotency: self.idempotency.clone() }
    }

    /// A parameter of the path.
    pub(crate) fn path(&self, name: &str) -> &str {
        self.request.parameters.get(name).map_or("", String::as_str)
    }

    /// A parameter of the query.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A parameter of the query that is a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.query(name)?.parse().ok()
    }

    /// A parameter of the query that is a point in time.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        read_time(self.query(name)?)
    }

    /// The body; `null` where there is none.
    pub(crate) fn body(&self) -> &Value {
        &self.body
    }

    /// The body's members.
    pub(crate) fn members(&self) -> Map<String, Value> {
        self.body.as_object().cloned().unwrap_or_default()
    }

    /// Reads the body's members with `take`; every problem is told at once.
    pub(crate) fn read<T>(
        &self,
        take: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Result<T, Problem> {
        let mut problems = Problems::default();
        let mut reader = Reader::new("", self.body.clone(), &mut problems);
        let taken = take(&mut reader);
        reader.finish();
        match taken {
            Some(taken) if problems.is_empty() => Ok(taken),
            _ => Err(Problem::invalid(&problems, &self.body)),
        }
    }

    /// Whether the client asks for that media type by name.
    pub(crate) fn wants(&self, media_type: &str) -> bool {
        let accepted = self.request.headers.get_all(ACCEPT).into_iter();
        accepted.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(
            |range| {
                let mut parts = range.split(';').map(str::trim);
                let named = parts.next().is_some_and(|it| it.eq_ignore_ascii_case(media_type));
                named && !parts.any(|it| matches!(it, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
            },
        )
    }
}

/// A point in time as RFC 3339 has it.
fn read_time(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let microseconds = time.unix_timestamp_nanos().div_euclid(1_000);
    i64::try_from(microseconds).ok().map(Timestamp::from_microseconds)
}

fn read_query(known: &[Parameter], text: &str) -> Result<Query, Problem> {
    let mut query = Query::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned)
        };
        let (Ok(name), Ok(value)) = (decoded(name), decoded(value)) else {
            return Err(Problem::new("bad_query", "the query is no UTF-8"));
        };
        let Some(parameter) = known.iter().find(|it| it.name == name) else {
            let name: String = name.chars().take(64).collect();
            let names: Vec<_> = known.iter().map(|it| it.name).collect();
            let known = match names.is_empty() {
                true => "no parameter is known here".to_owned(),
                false => format!("is not known here; known are {}", names.join(", ")),
            };
            return Err(Problem::query(&name, known));
        };
        if let Err(message) = parameter.kind.check(&value) {
            return Err(Problem::query(parameter.name, message));
        }
        if query.insert(parameter.name, value).is_some() {
            return Err(Problem::query(parameter.name, "stands twice; keep one"));
        }
    }
    Ok(query)
}

impl Kind {
    fn check(self, value: &str) -> Result<(), String> {
        match self {
            Self::Number(least, most) => {
                let digits = !value.is_empty() && value.chars().all(|it| it.is_ascii_digit());
                let number = value.parse().ok().filter(|it| digits && (least..=most).contains(it));
                let wrong = || format!("must be a whole number from {least} to {most}");
                number.map(|_: u64| ()).ok_or_else(wrong)
            }
            Self::Text(most) => {
                let length = value.chars().count();
                let good = (1..=most).contains(&length) && !value.chars().any(char::is_control);
                let wrong = || format!("must be 1 to {most} characters, none of control");
                good.then_some(()).ok_or_else(wrong)
            }
            Self::Choice(choices) => {
                let wrong = || format!("must be one of {}", choices.join(", "));
                choices.contains(&value).then_some(()).ok_or_else(wrong)
            }
            Self::Time => {
                let wrong = "must be a point in time such as 2026-01-31T08:00:00Z";
                read_time(value).map(|_| ()).ok_or_else(|| wrong.to_owned())
            }
        }
    }
}

impl Body {
    /// The media types that it is taken in.
    pub(crate) fn media_types(&self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Json(_) | Self::Optional(_) => &["application/json"],
            Self::MergePatch(_) => &["application/merge-patch+json"],
            Self::SettingsFile => &["application/yaml", "application/json"],
            Self::Metadata => &["application/samlmetadata+xml", "application/xml", "text/xml"],
        }
    }
}

fn read_body(body: &Body, request: &Request) -> Result<Value, Problem> {
    let sent = &request.body;
    match body {
        Body::None if sent.is_empty() => return Ok(Value::Null),
        Body::None => {
            return Err(Problem::new("unexpected_body", "leave the body out"));
        }
        Body::Optional(_) if sent.is_empty() => return Ok(Value::Null),
        _ => {}
    }
    let given = request.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let named = given.map(|it| it.split(';').next().unwrap_or_default().trim());
    let taken = body.media_types();
    if !named.is_some_and(|named| taken.iter().any(|it| it.eq_ignore_ascii_case(named))) {
        let detail = format!("send the body as {}", taken.join(" or "));
        return Err(Problem::new("unsupported_media_type", detail));
    }
    if matches!(body, Body::SettingsFile | Body::Metadata) {
        let text = std::str::from_utf8(sent);
        let text = text.map_err(|_| Problem::new("bad_json", "the file is no UTF-8"))?;
        return Ok(Value::String(text.to_owned()));
    }
    match json::read(sent) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(Problem::new("bad_json", "the body must be a JSON object")),
        Err(why) => Err(Problem::new("bad_json", why)),
    }
}

/// The client's key, made one with who it is and what it asks for, and no longer than a digest. The
/// body is part of that: nobody is told that something was done when something else was.
fn read_idempotency(operation: &Operation, request: &Request) -> Result<Option<String>, Problem> {
    let mut keys = request.headers.get_all(IDEMPOTENCY_KEY).into_iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let key = key.as_bytes();
    let good = (1..=IDEMPOTENCY_CHARACTERS_MAX).contains(&key.len())
        && key.iter().all(u8::is_ascii_graphic);
    if !good || keys.next().is_some() {
        let detail = format!(
            "Idempotency-Key must be one key of 1 to {IDEMPOTENCY_CHARACTERS_MAX} visible ASCII \
             characters"
        );
        return Err(Problem::new("bad_header", detail));
    }
    let who = request.principal.as_ref().map(|principal| match &principal.identity {
        Some(identity) => identity.index_value(),
        None => principal.who.clone(),
    });
    let mut context = digest::Context::new(&digest::SHA256);
    let method = operation.method.as_str();
    for part in [who.unwrap_or_default().as_bytes(), method.as_bytes()] {
        context.update(part);
        context.update(b"\n");
    }
    context.update(request.uri.path().as_bytes());
    context.update(b"\n");
    context.update(key);
    context.update(b"\n");
    context.update(&request.body);
    let digest = context.finish();
    let digits: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Some(format!("rest-{digits}")))
}
