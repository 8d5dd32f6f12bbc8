//! Text of strangers made fit for a line: in a header, a column, a file name.

/// `text` on one line: control and bidi characters gone, white space collapsed, at most `bytes_max` bytes.
pub(super) fn one_line(text: &str, bytes_max: usize) -> String {
    let mut line = String::new();
    let mut has_gap = false;
    for character in text.chars() {
        if character.is_whitespace() || is_line_end(character) {
            has_gap = true;
        } else if !is_hidden(character) {
            let needed = character.len_utf8() + usize::from(has_gap);
            if line.len() + needed > bytes_max {
                break;
            }
            if has_gap && !line.is_empty() {
                line.push(' ');
            }
            has_gap = false;
            line.push(character);
        }
    }
    line
}

/// `text` with its lines: ends are `\n`, control and bidi characters are gone.
pub(super) fn lines(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                characters.next_if_eq(&'\n');
                cleaned.push('\n');
            }
            '\n' | '\t' => cleaned.push(character),
            '\u{2028}' | '\u{2029}' | '\u{B}' | '\u{C}' | '\u{85}' => cleaned.push('\n'),
            _ if is_hidden(character) => {}
            _ => cleaned.push(character),
        }
    }
    cleaned
}

/// `text` up to `bytes_max`, at the end of a character.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text)
}

/// What turns the direction of text around, or shows nothing.
pub(super) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
        || is_line_end(character)
}

fn is_line_end(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}
