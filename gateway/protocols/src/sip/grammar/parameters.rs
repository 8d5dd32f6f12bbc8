//! Parameters of header fields and of URIs.

use super::{PARAMETERS_MAX, Wrong, behind, cut, is_token, quoted_end, trim, trim_start, unquote};

/// A value as it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum ParameterValue<'a> {
    /// As it is.
    Plain(&'a str),
    /// What stands between the quotes, escapes and all.
    Quoted(&'a str),
}

impl<'a> ParameterValue<'a> {
    /// The value, escapes taken out.
    pub(in super::super) fn plain(self) -> std::borrow::Cow<'a, str> {
        match self {
            Self::Plain(text) => text.into(),
            Self::Quoted(inside) => unquote(inside),
        }
    }
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Piece<'a> {
    /// Its semicolon and all that follows, as it stands there, blanks at its end left out.
    pub(in super::super) raw: &'a str,
    /// Its name.
    pub(in super::super) name: &'a str,
    /// Its value.
    pub(in super::super) value: Option<ParameterValue<'a>>,
}

/// Parameters one after the other; after an error there are no more.
pub(in super::super) struct Parameters<'a> {
    rest: &'a str,
    is_of_uri: bool,
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<Piece<'a>, Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = if self.is_of_uri { self.rest } else { trim(self.rest) };
        if text.is_empty() {
            return None;
        }
        let read = if self.is_of_uri { uri_piece(text) } else { piece(text) };
        self.rest = read.map_or("", |(_, rest)| rest);
        Some(read.map(|(piece, _)| piece))
    }
}

/// The parameters that the text is: nothing, or from a semicolon on. All are checked; none is there twice.
pub(in super::super) fn parameters(text: &str) -> Result<Parameters<'_>, Wrong> {
    let parameters = || Parameters { rest: text, is_of_uri: false };
    all_differ(parameters())?;
    Ok(parameters())
}

/// The same for those of a URI: no blanks, no quotes.
pub(in super::super) fn uri_parameters(text: &str) -> Result<Parameters<'_>, Wrong> {
    let parameters = || Parameters { rest: text, is_of_uri: true };
    all_differ(parameters())?;
    Ok(parameters())
}

fn all_differ(parameters: Parameters<'_>) -> Result<(), Wrong> {
    let mut names = [""; PARAMETERS_MAX];
    for (count, parameter) in parameters.enumerate() {
        let name = parameter?.name;
        let (known, free) = names.split_at_mut_checked(count).unwrap_or_default();
        if known.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err("has a parameter twice");
        }
        *free.first_mut().ok_or("has too many parameters")? = name;
    }
    Ok(())
}

fn piece(text: &str) -> Result<(Piece<'_>, &str), Wrong> {
    let inner = text.strip_prefix(';').ok_or("goes on where it should end")?;
    let (name, after_name) = cut(trim_start(inner), is_token);
    if name.is_empty() {
        return Err("has an empty parameter");
    }
    let Some(value) = behind(after_name, '=').map(trim_start) else {
        return Ok((Piece { raw: until(text, after_name), name, value: None }, after_name));
    };
    let (value, rest) = if value.starts_with('"') {
        let end = quoted_end(value, 0).ok_or("has a quote that does not end")?;
        let (quoted, rest) = value.split_at_checked(end).unwrap_or((value, ""));
        let inside = quoted.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"'));
        (ParameterValue::Quoted(inside.unwrap_or_default()), rest)
    } else {
        let (plain, rest) = cut(value, is_plain);
        if plain.is_empty() {
            return Err("has a parameter without its value");
        }
        (ParameterValue::Plain(plain), rest)
    };
    Ok((Piece { raw: until(text, rest), name, value: Some(value) }, rest))
}

fn uri_piece(text: &str) -> Result<(Piece<'_>, &str), Wrong> {
    let inner = text.strip_prefix(';').ok_or("goes on where it should end")?;
    let (name, after_name) = cut(inner, is_of_uri);
    if name.is_empty() {
        return Err("has an empty parameter");
    }
    let Some(value) = after_name.strip_prefix('=') else {
        return Ok((Piece { raw: until(text, after_name), name, value: None }, after_name));
    };
    let (plain, rest) = cut(value, |byte| is_of_uri(byte) || byte == b'=');
    let value = Some(ParameterValue::Plain(plain));
    Ok((Piece { raw: until(text, rest), name, value }, rest))
}

/// The part of `text` before `rest`, which is its end.
fn until<'a>(text: &'a str, rest: &str) -> &'a str {
    text.get(..text.len() - rest.len()).unwrap_or(text)
}

/// Tokens and hosts, and what else peers write unquoted that can mean nothing else.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'"' | b'<' | b'>' | b'\\')
}

fn is_of_uri(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' | b'%')
        || matches!(byte, b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$')
}
