//! How long a message and its parts may be.

/// What a message may have at most, and how it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the first line.
    pub start_line_bytes: usize,
    /// Bytes of one header field, its continued lines joined.
    pub line_bytes: usize,
    /// Bytes of all before the body.
    pub head_bytes: usize,
    /// Header fields.
    pub fields: usize,
    /// Values of Via.
    pub vias: usize,
    /// Values of Route, and of each other list of proxies.
    pub routes: usize,
    /// Values of Contact.
    pub contacts: usize,
    /// Bytes of the body.
    pub body_bytes: usize,
    /// Whether some breaches of the grammar that old peers are known for are mended instead of refused: a
    /// Request-URI in angle brackets or with header fields, blanks too many in the first line, a reason left
    /// out with its blank, blanks inside angle brackets, and commas in a display name without quotes. What
    /// comes out, and is sent on, is clean.
    pub lenient: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            start_line_bytes: 4 << 10,
            line_bytes: 8 << 10,
            head_bytes: 32 << 10,
            fields: 128,
            vias: 70,
            routes: 32,
            contacts: 16,
            body_bytes: 64 << 10,
            lenient: false,
        }
    }
}
