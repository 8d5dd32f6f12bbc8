//! Cutting texts to a limit without tearing a character apart.

use unicode_segmentation::UnicodeSegmentation;

/// The beginning of `text` with at most `characters_max` characters (Unicode scalar values, as the
/// schema counts), ending where a reader sees a character end. A single character longer than the
/// limit, which only an endless row of marks makes, is torn.
pub fn cut(text: &str, characters_max: usize) -> &str {
    // No text has more characters than bytes, and nearly every text fits.
    if text.len() <= characters_max {
        return text;
    }
    let (mut end, mut characters) = (0, 0);
    for grapheme in text.graphemes(true) {
        characters += grapheme.chars().count();
        if characters > characters_max {
            break;
        }
        end += grapheme.len();
    }
    if end == 0 {
        let torn = text.char_indices().nth(characters_max);
        end = torn.map_or(text.len(), |(position, _)| position);
    }
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[track_caller]
    fn check(text: &str, characters_max: usize, expected: &str) {
        let shortened = cut(text, characters_max);
        assert_eq!(shortened, expected);
        assert_eq!(cut(shortened, characters_max), expected, "cutting again changes it");
    }

    #[test]
    fn phn_06_labels_are_cut_on_a_character_boundary() {
        check("Mittagspause", 7, "Mittags");
        check("Mittagspause", 12, "Mittagspause");
        check("Mittagspause", 0, "");
        check("Übung", 1, "Ü");
        check("休憩時間", 2, "休憩");
        // A base letter stays with its mark, a family of emoji stays whole or goes.
        check("ne\u{301}e", 2, "n");
        check("ne\u{301}e", 3, "ne\u{301}");
        check("a👩\u{200d}👧", 3, "a");
        check("a👩\u{200d}👧", 4, "a👩\u{200d}👧");
        check("e\u{301}\u{301}\u{301}", 2, "e\u{301}");
    }
}
