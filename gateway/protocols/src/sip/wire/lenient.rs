//! Breaches of the grammar that some peers are known for, mended where a site asks for it.

use std::borrow::Cow;

use super::Limits;
use crate::sip::{Headers, Name, Text, Value, grammar};

/// The request's URI without brackets, blanks and header fields.
pub(super) fn request_uri(line: &Text, uri: &str) -> Text {
    let uri = grammar::trim(uri);
    let inside = uri.strip_prefix('<').and_then(|uri| uri.strip_suffix('>'));
    let uri = grammar::trim(inside.unwrap_or(uri));
    let has_headers = grammar::uri(uri).is_ok_and(|parts| parts.headers.is_some());
    let clean =
        if has_headers { uri.rsplit_once('?').map_or(uri, |(clean, _)| clean) } else { uri };
    line.slice_ref(clean)
}

/// Takes blanks out of angle brackets and puts display names that need it into quotes.
pub(super) fn mend(headers: &mut Headers, limits: &Limits) {
    if !limits.lenient {
        return;
    }
    for name in [Name::FROM, Name::TO] {
        let mended = headers.get(&name).map(|value| {
            let quoted = with_quotes(value.as_str());
            without_blanks(&quoted).into_owned()
        });
        replace(headers, &name, mended);
    }
    for name in [
        Name::CONTACT,
        Name::ROUTE,
        Name::RECORD_ROUTE,
        Name::PATH,
        Name::REFERRED_BY,
        Name::REFER_TO,
    ] {
        let values: Vec<_> =
            headers.all(&name).map(|value| without_blanks(value.as_str()).into_owned()).collect();
        if let [only] = values.as_slice() {
            let only = only.clone();
            replace(headers, &name, Some(only));
        }
    }
}

fn replace(headers: &mut Headers, name: &Name, mended: Option<String>) {
    // Two of them are refused later, not made one.
    if headers.single(name).is_err() {
        return;
    }
    let changed =
        mended.filter(|mended| headers.get(name).is_some_and(|value| value.as_str() != mended));
    if let Some(value) = changed.and_then(|mended| Value::new(mended).ok()) {
        headers.set(name.clone(), value);
    }
}

/// A name before the last bracket that is neither quoted nor made of tokens, in quotes.
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
