//! Headers both ways: what the phone says of itself, and what it reads in an answer.
//!
//! Pure: time comes as an argument. Header names are compared without case.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::limits;
use super::model::{Age, Model};
use super::uri::{Place, Uri};

/// Headers of an answer, in order, names as they came.
pub(crate) type Headers = Vec<(String, String)>;

/// What is said of a Content-Type that leaves the charset open.
pub(crate) const NO_CHARSET: &str = "Content-Type has no charset";

/// The first value of a header.
pub(crate) fn header<'h>(headers: &'h Headers, name: &str) -> Option<&'h str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// What a phone of this model sends with each request, cookies apart.
pub(crate) fn request_headers(model: &Model, locale: &str) -> Headers {
    let (width, height, depth, colour) = model.display;
    // A real 7942 writes its locale with an underscore.
    let language = match model.age {
        Age::Old => locale.replace('-', "_"),
        Age::Current => locale.to_owned(),
    };
    let version = model.sdk_version;
    [
        ("Accept", format!("x-CiscoIPPhone/*;version={version}, text/*, image/png, */*")),
        ("Accept-Language", language),
        ("Accept-Charset", model.accept_charset().to_owned()),
        ("User-Agent", "Allegro-Software-WebClient/4.34".to_owned()),
        ("X-CiscoIPPhoneModelName", model.name.to_owned()),
        ("X-CiscoIPPhoneDisplay", format!("{width}, {height}, {depth}, {colour}")),
        ("X-CiscoIPPhoneSDKVersion", version.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// What a body is by its `Content-Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    /// An XML object.
    Xml,
    /// Shown as it stands, with neither title nor prompt.
    PlainText,
    /// A clip to play.
    Audio,
    /// A picture.
    Png,
    /// Nothing a phone knows.
    Unknown,
}

/// A decoded body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) media: Media,
    /// `None` where the bytes are not in their charset.
    pub(crate) text: Option<String>,
    pub(crate) violations: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Charset {
    Utf8,
    Latin1,
}

impl Charset {
    fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Some(Self::Utf8),
            "iso-8859-1" | "us-ascii" | "latin1" => Some(Self::Latin1),
            _ => None,
        }
    }

    fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Latin1 => Some(bytes.iter().copied().map(char::from).collect()),
        }
    }
}

/// Reads a body as a phone does: for XML the declaration's encoding decides, Latin-1 without one.
pub(crate) fn decode(content_type: Option<&str>, bytes: &[u8]) -> Decoded {
    let mut violations = Vec::new();
    let written = content_type.unwrap_or_default();
    if content_type.is_none() {
        violations.push("the answer has no Content-Type".to_owned());
    }
    let mut parts = written.split(';').map(str::trim);
    let media = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "text/xml" => Media::Xml,
        "text/plain" | "text/html" => Media::PlainText,
        "audio/basic" => Media::Audio,
        "image/png" => Media::Png,
        "application/xml" => {
            violations.push("Content-Type is application/xml, objects are text/xml".to_owned());
            Media::Xml
        }
        _ => {
            violations.push(format!("Content-Type is {written:?}, objects are text/xml"));
            Media::Unknown
        }
    };
    let named = parts
        .filter_map(|part| part.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .map(|(_, value)| value.trim().trim_matches('"'));
    let text = match media {
        Media::Xml => decode_xml(named, bytes, &mut violations),
        Media::PlainText => {
            let text = named.and_then(Charset::parse).unwrap_or(Charset::Latin1).decode(bytes);
            if text.as_deref().is_some_and(|text| text.trim_start().starts_with("<?xml")) {
                violations.push(format!("an XML object came as {written:?}"));
            }
            text
        }
        Media::Audio | Media::Png | Media::Unknown => None,
    };
    Decoded { media, text, violations }
}

fn decode_xml(named: Option<&str>, bytes: &[u8], violations: &mut Vec<String>) -> Option<String> {
    let declared = declared_encoding(bytes);
    if declared.is_none() {
        violations.push(
            "the XML declaration has no encoding, the phone assumes its user locale's".to_owned(),
        );
    }
    match (&declared, named) {
        (_, None) => violations.push(NO_CHARSET.to_owned()),
        (Some(declared), Some(named)) if !declared.eq_ignore_ascii_case(named) => {
            violations.push(format!("Content-Type says {named}, the XML declaration {declared}"));
        }
        _ => {}
    }
    let charset = match declared.as_deref() {
        None => Charset::Latin1,
        Some(name) => match Charset::parse(name) {
            Some(charset) => charset,
            None => {
                violations.push(format!(
                    "encoding {name:?} is not in Accept-Charset: utf-8 and iso-8859-1 are"
                ));
                return None;
            }
        },
    };
    let text = charset.decode(bytes);
    match &text {
        None => violations.push("the body is not in the encoding it declares".to_owned()),
        Some(text) if charset == Charset::Latin1 && beyond_latin1(text) => violations
            .push("a Latin-1 body refers to characters outside Latin-1 by number".to_owned()),
        Some(_) => {}
    }
    text
}

/// The `encoding` of an XML declaration; declarations are ASCII in both charsets.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let end = bytes.windows(2).take(200).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(bytes.get(..end)?).ok()?;
    let value = declaration.strip_prefix("<?xml")?.split_once("encoding")?.1;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value.get(1..)?.split_once(quote).map(|(name, _)| name.to_owned())
}

/// Whether a numeric reference stands for a character above U+00FF.
fn beyond_latin1(text: &str) -> bool {
    text.split("&#").skip(1).any(|rest| {
        let Some((number, _)) = rest.split_once(';') else { return false };
        let value = match number.strip_prefix('x') {
            Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
            None => number.parse(),
        };
        value.is_ok_and(|value| value > 0xFF)
    })
}

/// A `Refresh` header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Refresh {
    /// 0 means by Update or Next only.
    pub(crate) seconds: u64,
    /// `None` means the same page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

/// Reads `<seconds>; url=<URL>`, either part optional.
pub(crate) fn parse_refresh(value: &str, model: &Model) -> (Option<Refresh>, Vec<String>) {
    let mut violations = Vec::new();
    let (first, rest) = value.split_once(';').unwrap_or((value, ""));
    let (seconds_text, url_part) = match first.trim() {
        text if starts_with_url(text) => ("", value.trim()),
        text => (text, rest.trim()),
    };
    let seconds = match seconds_text {
        "" => 0,
        text => match text.parse() {
            Ok(seconds) => seconds,
            Err(_) => {
                violations.push(format!("Refresh {value:?} does not begin with seconds"));
                return (None, violations);
            }
        },
    };
    let url = if url_part.is_empty() {
        None
    } else if starts_with_url(url_part) {
        let url = url_part.get(4..).unwrap_or_default().trim().trim_matches('"').to_owned();
        violations.extend(Uri::check(&url, Place::Refresh, model));
        if !matches!(Uri::follow(&url, model), Ok(Uri::Http(_))) {
            return (None, violations);
        }
        Some(url)
    } else {
        violations.push(format!("Refresh {value:?} is not seconds; url=URL"));
        None
    };
    (Some(Refresh { seconds, url }), violations)
}

fn starts_with_url(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("url="))
}

/// Whether a page may stay in the Back history, by its `Expires`.
pub(crate) fn may_be_kept(
    expires: Option<&str>,
    now: SystemTime,
    model: &Model,
) -> (bool, Vec<String>) {
    let Some(value) = expires else { return (true, Vec::new()) };
    let Ok(date) = httpdate::parse_http_date(value) else {
        return (true, vec![format!("Expires {value:?} is not an HTTP date")]);
    };
    if model.expires_after_epoch && date < UNIX_EPOCH + Duration::from_secs(86_400) {
        let problem =
            format!("Expires {value:?} is not after 1970-01-01, {} needs that", model.name);
        return (true, vec![problem]);
    }
    (date > now, Vec::new())
}

/// Whether the whole answer has the length an HTTP/1.0 phone needs.
pub(crate) fn judge_length(headers: &Headers, model: &Model) -> Option<String> {
    if model.age == Age::Current {
        return None;
    }
    if header(headers, "transfer-encoding").is_some() {
        return Some(format!("a chunked answer to {}, which speaks HTTP/1.0", model.name));
    }
    header(headers, "content-length")
        .is_none()
        .then(|| format!("no Content-Length in an answer to {}", model.name))
}

/// Cuts an over-long body off; the phone says "Data too large!".
pub(crate) fn is_too_large(bytes: &[u8]) -> bool {
    bytes.len() > limits::ANSWER_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str) -> &'static Model {
        Model::find(name).unwrap()
    }

    #[track_caller]
    fn check_body(content_type: &str, bytes: &[u8], text: Option<&str>, violations: usize) {
        let decoded = decode(Some(content_type), bytes);
        assert_eq!(decoded.text.as_deref(), text);
        assert_eq!(decoded.violations.len(), violations, "{:?}", decoded.violations);
    }

    #[test]
    fn phn_17_each_model_names_itself_and_its_charset() {
        let of = |name: &str| request_headers(model(name), "de-DE");
        let new = of("8845");
        assert_eq!(header(&new, "x-ciscoipphonemodelname"), Some("CP-8845"));
        assert_eq!(header(&new, "X-CiscoIPPhoneDisplay"), Some("559, 265, 24, C"));
        assert_eq!(header(&new, "Accept-Charset"), Some("utf-8,iso-8859-1;q=0.8"));
        assert_eq!(header(&new, "Accept-Language"), Some("de-DE"));
        let old = of("7942G");
        assert_eq!(header(&old, "Accept-Charset"), Some("iso-8859-1,utf-8;q=0.8"));
        assert_eq!(header(&old, "Accept-Language"), Some("de_DE"));
    }

    #[test]
    fn the_declaration_decides_the_charset() {
        let xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?><a>é</a>";
        check_body("text/xml; charset=utf-8", xml.as_bytes(), Some(xml), 0);
        check_body("text/xml", xml.as_bytes(), Some(xml), 1);
        check_body("text/xml; charset=iso-8859-1", xml.as_bytes(), Some(xml), 1);
        let bare = "<?xml version=\"1.0\"?><a>é</a>";
        check_body(
            "text/xml; charset=utf-8",
            bare.as_bytes(),
            Some("<?xml version=\"1.0\"?><a>Ã©</a>"),
            1,
        );
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>";
        let shown = "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>";
        check_body("text/xml; charset=iso-8859-1", latin, Some(shown), 0);
        check_body(
            "text/xml; charset=utf-8",
            b"<?xml version=\"1.0\" encoding=\"utf-8\"?><a>\xE9</a>",
            None,
            1,
        );
        let beyond = b"<?xml version='1.0' encoding='iso-8859-1'?><a>&#x20AC;</a>";
        check_body("text/xml; charset=iso-8859-1", beyond, std::str::from_utf8(beyond).ok(), 1);
    }

    #[test]
    fn plain_text_is_shown_and_xml_in_it_reported() {
        check_body("text/plain; charset=utf-8", "é".as_bytes(), Some("é"), 0);
        check_body(
            "text/html",
            b"<?xml version=\"1.0\"?><a/>",
            Some("<?xml version=\"1.0\"?><a/>"),
            1,
        );
        check_body("application/json", b"{}", None, 1);
    }

    #[test]
    fn refresh_has_two_optional_parts() {
        let parse = |value: &str| parse_refresh(value, model("8845"));
        let refresh = |seconds, url: Option<&str>| {
            (Some(Refresh { seconds, url: url.map(str::to_owned) }), Vec::new())
        };
        assert_eq!(parse("15; url=https://h/a;b"), refresh(15, Some("https://h/a;b")));
        assert_eq!(parse("15"), refresh(15, None));
        assert_eq!(parse("0; url=https://h/"), refresh(0, Some("https://h/")));
        assert_eq!(parse("url=https://h/"), refresh(0, Some("https://h/")));
        assert_eq!(parse("soon; url=https://h/").1.len(), 1);
        assert_eq!(parse("5; url=/home").1.len(), 1);
        assert_eq!(parse("5; https://h/").1.len(), 1);
    }

    #[test]
    fn a_past_expiry_keeps_a_page_out_of_the_history() {
        let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let kept = |expires, name| {
            let (kept, violations) = may_be_kept(expires, now, model(name));
            (kept, violations.len())
        };
        assert_eq!(kept(None, "8845"), (true, 0));
        assert_eq!(kept(Some("Sat, 01 Jan 2000 00:00:00 GMT"), "8845"), (false, 0));
        assert_eq!(kept(Some("Fri, 01 Jan 2100 00:00:00 GMT"), "8845"), (true, 0));
        assert_eq!(kept(Some("Thu, 01 Jan 1970 00:00:00 GMT"), "8845"), (true, 1));
        assert_eq!(kept(Some("Thu, 01 Jan 1970 00:00:00 GMT"), "7841"), (false, 0));
        assert_eq!(kept(Some("-1"), "7841"), (true, 1));
    }

    #[test]
    fn phn_17_old_phones_need_a_content_length() {
        let chunked = vec![("Transfer-Encoding".to_owned(), "chunked".to_owned())];
        assert!(judge_length(&chunked, model("7942G")).is_some());
        assert!(judge_length(&Vec::new(), model("6945")).is_some());
        assert!(judge_length(&chunked, model("8845")).is_none());
    }
}
