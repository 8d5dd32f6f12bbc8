//! URIs as they were written, hosts, and how both are compared.
//!
//! A [`Uri`] keeps its text unchanged, escapes and all; nothing is decoded but for a comparison, and then once
//! (RFC 3261, section 19.1.4). URIs of our own are made by [`Uri::build`], never by putting strings together.

mod build;
mod compare;
mod host;

use std::fmt;

pub use build::UriParameter;
pub use host::{Host, HostPort, canonical};

use super::{Parameters, Text, grammar};

/// What cannot be read as a URI, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadUri(pub &'static str);

/// Which family of URIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scheme {
    Sip,
    Sips,
    Other,
}

/// A URI; sip and sips ones are taken apart, others kept as they are.
#[derive(Clone)]
pub struct Uri {
    raw: Text,
    scheme: Scheme,
    user: Option<Text>,
    password: Option<Text>,
    host_port: Option<HostPort>,
    parameters: Parameters,
    headers: Option<Text>,
}

impl Uri {
    /// The URI that the text is: no brackets, no blanks around it.
    pub fn parse(text: &str) -> Result<Self, BadUri> {
        Self::read(&Text::from(text))
    }

    /// The same, sharing the text's bytes.
    pub fn read(raw: &Text) -> Result<Self, BadUri> {
        let parts = grammar::uri(raw).map_err(BadUri)?;
        Ok(Self::from_parts(raw, raw, &parts))
    }

    /// `text` is a part of `whole`, and `parts` are its parts.
    pub(super) fn from_parts(whole: &Text, text: &str, parts: &grammar::UriText<'_>) -> Self {
        let scheme = if parts.scheme.eq_ignore_ascii_case("sip") {
            Scheme::Sip
        } else if parts.scheme.eq_ignore_ascii_case("sips") {
            Scheme::Sips
        } else {
            Scheme::Other
        };
        Self {
            raw: grammar::share(whole, text),
            scheme,
            user: parts.user.map(|user| grammar::share(whole, user)),
            password: parts.password.map(|password| grammar::share(whole, password)),
            host_port: parts.host_port.map(|(host, port)| HostPort::from_text(whole, host, port)),
            parameters: Parameters::of_uri(whole, parts.parameters),
            headers: parts.headers.map(|headers| grammar::share(whole, headers)),
        }
    }

    /// The scheme, as it was written.
    pub fn scheme(&self) -> &str {
        self.raw.split(':').next().unwrap_or_default()
    }

    /// Whether it is a sip or a sips URI.
    pub fn is_sip(&self) -> bool {
        self.scheme != Scheme::Other
    }

    /// Whether it is a sips URI.
    pub fn is_secure(&self) -> bool {
        self.scheme == Scheme::Sips
    }

    /// The user as it was written, escapes and all.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Host and port of a sip or sips URI.
    pub fn host_port(&self) -> Option<&HostPort> {
        self.host_port.as_ref()
    }

    /// The URI's own parameters; those of the field it stands in are not here.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Whether it carries header fields.
    pub fn has_headers(&self) -> bool {
        self.headers.is_some()
    }

    /// The URI as it was written.
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// The URI as it was written, sharing its bytes.
    pub fn text(&self) -> &Text {
        &self.raw
    }
}

/// As they were written; [`Uri::matches`] compares as the standard does.
impl PartialEq for Uri {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl Eq for Uri {}

impl fmt::Debug for Uri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Uri({:?})", self.raw.as_str())
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.raw)
    }
}
