//! Whether two URIs name the same, and the one form of an address of record.

use super::{Host, HostPort, Uri, canonical, grammar};

/// Parameters whose lack in one of two URIs makes them differ (RFC 3261, section 19.1.4).
const TELLING: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];
/// A proof with more parameters in its URI is for none that is written otherwise.
const PROOF_PARAMETERS_MAX: usize = 32;

impl Uri {
    /// Whether both name the same (RFC 3261, section 19.1.4). Those of other schemes do where they are written
    /// alike, their scheme without case.
    pub fn matches(&self, other: &Self) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        let (Some(one), Some(two)) = (&self.host_port, &other.host_port) else {
            let behind = |uri: &Self| uri.raw.split_once(':').map(|(_, rest)| rest.to_owned());
            return self.scheme().eq_ignore_ascii_case(other.scheme())
                && behind(self) == behind(other);
        };
        let comparable = |text: &Option<super::Text>| text.as_deref().map(decoded);
        comparable(&self.user) == comparable(&other.user)
            && comparable(&self.password) == comparable(&other.password)
            && are_alike(one, two)
            && self.parameters_match(other)
            && self.headers_match(other)
    }

    /// Whether a proof for this URI is one for the request's URI. Looser than [`Uri::matches`]: a missing port is
    /// the usual one, and parameters that only one of both has do not matter, since phones leave `transport`
    /// out of one of both. Header fields stand in none, and parameters are few: this is asked for by whoever
    /// proved nothing yet.
    pub(in crate::sip) fn is_resource_of(&self, request: &Self) -> bool {
        let (Some(one), Some(two)) = (&self.host_port, &request.host_port) else {
            return self.matches(request);
        };
        let comparable = |text: &Option<super::Text>| text.as_deref().map(decoded);
        let usual = if self.is_secure() { 5061 } else { 5060 };
        let explicit = |it: &HostPort| HostPort {
            host: it.host.clone(),
            port: Some(it.port.unwrap_or(usual)),
        };
        let value = |value: Option<&str>| value.map(|value| decoded(value).to_ascii_lowercase());
        self.scheme == request.scheme
            && comparable(&self.user) == comparable(&request.user)
            && are_alike(&explicit(one), &explicit(two))
            && self.headers.is_none()
            && request.headers.is_none()
            && self.parameters.iter().count() <= PROOF_PARAMETERS_MAX
            && self.parameters.iter().all(|(name, own)| {
                request.parameters.find(name).is_none_or(|other| value(other) == value(own))
            })
    }

    /// The address of record: `sip:user@host`, whether the URI is secure or not. The host is in small letters;
    /// escapes that need not be one are decoded, once; parameters, headers, the password and both usual ports
    /// are left out. None for other schemes.
    pub fn aor(&self) -> Option<String> {
        let HostPort { host, port } = self.host_port.as_ref()?;
        let mut aor = String::from("sip:");
        if let Some(user) = &self.user {
            aor.push_str(&decoded(user));
            aor.push('@');
        }
        let host = match host {
            Host::Ip(address) => Host::Ip(canonical(*address)),
            Host::Name(name) => {
                Host::Name(grammar::share(name, name.strip_suffix('.').unwrap_or(name)))
            }
        };
        aor.push_str(&host.to_string());
        if let Some(port) = port.filter(|port| !matches!(port, 5060 | 5061)) {
            aor.push_str(&format!(":{port}"));
        }
        Some(aor)
    }

    fn parameters_match(&self, other: &Self) -> bool {
        let value = |value: Option<&str>| value.map(|value| decoded(value).to_ascii_lowercase());
        let is_met = |one: &Self, two: &Self| {
            one.parameters.iter().all(|(name, wanted)| match two.parameters.find(name) {
                Some(found) => value(found) == value(wanted),
                None => !TELLING.iter().any(|telling| telling.eq_ignore_ascii_case(name)),
            })
        };
        is_met(self, other) && is_met(other, self)
    }

    fn headers_match(&self, other: &Self) -> bool {
        let sorted = |uri: &Self| {
            let headers = uri.headers.as_deref()?;
            let mut headers: Vec<_> = headers
                .split('&')
                .map(|header| {
                    let (name, value) = header.split_once('=').unwrap_or((header, ""));
                    (decoded(name).to_ascii_lowercase(), decoded(value))
                })
                .collect();
            headers.sort();
            Some(headers)
        };
        sorted(self) == sorted(other)
    }
}

fn are_alike(one: &HostPort, two: &HostPort) -> bool {
    let hosts = match (&one.host, &two.host) {
        (Host::Ip(one), Host::Ip(two)) => canonical(*one) == canonical(*two),
        (one, two) => one == two,
    };
    hosts && one.port == two.port
}

/// The text with those escapes decoded that stand for letters, digits and marks, and the others in capitals:
/// an escaped separator is not the separator, and an escaped NUL stays what it is.
fn decoded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        plain.push_str(before);
        let code = after.get(..2).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(code) = code else {
            plain.push('%');
            rest = after;
            continue;
        };
        match u8::from_str_radix(code, 16).map(char::from) {
            Ok(character) if is_plain(character) => plain.push(character),
            _ => {
                plain.push('%');
                plain.push_str(&code.to_ascii_uppercase());
            }
        }
        rest = after.get(2..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '-' | '_' | '.' | '!' | '~' | '*' | '\'' | '(' | ')')
}
