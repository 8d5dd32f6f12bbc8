//! Breaches of the grammar that some peers are known for, mended where a site asks for it.

use std::borrow::Cow;

use crate::sip::{Known, Text, grammar};

/// The request's URI without brackets, blanks and header fields.
pub(super) fn request_uri(line: &Text, uri: &str) -> Text {
    let uri = grammar::trim(uri);
    let inside = uri.strip_prefix('<').and_then(|uri| uri.strip_suffix('>'));
    let uri = grammar::trim(inside.unwrap_or(uri));
    let has_headers = grammar::uri(uri).is_ok_and(|parts| parts.headers.is_some());
    let clean =
        if has_headers { uri.rsplit_once('?').map_or(uri, |(clean, _)| clean) } else { uri };
    grammar::share(line, clean)
}

/// The value of a field of addresses without blanks at the ends of what stands in angle brackets, and in From
/// and To with quotes round a display name that needs them. None where there is nothing to mend.
pub(super) fn mended(known: Known, text: &str) -> Option<String> {
    let mended = match known {
        Known::From | Known::To => without_blanks(&with_quotes(text)).into_owned(),
        Known::Contact
        | Known::Route
        | Known::RecordRoute
        | Known::Path
        | Known::ServiceRoute
        | Known::ReferTo
        | Known::ReferredBy => without_blanks(text).into_owned(),
        _ => return None,
    };
    (mended != text).then_some(mended)
}

/// A name before the first bracket that is neither quoted nor made of tokens, in quotes. Not in lists, where a
/// comma ends a value.
fn with_quotes(text: &str) -> Cow<'_, str> {
    let Some((name, rest)) = text.split_once('<') else { return text.into() };
    let name = grammar::trim(name);
    let is_plain =
        |byte: u8| grammar::is_token(byte) || grammar::is_blank(byte) || !byte.is_ascii();
    if name.contains(['"', ':', ';']) || name.bytes().all(is_plain) {
        return text.into();
    }
    format!("{} <{rest}", grammar::quote(name)).into()
}

/// Without blanks at both ends of what stands in angle brackets; quoted texts are left alone.
fn without_blanks(text: &str) -> Cow<'_, str> {
    if !text.contains("< ") && !text.contains(" >") && !text.contains('\t') {
        return text.into();
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['"', '<']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        clean.push_str(before);
        let end = if from.starts_with('"') {
            grammar::quoted_end(from, 0)
        } else {
            from.find('>').map(|end| end + 1)
        };
        let Some((piece, after)) = end.and_then(|end| from.split_at_checked(end)) else {
            return text.into();
        };
        match piece.strip_prefix('<').and_then(|piece| piece.strip_suffix('>')) {
            Some(inside) => {
                clean.push('<');
                clean.push_str(grammar::trim(inside));
                clean.push('>');
            }
            None => clean.push_str(piece),
        }
        rest = after;
    }
    clean.push_str(rest);
    clean.into()
}
