//! Writes documents: elements whose names are ours, texts that are escaped.

use bytes::Bytes;
use quick_xml::escape::escape;

use super::BYTES_MAX;

/// Why something cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// A text has a control character, or one that XML does not know.
    #[error("a text has a control character")]
    ControlCharacter,
    /// It is larger than any peer would read.
    #[error("the body would have more than {BYTES_MAX} bytes")]
    TooLarge,
    /// A part has a line that would end it.
    #[error("a part has a line that begins like the boundary between parts")]
    Boundary,
    /// There are no parts, or more than anybody reads.
    #[error("there have to be 1 to {} parts", super::multipart::PARTS_MAX)]
    Parts,
}

/// Whether `text` can stand in an element and comes back as it is. Line feeds and tabs are control
/// characters too: nothing that is sent has several lines.
pub(super) fn is_plain(text: &str) -> bool {
    !text.chars().any(|one| one.is_control() || matches!(one, '\u{FFFE}' | '\u{FFFF}'))
}

/// A document that is being written. Whether all of it may be sent is said at its end.
pub(super) struct Pen {
    document: String,
    problem: Option<Unsendable>,
}

impl Pen {
    /// A document with its declaration. A line feed after it is all the white space there is: every byte
    /// counts where a request has to fit a datagram.
    pub(super) fn document() -> Self {
        let document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        Self { document, problem: None }
    }

    /// An element with what `content` writes into it.
    pub(super) fn within(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        self.begin(name, &[]);
        content(self);
        self.end(name);
    }

    /// An element with one attribute and what `content` writes into it.
    pub(super) fn within_kind(
        &mut self,
        name: &str,
        attribute: (&str, &str),
        content: impl FnOnce(&mut Self),
    ) {
        self.begin(name, &[attribute]);
        content(self);
        self.end(name);
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.begin(name, attributes);
        self.document.pop();
        self.document.push_str("/>");
    }

    /// An element with a text.
    pub(super) fn leaf(&mut self, name: &str, text: &str) {
        self.within(name, |pen| pen.text(text));
    }

    /// An element with a number.
    pub(super) fn number(&mut self, name: &str, number: u32) {
        self.leaf(name, &number.to_string());
    }

    /// The document, where all of it may be sent.
    pub(super) fn finish(self) -> Result<Bytes, Unsendable> {
        match self.problem {
            Some(problem) => Err(problem),
            None if self.document.len() > BYTES_MAX => Err(Unsendable::TooLarge),
            None => Ok(self.document.into()),
        }
    }

    fn begin(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.document.push('<');
        self.document.push_str(name);
        for (name, value) in attributes {
            self.document.push(' ');
            self.document.push_str(name);
            self.document.push_str("=\"");
            self.text(value);
            self.document.push('"');
        }
        self.document.push('>');
    }

    fn end(&mut self, name: &str) {
        self.document.push_str("</");
        self.document.push_str(name);
        self.document.push('>');
    }

    fn text(&mut self, text: &str) {
        if !is_plain(text) {
            self.problem = Some(Unsendable::ControlCharacter);
        }
        self.document.push_str(&escape(text));
    }
}
