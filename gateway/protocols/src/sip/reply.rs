//! Answers to requests, and what is noted on a request before anything else.

use std::net::SocketAddr;

use bytes::Bytes;

use super::{
    Headers, Host, Message, Method, Name, StartLine, Status, Text, Value, canonical, grammar,
};

/// The answer to that request: all its Via, From, To with `to_tag` where it has none, Call-ID, CSeq and
/// Session-ID; where it begins a dialog or may, all Record-Route too (RFC 3261, section 12.1.1). It goes by the flow the request came by, wherever Via points.
pub fn reply(request: &Message, status: Status, to_tag: Option<&str>) -> Message {
    let mut headers = Headers::with_room(12);
    let begins = [Method::Invite, Method::Subscribe, Method::Refer, Method::Notify];
    let begins_dialog = request.method().is_some_and(|method| begins.contains(method))
        && (status.is_success() || (101..200).contains(&status.code()));
    for header in request.headers.iter() {
        let is_copied = [Name::VIA, Name::FROM, Name::CALL_ID, Name::CSEQ, Name::SESSION_ID];
        let is_route = header.name == Name::RECORD_ROUTE && begins_dialog;
        if header.name == Name::TO {
            headers.push(Name::TO, with_tag(&header.value, to_tag));
        } else if is_route || is_copied.contains(&header.name) {
            headers.push(header.name.clone(), header.value.clone());
        }
    }
    let reason = Text::from_static(status.phrase());
    Message { start: StartLine::Response { status, reason }, headers, body: Bytes::new() }
}

/// The value of To with that tag, where it has none and the tag is a token.
fn with_tag(value: &Value, tag: Option<&str>) -> Value {
    let Some(tag) = tag.filter(|tag| grammar::is_token_text(tag)) else { return value.clone() };
    let Ok(address) = grammar::address(value.as_str()) else { return value.clone() };
    let mut parameters = grammar::pieces(address.parameters);
    if parameters.any(|piece| piece.name.eq_ignore_ascii_case("tag")) {
        return value.clone();
    }
    Value::new(format!("{};tag={tag}", value.as_str())).unwrap_or_else(|_| value.clone())
}

/// Notes on the request where it came from: `received` in its first Via where that says something else or asks
/// for the port, and `rport` where it asks for it (RFC 3261, section 18.2.1; RFC 3581, section 4). What the
/// sender itself wrote there is taken out. Call it before anything else is done with the request.
pub fn note_source(request: &mut Message, source: SocketAddr) {
    let Some(value) = request.headers.get(&Name::VIA).cloned() else { return };
    let Some(Ok(first)) = grammar::items(value.as_str()).next() else { return };
    let Ok(via) = grammar::via(first) else { return };
    let address = canonical(source.ip());
    let pieces: Vec<_> = grammar::pieces(via.parameters).collect();
    let is_of = |piece: &grammar::Piece<'_>, name: &str| piece.name.eq_ignore_ascii_case(name);
    let wants_rport = pieces.iter().any(|piece| is_of(piece, "rport"));
    let sent_by = match via.host {
        grammar::HostText::Ip(address) => Host::Ip(canonical(address)),
        grammar::HostText::Name(name) => Host::Name(name.into()),
    };
    let mut noted = first.strip_suffix(via.parameters).unwrap_or(first).trim_end().to_owned();
    for piece in pieces.iter().filter(|piece| !is_of(piece, "received") && !is_of(piece, "rport")) {
        noted.push_str(piece.raw);
    }
    if wants_rport || sent_by != Host::Ip(address) {
        noted.push_str(&format!(";received={address}"));
    }
    if wants_rport {
        noted.push_str(&format!(";rport={}", source.port()));
    }
    let rest = value.as_str().trim_start().strip_prefix(first).unwrap_or_default();
    if noted != first
        && let Ok(value) = Value::new(format!("{noted}{rest}"))
    {
        request.headers.replace_first(&Name::VIA, value);
    }
}
