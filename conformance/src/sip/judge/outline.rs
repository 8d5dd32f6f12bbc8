//! What holds for every message, and for requests and answers of every method.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::Problems;
use crate::sip::digest;
use crate::sip::grammar::{self, NameAddress, Parameters};
use crate::sip::identity::Transport;
use crate::sip::message::{Message, Start};

/// Fields whose values are addresses.
const ADDRESSES: [&str; 8] =
    ["from", "to", "contact", "route", "record-route", "path", "service-route", "referred-by"];
/// Fields whose values are lists of tokens.
const TOKENS: [&str; 7] = [
    "require",
    "supported",
    "unsupported",
    "allow",
    "allow-events",
    "proxy-require",
    "content-encoding",
];
/// Fields whose values are numbers of 32 bits.
const NUMBERS: [&str; 2] = ["expires", "min-expires"];

/// The values of every header that has a grammar here.
pub(crate) fn values(message: &Message) -> Problems {
    let mut problems = Problems::new();
    for name in ["from", "to", "call-id", "cseq", "via"] {
        if message.get(name).is_none() {
            problems.push(format!("{name} is missing"));
        }
    }
    for (name, value) in &message.headers {
        if let Err(words) = header(name, value) {
            problems.push(format!("{name}: {words}"));
        }
    }
    if !message.body.is_empty() && message.get("content-type").is_none() {
        problems.push("a body without Content-Type".to_owned());
    }
    problems
}

fn header(name: &str, value: &str) -> Result<(), String> {
    if ADDRESSES.contains(&name) {
        return match name {
            "contact" if value == "*" => Ok(()),
            _ => grammar::split(value, ',')?
                .into_iter()
                .try_for_each(|each| grammar::name_address(each).map(drop)),
        };
    }
    if TOKENS.contains(&name) {
        // An empty list is allowed for Supported and Allow alone.
        let may_be_empty = matches!(name, "supported" | "allow") && value.is_empty();
        return if may_be_empty { Ok(()) } else { grammar::tokens(value).map(drop) };
    }
    if NUMBERS.contains(&name) {
        let number = grammar::number(value, u64::from(u32::MAX));
        return number.map(drop).ok_or_else(|| format!("{value:?} is no number of seconds"));
    }
    match name {
        "via" => grammar::split(value, ',')?
            .into_iter()
            .try_for_each(|each| grammar::via(each).map(drop)),
        "call-id" if !grammar::is_call_id(value) => Err(format!("{value:?} is none")),
        "cseq" => {
            let (number, method) = value.split_once([' ', '\t']).unwrap_or((value, ""));
            let number = grammar::number(number, u64::from(u32::MAX >> 1));
            match number.is_some() && grammar::is_token(method.trim_start()) {
                true => Ok(()),
                false => Err(format!("{value:?} is none")),
            }
        }
        "max-forwards" if grammar::number(value, 255).is_none() => {
            Err(format!("{value:?} is not 0 to 255"))
        }
        "content-type" => grammar::media_type(value).map(drop),
        "event" | "subscription-state" => {
            let (first, rest) = value.split_at(value.find(';').unwrap_or(value.len()));
            match grammar::is_token(first.trim_end()) {
                true => grammar::parameters(rest).map(drop),
                false => Err(format!("{value:?} is none")),
            }
        }
        "www-authenticate" | "proxy-authenticate" => digest::challenge(value).map(drop),
        "date" => match httpdate::parse_http_date(value).is_ok() && value.ends_with(" GMT") {
            true => Ok(()),
            false => Err(format!("{value:?} is not of RFC 1123 in GMT")),
        },
        "retry-after" => {
            let seconds = value.split(['(', ';']).next().unwrap_or_default().trim();
            let seconds = grammar::number(seconds, u64::from(u32::MAX));
            seconds.map(drop).ok_or_else(|| format!("{value:?} is none"))
        }
        "warning" => grammar::split(value, ',')?.into_iter().try_for_each(warning),
        "mime-version" if value != "1.0" => Err(format!("{value:?} is not 1.0")),
        _ => Ok(()),
    }
}

fn warning(value: &str) -> Result<(), String> {
    let mut parts = value.splitn(3, ' ');
    let (code, agent, text) = (parts.next(), parts.next(), parts.next());
    let is_code = |code: &str| code.len() == 3 && grammar::number(code, 999).is_some();
    let is_text = |text: &str| text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    let is_agent = |agent: &str| grammar::is_token(agent) || grammar::host_port(agent).is_ok();
    match code.is_some_and(is_code) && agent.is_some_and(is_agent) && text.is_some_and(is_text) {
        true => Ok(()),
        false => Err(format!("{value:?} is no code, agent and quoted text")),
    }
}

/// A request of the phone, as far as its answers are judged by it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: &'static str,
    pub(crate) via: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    /// None where the phone sent none.
    pub(crate) session_id: Option<String>,
    pub(crate) transport: Transport,
    pub(crate) local: SocketAddr,
}

/// Whether a message answers this request at all: its branch and method.
pub(crate) fn answers(sent: &Sent, message: &Message) -> bool {
    let branch = |value: &str| {
        let via = grammar::via(value).ok()?;
        via.parameters.get("branch").map(str::to_owned)
    };
    let top = message.list("via").ok().and_then(|values| values.first().copied().and_then(branch));
    let method = message.cseq().map(|(_, method)| method);
    method == Some(sent.method) && top.is_some() && top == branch(&sent.via)
}

/// Judges an answer against the request it is for; `after` is how long that took.
pub(crate) fn answer(sent: &Sent, message: &Message, after: Duration) -> Problems {
    let mut problems = values(message);
    let Start::Status { code, .. } = message.start else {
        return problems;
    };
    problems.extend(echoes(sent, message, code));
    let reliable = sent.transport.is_stream();
    match code {
        100 if !reliable && after < HUNDRED_AFTER => {
            problems.push("100 over UDP before timer E reached T2 (RFC 4320)".to_owned());
        }
        101..=199 if sent.method != "INVITE" => {
            problems.push(format!("{code} to a request other than INVITE (RFC 4320)"));
        }
        408 if sent.method != "INVITE" => {
            problems.push("408 to a request other than INVITE (RFC 4320)".to_owned());
        }
        401 | 407 => {
            let name = if code == 401 { "www-authenticate" } else { "proxy-authenticate" };
            if message.get(name).is_none() {
                problems.push(format!("{code} without {name}"));
            }
        }
        405 if message.get("allow").is_none() => problems.push("405 without Allow".to_owned()),
        415 if message.get("accept").is_none() => problems.push("415 without Accept".to_owned()),
        420 if message.get("unsupported").is_none() => {
            problems.push("420 without Unsupported".to_owned());
        }
        423 if message.get("min-expires").is_none() => {
            problems.push("423 without Min-Expires".to_owned());
        }
        489 if message.get("allow-events").is_none() => {
            problems.push("489 without Allow-Events".to_owned());
        }
        200..=299 if sent.method == "REFER" && message.get("contact").is_none() => {
            problems.push("2xx to REFER without Contact (RFC 3515 section 2)".to_owned());
        }
        _ => {}
    }
    problems
}

/// When a server may first send 100 over UDP: resends by then come every T2 (RFC 4320).
const HUNDRED_AFTER: Duration = Duration::from_millis(3_500);

fn echoes(sent: &Sent, message: &Message, code: u16) -> Problems {
    let mut problems = Problems::new();
    match message.list("via").unwrap_or_default().as_slice() {
        [only] => problems.extend(via_echo(sent, only)),
        several => problems.push(format!("{} Via in an answer to one", several.len())),
    }
    let same = |name: &str, value: &str| message.get(name).is_none_or(|got| got == value);
    if !same("from", &sent.from) {
        problems.push("From is not the request's".to_owned());
    }
    if !same("call-id", &sent.call_id) {
        problems.push("Call-ID is not the request's".to_owned());
    }
    if message.cseq().is_some_and(|got| got != (sent.cseq, sent.method)) {
        problems.push("CSeq is not the request's".to_owned());
    }
    if let Some(session_id) = &sent.session_id
        && message.get("session-id") != Some(session_id)
    {
        problems.push("Session-ID is not copied back".to_owned());
    }
    match message.get("to").map(|to| to.strip_prefix(sent.to.as_str())) {
        None => {}
        Some(None) => problems.push("To is not the request's".to_owned()),
        Some(Some(added)) => {
            let had_tag = tag(&sent.to).is_some();
            let tag = grammar::parameters(added).ok().and_then(|it| it.text("tag"));
            if had_tag && !added.is_empty() || !had_tag && tag.is_none() && !added.is_empty() {
                problems.push(format!("To got more than a tag: {added}"));
            } else if !had_tag && tag.is_none() && code != 100 {
                problems.push("To has no tag".to_owned());
            }
        }
    }
    problems
}

fn via_echo(sent: &Sent, value: &str) -> Problems {
    let (Ok(ours), Ok(theirs)) = (grammar::via(&sent.via), grammar::via(value)) else {
        return Problems::new();
    };
    let mut problems = Problems::new();
    let sent_by = (&ours.transport, ours.host.to_ascii_lowercase(), ours.port);
    if sent_by != (&theirs.transport, theirs.host.to_ascii_lowercase(), theirs.port) {
        problems.push(format!("Via is not the request's: {value}"));
    }
    let added = ["received", "rport"];
    let kept = |all: &Parameters| {
        let kept =
            all.0.iter().filter(|(name, _)| !added.contains(&name.to_ascii_lowercase().as_str()));
        kept.cloned().collect::<Vec<_>>()
    };
    if kept(&ours.parameters) != kept(&theirs.parameters) {
        problems.push(format!("the parameters of Via are not the request's: {value}"));
    }
    let received = theirs.parameters.get("received").map(|it| it.trim_matches(['[', ']']));
    let here = sent.local.ip();
    if received.is_some_and(|received| received.parse::<IpAddr>() != Ok(here)) {
        problems.push(format!("received is not {here}: {value}"));
    }
    let rport = theirs.parameters.get("rport");
    match ours.parameters.get("rport") {
        None if rport.is_some() => problems.push("rport where none was asked for".to_owned()),
        Some(_) if rport != Some(sent.local.port().to_string().as_str()) => {
            problems.push("rport does not hold the source port (RFC 3581)".to_owned());
        }
        Some(_) if received.is_none() => {
            problems.push("rport without received (RFC 3581)".to_owned());
        }
        _ => {}
    }
    problems
}

/// The tag of From or To.
pub(crate) fn tag(value: &str) -> Option<String> {
    grammar::name_address(value).ok()?.parameters.text("tag").filter(|tag| !tag.is_empty())
}

/// Judges what holds for every request to the phone.
pub(crate) fn request(message: &Message, transport: Transport, method: &str) -> Problems {
    let mut problems = values(message);
    let top = message.list("via").unwrap_or_default().first().map(|top| grammar::via(top));
    if let Some(Ok(via)) = top {
        if via.transport != transport.via() {
            problems.push(format!("Via says {} over {}", via.transport, transport.via()));
        }
        let branch = via.parameters.get("branch").unwrap_or_default();
        if branch.strip_prefix("z9hG4bK").is_none_or(str::is_empty) {
            problems.push("the branch of Via is not of RFC 3261".to_owned());
        }
    }
    if message.cseq().is_some_and(|(_, named)| named != method) {
        problems.push("CSeq names another method".to_owned());
    }
    match message.get("max-forwards").map(|text| grammar::number(text, 255)) {
        None => problems.push("Max-Forwards is missing".to_owned()),
        Some(Some(0)) => problems.push("Max-Forwards is 0".to_owned()),
        _ => {}
    }
    if message.get("from").is_some_and(|from| tag(from).is_none()) {
        problems.push("From has no tag".to_owned());
    }
    if matches!(method, "REFER" | "NOTIFY" | "SUBSCRIBE") {
        match message.list("contact").unwrap_or_default().as_slice() {
            [contact] => problems.extend(contact_of_server(contact)),
            several => problems.push(format!("{} Contact in {method}", several.len())),
        }
    }
    if method == "MESSAGE" && message.get("contact").is_some() {
        problems.push("MESSAGE carries a Contact".to_owned());
    }
    problems
}

fn contact_of_server(value: &str) -> Option<String> {
    let NameAddress { uri, .. } = grammar::name_address(value).ok()?;
    let scheme = uri.split(':').next().unwrap_or_default().to_ascii_lowercase();
    (scheme != "sip" && scheme != "sips").then(|| format!("Contact is no SIP URI: {value}"))
}
