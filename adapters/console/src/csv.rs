//! Tables for spreadsheets (RFC 4180).

use serde_json::Value;

/// The first line: what the columns are called.
pub(crate) fn head(columns: &[(&str, &str)]) -> String {
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    names.join(",") + "\r\n"
}

/// A line with what stands at the columns' places in a value (JSON pointers).
pub(crate) fn line(columns: &[(&str, &str)], value: &Value) -> String {
    let cells = columns.iter().map(|(_, place)| match value.pointer(place) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => cell(text),
        Some(other) => cell(&other.to_string()),
    });
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

/// One cell. What a spreadsheet would take for a formula gets a mark in front, so that it stays text.
fn cell(text: &str) -> String {
    const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '＠'];
    let is_formula = text.trim_start_matches([' ', '\u{feff}']).starts_with(FORMULA);
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_02_a_cell_is_never_a_formula() {
        for bad in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "=cmd|' /C calc'!A0"]
        {
            let cell = cell(bad);
            assert!(cell.starts_with("\"'"), "{cell}");
        }
        assert_eq!(cell("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(cell(""), "\"\"");
    }
}
