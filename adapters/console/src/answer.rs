//! Answers of success.

use bytes::Bytes;
use domain::Timestamp;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, VARY};
use http::{Response, StatusCode};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A JSON body.
pub(crate) fn json(status: StatusCode, body: &Value) -> Response<Bytes> {
    text(status, "application/json", body.to_string())
}

/// A text of that media type.
pub(crate) fn text(status: StatusCode, media_type: &'static str, body: String) -> Response<Bytes> {
    bytes(status, media_type, body.into_bytes())
}

/// A body of that media type.
pub(crate) fn bytes(
    status: StatusCode,
    media_type: &'static str,
    body: Vec<u8>,
) -> Response<Bytes> {
    let mut answer = bare(status);
    *answer.body_mut() = Bytes::from(body);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

/// No body.
pub(crate) fn bare(status: StatusCode) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// The same with a header field; one that cannot stand there is left out.
pub(crate) fn with(mut answer: Response<Bytes>, name: HeaderName, value: &str) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// The same with its entity tag. What has one is kept and asked for again.
pub(crate) fn tagged(answer: Response<Bytes>, tag: &str) -> Response<Bytes> {
    let answer = with(with(answer, ETAG, tag), CACHE_CONTROL, "private, no-cache");
    // What was kept for one person is not for the next one at the same browser.
    with(answer, VARY, "Cookie, Authorization")
}

/// A point in time as RFC 3339 has it.
pub(crate) fn time(at: Timestamp) -> Value {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at.microseconds()) * 1_000);
    let text = time.ok().and_then(|time| time.format(&Rfc3339).ok());
    text.map_or(Value::Null, Value::String)
}

/// The same value, its points in time (`at`, and what ends in `_at`) in the spelling of RFC 3339
/// instead of microseconds.
pub(crate) fn with_times(value: Value) -> Value {
    with_times_by(value, Timestamp::from_microseconds)
}

/// The same for points in time that are told in seconds.
pub(crate) fn with_times_of_seconds(value: Value) -> Value {
    with_times_by(value, Timestamp::from_seconds)
}

fn with_times_by(value: Value, unit: fn(i64) -> Timestamp) -> Value {
    match value {
        Value::Object(members) => {
            let told = members.into_iter().map(|(name, member)| {
                let is_time = name == "at" || name.ends_with("_at");
                let member = match member.as_i64() {
                    Some(number) if is_time => time(unit(number)),
                    _ => with_times_by(member, unit),
                };
                (name, member)
            });
            Value::Object(told.collect())
        }
        Value::Array(elements) => {
            elements.into_iter().map(|element| with_times_by(element, unit)).collect()
        }
        other => other,
    }
}

/// A list of that name in what a deed answered, as a page.
pub(crate) fn page(items: Vec<Value>, next: Option<String>, total: Option<usize>) -> Value {
    match total {
        Some(total) => json!({"items": items, "next": next, "total": total}),
        None => json!({"items": items, "next": next}),
    }
}
