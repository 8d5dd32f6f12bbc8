//! The display as lines of text, at the size of the model.
//!
//! Pure: a screen goes in, lines come out; the terminal puts them on, a script prints them. Old
//! models draw `?` for what is not in Latin-1, as their fonts stop there.

use unicode_width::UnicodeWidthChar;

use super::model::{Age, Heading, Model};
use super::object::Body;
use super::screen::{Content, Screen, masked};

/// How a line is meant to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Border, body.
    Plain,
    /// Title or prompt.
    Heading,
    /// The chosen menu item, the field with the focus.
    Highlight,
    /// The row of soft keys.
    Keys,
}

/// One drawn line, all of them equally wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) style: Style,
}

/// Draws the display with its frame: `rows` body lines, heading and soft keys as the model has them.
pub(crate) fn draw(model: &Model, screen: &Screen, status_line: Option<&str>) -> Vec<Line> {
    let width = model.columns;
    let mut lines = Vec::new();
    let mut put = |text: String, style| lines.push(Line { text, style });
    let framed = |text: &str| format!("│{}│", fitted(&visible(model, text), width));
    put(format!("┌{}┐", "─".repeat(width)), Style::Plain);
    let (title, prompt) = screen.heading(model);
    match model.heading {
        Heading::BelowTitle => {
            put(framed(title.as_deref().unwrap_or_default()), Style::Heading);
            put(framed(prompt.as_deref().unwrap_or_default()), Style::Heading);
        }
        Heading::AboveKeys => {
            put(framed(title.as_deref().unwrap_or_default()), Style::Heading);
        }
        Heading::InsteadOfTitle => {
            put(framed(prompt.or(title.clone()).as_deref().unwrap_or_default()), Style::Heading);
        }
    }
    put(format!("├{}┤", "─".repeat(width)), Style::Plain);
    let (body, highlighted) = body(model, screen);
    let first = first_row(&body, &highlighted, screen.scroll, model.rows);
    for row in first..first + model.rows {
        let text = visible(model, body.get(row).map_or("", String::as_str));
        let style = if highlighted.contains(&row) { Style::Highlight } else { Style::Plain };
        // The last column shows that there is more above or below.
        let mark = match row {
            _ if row == first && first > 0 => '▲',
            _ if row + 1 == first + model.rows && row + 1 < body.len() => '▼',
            _ => ' ',
        };
        put(format!("│{}{mark}│", fitted(&text, width - 1)), style);
    }
    if model.heading == Heading::AboveKeys {
        let prompt = screen.heading(model).1;
        put(framed(prompt.as_deref().unwrap_or_default()), Style::Heading);
    }
    put(format!("├{}┤", "─".repeat(width)), Style::Plain);
    put(format!("│{}│", key_row(model, screen)), Style::Keys);
    put(format!("└{}┘", "─".repeat(width)), Style::Plain);
    if let Some(status) = status_line {
        put(fitted(&format!(" call plane: {}", visible(model, status)), width + 2), Style::Plain);
    }
    lines
}

/// How far a body without highlight can be scrolled.
pub(crate) fn scroll_max(model: &Model, screen: &Screen) -> usize {
    body(model, screen).0.len().saturating_sub(model.rows)
}

/// Only the text, for a script and for golden tests.
pub(crate) fn texts(lines: &[Line]) -> Vec<&str> {
    lines.iter().map(|line| line.text.trim_end()).collect()
}

/// The body's lines and which of them are highlighted.
fn body(model: &Model, screen: &Screen) -> (Vec<String>, Vec<usize>) {
    let width = model.columns.saturating_sub(1);
    match &screen.content {
        Content::Closed => (vec![String::new(), centred(model.name, width)], Vec::new()),
        Content::Plain(text) | Content::Message(text) => (wrapped(text, width), Vec::new()),
        Content::Picture => (vec![centred("[picture]", width)], Vec::new()),
        Content::Page(page) => match &page.body {
            Body::Text(text) => (wrapped(text, width), Vec::new()),
            Body::Image(what) => (vec![centred(&format!("[picture {what}]"), width)], Vec::new()),
            Body::Menu(items) => {
                let names = items.iter().map(|item| item.name.clone());
                numbered(names, screen.highlight, width)
            }
            Body::Directory(entries) => {
                let names =
                    entries.iter().map(|entry| format!("{}\r{}", entry.name, entry.telephone));
                numbered(names, screen.highlight, width)
            }
            Body::Input { items, .. } => {
                let label_width =
                    items.iter().map(|item| text_width(&item.display_name)).max().unwrap_or(0);
                let field_width = width.saturating_sub(label_width + 6).max(4);
                let lines =
                    items.iter().zip(&screen.fields).enumerate().map(|(index, (item, field))| {
                        let focused = index == screen.highlight;
                        let value = if item.flags.masked { masked(field) } else { field.clone() };
                        let cursor = if focused { "_" } else { "" };
                        let shown = tail(&format!("{value}{cursor}"), field_width);
                        let mark = if focused { '>' } else { ' ' };
                        let label = fitted(&item.display_name, label_width);
                        format!("{mark} {label} [{}]", fitted(&shown, field_width))
                    });
                (lines.collect(), vec![screen.highlight])
            }
        },
    }
}

fn numbered(
    names: impl Iterator<Item = String>,
    highlight: usize,
    width: usize,
) -> (Vec<String>, Vec<usize>) {
    let (mut lines, mut highlighted) = (Vec::new(), Vec::new());
    for (index, name) in names.enumerate() {
        let mark = if index == highlight { '>' } else { ' ' };
        let name = name.replace("\r\n", "\r");
        for (row, part) in name.split(['\r', '\n']).enumerate() {
            if index == highlight {
                highlighted.push(lines.len());
            }
            let lead =
                if row == 0 { format!("{mark}{:>2} ", index + 1) } else { "    ".to_owned() };
            lines.push(fitted(&format!("{lead}{part}"), width));
        }
    }
    (lines, highlighted)
}

/// The first body line to draw: scrolled as asked, but never away from the highlight.
fn first_row(body: &[String], highlighted: &[usize], scroll: usize, rows: usize) -> usize {
    let last_first = body.len().saturating_sub(rows);
    match (highlighted.first(), highlighted.last()) {
        (Some(top), Some(bottom)) => {
            let first = (bottom + 1).saturating_sub(rows);
            first.min(*top).min(last_first)
        }
        _ => scroll.min(last_first),
    }
}

fn key_row(model: &Model, screen: &Screen) -> String {
    let slots = screen.slots(model);
    let count = model.soft_keys_visible.max(1);
    let width = (model.columns + 1) / count - 1;
    let cells: Vec<String> = (0..count)
        .map(|index| {
            let label = slots.get(index).map_or("", |slot| slot.label());
            centred(&visible(model, label), width)
        })
        .collect();
    fitted(&cells.join("│"), model.columns)
}

/// Breaks at line ends and, where a line is too long, at blanks.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', "    ");
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            let mut word = word.to_owned();
            if !line.is_empty() && text_width(&line) + 1 + text_width(&word) > width {
                lines.push(std::mem::take(&mut line));
            } else if !line.is_empty() {
                line.push(' ');
            }
            while text_width(&word) > width {
                let head = cut(&word, width);
                word = word.chars().skip(head.chars().count()).collect();
                lines.push(head);
            }
            line.push_str(&word);
        }
        lines.push(line);
    }
    lines
}

/// What the model's font can show.
fn visible(model: &Model, text: &str) -> String {
    text.chars()
        .map(|character| match character {
            character if character.is_control() => ' ',
            character if model.age == Age::Old && u32::from(character) > 0xFF => '?',
            character => character,
        })
        .collect()
}

fn text_width(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

fn cut(text: &str, width: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|character| {
            used += character.width().unwrap_or(0);
            used <= width
        })
        .collect()
}

/// Exactly `width` columns: cut or filled up.
fn fitted(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let missing = width.saturating_sub(text_width(&cut));
    format!("{cut}{}", " ".repeat(missing))
}

fn centred(text: &str, width: usize) -> String {
    let cut = cut(text, width);
    let left = width.saturating_sub(text_width(&cut)) / 2;
    fitted(&format!("{}{cut}", " ".repeat(left)), width)
}

/// The end of a text that is too long for its field.
fn tail(text: &str, width: usize) -> String {
    let excess = text.chars().count().saturating_sub(width);
    text.chars().skip(excess).collect()
}

#[cfg(test)]
mod tests;
