//! The first line.

use super::{Limits, Problem};
use crate::sip::{Method, StartLine, Status, Text, grammar};

const FIELD: &str = "start line";
pub(super) const URI: &str = "Request-URI";

/// The first line that the text is.
pub(super) fn read(line: &Text, limits: &Limits) -> Result<StartLine, Problem> {
    if line.get(..4).is_some_and(|beginning| beginning.eq_ignore_ascii_case("SIP/")) {
        return response(line, limits);
    }
    let (method, rest) =
        line.split_once(' ').ok_or(Problem::bad(FIELD, "has no method and URI"))?;
    if !grammar::is_token_text(method) {
        return Err(Problem::bad(FIELD, "has a method that is no token"));
    }
    let rest = if limits.lenient { grammar::trim(rest) } else { rest };
    let (uri, version) = rest.rsplit_once(' ').ok_or(Problem::bad(FIELD, "has no version"))?;
    check_version(version)?;
    let uri = if limits.lenient {
        super::lenient::request_uri(line, uri)
    } else {
        grammar::share(line, uri)
    };
    let parts = grammar::uri(&uri).map_err(|words| Problem::bad(URI, words).framed())?;
    if parts.headers.is_some() {
        return Err(Problem::bad(URI, "has header fields in it").framed());
    }
    Ok(StartLine::Request { method: Method::of(method), uri })
}

fn check_version(version: &str) -> Result<(), Problem> {
    if version.eq_ignore_ascii_case("SIP/2.0") {
        return Ok(());
    }
    let number =
        version.get(..4).filter(|name| name.eq_ignore_ascii_case("SIP/")).and(version.get(4..));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match number.and_then(|number| number.split_once('.')) {
        Some((major, minor)) if is_number(major) && is_number(minor) => Err(Problem::status(
            FIELD,
            "has another version than 2.0",
            Status::VERSION_NOT_SUPPORTED,
        )),
        _ => Err(Problem::bad(FIELD, "has a version that is none")),
    }
}

fn response(line: &Text, limits: &Limits) -> Result<StartLine, Problem> {
    let (version, rest) = line.split_once(' ').ok_or(Problem::bad(FIELD, "has no status"))?;
    check_version(version)?;
    let rest = if limits.lenient { grammar::trim_start(rest) } else { rest };
    let (digits, reason) = match rest.split_once(' ') {
        Some(both) => both,
        None if limits.lenient => (rest, ""),
        None => return Err(Problem::bad(FIELD, "has no blank behind its status")),
    };
    let number = grammar::number(digits, Status::MOST.into()).ok().filter(|_| digits.len() == 3);
    let status = number.and_then(|number| u16::try_from(number).ok()).and_then(Status::new);
    let status = status.ok_or(Problem::bad(FIELD, "has a status that is none").framed())?;
    Ok(StartLine::Response { status, reason: grammar::share(line, reason) })
}

/// Method and URI of a request's first line, however broken the rest of it is.
pub(super) fn salvage(line: &str) -> Option<(Method, Text)> {
    let (method, rest) = line.split_once(' ')?;
    let is_method = grammar::is_token_text(method);
    let (uri, _) = grammar::trim(rest).rsplit_once(' ')?;
    is_method.then(|| (Method::of(method), uri.into()))
}
