//! From, To, Contact, Route and their like: a name, a URI, parameters.

use std::fmt;

use super::Parameters;
use crate::sip::{Text, Unwritable, Uri, Value, grammar};

/// A URI with what stands around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddress {
    /// The display name, without quotes and escapes.
    pub display: Option<String>,
    /// The URI.
    pub uri: Uri,
    /// The parameters of the field, not those of the URI.
    pub parameters: Parameters,
}

/// What a message says in Contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contacts {
    /// The star: every binding there is.
    All,
    /// These, in their order; none where there is no Contact.
    List(Vec<NameAddress>),
}

impl NameAddress {
    /// That URI alone.
    pub fn new(uri: Uri) -> Self {
        Self { display: None, uri, parameters: Parameters::default() }
    }

    /// `text`, a part of `whole`, as one value.
    pub(in super::super) fn read(whole: &Text, text: &str) -> Result<Self, grammar::Wrong> {
        let address = grammar::address(text)?;
        let display = address.display.map(|display| match display {
            grammar::Display::Words(words) => words.to_owned(),
            grammar::Display::Quoted(inside) => grammar::unquote(inside).into_owned(),
        });
        Ok(Self {
            display,
            uri: Uri::from_parts(whole, address.uri_text, &address.uri),
            parameters: Parameters::of_header(whole, address.parameters),
        })
    }

    /// The value that the text is.
    pub fn parse(text: &str) -> Result<Self, crate::sip::BadUri> {
        let text = Text::from(text);
        Self::read(&text, &text).map_err(crate::sip::BadUri)
    }

    /// The tag of a From or To.
    pub fn tag(&self) -> Option<&str> {
        self.parameters.get("tag").filter(|tag| !tag.is_empty())
    }

    /// As the value of a field.
    pub fn value(&self) -> Result<Value, Unwritable> {
        Value::new(self.to_string())
    }
}

/// With the name quoted, the URI in brackets and the parameters as they were written.
impl fmt::Display for NameAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(formatter, "{} ", grammar::quote(display))?;
        }
        write!(formatter, "<{}>{}", self.uri, self.parameters)
    }
}
