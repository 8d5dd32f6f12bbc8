//! The grammar of header values (RFC 3261 section 25), read strictly: the first breach is the answer.
//!
//! Values come in unfolded. Nothing here knows what a value is for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `token`: what names of methods, headers and parameters are made of.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// `word`: what a Call-ID is made of.
fn is_word(text: &str) -> bool {
    let more = b"-.!%*_+`'~()<>:\\\"/[]?{}";
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
}

/// `callid`: a word, or two round an at sign.
pub(crate) fn is_call_id(text: &str) -> bool {
    match text.split_once('@') {
        None => is_word(text),
        Some((left, right)) => is_word(left) && is_word(right),
    }
}

/// Parameters in order; values stay as written, quotes included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(pub(crate) Vec<(String, Option<String>)>);

impl Parameters {
    /// The value of the first of that name, case aside; empty where it has none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(each, _)| each.eq_ignore_ascii_case(name))?;
        Some(found.1.as_deref().unwrap_or_default())
    }

    /// The same without the quotes and escapes of a quoted string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(unquoted)
    }

    fn judged(self) -> Result<Self, String> {
        for (at, (name, _)) in self.0.iter().enumerate() {
            let before = self.0.iter().take(at);
            if before.clone().any(|(each, _)| each.eq_ignore_ascii_case(name)) {
                return Err(format!("the parameter {name} is there twice"));
            }
        }
        Ok(self)
    }
}

/// A quoted string's text; anything else as it is.
pub(crate) fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut escaped = false;
    for character in inner.chars() {
        if character == '\\' && !escaped {
            escaped = true;
        } else {
            text.push(character);
            escaped = false;
        }
    }
    text
}

/// Bytes of the quoted string at the start of `text`, quotes included.
fn quoted_length(text: &str) -> Result<usize, String> {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Ok(at + 1),
            _ => {}
        }
    }
    Err(format!("a quoted string has no end: {text}"))
}

/// Splits at `separator` outside quotes and angle brackets; parts are trimmed and never empty.
pub(crate) fn split(value: &str, separator: char) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let (mut start, mut at, mut in_brackets) = (0, 0, false);
    while let Some(character) = value.get(at..).and_then(|rest| rest.chars().next()) {
        if character == '"' && !in_brackets {
            at += quoted_length(value.get(at..).unwrap_or_default())?;
            continue;
        }
        match character {
            '<' if in_brackets => return Err(format!("brackets within brackets: {value}")),
            '<' => in_brackets = true,
            '>' if !in_brackets => {
                return Err(format!("a bracket closes that none opened: {value}"));
            }
            '>' => in_brackets = false,
            each if each == separator && !in_brackets => {
                parts.push(value.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
        at += character.len_utf8();
    }
    if in_brackets {
        return Err(format!("a bracket is never closed: {value}"));
    }
    parts.push(value.get(start..).unwrap_or_default().trim());
    if parts.iter().any(|part| part.is_empty()) {
        return Err(format!("nothing between two {separator:?}: {value}"));
    }
    Ok(parts)
}

/// `*( SEMI generic-param )`; the text is empty or begins with a semicolon.
pub(crate) fn parameters(text: &str) -> Result<Parameters, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Parameters::default());
    }
    let Some(list) = text.strip_prefix(';') else {
        return Err(format!("a semicolon is missing before {text:?}"));
    };
    let parts = split(list, ';')?;
    Parameters(parts.into_iter().map(parameter).collect::<Result<_, _>>()?).judged()
}

fn parameter(text: &str) -> Result<(String, Option<String>), String> {
    let (name, value) = match text.split_once('=') {
        None => (text, None),
        Some((name, value)) => (name.trim_end(), Some(value.trim_start())),
    };
    if !is_token(name) {
        return Err(format!("the parameter name {name:?} is no token"));
    }
    let Some(value) = value else { return Ok((name.to_owned(), None)) };
    let is_good = match value.starts_with('"') {
        true => quoted_length(value)? == value.len(),
        false => is_token(value) || is_host(value),
    };
    if is_good {
        Ok((name.to_owned(), Some(value.to_owned())))
    } else {
        Err(format!("the value of {name} is neither token nor host nor quoted string: {value}"))
    }
}

/// A host name, an IPv4 address, or an IPv6 address in brackets.
pub(crate) fn is_host(text: &str) -> bool {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().is_ok();
    }
    if text.parse::<Ipv4Addr>().is_ok() {
        return true;
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let top_is_alpha = name
        .rsplit('.')
        .next()
        .is_some_and(|top| top.starts_with(|c: char| c.is_ascii_alphabetic()));
    name.split('.').all(label) && top_is_alpha
}

/// A host and its port.
pub(crate) fn host_port(text: &str) -> Result<(&str, Option<u16>), String> {
    let end = text.rfind(']').map_or(0, |at| at + 1);
    let (host, port) = match text.get(end..).and_then(|rest| rest.find(':')) {
        None => (text, None),
        Some(at) => (text.get(..end + at).unwrap_or_default(), text.get(end + at + 1..)),
    };
    if !is_host(host.trim_end()) {
        return Err(format!("{host:?} is no host"));
    }
    let Some(port) = port else { return Ok((host.trim_end(), None)) };
    let number = number(port.trim(), u64::from(u16::MAX)).filter(|port| *port > 0);
    let number = number.and_then(|port| u16::try_from(port).ok());
    number.map_or_else(
        || Err(format!("{port:?} is no port")),
        |number| Ok((host.trim_end(), Some(number))),
    )
}

/// Digits alone, up to `most`.
pub(crate) fn number(text: &str, most: u64) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= most)
}

/// One value of Via.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Via {
    pub(crate) transport: String,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) parameters: Parameters,
}

/// Reads one value of Via.
pub(crate) fn via(value: &str) -> Result<Via, String> {
    let broken = |what: &str| format!("Via {what}: {value}");
    let Some((protocol, rest)) = value.trim().split_once([' ', '\t']) else {
        return Err(broken("has no sent-by"));
    };
    let Some(transport) = protocol.strip_prefix("SIP/2.0/").filter(|name| is_token(name)) else {
        return Err(broken("is not of SIP/2.0 and a transport"));
    };
    let end = rest.find(';').unwrap_or(rest.len());
    let (sent_by, rest) = rest.split_at(end);
    let (host, port) = host_port(sent_by.trim()).map_err(|words| broken(&words))?;
    // The address after received= is bare, unlike any other parameter's.
    let bare = rest.split(';').find_map(|part| part.trim().strip_prefix("received="));
    let bare = bare.filter(|address| address.parse::<Ipv6Addr>().is_ok());
    let bracketed = bare.map(|address| {
        rest.replace(&format!("received={address}"), &format!("received=[{address}]"))
    });
    let parameters =
        parameters(bracketed.as_deref().unwrap_or(rest)).map_err(|words| broken(&words))?;
    if let Some(received) = parameters.get("received")
        && received.trim_matches(['[', ']']).parse::<IpAddr>().is_err()
    {
        return Err(broken("has no address in received"));
    }
    Ok(Via { transport: transport.to_owned(), host: host.to_owned(), port, parameters })
}

/// A URI with its display name and the parameters after it: From, To, Contact, Refer-To and others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameAddress {
    pub(crate) uri: String,
    pub(crate) parameters: Parameters,
}

/// Reads one `name-addr` or `addr-spec` with parameters.
pub(crate) fn name_address(value: &str) -> Result<NameAddress, String> {
    let value = value.trim();
    let after_quotes = if value.starts_with('"') { quoted_length(value)? } else { 0 };
    let rest = value.get(after_quotes..).unwrap_or_default();
    let Some((display, inner)) = rest.split_once('<') else {
        if after_quotes > 0 {
            return Err(format!("a display name without an address in brackets: {value}"));
        }
        let (uri, rest) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
        if uri.contains([',', '?']) {
            return Err(format!("a URI with ? or , needs brackets: {value}"));
        }
        check_uri(uri.trim_end())?;
        let parameters = parameters(rest)?;
        return Ok(NameAddress { uri: uri.trim_end().to_owned(), parameters });
    };
    let words = display.split_ascii_whitespace();
    if after_quotes > 0 && !display.trim().is_empty() || !words.clone().all(is_token) {
        return Err(format!("the display name is neither quoted nor tokens: {value}"));
    }
    let Some((uri, rest)) = inner.split_once('>') else {
        return Err(format!("a bracket is never closed: {value}"));
    };
    check_uri(uri)?;
    Ok(NameAddress { uri: uri.to_owned(), parameters: parameters(rest)? })
}

/// Judges a URI; of schemes other than sip and sips only what every URI must hold to.
pub(crate) fn check_uri(uri: &str) -> Result<(), String> {
    let broken = |what: &str| format!("{what} in the URI {uri:?}");
    let Some((scheme, rest)) = uri.split_once(':') else {
        return Err(broken("no scheme"));
    };
    let begins = scheme.starts_with(|first: char| first.is_ascii_alphabetic());
    if !begins || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    {
        return Err(broken("no scheme"));
    }
    if rest.is_empty() {
        return Err(broken("nothing after the scheme"));
    }
    check_escapes(rest).map_err(broken)?;
    if !scheme.eq_ignore_ascii_case("sip") && !scheme.eq_ignore_ascii_case("sips") {
        return Ok(());
    }
    let (user, rest) = match rest.rsplit_once('@') {
        None => (None, rest),
        Some((user, rest)) => (Some(user), rest),
    };
    if let Some(user) = user {
        let more = b"-_.!~*'()&=+$,;?/%:";
        let is_user = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
        if user.is_empty() || !user.bytes().all(is_user) {
            return Err(broken("a user part that is none"));
        }
    }
    let (rest, headers) = match rest.split_once('?') {
        None => (rest, None),
        Some((rest, headers)) => (rest, Some(headers)),
    };
    if headers.is_some_and(|headers| headers.split('&').any(|each| !each.contains('='))) {
        return Err(broken("headers without values"));
    }
    let (address, parameters) = rest.split_at(rest.find(';').unwrap_or(rest.len()));
    host_port(address).map_err(|words| broken(&words))?;
    for parameter in parameters.split(';').skip(1) {
        let more = b"-_.!~*'()[]/:&+$%=";
        let is_good = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
        if parameter.is_empty() || parameter.starts_with('=') || !parameter.bytes().all(is_good) {
            return Err(broken("a parameter that is none"));
        }
    }
    Ok(())
}

fn check_escapes(text: &str) -> Result<(), &'static str> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&byte)) {
        return Err("a character that needs an escape");
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.get(..2).unwrap_or_default();
        if digits.len() < 2 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("a broken escape");
        }
        rest = after;
    }
    Ok(())
}

/// A media type with its parameters, in lower case; parameters as written.
pub(crate) fn media_type(value: &str) -> Result<(String, Parameters), String> {
    let (kind, rest) = value.split_at(value.find(';').unwrap_or(value.len()));
    let name: String = kind.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    match name.split_once('/') {
        Some((left, right)) if is_token(left) && is_token(right) => {
            Ok((name.to_ascii_lowercase(), parameters(rest)?))
        }
        _ => Err(format!("{value:?} is no media type")),
    }
}

/// A comma-separated list of tokens.
pub(crate) fn tokens(value: &str) -> Result<Vec<&str>, String> {
    let parts = split(value, ',')?;
    match parts.iter().find(|part| !is_token(part)) {
        Some(part) => Err(format!("{part:?} is no token")),
        None => Ok(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_grammar_allows_is_read() {
        for value in [
            "SIP/2.0/UDP 192.0.2.2;branch=390skdjuw",
            "SIP/2.0/TCP  spindle.example.com ;\tbranch = z9hG4bK9ikj8 ;second",
            "SIP/2.0/UNKNOWN t5.example.com:5060;hidden;branch=z9hG4bK",
            "SIP/2.0/TLS [2001:db8::9:1]:6050;received=2001:db8::9:255;branch=z9hG4bKas3",
            "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3",
        ] {
            assert!(via(value).is_ok(), "{value}: {:?}", via(value));
        }
        for value in [
            "\"J Rosenberg \\\\\\\"\" <sip:jdrosen@example.com>;tag=98asjd8",
            "caller<sip:caller@example.com>;tag=323",
            "sip:vivekg@chair-dnrc.example.com;tag=1918181833n",
            "<sip:sips%3Auser%40example.com@example.net>",
            "<sip:user;par=u%40example.net@example.com>",
            "<tel:+358-555-1234567;phone-context=5>;tag=1",
            "<cid:0badcafe>",
            "<urn:x-cisco-remotecc:token-registration>",
            "<sip:a@[2001:db8::10]:5070;transport=tcp>;+u.sip!devicename.ccm.cisco.com=\"SEP0\"",
        ] {
            assert!(name_address(value).is_ok(), "{value}: {:?}", name_address(value));
        }
        assert_eq!(host_port("[2001:db8::10]:5070"), Ok(("[2001:db8::10]", Some(5070))));
        assert_eq!(unquoted("\"a \\\"b\\\\\""), "a \"b\\");
        assert_eq!(split("\"a,b\" <sip:a,b@c>, d", ','), Ok(vec!["\"a,b\" <sip:a,b@c>", "d"]));
    }

    #[test]
    fn what_the_grammar_forbids_is_told() {
        for value in [
            "SIP/2.0/UDP",
            "SIP/3.0/UDP 192.0.2.2;branch=1",
            "SIP/2.0/UDP 192.0.2.15;;,;,,",
            "SIP/2.0/UDP 192.0.2.2:0;branch=1",
            "SIP/2.0/UDP 192.0.2.2:65536;branch=1",
            "SIP/2.0/UDP 2001:db8::1;branch=1",
            "SIP/2.0/UDP [2001:db8:::1];branch=1",
            "SIP/2.0/UDP 192.0.2.2;branch=1;branch=2",
            "SIP/2.0/UDP 192.0.2.2;received=nobody;branch=1",
            "SIP/2.0/UDP -a.example;branch=1",
        ] {
            assert!(via(value).is_err(), "{value}");
        }
        for value in [
            "\"Mr. J. User <sip:j.user@example.com>",
            "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            "<sip:user@example.com",
            "<sip:user@example.com> x",
            "<sip: user@example.com>",
            "<sip:user@>",
            "<sip:@example.com>",
            "<sip:us%4@example.com>",
            "<sip:user@example.com;;a>",
            "<1sip:user@example.com>",
            "<sip:user@example.com>;tag=",
            "<sip:user@example.com>;tag=\"a",
            "\"a\"b<sip:user@example.com>",
        ] {
            assert!(name_address(value).is_err(), "{value}: {:?}", name_address(value));
        }
        assert!(
            !is_call_id("a b")
                && !is_call_id("a@b@c")
                && is_call_id("0ha0isndaksdj99sdfafnl3lk233412")
        );
        assert!(
            media_type("text").is_err() && tokens("a, b c").is_err() && number("+1", 9).is_none()
        );
    }
}
