//! One phone object after parsing: what the screen, the keys and the judge work with.
//!
//! Pure data. Absent optional children are `None` or empty; values are cut to the limits of
//! [`super::limits`] by the parser, which reports the excess.

use serde::Serialize;

use super::model::Kind;

/// Anything a server may hand to a phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Object {
    /// Something with a screen of its own.
    Page(Box<Page>),
    /// A line on the call plane; pushed only.
    Status { text: String },
    /// Deeds to do at once.
    Execute(Vec<ExecuteItem>),
    /// What phones answer, never what they are given.
    FromPhone(Kind),
}

impl Object {
    /// The root element's name; a status from a file goes by the plain one's.
    pub(crate) fn name(&self) -> String {
        let kind = match self {
            Self::Page(page) => page.kind,
            Self::Status { .. } => Kind::Status,
            Self::Execute(_) => Kind::Execute,
            Self::FromPhone(kind) => *kind,
        };
        format!("CiscoIPPhone{}", kind.short_name())
    }
}

/// A displayable object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) kind: Kind,
    pub(crate) title: Option<String>,
    pub(crate) prompt: Option<String>,
    pub(crate) soft_keys: Vec<SoftKey>,
    pub(crate) keys: Vec<KeyItem>,
    pub(crate) app_id: Option<String>,
    /// `application` unless the object says otherwise.
    pub(crate) keypad_target: Option<String>,
    /// `onAppClosed` and its siblings, by attribute name.
    pub(crate) events: Vec<(String, String)>,
    pub(crate) body: Body,
}

impl Page {
    /// The URI to run when `event` (an attribute name) happens.
    pub(crate) fn event(&self, event: &str) -> Option<&str> {
        self.events.iter().find(|(name, _)| name == event).map(|(_, uri)| uri.as_str())
    }
}

/// What stands between heading and soft keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Text(String),
    /// All five kinds of menu.
    Menu(Vec<MenuItem>),
    Input {
        url: String,
        /// `<URL method="post">`.
        post: bool,
        items: Vec<InputItem>,
    },
    Directory(Vec<DirectoryEntry>),
    /// A picture, described by its size or its URL.
    Image(String),
}

/// A soft key as the object brings it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SoftKey {
    pub(crate) name: String,
    pub(crate) position: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url_down: Option<String>,
}

/// A hard key the object takes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct KeyItem {
    pub(crate) key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url_down: Option<String>,
}

/// One line of a menu.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct MenuItem {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

/// One field of an input object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct InputItem {
    #[serde(rename = "name")]
    pub(crate) display_name: String,
    #[serde(rename = "parameter")]
    pub(crate) query_string_param: String,
    pub(crate) flags: InputFlags,
    #[serde(skip)]
    pub(crate) default_value: String,
}

/// Which characters a field takes, and whether it hides them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InputFlags {
    pub(crate) charset: FieldCharset,
    pub(crate) masked: bool,
}

impl InputFlags {
    /// Reads `A`, `T`, `N`, `E`, `U`, `L`, alone or beside `P` on either side.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (letter, masked) = match text.as_bytes() {
            [letter] => (*letter, false),
            [b'P', letter] | [letter, b'P'] => (*letter, true),
            _ => return None,
        };
        let charset = match letter {
            b'A' => FieldCharset::Ascii,
            b'T' => FieldCharset::Telephone,
            b'N' => FieldCharset::Numeric,
            b'E' => FieldCharset::Equation,
            b'U' => FieldCharset::Upper,
            b'L' => FieldCharset::Lower,
            _ => return None,
        };
        Some(Self { charset, masked })
    }

    /// The character as the field would take it, or `None` if it cannot be typed there.
    pub(crate) fn typed(self, character: char) -> Option<char> {
        let printable = (' '..='~').contains(&character);
        match self.charset {
            FieldCharset::Ascii => printable.then_some(character),
            FieldCharset::Telephone => {
                (character.is_ascii_digit() || matches!(character, '#' | '*')).then_some(character)
            }
            FieldCharset::Numeric => character.is_ascii_digit().then_some(character),
            FieldCharset::Equation => (character.is_ascii_digit()
                || matches!(character, '+' | '-' | '*' | '/' | '=' | '.' | '(' | ')' | '%' | '^'))
            .then_some(character),
            FieldCharset::Upper => printable.then_some(character.to_ascii_uppercase()),
            FieldCharset::Lower => printable.then_some(character.to_ascii_lowercase()),
        }
    }
}

impl Serialize for InputFlags {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let letter = match self.charset {
            FieldCharset::Ascii => "A",
            FieldCharset::Telephone => "T",
            FieldCharset::Numeric => "N",
            FieldCharset::Equation => "E",
            FieldCharset::Upper => "U",
            FieldCharset::Lower => "L",
        };
        serializer.serialize_str(&format!("{letter}{}", if self.masked { "P" } else { "" }))
    }
}

/// The letter of `InputFlags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldCharset {
    Ascii,
    Telephone,
    Numeric,
    Equation,
    Upper,
    Lower,
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct DirectoryEntry {
    pub(crate) name: String,
    pub(crate) telephone: String,
}

/// One deed of an execute object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExecuteItem {
    pub(crate) url: String,
    /// 0 now, 1 when idle, 2 only if idle; applies to http(s) URLs.
    pub(crate) priority: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_combine_on_either_side_and_a_bare_p_is_none() {
        let masked = |text| InputFlags::parse(text).map(|flags| flags.masked);
        assert_eq!(masked("A"), Some(false));
        assert_eq!(masked("AP"), Some(true));
        assert_eq!(masked("PU"), Some(true));
        for bad in ["", "P", "PP", "X", "APA", "a", "AT"] {
            assert_eq!(masked(bad), None, "{bad}");
        }
    }

    #[test]
    fn fields_take_what_their_letter_says() {
        let typed = |flags, character| InputFlags::parse(flags).unwrap().typed(character);
        assert_eq!(typed("U", 'a'), Some('A'));
        assert_eq!(typed("L", 'A'), Some('a'));
        assert_eq!(typed("A", 'é'), None);
        assert_eq!(typed("T", '#'), Some('#'));
        assert_eq!(typed("T", '+'), None);
        assert_eq!(typed("N", '*'), None);
        assert_eq!(typed("E", '+'), Some('+'));
    }
}
