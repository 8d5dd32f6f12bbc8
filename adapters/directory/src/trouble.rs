//! Why a directory could not be asked, in words for whoever runs it.

use protocols::ldap::{DecodeError, ResultCode};

/// Why a directory could not be asked, or did not answer what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nobody answers there in time.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// Name and port.
        host: String,
        /// What the network says.
        why: String,
    },
    /// The server is not whom we take it for, or speaks no TLS.
    #[error("{host}: no private connection: {why}")]
    NotPrivate {
        /// Name and port.
        host: String,
        /// What TLS says.
        why: String,
    },
    /// It broke off.
    #[error("{host} broke off the conversation{}", .why.as_ref().map(|why| format!(": {why}")).unwrap_or_default())]
    BrokeOff {
        /// Name and port.
        host: String,
        /// What it said on leaving.
        why: Option<String>,
    },
    /// It says something that is not LDAP.
    #[error("{host}: {error}")]
    Malformed {
        /// Name and port.
        host: String,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// It refuses what was asked.
    #[error("{host} refused {what}: {} ({}){}", .code.name(), .code.0, said(.message))]
    Refused {
        /// Name and port.
        host: String,
        /// What was asked.
        what: &'static str,
        /// Its reason as a number.
        code: ResultCode,
        /// Its reason in its own words.
        message: String,
    },
    /// It has more than we take.
    #[error("{host} gives more than {most} {what}")]
    TooMany {
        /// Name and port.
        host: String,
        /// Of what.
        what: &'static str,
        /// The most we take.
        most: usize,
    },
}

fn said(message: &str) -> String {
    const CHARACTERS_MAX: usize = 200;
    let plain: String =
        message.chars().filter(|it| !it.is_control()).take(CHARACTERS_MAX).collect();
    if plain.is_empty() { plain } else { format!(": {plain}") }
}

impl Trouble {
    /// Whether another server of the same directory may do better.
    pub(crate) fn is_of_one_server(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::NotPrivate { .. }
            | Self::BrokeOff { .. }
            | Self::Malformed { .. } => true,
            Self::Refused { code, .. } => {
                matches!(*code, ResultCode::BUSY | ResultCode::UNAVAILABLE)
            }
            Self::TooMany { .. } => false,
        }
    }
}
