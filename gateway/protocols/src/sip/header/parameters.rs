//! Parameters of a value, in their order.

use std::fmt;

use crate::sip::{Text, Unwritable, grammar};

/// One parameter.
#[derive(Clone, PartialEq, Eq)]
struct Parameter {
    /// From its semicolon on, as it was written.
    raw: Text,
    name: Text,
    value: Option<Text>,
}

/// Parameters in their order. They print byte for byte as they were written; what is asked for by name comes
/// without quotes.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<Parameter>);

impl Parameters {
    /// `text` is a part of `whole` and was checked, so what cannot be read ends it.
    pub(in super::super) fn of_header(whole: &Text, text: &str) -> Self {
        Self(grammar::pieces(text).map(|piece| read(whole, &piece)).collect())
    }

    /// The same for parameters of a URI.
    pub(in super::super) fn of_uri(whole: &Text, text: &str) -> Self {
        let pieces = grammar::uri_pieces(text);
        Self(pieces.map(|piece| read(whole, &piece)).collect())
    }

    /// The value of the parameter of that name, which is compared without case; empty where it has none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.find(name).map(Option::unwrap_or_default)
    }

    /// The parameter of that name: its value, where it has one.
    pub fn find(&self, name: &str) -> Option<Option<&str>> {
        self.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether there is a parameter of that name.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|parameter| (parameter.name.as_str(), parameter.value.as_deref()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All but those of the names, as they were written.
    pub fn without(&self, names: &[&str]) -> Self {
        let is_kept = |parameter: &&Parameter| {
            !names.iter().any(|name| name.eq_ignore_ascii_case(&parameter.name))
        };
        Self(self.0.iter().filter(is_kept).cloned().collect())
    }

    /// These and one more of a header field; it takes the place of one of that name. The name must be a token;
    /// the value is put into quotes where it needs them.
    pub fn with(&self, name: &str, value: Option<&str>) -> Result<Self, Unwritable> {
        if !grammar::is_token_text(name) {
            return Err(Unwritable);
        }
        let value =
            value.map(|value| crate::sip::Value::new(value).map(|value| value.text().clone()));
        let value = value.transpose()?;
        let raw = match value.as_deref() {
            None => format!(";{name}"),
            Some(plain) if grammar::is_token_text(plain) => format!(";{name}={plain}"),
            Some(other) => format!(";{name}={}", grammar::quote(other)),
        };
        let mut all = self.without(&[name]);
        all.0.push(Parameter { raw: raw.into(), name: name.into(), value });
        Ok(all)
    }
}

fn read(whole: &Text, piece: &grammar::Piece<'_>) -> Parameter {
    let value = piece.value.map(|value| match value.plain() {
        std::borrow::Cow::Borrowed(plain) => grammar::share(whole, plain),
        std::borrow::Cow::Owned(plain) => plain.into(),
    });
    Parameter {
        raw: grammar::share(whole, piece.raw),
        name: grammar::share(whole, piece.name),
        value,
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|parameter| formatter.write_str(&parameter.raw))
    }
}

impl fmt::Debug for Parameters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Parameters({:?})", self.to_string())
    }
}
