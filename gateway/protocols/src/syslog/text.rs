//! Characters as the parts of a message may hold them.

/// What stands for nothing in a header.
pub(super) const NIL: &str = "-";

/// Printable ASCII without spaces for a field of the header; other characters become `_`.
pub(super) fn printable(text: &str, characters_max: usize) -> String {
    if text.is_empty() {
        return NIL.to_owned();
    }
    let shown = |character: char| if character.is_ascii_graphic() { character } else { '_' };
    text.chars().take(characters_max).map(shown).collect()
}

/// As [`printable`], for an SD-NAME, which has no `=`, `]` or `"` either and is never empty.
pub(super) fn name(text: &str, characters_max: usize) -> String {
    let shown = |character: char| match character {
        '=' | ']' | '"' => '_',
        other if other.is_ascii_graphic() => other,
        _ => '_',
    };
    let name: String = text.chars().take(characters_max).map(shown).collect();
    if name.is_empty() { "_".to_owned() } else { name }
}

/// Adds `text` with control characters shown, as far as it fits into `bytes_max` bytes of `out`.
pub(super) fn push_shown(out: &mut Vec<u8>, text: &str, bytes_max: usize) {
    let mut shown = String::new();
    for character in text.chars() {
        shown.clear();
        show(&mut shown, character);
        if out.len() + shown.len() > bytes_max {
            return;
        }
        out.extend_from_slice(shown.as_bytes());
    }
}

/// How many bytes that would be without a limit.
pub(super) fn shown_bytes(text: &str) -> usize {
    let bytes = |character: char| match character {
        // U+0000 to U+007F and U+0080 to U+009F have three octal digits each.
        control if control.is_control() => 4,
        other => other.len_utf8(),
    };
    text.chars().map(bytes).sum()
}

/// Adds one character, a control character as `#` and octal digits.
fn show(out: &mut String, character: char) {
    if character.is_control() {
        out.push_str(&format!("#{:03o}", u32::from(character)));
    } else {
        out.push(character);
    }
}

/// A parameter's value between its quotes (RFC 5424, section 6.3.3).
pub(super) fn value(text: &str, bytes_max: usize) -> String {
    let text = text.get(..text.floor_char_boundary(bytes_max)).unwrap_or_default();
    let mut value = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '"' | '\\' | ']') {
            value.push('\\');
        }
        show(&mut value, character);
    }
    value
}
