//! Every text that people read, in five languages; the words are in `texts/*.ftl`.
//!
//! A page is written in one language as a whole (PHN-08). A language that lacks a message of U.S.
//! English is therefore not offered at all, and a phone none of whose character sets can show a
//! language gets U.S. English.

use std::collections::HashMap;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, PatternElement};
use fluent_syntax::parser::parse;
use protocols::phone_xml::Charset;

/// A language that pages are written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    #[default]
    English,
    German,
    French,
    Spanish,
    Japanese,
}

impl Language {
    pub(crate) const ALL: [Self; 5] =
        [Self::English, Self::German, Self::French, Self::Spanish, Self::Japanese];

    /// The tag phones name it by.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en-US",
            Self::German => "de-DE",
            Self::French => "fr-FR",
            Self::Spanish => "es-ES",
            Self::Japanese => "ja-JP",
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("texts/en-US.ftl"),
            Self::German => include_str!("texts/de-DE.ftl"),
            Self::French => include_str!("texts/fr-FR.ftl"),
            Self::Spanish => include_str!("texts/es-ES.ftl"),
            Self::Japanese => include_str!("texts/ja-JP.ftl"),
        }
    }

    /// Whether that character set can show the language.
    pub(crate) fn is_shown_by(self, charset: Charset) -> bool {
        charset == Charset::Utf8 || self != Self::Japanese
    }

    /// The language of a tag such as `de-DE`, `de_DE` or `de`; its region does not matter.
    fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| {
            language.tag().split('-').next().is_some_and(|own| own.eq_ignore_ascii_case(primary))
        })
    }

    /// What an `Accept-Language` asks for: the first choice that there is, else U.S. English.
    pub(crate) fn asked_for(accept_language: &str) -> Self {
        by_preference(accept_language).find_map(Self::from_tag).unwrap_or_default()
    }
}

/// The choices of an `Accept-…` field, most wanted first; those with `q=0` are left out.
pub(crate) fn by_preference(field: &str) -> impl Iterator<Item = &str> {
    const CHOICES_MAX: usize = 16;
    let mut choices: Vec<(&str, f32)> = field
        .split(',')
        .take(CHOICES_MAX)
        .filter_map(|choice| {
            let mut parts = choice.split(';').map(str::trim);
            let name = parts.next().filter(|name| !name.is_empty())?;
            let quality = parts.find_map(|part| part.strip_prefix("q="));
            let quality: f32 = quality.map_or(Some(1.0), |text| text.parse().ok())?;
            (quality > 0.0).then_some((name, quality))
        })
        .collect();
    choices.sort_by(|one, other| other.1.total_cmp(&one.1));
    choices.into_iter().map(|(name, _)| name)
}

/// All texts of one language.
pub(crate) struct Texts {
    language: Language,
    messages: HashMap<String, Vec<Piece>>,
}

/// A part of a message. Messages are read once into pieces, since a page is made of a dozen.
enum Piece {
    Text(String),
    Argument(String),
}

impl Texts {
    fn read(language: Language) -> Option<Self> {
        let resource = parse(language.source()).ok()?;
        let mut messages = HashMap::new();
        for entry in &resource.body {
            let Entry::Message(message) = entry else { continue };
            let pieces = message.value.as_ref()?.elements.iter().map(Piece::read);
            messages.insert(message.id.name.to_owned(), pieces.collect::<Option<_>>()?);
        }
        Some(Self { language, messages })
    }

    pub(crate) fn language(&self) -> Language {
        self.language
    }

    /// A text without arguments.
    pub(crate) fn text(&self, id: &str) -> String {
        self.with(id, &[])
    }

    /// A text with its arguments.
    pub(crate) fn with(&self, id: &str, arguments: &[(&str, &str)]) -> String {
        let Some(pieces) = self.messages.get(id) else {
            // A test holds every id in the code against the files.
            debug_assert!(false, "there is no text {id}");
            return String::new();
        };
        let bytes = |piece: &Piece| match piece {
            Piece::Text(part) => part.len(),
            Piece::Argument(_) => 0,
        };
        let values = arguments.iter().map(|(_, value)| value.len());
        let bytes = pieces.iter().map(bytes).chain(values).sum();
        let mut text = String::with_capacity(bytes);
        for piece in pieces {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Argument(wanted) => {
                    let found = arguments.iter().find(|(name, _)| name == wanted);
                    debug_assert!(found.is_some(), "{id} lacks {wanted}");
                    text.push_str(found.map_or("", |(_, value)| value));
                }
            }
        }
        text
    }
}

impl Piece {
    /// Our texts hold words and plain arguments; anything else makes the language unusable, which a
    /// test would see.
    fn read(element: &PatternElement<&str>) -> Option<Self> {
        match element {
            PatternElement::TextElement { value } => Some(Self::Text((*value).to_owned())),
            PatternElement::Placeable {
                expression: Expression::Inline(InlineExpression::VariableReference { id }),
            } => Some(Self::Argument(id.name.to_owned())),
            PatternElement::Placeable { .. } => None,
        }
    }
}

/// The texts of every language that is whole.
pub(crate) struct Library(Vec<Texts>);

impl Library {
    /// Reads all languages.
    pub(crate) fn read() -> Self {
        let ids = ids(Language::English.source());
        let is_whole = |texts: &Texts| ids.iter().all(|id| texts.messages.contains_key(*id));
        let mut whole = Vec::new();
        for language in Language::ALL {
            match Texts::read(language).filter(is_whole) {
                Some(texts) => whole.push(texts),
                None => tracing::error!(language = language.tag(), "a language is not whole"),
            }
        }
        Self(whole)
    }

    /// The texts of that language, else those of U.S. English.
    pub(crate) fn texts(&self, language: Language) -> &Texts {
        let found = self.0.iter().find(|texts| texts.language() == language);
        found.or_else(|| self.0.first()).expect("U.S. English is whole, a test reads it")
    }
}

/// The ids of a file, in its order.
fn ids(source: &str) -> Vec<&str> {
    let is_message = |line: &&str| line.starts_with(|first: char| first.is_ascii_lowercase());
    let lines = source.lines().filter(is_message);
    lines.filter_map(|line| line.split_once(" = ").map(|(id, _)| id)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn phn_08_all_languages_have_exactly_the_same_texts() {
        let english = ids(Language::English.source());
        assert_eq!(BTreeSet::from_iter(&english).len(), english.len(), "an id stands twice");
        for language in Language::ALL {
            assert_eq!(ids(language.source()), english, "{language:?}");
        }
        assert_eq!(Library::read().0.len(), Language::ALL.len());
    }

    #[test]
    fn phn_08_the_placeables_are_the_same_in_all_languages() {
        fn placeables(source: &str) -> Vec<(&str, BTreeSet<&str>)> {
            source
                .lines()
                .filter_map(|line| line.split_once(" = "))
                .map(|(id, text)| {
                    let names = text.split('$').skip(1);
                    (id, names.filter_map(|rest| rest.split(' ').next()).collect())
                })
                .collect()
        }
        let english = placeables(Language::English.source());
        for language in Language::ALL {
            assert_eq!(placeables(language.source()), english, "{language:?}");
        }
    }

    #[test]
    fn phn_17_short_texts_stay_short_in_every_language() {
        let library = Library::read();
        for language in Language::ALL {
            let texts = library.texts(language);
            for id in ids(Language::English.source()) {
                let is_heading = id.ends_with("-title") || id.ends_with("-prompt");
                let starts = ["field-", "mobile-", "state-"];
                let most = match id {
                    "state-reason" => continue,
                    // As many as the narrowest soft key shows.
                    _ if id.starts_with("key-") => 8,
                    _ if is_heading || starts.iter().any(|start| id.starts_with(start)) => 32,
                    _ if NOTICES_ON_FORMS.contains(&id) => 32,
                    _ => continue,
                };
                let text = texts.with(id, &[("code", "65535")]);
                assert!(text.chars().count() <= most, "{language:?} {id}: {text}");
            }
        }
    }

    const NOTICES_ON_FORMS: [&str; 8] = [
        "sign-in-incomplete",
        "notice-signed-out",
        "notice-supervisor",
        "notice-no-contact",
        "notice-system",
        "notice-system-code",
        "notice-elsewhere",
        "notice-again",
    ];

    #[test]
    fn phn_17_western_languages_stay_within_latin1() {
        for language in Language::ALL.into_iter().filter(|it| it.is_shown_by(Charset::Latin1)) {
            for line in language.source().lines() {
                let beyond = line.chars().find(|character| !Charset::Latin1.has(*character));
                assert_eq!(beyond, None, "{language:?}: {line}");
            }
        }
    }

    #[track_caller]
    fn check_language(accept_language: &str, expected: Language) {
        assert_eq!(Language::asked_for(accept_language), expected);
    }

    #[test]
    fn phn_08_the_language_follows_the_phones_locale() {
        check_language("de-DE", Language::German);
        check_language("de_DE", Language::German);
        check_language("FR-ca", Language::French);
        check_language("es", Language::Spanish);
        check_language("ja-JP,en;q=0.5", Language::Japanese);
        check_language("en;q=0.5, de;q=0.9", Language::German);
    }

    #[test]
    fn phn_08_what_there_is_not_falls_back_to_english() {
        for unknown in ["", "xx-XX", "*", ";;;", "de;q=x", "de;q=0", "tlh_KX", "\u{1F600}", "-"] {
            check_language(unknown, Language::English);
        }
    }

    /// Ids stand in the code as plain texts, so that they can be held against the files.
    #[test]
    fn every_text_in_the_code_is_in_the_files_and_the_other_way_round() {
        let mut used = BTreeSet::new();
        let mut folders =
            vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "rs") {
                    let code = std::fs::read_to_string(&path).unwrap();
                    let words = code.split('"').map(str::to_owned);
                    used.extend(words);
                }
            }
        }
        let ids = ids(Language::English.source());
        for id in &ids {
            assert!(used.contains(*id), "{id} is not used");
        }
        let beginnings: BTreeSet<_> = ids.iter().filter_map(|id| id.split('-').next()).collect();
        let looks_like_id = |word: &&String| {
            word.split_once('-').is_some_and(|(start, rest)| {
                beginnings.contains(start)
                    && rest.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')
                    && !rest.is_empty()
                    && !rest.ends_with('-')
            })
        };
        for word in used.iter().filter(looks_like_id) {
            assert!(ids.contains(&word.as_str()), "{word} is in the code and in no file");
        }
    }
}
