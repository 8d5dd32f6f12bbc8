//! A client's side of digest authentication (RFC 7616, 8760): challenges in, an answer out.

use std::fmt::Write;

use md5::Md5;
use sha2::{Digest, Sha256, Sha512_256};

use super::grammar::{self, Parameters};

/// Hash functions of digest; `-sess` is told apart by the challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Md5,
    Sha256,
    Sha512_256,
}

impl Hash {
    fn named(name: &str) -> Option<(Self, bool)> {
        let upper = name.to_ascii_uppercase();
        let (base, session) = match upper.strip_suffix("-SESS") {
            Some(base) => (base, true),
            None => (upper.as_str(), false),
        };
        let hash = match base {
            "MD5" => Self::Md5,
            "SHA-256" => Self::Sha256,
            "SHA-512-256" => Self::Sha512_256,
            _ => return None,
        };
        Some((hash, session))
    }

    fn hex(self, text: &[u8]) -> String {
        let bytes = match self {
            Self::Md5 => Md5::digest(text).to_vec(),
            Self::Sha256 => Sha256::digest(text).to_vec(),
            Self::Sha512_256 => Sha512_256::digest(text).to_vec(),
        };
        bytes.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a string cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// One challenge that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) realm: String,
    pub(crate) nonce: String,
    pub(crate) algorithm: String,
    pub(crate) stale: bool,
    hash: Hash,
    session: bool,
    opaque: Option<String>,
    /// Whether qop=auth is offered; without any qop the old form is used.
    qop_auth: bool,
}

/// Reads one value of WWW-Authenticate or Proxy-Authenticate; `None` for what a phone passes over:
/// another scheme, an unknown algorithm, `auth-int` alone. An error says what is against the grammar.
pub(crate) fn challenge(value: &str) -> Result<Option<Challenge>, String> {
    let broken = |words: &str| format!("a challenge {words}: {value}");
    let Some((scheme, rest)) = value.split_once(' ') else {
        return Err(broken("without parameters"));
    };
    if !scheme.eq_ignore_ascii_case("Digest") {
        return Ok(None);
    }
    let parts = grammar::split(rest, ',').map_err(|words| broken(&words))?;
    let parameters =
        grammar::parameters(&format!(";{}", parts.join(";"))).map_err(|words| broken(&words))?;
    for name in ["realm", "nonce", "opaque", "domain", "qop"] {
        if parameters.get(name).is_some_and(|value| !value.starts_with('"')) {
            return Err(broken(&format!("whose {name} is not quoted")));
        }
    }
    for name in ["algorithm", "stale"] {
        if parameters.get(name).is_some_and(|value| !grammar::is_token(value)) {
            return Err(broken(&format!("whose {name} is no token")));
        }
    }
    let (Some(realm), Some(nonce)) = (parameters.text("realm"), parameters.text("nonce")) else {
        return Err(broken("without realm or nonce"));
    };
    if nonce.is_empty() {
        return Err(broken("with an empty nonce"));
    }
    let stale = match parameters.get("stale").map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(broken("whose stale is neither true nor false")),
    };
    let algorithm = parameters.get("algorithm").unwrap_or("MD5").to_owned();
    let Some((hash, session)) = Hash::named(&algorithm) else { return Ok(None) };
    let Some(qop_auth) = offers_auth(&parameters) else { return Ok(None) };
    let opaque = parameters.get("opaque").map(str::to_owned);
    Ok(Some(Challenge { realm, nonce, algorithm, stale, hash, session, opaque, qop_auth }))
}

/// Whether qop=auth is offered; `None` where only other kinds are.
fn offers_auth(parameters: &Parameters) -> Option<bool> {
    let Some(offered) = parameters.text("qop") else { return Some(false) };
    offered.split(',').any(|each| each.trim().eq_ignore_ascii_case("auth")).then_some(true)
}

/// Whose secret answers.
#[derive(Clone, Copy)]
pub(crate) struct Credentials<'a> {
    pub(crate) user: &'a str,
    pub(crate) password: &'a str,
}

/// The value of Authorization for one request; `count` is the use of this nonce, from 1.
pub(crate) fn answer(
    challenge: &Challenge,
    credentials: Credentials<'_>,
    method: &str,
    uri: &str,
    client_nonce: &str,
    count: u32,
) -> String {
    let Challenge { realm, nonce, hash, .. } = challenge;
    let Credentials { user, password } = credentials;
    let mut secret = hash.hex(format!("{user}:{realm}:{password}").as_bytes());
    if challenge.session {
        secret = hash.hex(format!("{secret}:{nonce}:{client_nonce}").as_bytes());
    }
    let request = hash.hex(format!("{method}:{uri}").as_bytes());
    let response = match challenge.qop_auth {
        true => format!("{secret}:{nonce}:{count:08x}:{client_nonce}:auth:{request}"),
        false => format!("{secret}:{nonce}:{request}"),
    };
    let mut value = format!(
        "Digest username={}, realm={}, nonce={}, uri=\"{uri}\", response=\"{}\", algorithm={}",
        quoted(user),
        quoted(realm),
        quoted(nonce),
        hash.hex(response.as_bytes()),
        challenge.algorithm,
    );
    if challenge.qop_auth || challenge.session {
        let _ = write!(value, ", cnonce=\"{client_nonce}\"");
    }
    if challenge.qop_auth {
        let _ = write!(value, ", qop=auth, nc={count:08x}");
    }
    if let Some(opaque) = &challenge.opaque {
        let _ = write!(value, ", opaque={opaque}");
    }
    value
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(
        header: &str,
        method: &str,
        uri: &str,
        user: Credentials<'_>,
        cnonce: &str,
    ) -> String {
        let challenge = challenge(header).unwrap().unwrap();
        answer(&challenge, user, method, uri, cnonce, 1)
    }

    #[test]
    fn the_examples_of_rfc_7616_come_out() {
        let mufasa = Credentials { user: "Mufasa", password: "Circle of Life" };
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let header = format!(
                "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                 opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            );
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let value = answered(&header, "GET", "/dir/index.html", mufasa, cnonce);
            assert!(value.contains(&format!("response=\"{response}\"")), "{value}");
            assert!(value.contains("nc=00000001") && value.contains("qop=auth,"), "{value}");
        }
    }

    #[test]
    fn a_challenge_without_qop_is_answered_the_old_way() {
        let user = Credentials { user: "u", password: "p" };
        let value = answered("Digest realm=\"r\", nonce=\"n\"", "REGISTER", "sip:x", user, "c");
        assert!(!value.contains("qop") && !value.contains("nc="), "{value}");
    }

    #[test]
    fn what_breaks_the_grammar_is_an_error_and_what_is_unknown_is_passed_over() {
        for bad in [
            "Digest",
            "Digest realm=r, nonce=\"n\"",
            "Digest realm=\"r\"",
            "Digest realm=\"r\", nonce=\"\"",
            "Digest realm=\"r\", nonce=\"n\", realm=\"r\"",
            "Digest realm=\"r\", nonce=\"n\", algorithm=\"MD5\"",
            "Digest realm=\"r\", nonce=\"n\", stale=maybe",
            "Digest realm=\"r\", nonce=\"n\", qop=auth",
        ] {
            assert!(challenge(bad).is_err(), "{bad}");
        }
        for unknown in [
            "Basic realm=\"r\"",
            "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-1",
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
        ] {
            assert_eq!(challenge(unknown), Ok(None), "{unknown}");
        }
    }
}
