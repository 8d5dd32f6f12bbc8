//! Via: the way that answers take.

use std::fmt;
use std::net::IpAddr;

use super::Parameters;
use crate::sip::{HostPort, Text, Unwritable, Value, grammar};

/// One value of Via.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// The transport, as it was written.
    pub transport: Text,
    /// Where whoever put it there says that it is.
    pub sent_by: HostPort,
    /// Its parameters.
    pub parameters: Parameters,
}

/// What a branch begins with that is unique to its transaction (RFC 3261, section 8.1.1.7).
const MAGIC: &str = "z9hG4bK";

/// Whether a branch is unique to its transaction. The bare beginning is not.
pub(in super::super) fn is_unique(branch: &str) -> bool {
    let beginning = branch.get(..MAGIC.len());
    branch.len() > MAGIC.len()
        && beginning.is_some_and(|beginning| beginning.eq_ignore_ascii_case(MAGIC))
}

impl Via {
    /// One of our own; the branch must be a token.
    pub fn new(
        transport: &'static str,
        sent_by: HostPort,
        branch: &str,
    ) -> Result<Self, Unwritable> {
        let parameters = Parameters::default().with("branch", Some(branch))?;
        Ok(Self { transport: Text::from_static(transport), sent_by, parameters })
    }

    /// `text`, a part of `whole`, as one value.
    pub(in super::super) fn read(whole: &Text, text: &str) -> Result<Self, grammar::Wrong> {
        let via = grammar::via(text)?;
        Ok(Self {
            transport: grammar::share(whole, via.transport),
            sent_by: HostPort::from_text(whole, via.host, via.port),
            parameters: Parameters::of_header(whole, via.parameters),
        })
    }

    /// The branch, whatever it begins with.
    pub fn branch(&self) -> Option<&str> {
        self.parameters.get("branch").filter(|branch| !branch.is_empty())
    }

    /// The branch where it is unique to its transaction: with the magic beginning, and something behind it.
    pub fn unique_branch(&self) -> Option<&str> {
        self.branch().filter(|branch| is_unique(branch))
    }

    /// The address that the request came from, as the next hop noted it; with or without brackets.
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.parameters.get("received")?;
        text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).parse().ok()
    }

    /// The port that the request came from, as the next hop noted it.
    pub fn rport(&self) -> Option<u16> {
        self.parameters.get("rport")?.parse().ok()
    }

    /// Whether it asks for answers to the port that it comes from.
    pub fn wants_rport(&self) -> bool {
        self.parameters.has("rport")
    }

    /// As the value of a field.
    pub fn value(&self) -> Result<Value, Unwritable> {
        Value::new(self.to_string())
    }
}

impl fmt::Display for Via {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SIP/2.0/{} {}{}", self.transport, self.sent_by, self.parameters)
    }
}
