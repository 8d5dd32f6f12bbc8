//! The attributes that are shown, each in one way of writing.

use super::super::clean::cut;
use super::super::{ATTACHMENTS_AT, Remote};
use super::elements::Element;
use super::events::Attributes;
use super::style;
use super::url::{Image, image, link};

/// Characters of a text in an attribute.
const TEXT_BYTES_MAX: usize = 1_000;

/// What becomes of images.
pub(super) struct Images<'a> {
    /// Those of other servers.
    pub(super) remote: Remote,
    /// Those the mail brings: where `cid:` of this leads.
    pub(super) of_content_id: &'a dyn Fn(&str) -> Option<String>,
}

/// Attributes of an element in the form they are shown in.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) attributes: Vec<(&'static str, String)>,
    /// Whether it names an image of another server.
    pub(super) has_remote_content: bool,
    /// Whether it repeats an earlier mail.
    pub(super) is_quote: bool,
    /// What stands in its place where it shows nothing: an image without a source.
    pub(super) instead: Option<String>,
}

pub(super) fn shown(element: Element, given: &Attributes, images: &Images<'_>) -> Shown {
    let mut shown = Shown::default();
    let get = |name: &str| given.get(name).map(String::as_str);
    match element.name {
        "a" => {
            if let Some(address) = get("href").and_then(link) {
                shown.put("href", address);
                shown.put("rel", "noopener noreferrer".to_owned());
                shown.put("target", "_blank".to_owned());
            }
        }
        "img" => shown.image(given, images),
        "td" | "th" => {
            shown.number("colspan", get("colspan"), 1_000);
            shown.number("rowspan", get("rowspan"), 1_000);
            shown.length("width", get("width"));
        }
        "table" => {
            shown.number("border", get("border"), 9);
            shown.number("cellpadding", get("cellpadding"), 40);
            shown.number("cellspacing", get("cellspacing"), 40);
            shown.length("width", get("width"));
        }
        "ol" => {
            shown.number("start", get("start"), 99_999);
            let kinds = get("type").filter(|kind| matches!(*kind, "1" | "a" | "A" | "i" | "I"));
            shown.text("type", kinds);
        }
        "li" => shown.number("value", get("value"), 99_999),
        _ => {}
    }
    let direction = get("dir").map(str::to_ascii_lowercase);
    shown.text("dir", direction.as_deref().filter(|it| matches!(*it, "ltr" | "rtl" | "auto")));
    let is_language = |it: &&str| {
        !it.is_empty()
            && it.len() <= 35
            && it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    shown.text("lang", get("lang").filter(is_language));
    let style = style::allowed(get("style"), get("class"), get("align"));
    shown.text("style", Some(style.as_str()).filter(|style| !style.is_empty()));
    shown.is_quote = is_quote(element, given);
    if shown.is_quote {
        shown.put("data-quote", String::new());
    }
    shown
}

impl Shown {
    fn put(&mut self, name: &'static str, value: String) {
        self.attributes.push((name, value));
    }

    fn text(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.put(name, cut(value, TEXT_BYTES_MAX).to_owned());
        }
    }

    fn number(&mut self, name: &'static str, value: Option<&str>, max: u32) {
        let number = value.and_then(|value| value.trim().parse::<u32>().ok());
        if let Some(number) = number.filter(|number| *number <= max) {
            self.put(name, number.to_string());
        }
    }

    /// A number of pixels, or of hundredths.
    fn length(&mut self, name: &'static str, value: Option<&str>) {
        let value = value.unwrap_or_default().trim();
        let (digits, unit) = value.strip_suffix('%').map_or((value, ""), |digits| (digits, "%"));
        let digits = digits.strip_suffix("px").unwrap_or(digits);
        let max = if unit.is_empty() { 4_000 } else { 100 };
        if let Some(number) = digits.parse::<u32>().ok().filter(|number| *number <= max) {
            self.put(name, format!("{number}{unit}"));
        }
    }

    fn image(&mut self, given: &Attributes, images: &Images<'_>) {
        let get = |name: &str| given.get(name).map(String::as_str);
        let source = [get("src"), get("data-remote-src")].into_iter().flatten();
        match source.into_iter().find_map(image) {
            Some(Image::Remote(address)) => {
                self.has_remote_content = true;
                match images.remote {
                    Remote::Blocked => self.put("data-remote-src", address),
                    Remote::Shown => {
                        self.put("src", address);
                        self.put("referrerpolicy", "no-referrer".to_owned());
                    }
                }
            }
            Some(Image::ContentId(id)) => {
                let place = (images.of_content_id)(&id);
                self.put("src", place.unwrap_or_else(|| format!("cid:{id}")));
            }
            Some(Image::Attachment(number)) => {
                self.put("src", format!("{ATTACHMENTS_AT}{number}"));
            }
            Some(Image::File(place)) => self.put("src", place),
            None => {
                self.instead = Some(cut(get("alt").unwrap_or_default(), TEXT_BYTES_MAX).to_owned());
                return;
            }
        }
        self.text("alt", Some(get("alt").unwrap_or_default()));
        self.length("width", get("width"));
        self.length("height", get("height"));
    }
}

/// Whether an element repeats an earlier mail, by the marks of mail programs and by ours.
fn is_quote(element: Element, given: &Attributes) -> bool {
    if !matches!(element.name, "blockquote" | "div") {
        return false;
    }
    let is_cited = element.name == "blockquote"
        && given.get("type").is_some_and(|kind| kind.eq_ignore_ascii_case("cite"));
    let classes =
        given.get("class").map(String::as_str).unwrap_or_default().split_ascii_whitespace();
    let marked = ["gmail_quote", "yahoo_quoted", "protonmail_quote", "tutanota_quote"];
    given.contains_key("data-quote")
        || is_cited
        || classes.into_iter().any(|class| marked.contains(&class))
}
