//! Bodies of forms, read strictly: each name once.

use percent_encoding::percent_decode;

/// Names and values of a body.
#[derive(Debug)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    pub(crate) fn read(content_type: Option<&str>, body: &[u8]) -> Result<Self, String> {
        let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(format!("Content-Type is {kind:?}, not that of a form"));
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let mut next = || decoded(parts.next().unwrap_or_default());
            let (name, value) = (next()?, next()?);
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(format!("the form has the field {name} twice"));
            }
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

fn decoded(bytes: &[u8]) -> Result<String, String> {
    let spaced: Vec<u8> =
        bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8(percent_decode(&spaced).collect())
        .map_err(|_| "a field of the form is not UTF-8".to_owned())
}
