//! HTML as a row of events: tags that matter and text, without what nobody would see.

use std::collections::BTreeMap;

use html5gum::{DefaultEmitter, State, StringReader, Token, Tokenizer};

use super::super::clean::is_hidden;
use super::elements::{is_swallowed, is_void};

/// Attributes by their name in lower case.
pub(super) type Attributes = BTreeMap<String, String>;

/// What comes next.
pub(super) enum Event {
    /// An element begins.
    Start(Vec<u8>, Attributes),
    /// An element ends.
    End(Vec<u8>),
    /// Text, its references resolved.
    Text(String),
}

/// Reads HTML and passes over scripts, styles, drawings, comments and what their styles hide.
pub(super) struct Events<'a> {
    tokens: Tokenizer<StringReader<'a>, DefaultEmitter<()>>,
    /// Inside something that nobody sees: its name, and how often it stands in itself.
    swallowing: Option<(Vec<u8>, usize)>,
    /// Whether what styles hide is passed over.
    hides: bool,
}

impl<'a> Events<'a> {
    pub(super) fn new(html: &'a str, hides: bool) -> Self {
        Self { tokens: Tokenizer::new(html), swallowing: None, hides }
    }

    /// Whether something hidden never ended, so that all after it is missing.
    pub(super) fn is_unfinished(&self) -> bool {
        self.swallowing.is_some()
    }

    fn start(&mut self, name: Vec<u8>, attributes: Attributes, closes: bool) -> Option<Event> {
        // As a browser does without scripts: there, `noscript` is an element like others.
        match name.as_slice() {
            b"textarea" | b"title" => self.tokens.set_state(State::RcData),
            b"plaintext" => self.tokens.set_state(State::PlainText),
            b"script" => self.tokens.set_state(State::ScriptData),
            b"style" | b"iframe" | b"xmp" | b"noembed" | b"noframes" => {
                self.tokens.set_state(State::RawText);
            }
            _ => {}
        }
        if let Some((swallowed, depth)) = &mut self.swallowing {
            if *swallowed == name && !closes {
                *depth += 1;
            }
            return None;
        }
        let is_drawing = matches!(name.as_slice(), b"svg" | b"math");
        let is_gone = is_swallowed(&name) || self.hides && is_out_of_sight(&attributes);
        if !is_gone {
            return Some(Event::Start(name, attributes));
        }
        let is_over = is_void(&name) || is_drawing && closes;
        if !is_over {
            self.swallowing = Some((name, 1));
        }
        None
    }

    fn end(&mut self, name: Vec<u8>) -> Option<Event> {
        let Some((swallowed, depth)) = &mut self.swallowing else {
            return Some(Event::End(name));
        };
        if *swallowed == name {
            *depth -= 1;
            if *depth == 0 {
                self.swallowing = None;
            }
        }
        None
    }
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            let Ok(token) = self.tokens.next()?;
            let event = match token {
                Token::StartTag(tag) => {
                    let attributes = tag.attributes.into_iter();
                    let attributes =
                        attributes.map(|(name, value)| (text(&name), text(&value))).collect();
                    self.start(tag.name.0, attributes, tag.self_closing)
                }
                Token::EndTag(tag) => self.end(tag.name.0),
                Token::String(string) if self.swallowing.is_none() => {
                    Some(Event::Text(text(&string)))
                }
                _ => None,
            };
            if event.is_some() {
                return event;
            }
        }
    }
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|each| matches!(each, '\n' | '\t') || !is_hidden(*each)).collect()
}

/// Whether an element says that it is not to be seen, as introductions for lists of mails do.
fn is_out_of_sight(attributes: &Attributes) -> bool {
    let Some(style) = attributes.get("style") else {
        return attributes.contains_key("hidden");
    };
    let style: String =
        style.chars().filter(|each| !each.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let mut declarations = style.split(';');
    attributes.contains_key("hidden")
        || declarations.any(|each| {
            let each = each.strip_suffix("!important").unwrap_or(each);
            matches!(each, "display:none" | "visibility:hidden" | "mso-hide:all")
        })
}
