//! Plain text as HTML.

use super::super::clean::{cut, lines};
use super::super::{HTML_BYTES_MAX, TEXT_BYTES_MAX};
use super::escape_into;

/// How deep earlier mails stand in one another.
const QUOTES_MAX: usize = 20;

/// Plain text as HTML: lines broken as they are, `>` lines and what follows a line like `---- Original ----` as
/// earlier mails.
pub fn text_to_html(text: &str) -> String {
    let text = lines(cut(text, TEXT_BYTES_MAX));
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    let mut depth = 0;
    let mut is_original = false;
    for (number, line) in text.trim_end().split('\n').enumerate() {
        if html.len() > HTML_BYTES_MAX {
            break;
        }
        let (quotes, rest) = if is_original { (0, line) } else { quotes_of(line) };
        let is_break = number > 0 && quotes == depth;
        while depth < quotes {
            html.push_str("<blockquote data-quote=\"\">");
            depth += 1;
        }
        while depth > quotes {
            html.push_str("</blockquote>");
            depth -= 1;
        }
        if is_break {
            html.push_str("<br>");
        }
        if !is_original && depth == 0 && number > 0 && is_separator(rest) {
            html.push_str("<div data-quote=\"\">");
            is_original = true;
        }
        spaces_into(&mut html, rest);
    }
    html.push_str(&"</blockquote>".repeat(depth));
    if is_original {
        html.push_str("</div>");
    }
    html
}

/// How many `>` a line begins with, and what follows.
fn quotes_of(line: &str) -> (usize, &str) {
    let (mut count, mut rest) = (0, line);
    while let Some(after) = rest.strip_prefix('>').filter(|_| count < QUOTES_MAX) {
        count += 1;
        let spaceless = after.strip_prefix(' ').unwrap_or(after);
        rest = if spaceless.starts_with('>') { spaceless } else { after };
    }
    (count, if count > 0 { rest.strip_prefix(' ').unwrap_or(rest) } else { rest })
}

/// `-----Original Message-----`, in any language.
fn is_separator(line: &str) -> bool {
    let line = line.trim();
    let inner = line.trim_matches('-');
    let dashes = line.len() - inner.len();
    dashes >= 6
        && line.starts_with("---")
        && line.ends_with("---")
        && inner.len() <= 80
        && inner.chars().any(char::is_alphabetic)
}

/// A line whose spaces stay where there are several.
fn spaces_into(html: &mut String, line: &str) {
    let mut was_space = true;
    for character in line.chars() {
        let is_space = matches!(character, ' ' | '\t');
        match (is_space, was_space) {
            (true, true) => html.push('\u{A0}'),
            (true, false) => html.push(' '),
            (false, _) => escape_into(html, character.encode_utf8(&mut [0; 4])),
        }
        was_space = is_space;
    }
}
