//! Writes what may be shown, and nothing else.

use super::super::clean::cut;
use super::super::{Cleaned, HTML_BYTES_MAX, HTML_DEPTH_MAX};
use super::attributes::{Images, Shown, shown};
use super::elements::{CELLS, Element, Kind, element, ended_by, parents_of};
use super::escape_into;
use super::events::{Attributes, Event, Events};
use super::plain::text_to_html;
use super::text::html_to_text;

/// Before an earlier mail that is folded, and after it.
const FOLD: (&str, &str) = ("<details><summary>•••</summary>", "</details>");

pub(super) fn clean(html: &str, images: &Images<'_>, folds: bool) -> Cleaned {
    let given = cut(html, HTML_BYTES_MAX);
    let mut cleaner = Cleaner::new(images);
    let mut events = Events::new(given, true);
    let mut is_shallow = cleaner.take(&mut events);
    if is_shallow && events.is_unfinished() {
        // Rather show what was to be hidden than hide what comes after it.
        cleaner = Cleaner::new(images);
        is_shallow = cleaner.take(&mut Events::new(given, false));
    }
    if !is_shallow {
        cleaner = Cleaner::new(images);
        cleaner.take(&mut Events::new(&text_to_html(&html_to_text(given)), false));
        cleaner.is_cut = true;
    }
    cleaner.close_to(0);
    if folds {
        cleaner.fold();
    }
    Cleaned {
        has_remote_content: cleaner.has_remote_content,
        is_cut: cleaner.is_cut || given.len() < html.len(),
        html: cleaner.html,
    }
}

struct Cleaner<'a> {
    images: &'a Images<'a>,
    html: String,
    open: Vec<Element>,
    /// What it takes to close what is open.
    closing_bytes: usize,
    has_remote_content: bool,
    is_cut: bool,
    /// Where earlier mails stand that are in no other.
    quotes: Vec<(usize, usize)>,
    /// How much is open around the earlier mail we are in, or around what folds one already.
    quoted_in: Option<usize>,
    /// The end of what is no earlier mail and can be seen.
    seen_until: usize,
}

impl<'a> Cleaner<'a> {
    fn new(images: &'a Images<'a>) -> Self {
        Self {
            images,
            html: String::new(),
            open: Vec::new(),
            closing_bytes: 0,
            has_remote_content: false,
            is_cut: false,
            quotes: Vec::new(),
            quoted_in: None,
            seen_until: 0,
        }
    }

    /// Takes events until there is no room; false where they stand too deep in one another.
    fn take(&mut self, events: &mut Events<'_>) -> bool {
        for event in events {
            if self.is_cut {
                break;
            }
            match event {
                Event::Start(name, attributes) => {
                    let Some(element) = element(&name) else { continue };
                    if self.open.len() >= HTML_DEPTH_MAX {
                        return false;
                    }
                    self.start(element, &attributes);
                }
                Event::End(name) => {
                    if let Some(element) = element(&name) {
                        self.end(element);
                    }
                }
                Event::Text(text) => self.text(&text),
            }
        }
        true
    }

    fn start(&mut self, element: Element, given: &Attributes) {
        if element.kind == Kind::Table && !self.is_placed(element) {
            return;
        }
        let (ended, beyond) = ended_by(element);
        if let Some(at) = self.find(ended, beyond) {
            self.close_to(at);
        }
        let shown = shown(element, given, self.images);
        match &shown.instead {
            Some(text) => self.text(text),
            None => self.write(element, shown),
        }
    }

    /// Closes what a part of a table cannot stand in; false where there is no table for it.
    fn is_placed(&mut self, element: Element) -> bool {
        let Some(table) = self.find(&["table"], &[]) else { return false };
        let parent = self.find(parents_of(element.name), &[]).filter(|at| *at >= table);
        if let Some(at) = parent {
            self.close_to(at + 1);
            return true;
        }
        // A cell without a row.
        let row = Element { name: "tr", kind: Kind::Table };
        let is_placed = element.name != "tr" && self.is_placed(row);
        if is_placed {
            self.write(row, Shown::default());
        }
        is_placed
    }

    fn write(&mut self, element: Element, shown: Shown) {
        let mut tag = format!("<{}", element.name);
        for (name, value) in &shown.attributes {
            tag.push(' ');
            tag.push_str(name);
            tag.push_str("=\"");
            escape_into(&mut tag, value);
            tag.push('"');
        }
        tag.push('>');
        let closing = if element.kind == Kind::Void { 0 } else { element.name.len() + 3 };
        if self.html.len() + self.closing_bytes + tag.len() + closing > HTML_BYTES_MAX {
            self.is_cut = true;
            return;
        }
        let at = self.html.len();
        self.html.push_str(&tag);
        self.has_remote_content |= shown.has_remote_content;
        if element.kind == Kind::Void {
            if element.name == "img" {
                self.see();
            }
            return;
        }
        if self.quoted_in.is_none() && (shown.is_quote || element.name == "details") {
            self.quoted_in = Some(self.open.len());
            if shown.is_quote {
                self.quotes.push((at, at));
            }
        }
        self.open.push(element);
        self.closing_bytes += closing;
    }

    fn end(&mut self, element: Element) {
        let beyond: &[&str] = match element.kind {
            Kind::Table => &["table"],
            _ if element.name == "table" => &[],
            _ => &CELLS,
        };
        if let Some(at) = self.find(&[element.name], beyond) {
            self.close_to(at);
        }
    }

    /// The innermost open element of `names`, unless one of `beyond` is further in.
    fn find(&self, names: &[&str], beyond: &[&str]) -> Option<usize> {
        for (at, open) in self.open.iter().enumerate().rev() {
            if names.contains(&open.name) {
                return Some(at);
            }
            if beyond.contains(&open.name) {
                return None;
            }
        }
        None
    }

    fn close_to(&mut self, depth: usize) {
        while self.open.len() > depth {
            let Some(element) = self.open.pop() else { break };
            self.html.push_str("</");
            self.html.push_str(element.name);
            self.html.push('>');
            self.closing_bytes -= element.name.len() + 3;
            if self.quoted_in == Some(self.open.len()) {
                self.quoted_in = None;
                if let Some((_, until)) =
                    self.quotes.last_mut().filter(|(from, until)| from == until)
                {
                    *until = self.html.len();
                }
            }
        }
    }

    fn text(&mut self, text: &str) {
        let mut escaped = String::with_capacity(text.len());
        let room = HTML_BYTES_MAX.saturating_sub(self.html.len() + self.closing_bytes);
        for character in text.chars() {
            let before = escaped.len();
            escape_into(&mut escaped, character.encode_utf8(&mut [0; 4]));
            if escaped.len() > room {
                escaped.truncate(before);
                self.is_cut = true;
                break;
            }
        }
        self.html.push_str(&escaped);
        if !text.trim().is_empty() {
            self.see();
        }
    }

    fn see(&mut self) {
        if self.quoted_in.is_none() {
            self.seen_until = self.html.len();
        }
    }

    /// Folds the earlier mails that nothing comes after, where something stands before them.
    fn fold(&mut self) {
        if self.seen_until == 0 {
            return;
        }
        let mut folded = String::with_capacity(self.html.len());
        let mut rest = 0;
        for (from, until) in self.quotes.iter().filter(|(from, _)| *from >= self.seen_until) {
            folded.push_str(self.html.get(rest..*from).unwrap_or_default());
            folded.push_str(FOLD.0);
            folded.push_str(self.html.get(*from..*until).unwrap_or_default());
            folded.push_str(FOLD.1);
            rest = *until;
        }
        folded.push_str(self.html.get(rest..).unwrap_or_default());
        self.html = folded;
    }
}
