//! Judges one stored page, and lists the models: what needs no network.

use std::fmt::Write as _;

use super::headers;
use super::model::{Age, Heading, MODELS, Model};
use super::parse::{self, Delivery};

/// What `check-page` found.
pub(crate) struct Verdict {
    /// The object's name, or the phone's own error.
    pub(crate) shown: String,
    pub(crate) violations: Vec<String>,
}

/// Judges the bytes of a page as an answer with this `Content-Type`, or as a push.
pub(crate) fn check_page(
    bytes: &[u8],
    content_type: Option<&str>,
    model: &Model,
    delivery: Delivery,
) -> Verdict {
    // A stored page has no header; then only the declaration is judged.
    let decoded = headers::decode(content_type.or(Some("text/xml")), bytes);
    let mut violations = decoded.violations;
    if content_type.is_none() {
        violations.retain(|violation| violation != headers::NO_CHARSET);
    }
    let Some(text) = decoded.text else {
        return Verdict { shown: "XML Error [4]".to_owned(), violations };
    };
    let parsed = parse::parse(&text, model, delivery);
    violations.extend(parsed.violations);
    let shown = match parsed.object {
        Ok(object) => object.name(),
        Err(refusal) => refusal.screen_text().to_owned(),
    };
    Verdict { shown, violations }
}

/// The model table as text.
pub(crate) fn models() -> String {
    let mut text = String::from(
        "model     display         keys  heading             charset first  push bytes  objects\n",
    );
    for model in MODELS {
        let (width, height, depth, colour) = model.display;
        let display = format!("{width}x{height}x{depth}{colour}");
        let heading = match model.heading {
            Heading::BelowTitle => "title, prompt",
            Heading::AboveKeys => "title, prompt below",
            Heading::InsteadOfTitle => "prompt or title",
        };
        let charset = match model.age {
            Age::Old => "iso-8859-1",
            Age::Current => "utf-8",
        };
        let objects: Vec<&str> = model.objects.iter().map(|kind| kind.short_name()).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<9} {display:<15} {:<5} {heading:<19} {charset:<14} {:<11} {}",
            model.name,
            model.soft_keys_visible,
            model.push_body_bytes_max(),
            objects.join(" ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_page_is_judged_without_headers() {
        let model = Model::find("8845").unwrap();
        let good = b"<?xml version=\"1.0\" encoding=\"utf-8\"?><CiscoIPPhoneText/>";
        let verdict = check_page(good, None, model, Delivery::Pull);
        assert_eq!((verdict.shown.as_str(), verdict.violations.len()), ("CiscoIPPhoneText", 0));
        let bad = b"<CiscoIPPhoneText><Body/></CiscoIPPhoneText>";
        let verdict = check_page(bad, None, model, Delivery::Pull);
        assert_eq!((verdict.shown.as_str(), verdict.violations.len()), ("XML Error [4]", 2));
    }

    #[test]
    fn the_table_has_a_line_for_each_model() {
        assert_eq!(models().lines().count(), MODELS.len() + 1);
    }
}
