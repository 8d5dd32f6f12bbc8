//! Media types of bodies.

use std::fmt;

use super::Parameters;
use crate::sip::{Text, grammar};

/// A media type, as in Content-Type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    /// Its first half, in small letters.
    pub kind: String,
    /// Its second half, in small letters.
    pub subtype: String,
    /// Its parameters.
    pub parameters: Parameters,
}

impl MediaType {
    /// The halves of that value, and its parameters, which are checked.
    pub(in super::super) fn split(text: &str) -> Result<(&str, &str, &str), grammar::Wrong> {
        let (kind, rest) = grammar::cut(text, grammar::is_token);
        let rest = grammar::behind(rest, '/').ok_or("has no subtype")?;
        let (subtype, rest) = grammar::cut(grammar::trim_start(rest), grammar::is_token);
        if kind.is_empty() || subtype.is_empty() {
            return Err("has no type or no subtype");
        }
        grammar::check_parameters(rest, &mut |_| Ok(()))?;
        Ok((kind, subtype, rest))
    }

    /// The media type that the text is.
    pub fn read(whole: &Text) -> Option<Self> {
        let (kind, subtype, parameters) = Self::split(whole).ok()?;
        let parameters = Parameters::of_header(whole, parameters);
        Some(Self {
            kind: kind.to_ascii_lowercase(),
            subtype: subtype.to_ascii_lowercase(),
            parameters,
        })
    }

    /// Whether it is that one, its parameters aside; both halves in small letters.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind == kind && self.subtype == subtype
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}{}", self.kind, self.subtype, self.parameters)
    }
}
