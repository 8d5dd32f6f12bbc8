//! What a message must have, may have once, and must be readable.

use super::{Limits, Problem};
use crate::sip::header::{CSeq, MediaType, token_and_parameters};
use crate::sip::{Headers, Known, Method, Name, StartLine, Value, grammar};

/// Fields that may stand once.
const SINGLE: [(Known, &str); 19] = [
    (Known::CallId, "Call-ID"),
    (Known::ContentDisposition, "Content-Disposition"),
    (Known::ContentId, "Content-Id"),
    (Known::ContentType, "Content-Type"),
    (Known::CSeq, "CSeq"),
    (Known::Date, "Date"),
    (Known::Event, "Event"),
    (Known::Expires, "Expires"),
    (Known::FlowTimer, "Flow-Timer"),
    (Known::From, "From"),
    (Known::MaxForwards, "Max-Forwards"),
    (Known::MimeVersion, "MIME-Version"),
    (Known::MinExpires, "Min-Expires"),
    (Known::ReferredBy, "Referred-By"),
    (Known::RetryAfter, "Retry-After"),
    (Known::SessionId, "Session-ID"),
    (Known::Subject, "Subject"),
    (Known::SubscriptionState, "Subscription-State"),
    (Known::To, "To"),
];

/// How many values of a list there were.
#[derive(Default)]
struct Counts {
    vias: usize,
    contacts: usize,
    has_star: bool,
    /// To names somebody of another scheme than sip and sips.
    to_is_foreign: bool,
    routes: [usize; 4],
}

pub(super) fn check(start: &StartLine, headers: &Headers, limits: &Limits) -> Result<(), Problem> {
    let mut seen = 0_u64;
    let mut counts = Counts::default();
    let mut method = None;
    for header in headers.iter() {
        let Name::Known(known) = header.name else { continue };
        let bit = 1_u64 << (known as u64);
        if seen & bit != 0
            && let Some((_, field)) = SINGLE.iter().find(|(single, _)| *single == known)
        {
            return Err(Problem::meaning(field, "is there more than once"));
        }
        seen |= bit;
        if known == Known::CSeq {
            method = Some(CSeq::split(header.value.as_str()).map_err(in_field("CSeq"))?.1);
        } else {
            field(known, &header.value, &mut counts, limits)?;
        }
    }
    let mandatory = [
        (Known::Via, "Via"),
        (Known::From, "From"),
        (Known::To, "To"),
        (Known::CallId, "Call-ID"),
        (Known::CSeq, "CSeq"),
    ];
    for (known, field) in mandatory {
        if seen & (1 << (known as u64)) == 0 {
            return Err(Problem::meaning(field, "is missing"));
        }
    }
    match start {
        StartLine::Request { method: own, .. } if method != Some(own.name()) => {
            Err(Problem::meaning("CSeq", "has another method than the request"))
        }
        StartLine::Request { method: Method::Register, .. } if counts.to_is_foreign => {
            Err(Problem::meaning("To", "has a scheme that cannot be registered"))
        }
        // What we send has one, which the peer gives back (RFC 3261, section 8.1.3.3).
        StartLine::Response { .. } if counts.vias > 1 => {
            Err(Problem::meaning("Via", "has more than one value in a response"))
        }
        _ => Ok(()),
    }
}

fn in_field(field: &'static str) -> impl Fn(grammar::Wrong) -> Problem {
    move |words| Problem::meaning(field, words)
}

fn field(known: Known, value: &Value, counts: &mut Counts, limits: &Limits) -> Result<(), Problem> {
    let text = value.as_str();
    match known {
        Known::Via => {
            let bad = in_field("Via");
            for item in grammar::items(text) {
                grammar::via(item.map_err(&bad)?).map_err(&bad)?;
                counts.vias += 1;
            }
            at_most("Via", counts.vias, limits.vias)
        }
        Known::Contact => contact(text, counts, limits),
        Known::Route => routes("Route", text, &mut counts.routes[0], limits),
        Known::RecordRoute => routes("Record-Route", text, &mut counts.routes[1], limits),
        Known::Path => routes("Path", text, &mut counts.routes[2], limits),
        Known::ServiceRoute => routes("Service-Route", text, &mut counts.routes[3], limits),
        Known::From => address("From", text),
        Known::To => {
            let to = grammar::address(text).map_err(in_field("To"))?;
            counts.to_is_foreign = to.uri.host_port.is_none();
            Ok(())
        }
        Known::ReferredBy => address("Referred-By", text),
        Known::CallId => call_id(text),
        Known::MaxForwards => number("Max-Forwards", text, u8::MAX.into()),
        Known::Expires => number("Expires", text, u32::MAX.into()),
        Known::MinExpires => number("Min-Expires", text, u32::MAX.into()),
        Known::FlowTimer => number("Flow-Timer", text, u32::MAX.into()),
        Known::RetryAfter => {
            let (digits, _) = grammar::cut(text, |byte| byte.is_ascii_digit());
            number("Retry-After", digits, u32::MAX.into())
        }
        Known::Warning => warning(text),
        Known::ContentType => MediaType::split(text).map(|_| ()).map_err(in_field("Content-Type")),
        Known::Event => token_and_parameters(text).map(|_| ()).map_err(in_field("Event")),
        Known::SubscriptionState => {
            token_and_parameters(text).map(|_| ()).map_err(in_field("Subscription-State"))
        }
        Known::Require => tokens("Require", text),
        Known::ProxyRequire => tokens("Proxy-Require", text),
        _ => Ok(()),
    }
}

fn number(field: &'static str, text: &str, most: u64) -> Result<(), Problem> {
    grammar::number(text, most).map(|_| ()).map_err(in_field(field))
}

fn at_most(field: &'static str, count: usize, most: usize) -> Result<(), Problem> {
    let too_many =
        Problem::new(crate::sip::Status::BAD_REQUEST, field, "has too many values", most);
    if count > most { Err(too_many.framed()) } else { Ok(()) }
}

fn address(field: &'static str, text: &str) -> Result<(), Problem> {
    grammar::address(text).map(|_| ()).map_err(in_field(field))
}

/// The star may stand there alone and once; an expiry is a number.
fn contact(text: &str, counts: &mut Counts, limits: &Limits) -> Result<(), Problem> {
    let bad = in_field("Contact");
    let is_star = text == "*";
    if counts.has_star || (is_star && counts.contacts > 0) {
        return Err(bad("has a star beside something else"));
    }
    counts.has_star = is_star;
    if is_star {
        return Ok(());
    }
    for item in grammar::items(text) {
        let check_expiry = &mut |piece: &grammar::Piece<'_>| {
            if !piece.name.eq_ignore_ascii_case("expires") {
                return Ok(());
            }
            let seconds = piece.value.map(grammar::ParameterValue::plain).unwrap_or_default();
            let seconds = grammar::number(&seconds, u32::MAX.into());
            seconds.map(|_| ()).map_err(|_| "has an expiry that is none")
        };
        grammar::address_with(item.map_err(&bad)?, check_expiry).map_err(&bad)?;
        counts.contacts += 1;
    }
    at_most("Contact", counts.contacts, limits.contacts)
}

fn routes(
    field: &'static str,
    text: &str,
    count: &mut usize,
    limits: &Limits,
) -> Result<(), Problem> {
    let bad = in_field(field);
    for item in grammar::items(text) {
        let address = grammar::address(item.map_err(&bad)?).map_err(&bad)?;
        if !address.is_bracketed {
            return Err(bad("has a URI that needs angle brackets"));
        }
        *count += 1;
    }
    at_most(field, *count, limits.routes)
}

/// Visible characters; commas and semicolons, which some would cut it at, are not among them.
fn call_id(text: &str) -> Result<(), Problem> {
    let is_of_call_id = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b',' | b';');
    if text.is_empty() || !text.bytes().all(is_of_call_id) {
        return Err(Problem::meaning("Call-ID", "is no word"));
    }
    Ok(())
}

/// Three digits, an agent, a text.
fn warning(text: &str) -> Result<(), Problem> {
    let bad = in_field("Warning");
    for item in grammar::items(text) {
        let (code, rest) = grammar::cut(item.map_err(&bad)?, |byte| byte.is_ascii_digit());
        if code.len() != 3 || !rest.starts_with([' ', '\t']) {
            return Err(bad("has a code that is none"));
        }
    }
    Ok(())
}

/// Extensions that must not be overlooked: each can be read, or the message cannot.
fn tokens(field: &'static str, text: &str) -> Result<(), Problem> {
    let bad = in_field(field);
    for item in grammar::items(text) {
        let item = item.map_err(&bad)?;
        if !item.is_empty() && !grammar::is_token_text(item) {
            return Err(bad("has something that is no token"));
        }
    }
    Ok(())
}
