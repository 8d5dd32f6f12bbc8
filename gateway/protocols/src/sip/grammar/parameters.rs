//! Parameters of header fields and of URIs.

use super::{
    OF_URI_PARAMETER, PARAMETERS_MAX, PLAIN_VALUE, Wrong, behind, cut, is_of, is_token, quoted_end,
    trim, trim_start, unquote,
};

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

/// Parameters one after the other, up to what cannot be read.
pub(in super::super) struct Pieces<'a> {
    rest: &'a str,
    is_of_uri: bool,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read()?.ok()
    }
}

impl<'a> Pieces<'a> {
    fn read(&mut self) -> Option<Result<Piece<'a>, Wrong>> {
        let text = if self.is_of_uri { self.rest } else { trim(self.rest) };
        if text.is_empty() {
            return None;
        }
        let read = if self.is_of_uri { uri_piece(text) } else { piece(text) };
        self.rest = read.map_or("", |(_, rest)| rest);
        Some(read.map(|(piece, _)| piece))
    }

    /// Reads all; none may be there twice.
    fn check(mut self, see: &mut impl FnMut(&Piece<'a>) -> Result<(), Wrong>) -> Result<(), Wrong> {
        let mut names = [""; PARAMETERS_MAX];
        let mut count = 0;
        while let Some(piece) = self.read() {
            let piece = piece?;
            let (known, free) = names.split_at_mut_checked(count).unwrap_or_default();
            if known.iter().any(|known| known.eq_ignore_ascii_case(piece.name)) {
                return Err("has a parameter twice");
            }
            *free.first_mut().ok_or("has too many parameters")? = piece.name;
            count += 1;
            see(&piece)?;
        }
        Ok(())
    }
}

/// The parameters that the text is, which was checked: nothing, or from a semicolon on.
pub(in super::super) fn pieces(text: &str) -> Pieces<'_> {
    Pieces { rest: text, is_of_uri: false }
}

/// The same for those of a URI: no blanks, no quotes.
pub(in super::super) fn uri_pieces(text: &str) -> Pieces<'_> {
    Pieces { rest: text, is_of_uri: true }
}

/// Whether the text is parameters, none of which is there twice; each is shown to `see`.
pub(in super::super) fn check_parameters<'a>(
    text: &'a str,
    see: &mut impl FnMut(&Piece<'a>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    pieces(text).check(see)
}

/// The same for those of a URI.
pub(in super::super) fn check_uri_parameters<'a>(
    text: &'a str,
    see: &mut impl FnMut(&Piece<'a>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    uri_pieces(text).check(see)
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

fn is_plain(byte: u8) -> bool {
    is_of(byte, PLAIN_VALUE)
}

fn is_of_uri(byte: u8) -> bool {
    is_of(byte, OF_URI_PARAMETER)
}
