//! Name and address: `"display" <uri>;parameters`, or a URI whose parameters are the field's.

use super::{
    Piece, UriText, Wrong, check_parameters, cut, is_blank, is_token, quoted_end, split, trim,
    trim_start, uri,
};

/// A display name as it stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Display<'a> {
    /// Words without quotes.
    Words(&'a str),
    /// What stands between the quotes, escapes and all.
    Quoted(&'a str),
}

/// The parts of a name-addr or addr-spec with its parameters.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Address<'a> {
    /// The display name.
    pub(in super::super) display: Option<Display<'a>>,
    /// The URI as it is written.
    pub(in super::super) uri_text: &'a str,
    /// Its parts.
    pub(in super::super) uri: UriText<'a>,
    /// The field's parameters from their first semicolon on; checked.
    pub(in super::super) parameters: &'a str,
    /// Whether the URI stands in brackets.
    pub(in super::super) is_bracketed: bool,
}

/// The parts of that value of From, To, Contact, Route and their like.
pub(in super::super) fn address(text: &str) -> Result<Address<'_>, Wrong> {
    address_with(text, &mut |_| Ok(()))
}

/// The same, each parameter of the field shown to `see`.
pub(in super::super) fn address_with<'a>(
    text: &'a str,
    see: &mut impl FnMut(&Piece<'a>) -> Result<(), Wrong>,
) -> Result<Address<'a>, Wrong> {
    let text = trim(text);
    let (display, rest) = if text.starts_with('"') {
        let end = quoted_end(text, 0).ok_or("has a quote that does not end")?;
        let (quoted, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        let inside = quoted.strip_prefix('"').and_then(|quoted| quoted.strip_suffix('"'));
        (Some(Display::Quoted(inside.unwrap_or_default())), trim_start(rest))
    } else {
        let (words, rest) = cut(text, |byte| is_token(byte) || is_blank(byte) || !byte.is_ascii());
        let is_named = rest.starts_with('<') && !words.is_empty();
        if is_named { (Some(Display::Words(trim(words))), rest) } else { (None, text) }
    };
    let Some(inside) = rest.strip_prefix('<') else {
        return if display.is_some() {
            Err("has a name without an address")
        } else {
            bare(rest, see)
        };
    };
    let (uri_text, after) = split(inside, b'>').ok_or("has a bracket that does not end")?;
    let uri = uri(uri_text)?;
    check_parameters(after, see)?;
    Ok(Address { display, uri_text, uri, parameters: trim(after), is_bracketed: true })
}

/// A URI without brackets: whatever follows a semicolon is the field's (RFC 3261, section 20.10).
fn bare<'a>(
    text: &'a str,
    see: &mut impl FnMut(&Piece<'a>) -> Result<(), Wrong>,
) -> Result<Address<'a>, Wrong> {
    let (uri_text, after) = cut(text, |byte| byte != b';' && !is_blank(byte));
    if uri_text.contains(['?', ',']) {
        return Err("has a URI that needs angle brackets");
    }
    let uri = uri(uri_text)?;
    check_parameters(after, see)?;
    Ok(Address { display: None, uri_text, uri, parameters: trim(after), is_bracketed: false })
}
