//! When two SIP URIs mean the same, as text: for contacts, and for the `uri` of a proof.
//!
//! Both rules begin with equal texts, which covers every scheme; what follows is for `sip` and `sips` alone.

use std::net::Ipv6Addr;

/// Whether two URIs are equivalent by RFC 3261, section 19.1.4.
pub(super) fn same_uri(one: &str, other: &str) -> bool {
    one == other
        || both(one, other).is_some_and(|(one, other)| {
            one.is_same_server(&other)
                && one.port == other.port
                && one.parameters_agree(&other, &["user", "ttl", "method", "maddr"])
        })
}

/// Whether the `uri` of a proof names the resource of the request's URI. Looser than [`same_uri`]: a
/// missing port is the usual one, and parameters that only one of both has do not matter, since phones
/// leave `transport` out of one of both.
pub(super) fn same_resource(one: &str, other: &str) -> bool {
    one == other
        || both(one, other).is_some_and(|(one, other)| {
            one.is_same_server(&other)
                && one.port_or_usual() == other.port_or_usual()
                && one.parameters_agree(&other, &[])
        })
}

fn both<'a>(one: &'a str, other: &'a str) -> Option<(Parts<'a>, Parts<'a>)> {
    Some((Parts::of(one)?, Parts::of(other)?))
}

struct Parts<'a> {
    is_secure: bool,
    user: Option<&'a str>,
    host: &'a str,
    port: Option<u16>,
    parameters: &'a str,
    headers: &'a str,
}

impl<'a> Parts<'a> {
    fn of(uri: &'a str) -> Option<Self> {
        let (scheme, rest) = uri.split_once(':')?;
        let is_secure = scheme.eq_ignore_ascii_case("sips");
        if !is_secure && !scheme.eq_ignore_ascii_case("sip") {
            return None;
        }
        // A user part may have `;` and `?`, nothing after it may have a bare `@`.
        let (user, rest) = match rest.split_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        let (rest, headers) = rest.split_once('?').unwrap_or((rest, ""));
        let (server, parameters) = rest.split_once(';').unwrap_or((rest, ""));
        let (host, port) = match server.find(']') {
            Some(end) => {
                let (host, port) = server.split_at_checked(end + 1)?;
                (host, if port.is_empty() { None } else { Some(port.strip_prefix(':')?) })
            }
            None => match server.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (server, None),
            },
        };
        let port = match port {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse().ok()?)
            }
            Some(_) => return None,
            None => None,
        };
        (!host.is_empty()).then_some(Self { is_secure, user, host, port, parameters, headers })
    }

    fn port_or_usual(&self) -> u16 {
        self.port.unwrap_or(if self.is_secure { 5061 } else { 5060 })
    }

    /// Scheme, user, host and headers.
    fn is_same_server(&self, other: &Self) -> bool {
        let users = match (self.user, other.user) {
            (Some(one), Some(other)) => same_text(one, other, Case::Matters),
            (None, None) => true,
            _ => false,
        };
        self.is_secure == other.is_secure
            && users
            && same_host(self.host, other.host)
            && same_headers(self.headers, other.headers)
    }

    fn parameter(&self, wanted: &str) -> Option<&'a str> {
        let mut all = self.parameters.split(';').map(name_and_value);
        all.find(|(name, _)| same_text(name, wanted, Case::Ignored)).map(|(_, value)| value)
    }

    /// Whether parameters that both have are equal, and those of `strict` are in both or in none.
    fn parameters_agree(&self, other: &Self, strict: &[&str]) -> bool {
        let shared =
            self.parameters.split(';').map(name_and_value).filter(|(name, _)| !name.is_empty());
        let mut agrees = shared.map(|(name, value)| {
            other.parameter(name).is_none_or(|other| same_text(value, other, Case::Ignored))
        });
        agrees.all(|agrees| agrees)
            && strict
                .iter()
                .all(|name| self.parameter(name).is_some() == other.parameter(name).is_some())
    }
}

fn name_and_value(text: &str) -> (&str, &str) {
    text.split_once('=').unwrap_or((text, ""))
}

fn same_host(one: &str, other: &str) -> bool {
    let address = |host: &str| -> Option<Ipv6Addr> {
        host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
    };
    one.eq_ignore_ascii_case(other) || (address(one).is_some() && address(one) == address(other))
}

fn same_headers(one: &str, other: &str) -> bool {
    let split = |text: &'_ str| text.split('&').filter(|each| !each.is_empty()).count();
    let are_in = |one: &str, other: &str| {
        one.split('&').filter(|each| !each.is_empty()).map(name_and_value).all(|(name, value)| {
            other.split('&').map(name_and_value).any(|(other_name, other)| {
                same_text(name, other_name, Case::Ignored) && same_text(value, other, Case::Matters)
            })
        })
    };
    split(one) == split(other) && are_in(one, other) && are_in(other, one)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Matters,
    Ignored,
}

/// Whether texts are equal where an escaped character is the same as the bare one, unless it is reserved.
fn same_text(one: &str, other: &str, case: Case) -> bool {
    unescaped(one, case).eq(unescaped(other, case))
}

fn unescaped(text: &str, case: Case) -> impl Iterator<Item = (u8, bool)> + use<'_> {
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        let fold = |byte: u8| if case == Case::Ignored { byte.to_ascii_lowercase() } else { byte };
        if let [b'%', high, low, after @ ..] = rest
            && let (Some(high), Some(low)) =
                (char::from(*high).to_digit(16), char::from(*low).to_digit(16))
        {
            rest = after;
            let byte = u8::try_from(high * 16 + low).unwrap_or_default();
            return Some((fold(byte), b";/?:@&=+$,".contains(&byte)));
        }
        let (&byte, after) = rest.split_first()?;
        rest = after;
        Some((fold(byte), false))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_compared_as_in_section_19_1_4() {
        for (one, other) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
            ("sip:a@[2001:db8::1]:5060", "sip:a@[2001:DB8:0::1]:5060"),
            ("tel:1", "tel:1"),
        ] {
            assert!(same_uri(one, other) && same_uri(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("sip:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com;transport=udp", "sip:bob@biloxi.com;transport=tcp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;user=phone"),
            ("sip:bob@biloxi.com;maddr=a", "sip:bob@biloxi.com"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
            ("sip:biloxi.com", "sip:bob@biloxi.com"),
            ("sip:a%3Bb@h", "sip:a;b@h"),
            ("sip:a%00b@h", "sip:a@h"),
            ("sip:a@[::1]:5060", "sip:a@[::1]:50600"),
            ("tel:1", "tel:01"),
        ] {
            assert!(!same_uri(one, other) && !same_uri(other, one), "{one} {other}");
        }
    }

    #[test]
    fn the_uri_of_a_proof_may_leave_out_what_is_usual() {
        for (one, other) in [
            ("sip:voice.example.com", "sip:voice.example.com;transport=tcp"),
            ("sip:voice.example.com:5060", "sip:VOICE.example.com"),
            ("sips:voice.example.com:5061", "sips:voice.example.com"),
            ("sip:a@h;user=phone", "sip:%61@h"),
        ] {
            assert!(same_resource(one, other) && same_resource(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("sip:voice.example.com", "sip:voice.example.org"),
            ("sip:voice.example.com:5070", "sip:voice.example.com"),
            ("sip:h;transport=udp", "sip:h;transport=tcp"),
            ("sip:a@h", "sip:A@h"),
            ("sip:h", "sips:h"),
            ("/", "sip:h"),
            ("sip:", "sip::"),
        ] {
            assert!(!same_resource(one, other) && !same_resource(other, one), "{one} {other}");
        }
    }
}
