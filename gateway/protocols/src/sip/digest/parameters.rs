//! The parameters of a challenge or a proof: `Digest name=token, name="text", ...`.

use std::borrow::Cow;

/// More than this in one value is refused.
const PARAMETERS_MAX: usize = 32;

/// What breaks the grammar, in words.
pub(super) type Broken = &'static str;

/// Parameters in their order; none is there twice.
pub(super) struct Parameters<'a>(Vec<(&'a str, Cow<'a, str>)>);

impl<'a> Parameters<'a> {
    /// Those of a value whose scheme is Digest; `None` for other schemes.
    pub(super) fn of_digest(value: &'a str) -> Option<Result<Self, Broken>> {
        let value = value.trim_matches(BLANKS);
        let (scheme, rest) = value.split_once(BLANKS).unwrap_or((value, ""));
        scheme.eq_ignore_ascii_case("Digest").then(|| Self::read(rest))
    }

    fn read(mut rest: &'a str) -> Result<Self, Broken> {
        let mut found: Vec<(&str, Cow<'_, str>)> = Vec::with_capacity(12);
        loop {
            let (name, after) = token(skip_blanks(rest));
            if name.is_empty() {
                return Err("a parameter has no name");
            }
            let after = skip_blanks(after).strip_prefix('=').ok_or("a parameter has no value")?;
            let after = skip_blanks(after);
            let (value, after) = match after.strip_prefix('"') {
                Some(quoted) => unquoted(quoted).ok_or("a quoted text does not end")?,
                None => {
                    let (value, after) = token(after);
                    if value.is_empty() {
                        return Err("a parameter has no value");
                    }
                    (Cow::Borrowed(value), after)
                }
            };
            if found.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                return Err("a parameter is there twice");
            }
            if found.len() == PARAMETERS_MAX {
                return Err("there are more than 32 parameters");
            }
            found.push((name, value));
            rest = skip_blanks(after);
            if rest.is_empty() {
                return Ok(Self(found));
            }
            rest = rest.strip_prefix(',').ok_or("a comma is missing")?;
        }
    }

    /// The value of the parameter of that name, without quotes and escapes.
    pub(super) fn get(&self, wanted: &str) -> Option<&str> {
        let mut all = self.0.iter();
        all.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_ref())
    }
}

/// That text in quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

const BLANKS: [char; 2] = [' ', '\t'];

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches(BLANKS)
}

fn token(text: &str) -> (&str, &str) {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The text up to the closing quote, which must be there, and what follows it.
fn unquoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.find(['"', '\\'])?;
    let (plain, rest) = text.split_at_checked(end)?;
    if let Some(after) = rest.strip_prefix('"') {
        return Some((Cow::Borrowed(plain), after));
    }
    let mut whole = plain.to_owned();
    let mut characters = rest.chars();
    loop {
        match characters.next()? {
            '"' => return Some((Cow::Owned(whole), characters.as_str())),
            '\\' => whole.push(characters.next()?),
            character => whole.push(character),
        }
    }
}
