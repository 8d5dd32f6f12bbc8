//! The elements that are shown, and how they stand in one another.

/// How an element behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Part of a line.
    Inline,
    /// Lines of its own; it ends an open paragraph.
    Block,
    /// Nothing in it, and no end.
    Void,
    /// A part of a table.
    Table,
}

/// An element that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

const INLINE: [&str; 33] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd",
    "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u",
    "var", "font", "label", "nobr", "acronym", "summary",
];
const BLOCK: [&str; 32] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
    "fieldset",
    "legend",
    "dir",
];
const VOID: [&str; 4] = ["br", "hr", "img", "wbr"];
const TABLE: [&str; 8] = ["caption", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr"];

/// The element of this name, where it is one that is shown.
pub(super) fn element(name: &[u8]) -> Option<Element> {
    let lists: [(&'static [&'static str], Kind); 4] = [
        (&INLINE, Kind::Inline),
        (&BLOCK, Kind::Block),
        (&VOID, Kind::Void),
        (&TABLE, Kind::Table),
    ];
    lists.into_iter().find_map(|(names, kind)| {
        let name = names.iter().find(|known| known.as_bytes() == name)?;
        Some(Element { name, kind })
    })
}

/// Elements that a new one ends where they are still open, and those beyond which it does not look for them.
pub(super) fn ended_by(element: Element) -> (&'static [&'static str], &'static [&'static str]) {
    match element.name {
        "li" => (&["li"], &["ul", "ol", "dir", "table", "td", "th", "caption"]),
        "dd" | "dt" => (&["dd", "dt"], &["dl", "table", "td", "th", "caption"]),
        "a" => (&["a"], &CELLS),
        "hr" => (&["p"], &CELLS),
        _ if element.kind == Kind::Block => (&["p"], &CELLS),
        _ => (&[], &[]),
    }
}

/// What an end inside does not reach beyond.
pub(super) const CELLS: [&str; 4] = ["table", "td", "th", "caption"];

/// What a part of a table stands in directly.
pub(super) fn parents_of(name: &str) -> &'static [&'static str] {
    match name {
        "td" | "th" => &["tr"],
        "tr" => &["table", "tbody", "thead", "tfoot"],
        _ => &["table"],
    }
}

/// Elements that nobody sees, with all that stands in them.
pub(super) fn is_swallowed(name: &[u8]) -> bool {
    matches!(
        name,
        b"script"
            | b"style"
            | b"title"
            | b"iframe"
            | b"noembed"
            | b"noframes"
            | b"template"
            | b"svg"
            | b"math"
    )
}

/// Elements that nothing stands in, of all that there are.
pub(super) fn is_void(name: &[u8]) -> bool {
    matches!(
        name,
        b"area"
            | b"base"
            | b"basefont"
            | b"bgsound"
            | b"br"
            | b"col"
            | b"embed"
            | b"frame"
            | b"hr"
            | b"img"
            | b"image"
            | b"input"
            | b"keygen"
            | b"link"
            | b"meta"
            | b"param"
            | b"source"
            | b"track"
            | b"wbr"
    )
}
