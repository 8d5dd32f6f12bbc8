//! The few declarations of style that are kept: what an editor of answers writes.

/// Levels of indentation by class.
const INDENTS_MAX: u32 = 8;

/// Kept declarations of `style`, or what `class` and `align` say in their place, in one order.
pub(super) fn allowed(style: Option<&str>, class: Option<&str>, align: Option<&str>) -> String {
    let mut kept = Kept::default();
    if let Some(align) = align {
        kept.declare("text-align", align);
    }
    for class in class.unwrap_or_default().split_ascii_whitespace() {
        if let Some(align) = class.strip_prefix("ql-align-") {
            kept.declare("text-align", align);
        }
        let level = class.strip_prefix("ql-indent-").and_then(|level| level.parse::<u32>().ok());
        if let Some(level) = level.filter(|level| (1..=INDENTS_MAX).contains(level)) {
            kept.declare("margin-left", &format!("{}em", 3 * level));
        }
    }
    for declaration in style.unwrap_or_default().split(';') {
        if let Some((name, value)) = declaration.split_once(':') {
            kept.declare(name.trim(), value);
        }
    }
    kept.written()
}

#[derive(Default)]
struct Kept([Option<String>; 7]);

const NAMES: [&str; 7] = [
    "text-align",
    "font-weight",
    "font-style",
    "text-decoration",
    "margin-left",
    "margin-right",
    "padding-left",
];

impl Kept {
    fn declare(&mut self, name: &str, value: &str) {
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_ascii_lowercase());
        let value = value.strip_suffix("!important").map_or(value.as_str(), str::trim_end);
        let name = if name == "text-decoration-line" { "text-decoration" } else { name.as_str() };
        let is_allowed = match name {
            "text-align" => ["left", "center", "right", "justify", "start", "end"].contains(&value),
            "font-weight" => {
                ["normal", "bold", "bolder", "lighter"].contains(&value)
                    || value.len() == 3 && value.ends_with("00") && value.parse::<u32>().is_ok()
            }
            "font-style" => ["normal", "italic", "oblique"].contains(&value),
            "text-decoration" => ["none", "underline", "line-through"].contains(&value),
            "margin-left" | "margin-right" | "padding-left" => is_indent(value),
            _ => false,
        };
        let slot = NAMES.iter().zip(&mut self.0).find(|(known, _)| **known == name);
        if let (true, Some((_, slot))) = (is_allowed, slot) {
            *slot = Some(value.to_owned());
        }
    }

    fn written(self) -> String {
        let kept = NAMES.iter().zip(self.0);
        let written = kept.filter_map(|(name, value)| Some(format!("{name}: {}", value?)));
        written.collect::<Vec<_>>().join("; ")
    }
}

/// A length to the right that leaves the text in sight.
fn is_indent(value: &str) -> bool {
    let units = [("px", 400), ("pt", 300), ("rem", 30), ("em", 30), ("%", 60)];
    if value == "0" {
        return true;
    }
    units.iter().any(|(unit, max)| {
        let number = value.strip_suffix(unit).unwrap_or_default();
        let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
        let is_digits = |text: &str| {
            (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        is_digits(whole) && is_digits(part) && whole.parse::<u32>().is_ok_and(|whole| whole <= *max)
    })
}
