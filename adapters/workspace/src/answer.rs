//! Answers: JSON, bytes of a mail, nothing.

use bytes::Bytes;
use domain::Timestamp;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Media types that a browser may show; everything else is bytes to it.
const SHOWN: [&str; 6] =
    ["image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "application/pdf"];

fn with(body: Bytes, headers: &[(HeaderName, &str)]) -> Response<Bytes> {
    let mut answer = Response::new(body);
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.headers_mut().insert(name.clone(), value);
        }
    }
    answer
}

/// JSON.
pub(crate) fn json(value: &Value) -> Response<Bytes> {
    with(Bytes::from(value.to_string()), &[(CONTENT_TYPE, "application/json")])
}

/// Nothing more to say.
pub(crate) fn nothing() -> Response<Bytes> {
    let mut answer = with(Bytes::new(), &[]);
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

/// A mail's text for a frame that can do nothing, in a page of this origin, which may stand within one of `origins`.
pub(crate) fn mail_body(html: String, with_remote: bool, origins: &[String]) -> Response<Bytes> {
    // Its own pictures are within it: a frame without an origin is given nothing that a session may read.
    let images = if with_remote { "img-src data: https:" } else { "img-src data:" };
    let around: String = origins.iter().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; {images}; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'self'{around}; sandbox allow-popups allow-popups-to-escape-sandbox"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, policy.as_str()),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
        // The page of this same origin shows it in a frame.
        (HeaderName::from_static("x-frame-options"), "SAMEORIGIN"),
    ];
    with(Bytes::from(html), &headers)
}

/// A file of a mail or an answer; a browser shows none but a few pictures, and those only where the page asks: those of
/// an answer while it is written. Frames of mails have theirs within them.
pub(crate) fn file(
    name: &str,
    media_type: &str,
    bytes: Vec<u8>,
    is_inline: bool,
) -> Response<Bytes> {
    let is_shown = SHOWN.contains(&media_type);
    let media_type = if is_shown { media_type } else { "application/octet-stream" };
    let is_picture = is_shown && media_type.starts_with("image/");
    let way = if is_inline && is_picture { "inline" } else { "attachment" };
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let disposition = format!("{way}; filename*=UTF-8''{encoded}");
    // An answer that is written again is shown with all its pictures, and none of them ever changes.
    let keep = if way == "inline" { "private, max-age=600" } else { "no-store" };
    let headers = [
        (CONTENT_TYPE, media_type),
        (CACHE_CONTROL, keep),
        (CONTENT_DISPOSITION, disposition.as_str()),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    ];
    with(Bytes::from(bytes), &headers)
}

/// A point in time as RFC 3339 has it.
pub(crate) fn time(at: Timestamp) -> String {
    let nanoseconds = i128::from(at.microseconds()) * 1_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds);
    time.ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default()
}

/// A point in time out of a query: RFC 3339.
pub(crate) fn read_time(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let microseconds = i64::try_from(time.unix_timestamp_nanos() / 1_000).ok()?;
    Some(Timestamp::from_microseconds(microseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_07_a_picture_in_a_text_is_kept_by_the_browser_for_a_while_and_a_file_is_not() {
        let kept = |media_type, is_inline| {
            let answer = file("a", media_type, Vec::new(), is_inline);
            let all: Vec<_> = answer.headers().get_all(CACHE_CONTROL).iter().cloned().collect();
            all
        };
        assert_eq!(kept("image/png", true), ["private, max-age=600"]);
        for (media_type, is_inline) in
            [("image/png", false), ("application/pdf", true), ("image/svg+xml", true)]
        {
            assert_eq!(kept(media_type, is_inline), ["no-store"], "{media_type}");
        }
    }
}
