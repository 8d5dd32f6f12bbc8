//! What a phone says of itself in a request: model, language, character set.
//!
//! All of it can be forged. It decides how a page looks, never what it may show.

use domain::settings::{FormMethod, PhoneService};
use http::HeaderMap;
use http::header::{ACCEPT_CHARSET, ACCEPT_LANGUAGE, HeaderName, USER_AGENT};
use protocols::phone_xml::{Charset, Object, encode};

use crate::models::{Model, label_characters};
use crate::texts::{Language, Library, Texts, by_preference};

/// What a Cisco phone calls itself, for example `CP-8845`.
static MODEL_NAME: HeaderName = HeaderName::from_static("x-ciscoipphonemodelname");

/// How pages look on one phone.
pub(crate) struct Client<'t> {
    pub(crate) model: &'static Model,
    pub(crate) charset: Charset,
    /// Whether it reads UTF-8 too, though it prefers another.
    accepts_utf8: bool,
    pub(crate) texts: &'t Texts,
    /// How many characters of a label it shows.
    pub(crate) label_characters: usize,
    /// Whether it is asked to send forms in a body.
    pub(crate) post: bool,
}

/// What a phone said of itself, as it said it: model, program, character sets, languages, a line each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told(Box<str>);

impl Told {
    /// What stands in a request.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self(Self::lines(headers).join("\n").into_boxed_str())
    }

    /// Whether a request says the same.
    pub(crate) fn is(&self, headers: &HeaderMap) -> bool {
        self.parts() == Self::lines(headers)
    }

    /// What it calls itself, where it does.
    pub(crate) fn model(&self) -> Option<&str> {
        let [model, ..] = self.parts();
        Some(model).filter(|model| !model.is_empty())
    }

    fn lines(headers: &HeaderMap) -> [&str; 4] {
        // Values that are taken hold no line ends.
        [&MODEL_NAME, &USER_AGENT, &ACCEPT_CHARSET, &ACCEPT_LANGUAGE].map(|it| text(headers, it))
    }

    fn parts(&self) -> [&str; 4] {
        let mut lines = self.0.split('\n');
        [(); 4].map(|()| lines.next().unwrap_or_default())
    }
}

impl<'t> Client<'t> {
    pub(crate) fn of(headers: &HeaderMap, service: &PhoneService, library: &'t Library) -> Self {
        Self::from_lines(Told::lines(headers), service, library)
    }

    /// The same for a phone that said that earlier.
    pub(crate) fn again(told: &Told, service: &PhoneService, library: &'t Library) -> Self {
        Self::from_lines(told.parts(), service, library)
    }

    fn from_lines(
        [name, user_agent, asked, languages]: [&str; 4],
        service: &PhoneService,
        library: &'t Library,
    ) -> Self {
        let model = Model::of(name, user_agent);
        let mut charsets: Vec<_> = by_preference(asked).filter_map(Charset::from_name).collect();
        if charsets.is_empty() {
            charsets.push(model.charset);
        }
        // The set that the phone prefers of those that show its language. Where none does the page
        // is U.S. English, in the one it prefers of all.
        let wanted = Language::asked_for(languages);
        let showing = charsets.iter().find(|charset| wanted.is_shown_by(**charset));
        let language = if showing.is_some() { wanted } else { Language::default() };
        let charset = showing.or(charsets.first()).copied().unwrap_or(model.charset);
        Self {
            model,
            charset,
            accepts_utf8: charsets.contains(&Charset::Utf8),
            texts: library.texts(language),
            label_characters: label_characters(service, name, user_agent),
            post: service.form_method == FormMethod::Post && model.honours_post,
        }
    }

    /// A page as this phone reads it. What people wrote, a reason's label for example, may need
    /// UTF-8 where the texts of the page do not.
    pub(crate) fn encode(&self, object: &Object) -> (Charset, Vec<u8>) {
        if self.charset == Charset::Utf8 {
            return (Charset::Utf8, encode(object, Charset::Utf8));
        }
        if self.accepts_utf8 {
            let page = encode(object, Charset::Utf8);
            let text = std::str::from_utf8(&page).unwrap_or_default();
            if !text.chars().all(|character| self.charset.can_write(character)) {
                return (Charset::Utf8, page);
            }
        }
        (self.charset, encode(object, self.charset))
    }
}

/// A header field that is plain ASCII and sent once, else nothing.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h str {
    const BYTES_MAX: usize = 256;
    let mut values = headers.get_all(name).iter();
    let first = values.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    if values.next().is_some() || first.len() > BYTES_MAX { "" } else { first.trim() }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], expected: (&str, Charset, Language)) {
        let library = Library::read();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let client = Client::of(&map, &PhoneService::default(), &library);
        assert_eq!((client.model.beginning, client.charset, client.texts.language()), expected);
    }

    #[test]
    fn phn_17_a_page_fits_the_phone_that_asks() {
        use Charset::{Latin1, Utf8};
        use Language::{English, German, Japanese};
        const MODEL: &str = "x-ciscoipphonemodelname";
        check(
            &[
                (MODEL, "CP-8845"),
                ("accept-charset", "utf-8,iso-8859-1;q=0.8"),
                ("accept-language", "ja-JP"),
            ],
            ("CP-88", Utf8, Japanese),
        );
        check(
            &[
                (MODEL, "CP-7942G"),
                ("accept-charset", "iso-8859-1,utf-8;q=0.8"),
                ("accept-language", "de_DE"),
            ],
            ("CP-79", Latin1, German),
        );
        check(
            &[
                (MODEL, "CP-7942G"),
                ("accept-charset", "iso-8859-1,utf-8;q=0.8"),
                ("accept-language", "ja_JP"),
            ],
            ("CP-79", Utf8, Japanese),
        );
        check(
            &[
                (MODEL, "CP-7942G"),
                ("accept-charset", "iso-8859-1, utf-8;q=0"),
                ("accept-language", "ja_JP"),
            ],
            ("CP-79", Latin1, English),
        );
        check(&[(MODEL, "CP-7841")], ("CP-78", Utf8, English));
        check(&[(MODEL, "CP-6945"), ("accept-language", "ja_JP")], ("CP-69", Latin1, English));
    }

    #[test]
    fn phn_17_who_says_nothing_or_nonsense_gets_what_every_phone_shows() {
        use Charset::{Latin1, Utf8};
        const MODEL: &str = "x-ciscoipphonemodelname";
        let unknown = |charset| ("", charset, Language::English);
        check(&[], unknown(Latin1));
        check(&[("accept-charset", "utf-8")], unknown(Utf8));
        check(&[("accept-charset", "koi8-r, *")], unknown(Latin1));
        check(&[(MODEL, "CP-8845"), (MODEL, "CP-7942G")], unknown(Latin1));
        check(&[(MODEL, &"CP-88".repeat(100))], unknown(Latin1));
        check(&[(MODEL, "CP-88\u{e9}")], unknown(Latin1));
    }
}
