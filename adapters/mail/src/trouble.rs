//! What goes wrong with a server, in words for people and in kinds for programs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

/// Characters of what a server said that are kept.
const SAID_CHARS_MAX: usize = 300;

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Trouble {
    /// Nobody answers there, or the way there is closed.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The server.
        host: String,
        /// Why.
        why: String,
    },
    /// A proxy does not lead there.
    #[error("the proxy {proxy} does not lead to {host}: {why}")]
    Proxy {
        /// The proxy.
        proxy: String,
        /// The server.
        host: String,
        /// Why.
        why: String,
    },
    /// No private connection.
    #[error("TLS with {host} failed: {why}")]
    Tls {
        /// The server.
        host: String,
        /// Why.
        why: String,
    },
    /// No answer in time; the connection is given up.
    #[error("{host} did not answer in time: {what}")]
    TimedOut {
        /// The server.
        host: String,
        /// What was waited for.
        what: String,
    },
    /// The connection ended.
    #[error("{host} ended the connection: {why}")]
    Lost {
        /// The server.
        host: String,
        /// What it said, where it did.
        why: String,
    },
    /// What came cannot be understood; the connection is given up.
    #[error("what {host} sends cannot be understood: {why}")]
    Malformed {
        /// The server.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// The server does not let us in.
    #[error("{host} refuses our sign-in: {text}")]
    SignIn {
        /// The server.
        host: String,
        /// What it said.
        text: String,
        /// Whether it says that this is for a while.
        is_temporary: bool,
    },
    /// No token.
    #[error("{host} gives no token: {text}")]
    Token {
        /// The server.
        host: String,
        /// What it said.
        text: String,
        /// Whether our credentials are refused, so that asking again is of no use.
        is_refused: bool,
    },
    /// The server refuses one thing; the connection goes on.
    #[error("{host} refuses {what}: {text}")]
    Refused {
        /// The server.
        host: String,
        /// What was asked.
        what: String,
        /// Its code, as `LIMIT`.
        code: Option<String>,
        /// What it said.
        text: String,
    },
    /// There is no such folder.
    #[error("{host} has no folder {folder}: {text}")]
    NoFolder {
        /// The server.
        host: String,
        /// The folder.
        folder: String,
        /// What the server said.
        text: String,
    },
    /// What we were given cannot be used.
    #[error("{0}")]
    Unusable(String),
}

impl Trouble {
    /// Whether a conversation is of no more use after this.
    pub fn ends_conversation(&self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::NoFolder { .. } | Self::Unusable(_))
    }

    /// Whether the server says that something is broken there: one mail's place in its store, or all of it.
    pub(crate) fn is_fault_of_server(&self) -> bool {
        matches!(self, Self::Refused { code: Some(code), .. } if code == "SERVERBUG")
    }

    /// Whether it was our user, password or token.
    pub fn is_sign_in(&self) -> bool {
        matches!(self, Self::SignIn { .. } | Self::Token { is_refused: true, .. })
    }
}

/// What a server said, short, in one line, and without `secret` in any form that it may come back in.
pub(crate) fn said(text: &str, secret: &str) -> String {
    if repeats(text, secret) {
        return "(its answer repeats what we said, and is not shown)".to_owned();
    }
    let text: String = text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(SAID_CHARS_MAX).collect()
}

/// Whether a text holds a secret, as it is or as base64 at any offset.
fn repeats(text: &str, secret: &str) -> bool {
    if secret.is_empty() {
        return false;
    }
    if text.contains(secret) {
        return true;
    }
    // Base64 of a text within another one begins at one of three places; its ends depend on the neighbours.
    (0..3).any(|lead| {
        let mut padded = vec![0; lead];
        padded.extend_from_slice(secret.as_bytes());
        let encoded = STANDARD.encode(&padded);
        let inner = encoded.trim_end_matches('=');
        let from = if lead == 0 { 0 } else { lead + 1 };
        let to = inner.len().saturating_sub(1);
        inner.get(from..to).is_some_and(|inner| inner.len() >= 4 && text.contains(inner))
    })
}

/// Why TLS failed, in words.
pub(crate) fn tls_reason(error: &std::io::Error, host: &str) -> String {
    use rustls::{CertificateError, Error};
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        )) => "nobody who is trusted for mail vouches for its certificate".to_owned(),
        Some(Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => format!("its certificate is not for {host}"),
        Some(Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => "its certificate has expired".to_owned(),
        Some(Error::InvalidMessage(_)) => "what answers there does not speak TLS".to_owned(),
        Some(other) => said(&other.to_string(), ""),
        None => said(&error.to_string(), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_repeats_a_secret_is_not_shown_in_any_form() {
        let secret = "mail password";
        for lead in ["", "q", "q1", "q1@", "\0queue@x.test\0"] {
            for tail in ["", "!", "\u{1}\u{1}"] {
                let encoded = STANDARD.encode(format!("{lead}{secret}{tail}"));
                let text = format!("BAD unknown {encoded}");
                assert!(!said(&text, secret).contains(&encoded), "{lead:?} {tail:?}");
            }
        }
        assert!(!said("NO no mail password here", secret).contains(secret));
        assert_eq!(said("NO such\r\nuser\0 here", secret), "NO such user here");
        assert_eq!(said(&"x".repeat(1000), secret).len(), SAID_CHARS_MAX);
    }
}
