//! Secrets that are looked for in every form, and the places they are looked for in.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

use crate::wire::Answer;

/// Secrets by what they are.
#[derive(Default)]
pub(crate) struct Planted(BTreeMap<String, Vec<u8>>);

impl Planted {
    /// A password for `what`, with characters that URLs escape.
    pub(crate) fn text(&mut self, what: &str) -> String {
        let text = format!("Planted/{}+100%&q", what.replace(' ', "-"));
        self.exactly(what, &text)
    }

    /// The same as a URL has it.
    pub(crate) fn escaped(&mut self, what: &str) -> String {
        escaped(self.text(what).as_bytes(), false)
    }

    /// That text.
    pub(crate) fn exactly(&mut self, what: &str, text: &str) -> String {
        self.bytes(what, text.as_bytes());
        text.to_owned()
    }

    /// Those bytes.
    pub(crate) fn bytes(&mut self, what: &str, bytes: &[u8]) {
        self.0.insert(what.to_owned(), bytes.to_vec());
    }
}

/// Everything that anybody could read.
#[derive(Default)]
pub(crate) struct Places(Vec<(String, Vec<u8>)>);

impl Places {
    pub(crate) fn bytes(&mut self, place: &str, bytes: Vec<u8>) {
        self.0.push((place.to_owned(), bytes));
    }

    pub(crate) fn text(&mut self, place: &str, text: String) {
        self.bytes(place, text.into_bytes());
    }

    pub(crate) fn answer(&mut self, place: &str, answer: &Answer) {
        self.bytes(place, [answer.head.as_bytes(), &answer.body].concat());
    }

    pub(crate) fn output(&mut self, place: &str, output: &Output) {
        self.bytes(place, [&output.stdout[..], &output.stderr].concat());
    }

    pub(crate) fn file(&mut self, place: &str, path: &Path) {
        self.bytes(place, std::fs::read(path).unwrap());
    }

    /// Fails with every secret that stands in a place, but in those where it was put.
    #[track_caller]
    pub(crate) fn check(&self, planted: &Planted, put: &[&str]) {
        let mut found = Vec::new();
        for (place, bytes) in self.0.iter().filter(|(place, _)| !put.contains(&place.as_str())) {
            // What is no text stays apart, and every form is text or these bytes.
            let text = String::from_utf8_lossy(bytes);
            for (what, secret) in &planted.0 {
                for (form, needle) in forms(secret) {
                    if text.contains(needle.as_str()) {
                        found.push(format!(
                            "{what} ({form}) is in {place}: {}",
                            around(&text, &needle)
                        ));
                    }
                }
                if bytes.windows(secret.len()).any(|window| window == secret) {
                    found.push(format!("{what} is in {place}"));
                }
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

fn around(text: &str, needle: &str) -> String {
    let at = text.find(needle).unwrap();
    let before: String = text[..at].chars().rev().take(120).collect();
    before.chars().rev().chain(needle.chars()).collect()
}

/// A secret as it may be told by accident.
fn forms(secret: &[u8]) -> Vec<(&'static str, String)> {
    let hex = |upper: bool| -> String {
        let digits = |byte: &u8| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") };
        secret.iter().map(digits).collect()
    };
    let encoded = base64(secret);
    let mut forms = vec![
        ("base64", encoded.trim_end_matches('=').to_owned()),
        ("base64url", encoded.trim_end_matches('=').replace('+', "-").replace('/', "_")),
        ("hexadecimal", hex(false)),
        ("hexadecimal", hex(true)),
        ("escaped", escaped(secret, false)),
        ("escaped whole", escaped(secret, true)),
        ("escaped whole", escaped(secret, true).to_lowercase()),
    ];
    if let Ok(text) = std::str::from_utf8(secret) {
        forms.push(("reversed", text.chars().rev().collect()));
        forms.push(("in XML", text.replace('&', "&amp;")));
        forms.push(("in JSON", text.replace('/', "\\/")));
    }
    forms
}

fn escaped(bytes: &[u8], whole: bool) -> String {
    let one = |byte: &u8| match byte {
        byte if !whole && (byte.is_ascii_alphanumeric() || b"-_.~".contains(byte)) => {
            char::from(*byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().map(one).collect()
}

/// Base64 (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut three = [0; 3];
        three[..chunk.len()].copy_from_slice(chunk);
        let [a, b, c] = three.map(u32::from);
        let bits = (a << 16) | (b << 8) | c;
        for position in 0..4 {
            let digit = usize::try_from((bits >> (18 - 6 * position)) & 63).unwrap();
            let is_there = position <= chunk.len();
            text.push(if is_there { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    text
}

#[test]
fn a_planted_secret_is_found_in_every_form() {
    assert_eq!(base64(b"Man"), "TWFu");
    assert_eq!(base64(b"Ma"), "TWE=");
    let mut planted = Planted::default();
    let secret = planted.text("x");
    for (form, told) in forms(secret.as_bytes()).into_iter().chain([("plain", secret)]) {
        let mut places = Places::default();
        places.text("a place", format!("it is {told}, told"));
        let checked = std::panic::catch_unwind(|| places.check(&planted, &[]));
        assert!(checked.is_err(), "{form}");
        places.check(&planted, &["a place"]);
    }
}
