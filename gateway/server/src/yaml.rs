//! YAML that people wrote, as a value: bounded in size, depth and aliases; repeated keys refused.

use serde_json::Value;

mod spelling;

/// The most bytes of a settings file.
pub(crate) const BYTES_MAX: usize = 16 * 1024 * 1024;
const DEPTH_MAX: usize = 16;
const NODES_MAX: usize = 2_000_000;
const ALIASES_MAX: usize = 1_000;

/// Why a text is not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum YamlError {
    /// It is too long.
    #[error("has {0} bytes, at most {BYTES_MAX} are read")]
    TooLarge(usize),
    /// It is not UTF-8.
    #[error("is not UTF-8")]
    Encoding,
    /// Nothing stands in it.
    #[error("is empty; write {{}} where nothing shall be set")]
    Empty,
    /// It is no YAML, or too deep, or repeats a key.
    #[error("{0}")]
    Syntax(String),
}

/// Reads one document.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, YamlError> {
    if bytes.len() > BYTES_MAX {
        return Err(YamlError::TooLarge(bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| YamlError::Encoding)?;
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: NODES_MAX * 2,
            max_aliases: ALIASES_MAX,
            max_anchors: ALIASES_MAX,
            max_documents: 1,
        },
        duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A file that is being written looks so for a moment, and would remove everything.
    let says_nothing =
        |line: &str| matches!(line.trim(), "" | "---" | "...") || line.trim().starts_with('#');
    if text.lines().all(says_nothing) {
        return Err(YamlError::Empty);
    }
    let read = serde_saphyr::from_str_with_options::<spelling::Node>(text, options);
    read.map(|node| node.into_value(text)).map_err(|error| {
        // A cause may quote the line, which may hold a password; the place is enough.
        let message = error.without_snippet().to_string();
        YamlError::Syntax(message.lines().next().unwrap_or_default().to_owned())
    })
}

/// Writes a value so that [`read`] gives it back.
pub(crate) fn write(value: &Value) -> Result<String, String> {
    serde_saphyr::to_string(value).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({
            "agents": [{"id": "1001", "name": "yes"}, {"id": "007", "on": true, "n": null}],
            "text": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "odd": ["null", "1e3", "0x10", ": #", "'", "\"", " lead", "~", "", "a\tb", "<<", "12:30"],
            "number": 20,
        });
        let text = write(&value).unwrap();
        assert_eq!(read(text.as_bytes()).unwrap(), value, "{text}");
    }

    #[test]
    fn a_file_that_is_being_written_removes_nothing() {
        for text in ["", "\n", "# settings\n\n", "---\n", "\u{feff}\n"] {
            assert!(matches!(read(text.as_bytes()), Err(YamlError::Empty)), "{text:?}");
        }
        assert_eq!(read(b"{}").unwrap(), json!({}));
    }

    #[test]
    fn what_is_no_settings_text_is_refused() {
        let deep = "[".repeat(40);
        let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n".to_owned()
            + &"d: [*a]\n".replace('d', "e");
        assert!(read(bomb.as_bytes()).is_ok());
        let aliases = format!("a: &a x\nb: [{}]\n", vec!["*a"; ALIASES_MAX + 1].join(", "));
        for bad in ["a: 1\na: 2\n", "a: [1", "a: 1\n---\nb: 2\n", deep.as_str(), aliases.as_str()] {
            let refused = read(bad.as_bytes());
            assert!(matches!(refused, Err(YamlError::Syntax(_))), "{bad:.40}: {refused:?}");
        }
        assert!(matches!(read(b"a: \xff"), Err(YamlError::Encoding)));
        assert!(matches!(read(&vec![b'#'; BYTES_MAX + 1]), Err(YamlError::TooLarge(_))));
    }

    #[test]
    fn ops_05_an_error_does_not_quote_the_text() {
        let error = read(b"agents:\n  - id: 1001\n    password: hunter2: x\n").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    /// A number stays one only where its digits are what was written; see `spelling`.
    #[test]
    fn a_number_in_another_spelling_is_no_whole_number() {
        let text = "\u{feff}# \u{e4}\r\na: 4930123 # five\r\nb: +4930123\r\nc: [0x10, 16, 007, 1_0]\r\n\
                    d: {e: 0o17, f: 20}\r\ng: &x 0b1\r\nh: *x\r\ni: &y 9\r\nj: *y\r\nk: -5\r\n";
        let value = read(text.as_bytes()).unwrap();
        let whole = |pointer: &str| value.pointer(pointer).unwrap().as_u64();
        for (pointer, number) in
            [("/a", 4_930_123), ("/c/1", 16), ("/d/f", 20), ("/i", 9), ("/j", 9)]
        {
            assert_eq!(whole(pointer), Some(number), "{pointer}");
        }
        for pointer in ["/b", "/c/0", "/c/2", "/c/3", "/d/e", "/g", "/h", "/k"] {
            assert_eq!(whole(pointer), None, "{pointer}");
        }
        assert_eq!(read(b"{\"a\":[1,{\"b\":22}]}").unwrap(), json!({"a": [1, {"b": 22}]}));
    }

    #[test]
    fn an_empty_text_is_an_empty_document() {
        assert_eq!(read(b"").unwrap(), Value::Null);
        assert_eq!(read(b"# nothing\n").unwrap(), Value::Null);
    }
}
