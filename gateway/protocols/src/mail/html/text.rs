//! HTML as plain text: for search, previews and the text beside an answer's HTML.

use super::super::clean::cut;
use super::super::{HTML_BYTES_MAX, TEXT_BYTES_MAX};
use super::events::{Attributes, Event, Events};
use super::url::link;

/// How deep earlier mails are marked.
const QUOTES_MAX: usize = 20;
/// Bytes of an address that is written beside its text.
const LINK_BYTES_MAX: usize = 500;
/// How deep lists and links stand in one another.
const NESTED_MAX: usize = 50;

/// The text of HTML: lines where blocks end, lists marked, earlier mails behind `>`, addresses of links beside
/// their text. At most 256 KB.
pub fn html_to_text(html: &str) -> String {
    let given = cut(html, HTML_BYTES_MAX);
    let mut events = Events::new(given, true);
    let mut writer = Writer::default();
    writer.take(&mut events);
    if events.is_unfinished() {
        writer = Writer::default();
        writer.take(&mut Events::new(given, false));
    }
    let text = cut(&writer.text, TEXT_BYTES_MAX);
    text.trim_end().trim_start_matches('\n').to_owned()
}

#[derive(Default)]
struct Writer {
    text: String,
    /// Line ends due before the next word.
    line_ends: usize,
    has_gap: bool,
    quotes: usize,
    preformatted: usize,
    lists: Vec<Option<u32>>,
    /// Addresses of open links, and where their text begins.
    links: Vec<(Option<String>, usize)>,
}

impl Writer {
    fn take(&mut self, events: &mut Events<'_>) {
        for event in events {
            if self.text.len() > TEXT_BYTES_MAX {
                break;
            }
            match event {
                Event::Start(name, attributes) => self.start(&name, &attributes),
                Event::End(name) => self.end(&name),
                Event::Text(text) => self.words(&text),
            }
        }
    }

    fn start(&mut self, name: &[u8], attributes: &Attributes) {
        match name {
            b"br" => self.line_ends = (self.line_ends + 1).min(2),
            b"hr" => {
                self.ends(1);
                self.word("---");
                self.ends(1);
            }
            b"img" => self.words(attributes.get("alt").map(String::as_str).unwrap_or_default()),
            b"blockquote" => {
                self.ends(1);
                self.quotes = (self.quotes + 1).min(QUOTES_MAX);
            }
            b"pre" => {
                self.ends(1);
                self.preformatted = (self.preformatted + 1).min(NESTED_MAX);
            }
            b"ul" | b"ol" => {
                self.ends(1);
                if self.lists.len() < NESTED_MAX {
                    self.lists.push((name == b"ol").then_some(0));
                }
            }
            b"li" => {
                self.ends(1);
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{number}.")
                    }
                    _ => "-".to_owned(),
                };
                self.word(&mark);
                self.has_gap = true;
            }
            b"td" | b"th" => self.has_gap = true,
            b"a" if self.links.len() < NESTED_MAX => {
                let address = attributes.get("href").and_then(|address| link(address));
                let address = address.filter(|address| address.len() <= LINK_BYTES_MAX);
                self.links.push((address, self.text.len()));
            }
            _ => self.ends(ends_of(name)),
        }
    }

    fn end(&mut self, name: &[u8]) {
        match name {
            b"blockquote" => {
                self.ends(1);
                self.quotes = self.quotes.saturating_sub(1);
            }
            b"pre" => {
                self.ends(1);
                self.preformatted = self.preformatted.saturating_sub(1);
            }
            b"ul" | b"ol" => {
                self.ends(1);
                self.lists.pop();
            }
            b"li" => self.ends(1),
            b"a" => {
                let Some((Some(address), at)) = self.links.pop() else { return };
                let bare = address.strip_prefix("mailto:").unwrap_or(&address);
                let shown = self.text.get(at..).unwrap_or_default();
                if !shown.contains(bare.trim_end_matches('/')) {
                    self.has_gap = !shown.trim().is_empty();
                    self.word(&format!("<{bare}>"));
                }
            }
            _ => self.ends(ends_of(name)),
        }
    }

    fn ends(&mut self, count: usize) {
        if !self.text.is_empty() {
            self.line_ends = self.line_ends.max(count);
        }
    }

    fn words(&mut self, text: &str) {
        if self.preformatted > 0 {
            for (number, line) in text.split('\n').enumerate() {
                if number > 0 {
                    self.line_ends += 1;
                }
                if !line.trim().is_empty() {
                    self.word(line);
                }
            }
            return;
        }
        let is_gap = |each: char| each.is_whitespace();
        self.has_gap |= text.starts_with(is_gap);
        for (number, word) in text.split(is_gap).filter(|word| !word.is_empty()).enumerate() {
            self.has_gap |= number > 0;
            self.word(word);
        }
        self.has_gap |= text.ends_with(is_gap);
    }

    fn word(&mut self, word: &str) {
        if self.line_ends > 0 || self.text.is_empty() {
            for _ in 0..self.line_ends.min(3) {
                self.text.push('\n');
            }
            self.text.push_str(&"> ".repeat(self.quotes));
        } else if self.has_gap {
            self.text.push(' ');
        }
        self.line_ends = 0;
        self.has_gap = false;
        self.text.push_str(word);
    }
}

/// Line ends around an element.
fn ends_of(name: &[u8]) -> usize {
    match name {
        b"p" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"table" | b"dl" => 2,
        b"address" | b"article" | b"aside" | b"body" | b"center" | b"dd" | b"details" | b"div"
        | b"dt" | b"fieldset" | b"figure" | b"footer" | b"form" | b"header" | b"legend"
        | b"main" | b"nav" | b"section" | b"summary" | b"tr" | b"option" | b"caption" => 1,
        _ => 0,
    }
}
