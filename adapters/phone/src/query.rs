//! The parameters of a service URL or a form: read strictly, or refused by name.
//!
//! `id`, `extension` and `password` are spelled exactly so (PHN-01); other names are left alone,
//! since a subscription may carry parameters that mean nothing to us.

use std::fmt;

use domain::Secret;
use percent_encoding::percent_decode_str;

/// Bytes of a query or body that are read.
pub(crate) const BYTES_MAX: usize = 4 * 1024;
/// The most characters of an agent id.
pub(crate) const ID_CHARACTERS_MAX: usize = 32;
/// The most characters of an extension.
pub(crate) const EXTENSION_CHARACTERS_MAX: usize = 24;
/// Parameters that are read.
const PARAMETERS_MAX: usize = 32;

/// The parameters we know; an empty one counts as not given.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) id: Option<String>,
    pub(crate) extension: Option<String>,
    pub(crate) password: Option<Secret>,
    /// The phone picked for the line's voice.
    pub(crate) device: Option<String>,
    /// The number of a mobile agent's remote phone.
    pub(crate) mobile: Option<String>,
    /// How the remote phone is connected.
    pub(crate) mode: Option<String>,
    /// The handle under which typed values are kept.
    pub(crate) kept: Option<String>,
}

/// A parameter that cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadParameter {
    /// Its name, `?` where the name itself cannot be read.
    pub(crate) name: &'static str,
    pub(crate) fault: Fault,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It stands there more than once.
    Repeated,
    /// Its percent-encoding is broken.
    Encoding,
    /// It holds a control character.
    Control,
    /// It has more characters than this.
    Long(usize),
    /// There are too many parameters, or too many bytes.
    Many,
}

/// Names with the most characters of their values.
const KNOWN: [(&str, usize); 7] = [
    ("id", ID_CHARACTERS_MAX),
    ("extension", EXTENSION_CHARACTERS_MAX),
    ("password", domain::settings::PASSWORD_CHARACTERS_MAX),
    ("device", 15),
    ("mobile", 24),
    ("mode", 16),
    ("kept", 22),
];

impl fmt::Debug for Query {
    /// The names alone: who it is and the handle are nobody's business.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = [
            self.id.is_some(),
            self.extension.is_some(),
            self.password.is_some(),
            self.device.is_some(),
            self.mobile.is_some(),
            self.mode.is_some(),
            self.kept.is_some(),
        ];
        let given = KNOWN.iter().zip(given).filter(|(_, given)| *given);
        formatter.write_str("Query ")?;
        formatter.debug_set().entries(given.map(|((name, _), _)| name)).finish()
    }
}

impl Query {
    /// Reads the pieces (the query, and the body of a form) as one: what can be taken, and what is
    /// wrong with the first parameter that cannot. What is not UTF-8 is taken as Latin-1, the other
    /// character set that phones send forms in.
    pub(crate) fn read(pieces: &[&str]) -> (Self, Option<BadParameter>) {
        let many = BadParameter { name: "?", fault: Fault::Many };
        if pieces.iter().map(|piece| piece.len()).sum::<usize>() > BYTES_MAX {
            return (Self::default(), Some(many));
        }
        let pairs =
            pieces.iter().flat_map(|piece| piece.split('&')).filter(|pair| !pair.is_empty());
        let mut values: [Option<String>; KNOWN.len()] = Default::default();
        let mut seen = [false; KNOWN.len()];
        let mut first_bad = None;
        for (count, pair) in pairs.enumerate() {
            if count >= PARAMETERS_MAX {
                first_bad.get_or_insert(many);
                break;
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some(name) = decoded(name) else {
                first_bad.get_or_insert(BadParameter { name: "?", fault: Fault::Encoding });
                continue;
            };
            let place = KNOWN.iter().zip(&mut values).zip(&mut seen);
            let Some((((name, limit), kept), seen)) =
                place.into_iter().find(|(((known, _), _), _)| *known == name)
            else {
                continue;
            };
            let taken = match std::mem::replace(seen, true) {
                // Which of the two is meant nobody knows.
                true => Err(Fault::Repeated),
                false => taken(value, *limit),
            };
            *kept = taken.unwrap_or_else(|fault| {
                first_bad.get_or_insert(BadParameter { name, fault });
                None
            });
        }
        let [id, extension, password, device, mobile, mode, kept] = values;
        let password = password.map(Secret::new);
        (Self { id, extension, password, device, mobile, mode, kept }, first_bad)
    }
}

/// A value as it was meant, nothing where it is empty.
fn taken(value: &str, characters_max: usize) -> Result<Option<String>, Fault> {
    let value = decoded(value).ok_or(Fault::Encoding)?;
    if value.chars().any(char::is_control) {
        return Err(Fault::Control);
    }
    if value.chars().count() > characters_max {
        return Err(Fault::Long(characters_max));
    }
    Ok(Some(value).filter(|value| !value.is_empty()))
}

/// `+` is a blank and `%` begins two hexadecimal digits; nothing else is encoded.
fn decoded(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        let digits = after.as_bytes().get(..2)?;
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        rest = after;
    }
    let spaced = text.replace('+', " ");
    let bytes: Vec<u8> = percent_decode_str(&spaced).collect();
    Some(text_of(bytes))
}

/// UTF-8, else Latin-1.
pub(crate) fn text_of(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect())
}

/// One parameter by its exact name, which may be empty; `None` where it is missing, repeated or
/// unreadable.
pub(crate) fn single(pieces: &[&str], name: &str) -> Option<String> {
    if pieces.iter().map(|piece| piece.len()).sum::<usize>() > BYTES_MAX {
        return None;
    }
    let pairs = pieces.iter().flat_map(|piece| piece.split('&')).take(PARAMETERS_MAX);
    let mut found = pairs.filter_map(|pair| pair.split_once('=')).filter(|(own, _)| *own == name);
    let (_, value) = found.next()?;
    if found.next().is_some() { None } else { decoded(value) }
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    fn read(query: &str) -> Result<Query, BadParameter> {
        let (query, bad) = Query::read(&[query]);
        bad.map_or(Ok(query), Err)
    }

    #[track_caller]
    fn check_bad(query: &str, name: &'static str, fault: Fault) {
        assert_eq!(read(query), Err(BadParameter { name, fault }), "{query}");
    }

    #[test]
    fn phn_01_names_are_exactly_lower_case() {
        let query = read("id=1001&extension=2001&password=p%20w&ID=2&Extension=3&other=4").unwrap();
        assert_eq!(query.id.as_deref(), Some("1001"));
        assert_eq!(query.extension.as_deref(), Some("2001"));
        assert_eq!(query.password, Some(Secret::new("p w")));
        assert_eq!(read("ID=1001&Password=x&EXTENSION=2").unwrap(), Query::default());
    }

    #[test]
    fn phn_03_an_empty_parameter_counts_as_not_given() {
        assert_eq!(read("").unwrap(), Query::default());
        assert_eq!(read("id=&extension&password=&&").unwrap(), Query::default());
    }

    #[test]
    fn what_is_encoded_is_decoded_once() {
        let query = read("id=a%40b.c&extension=%2B49%2A%23&password=%2541+%26%3D").unwrap();
        assert_eq!(query.id.as_deref(), Some("a@b.c"));
        assert_eq!(query.extension.as_deref(), Some("+49*#"));
        assert_eq!(query.password, Some(Secret::new("%41 &=")));
    }

    #[test]
    fn a_form_is_read_in_utf8_or_else_in_latin1() {
        for query in ["password=K%E4se", "password=K%C3%A4se", "password=Käse"] {
            assert_eq!(read(query).unwrap().password, Some(Secret::new("Käse")), "{query}");
        }
        assert_eq!(text_of(b"K\xe4se".to_vec()), "Käse");
    }

    #[test]
    fn what_can_be_taken_is_kept_beside_what_cannot() {
        let long = "1".repeat(33);
        let (query, bad) =
            Query::read(&[&format!("extension=2001&id={long}&%zz=1&password=x&kept=A&kept=B")]);
        assert_eq!(bad, Some(BadParameter { name: "id", fault: Fault::Long(32) }));
        assert_eq!((query.id, query.kept), (None, None));
        assert_eq!(query.extension.as_deref(), Some("2001"));
        assert_eq!(query.password, Some(Secret::new("x")));
    }

    #[test]
    fn a_parameter_that_cannot_be_taken_is_named() {
        check_bad("id=1&id=1", "id", Fault::Repeated);
        check_bad("password=&password=x", "password", Fault::Repeated);
        check_bad("%69d=1&id=2", "id", Fault::Repeated);
        check_bad("id=%", "id", Fault::Encoding);
        check_bad("id=%4", "id", Fault::Encoding);
        check_bad("id=%zz", "id", Fault::Encoding);
        check_bad("id=%+1", "id", Fault::Encoding);
        check_bad("%zz=1", "?", Fault::Encoding);
        check_bad("id=a%00b", "id", Fault::Control);
        check_bad("extension=2001%0d%0aSet-Cookie:x", "extension", Fault::Control);
        check_bad("password=%c2%85", "password", Fault::Control);
        check_bad(&format!("id={}", "1".repeat(33)), "id", Fault::Long(32));
        check_bad(&format!("password={}", "x".repeat(129)), "password", Fault::Long(128));
        assert!(read(&format!("id={}", "1".repeat(32))).is_ok());
        assert!(read(&format!("password={}", "%C3%A4".repeat(128))).is_ok());
        check_bad(&"a=1&".repeat(33), "?", Fault::Many);
        check_bad(&"x".repeat(BYTES_MAX + 1), "?", Fault::Many);
    }

    #[test]
    fn ops_05_no_value_prints_itself() {
        let query = read("id=1001&extension=2001&password=hunter2&kept=AAAA").unwrap();
        let shown = format!("{query:?}");
        assert_eq!(shown, r#"Query {"id", "extension", "password", "kept"}"#);
    }

    #[test]
    fn query_and_body_are_one() {
        let (query, _) = Query::read(&["id=1", "password=x"]);
        assert_eq!((query.id.as_deref(), query.password), (Some("1"), Some(Secret::new("x"))));
        let (query, bad) = Query::read(&["id=1", "id=1"]);
        assert_eq!(bad, Some(BadParameter { name: "id", fault: Fault::Repeated }));
        assert_eq!(query, Query::default(), "nothing is guessed");
    }

    #[test]
    fn one_parameter_is_found_by_its_exact_name() {
        assert_eq!(single(&["UserID=a&Password=b%21"], "Password").as_deref(), Some("b!"));
        assert_eq!(single(&["a=1&a=2"], "a"), None);
        assert_eq!(single(&["A=1"], "a"), None);
        assert_eq!(single(&["a=%zz"], "a"), None);
    }

    proptest! {
        #[test]
        fn what_a_phone_encodes_is_read_as_it_was(password in "[^\\p{Cc}]{1,128}") {
            let query = format!("password={}", utf8_percent_encode(&password, NON_ALPHANUMERIC));
            prop_assume!(query.len() <= BYTES_MAX);
            prop_assert_eq!(read(&query).unwrap().password, Some(Secret::new(password)));
        }

        #[test]
        fn any_query_is_read_or_refused(query in "[a-z=&%+0-9\\PC]{0,200}") {
            let _ = Query::read(&[&query, &query]);
            let _ = single(&[&query], "id");
        }
    }
}
