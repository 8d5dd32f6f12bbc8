//! What must hold for any bytes at all.

use super::{
    AuthorizeRequest, STATE_BYTES_MAX, TokenError, TokenQuery, TokenRequest, VALUE_BYTES_MAX, form,
    is_registered, redirect_with, validate_redirect_url,
};

/// Reads `data` as the three lines of a request: `Content-Type`, `Authorization`, and a body that is a query
/// too. Panics where something does not hold, which is what a fuzzer looks for.
pub fn forms(data: &[u8]) {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (content_type, authorization, body) = (line(), line(), line());
    let text = |line| std::str::from_utf8(line).ok().filter(|text| !text.is_empty());
    let (content_type, authorization) = (text(content_type), text(authorization));
    match TokenRequest::parse(content_type, authorization, body) {
        Ok((client, _)) => assert!(!client.id.is_empty(), "nobody asks"),
        Err(error) => told(&error),
    }
    match TokenQuery::parse(content_type, authorization, body) {
        Ok((_, query)) => assert!(query.token.expose().len() <= VALUE_BYTES_MAX, "too long"),
        Err(error) => told(&error),
    }
    if let Ok(request) = AuthorizeRequest::parse(body) {
        let state = request.state.clone().unwrap_or_default();
        assert!(state.len() <= STATE_BYTES_MAX, "a long state");
        let demand = request.demand(true);
        assert!(demand.is_err() || demand == request.demand(false), "more strictly, yet otherwise");
        redirect(&request.redirect_uri, &state);
    }
    if let Some(text) = text(body) {
        redirect(text, text);
    }
}

/// What is told is JSON of two members with the characters of RFC 6749 section 5.2.
fn told(error: &TokenError) {
    let body: serde_json::Value = serde_json::from_str(&error.body()).unwrap_or_default();
    assert_eq!(body.as_object().map(serde_json::Map::len), Some(2), "another body");
    let description = body.get("error_description").and_then(|text| text.as_str());
    let is_allowed = |byte: u8| matches!(byte, 0x20 | 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    assert!(description.is_some_and(|text| text.bytes().all(is_allowed)), "other characters");
    assert!((400..=503).contains(&error.status()), "another status");
}

/// An answer goes to the registered URL and holds what was sent as it is.
fn redirect(url: &str, state: &str) {
    let registered = ["http://127.0.0.1/cb".to_owned(), "http://[::1]:1/".to_owned()];
    if is_registered(url, &registered, true) {
        let after =
            url.strip_prefix("http://127.0.0.1").or_else(|| url.strip_prefix("http://[::1]"));
        let rest = after
            .unwrap_or_default()
            .trim_start_matches([':'])
            .trim_start_matches(|each: char| each.is_ascii_digit());
        assert!(rest == "/cb" || rest == "/", "another place");
    }
    if validate_redirect_url(url, true).is_err() {
        return;
    }
    assert!(is_registered(url, &[url.to_owned()], false), "it is not itself");
    let answer = redirect_with(url, &[("state", state)]);
    assert!(answer.starts_with(url) && !answer.contains(['#', '\r', '\n', ' ']), "it leads astray");
    let query = answer.split_once('?').map_or("", |(_, query)| query);
    let read = form::read(query.as_bytes(), ["state"]);
    let is_readable = state.len() <= VALUE_BYTES_MAX
        && state.bytes().all(|byte| matches!(byte, 0x20..=0x7E))
        && !state.is_empty();
    if let (true, Ok([back])) = (is_readable, read) {
        assert_eq!(back.as_deref(), Some(state), "it came back changed");
    }
}
