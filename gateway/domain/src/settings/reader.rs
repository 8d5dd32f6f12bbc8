//! Reads what a person wrote, member by member, and notes everything that is wrong with it.
//!
//! A reader knows which members it handed out; what is left over in the end is unknown and
//! therefore refused, with its key.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::NewSecret;
use crate::{Problems, Sealed, Secret};

/// A table of named members under a key, being read. It prints without them: they may be secrets.
pub struct Reader<'p> {
    path: String,
    members: Map<String, Value>,
    problems: &'p mut Problems,
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reader").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<'p> Reader<'p> {
    /// Reads `value`, which stands under `path` (empty for the whole document).
    pub fn new(path: impl Into<String>, value: Value, problems: &'p mut Problems) -> Self {
        let path = path.into();
        let members = match value {
            Value::Object(members) => members,
            Value::Null => Map::new(),
            other => {
                problems.add(&path, format_args!("must be a table, not {}", sort(&other)));
                Map::new()
            }
        };
        Self { path, members, problems }
    }

    /// The full key of a member.
    pub fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Notes something wrong with a member.
    pub fn problem(&mut self, name: &str, message: impl fmt::Display) {
        let key = self.key(name);
        self.problems.add(key, message);
    }

    /// Whether the member is given.
    pub fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// Whether the member is a list that is not empty.
    pub fn has_elements(&self, name: &str) -> bool {
        matches!(self.members.get(name), Some(Value::Array(elements)) if !elements.is_empty())
    }

    /// A member as it stands.
    pub fn value(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// An optional text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text),
            // An id of digits is easily written without quotation marks.
            Value::Number(number) if number.is_u64() => Some(number.to_string()),
            other => {
                self.problem(name, no_text(&other));
                None
            }
        }
    }

    /// An optional text of at most that many characters, none of them a control character.
    pub fn short_text(&mut self, name: &str, characters_max: usize) -> Option<String> {
        let text = self.text(name)?;
        let length = text.chars().count();
        if length == 0 || length > characters_max || text.chars().any(char::is_control) {
            let message = format_args!(
                "must be 1 to {characters_max} characters without control characters, not {length}"
            );
            self.problem(name, message);
            return None;
        }
        Some(text)
    }

    /// A text of at most that many characters that must be there.
    pub fn named(&mut self, name: &str, characters_max: usize) -> Option<String> {
        if !self.has(name) {
            self.problem(name, "is missing");
            return None;
        }
        self.short_text(name, characters_max)
    }

    /// A host name or address that must be there.
    pub fn host(&mut self, name: &str) -> Option<String> {
        let host = self.named(name, 253)?;
        let is_host = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_' | ':');
        if !host.chars().all(is_host) {
            self.problem(name, "must be a host name or an address, without port and scheme");
            return None;
        }
        Some(host)
    }

    /// An optional list of texts, each of at most that many characters.
    pub fn text_list(
        &mut self,
        name: &str,
        length_max: usize,
        characters_max: usize,
    ) -> Vec<String> {
        let texts = self.parsed_list::<String>(name, length_max);
        let is_good = |text: &String| {
            (1..=characters_max).contains(&text.chars().count())
                && !text.chars().any(char::is_control)
        };
        if !texts.iter().all(is_good) {
            let message = format_args!(
                "must hold texts of 1 to {characters_max} characters without control characters"
            );
            self.problem(name, message);
        }
        texts
    }

    /// A number within `range`, `usual` where none is given.
    pub fn count(&mut self, name: &str, range: RangeInclusive<u32>, usual: u32) -> u32 {
        let range = u64::from(*range.start())..=u64::from(*range.end());
        self.number(name, range).and_then(|number| number.try_into().ok()).unwrap_or(usual)
    }

    /// An optional secret under `name`, or sealed already under `name_sealed`.
    pub fn sealable(&mut self, name: &str, characters_max: usize) -> Option<NewSecret> {
        let plain = self.secret(name, characters_max);
        let sealed = self.text(&format!("{name}_sealed")).map(Sealed::from_text);
        if plain.is_some() && sealed.is_some() {
            self.problem(name, format_args!("stands beside {name}_sealed; keep one of the two"));
        }
        plain.map(NewSecret::Plain).or(sealed.map(NewSecret::Sealed))
    }

    /// An optional text that is parsed.
    pub fn parsed<T>(&mut self, name: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let text = self.text(name)?;
        let key = self.key(name);
        self.problems.keep(key, text.parse())
    }

    /// A text that is parsed and must be there.
    pub fn required<T>(&mut self, name: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        if !self.has(name) {
            self.problem(name, "is missing");
            return None;
        }
        self.parsed(name)
    }

    /// An optional secret of at most that many characters.
    pub fn secret(&mut self, name: &str, characters_max: usize) -> Option<Secret> {
        match self.value(name)? {
            Value::String(text) if (1..=characters_max).contains(&text.chars().count()) => {
                Some(Secret::new(text))
            }
            Value::String(_) => {
                let message = format_args!("must be 1 to {characters_max} characters");
                self.problem(name, message);
                None
            }
            _ => {
                self.problem(name, "must be a text; put it in quotation marks");
                None
            }
        }
    }

    /// An optional whole number within `range`.
    pub fn number(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.value(name)?;
        match value.as_u64().filter(|number| range.contains(number)) {
            Some(number) => Some(number),
            None => {
                let (least, most) = (range.start(), range.end());
                let message =
                    format_args!("must be a whole number from {least} to {most}, not {value}");
                self.problem(name, message);
                None
            }
        }
    }

    /// An optional yes or no.
    pub fn switch(&mut self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(on) => Some(on),
            other => {
                self.problem(name, format_args!("must be true or false, not {}", sort(&other)));
                None
            }
        }
    }

    /// An optional choice out of named values.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        let text = self.text(name)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            let message = format_args!("must be one of {}, not {text:?}", names.join(", "));
            self.problem(name, message);
        }
        found
    }

    /// The elements of an optional list of at most `length_max`, each read by `read`.
    pub fn list<T>(
        &mut self,
        name: &str,
        length_max: usize,
        mut read: impl FnMut(&mut Reader<'_>) -> Option<T>,
    ) -> Vec<T> {
        let mut elements = Vec::new();
        for (position, value) in self.values(name, length_max).into_iter().enumerate() {
            let path = format!("{}[{position}]", self.key(name));
            let mut reader = Reader::new(path, value, self.problems);
            let element = read(&mut reader);
            reader.finish();
            elements.extend(element);
        }
        elements
    }

    /// The elements of an optional list of texts, each parsed.
    pub fn parsed_list<T>(&mut self, name: &str, length_max: usize) -> Vec<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let mut elements = Vec::new();
        for (position, value) in self.values(name, length_max).into_iter().enumerate() {
            let key = format!("{}[{position}]", self.key(name));
            let text = match value {
                Value::String(text) => text,
                Value::Number(number) if number.is_u64() => number.to_string(),
                other => {
                    self.problems.add(key, no_text(&other));
                    continue;
                }
            };
            elements.extend(self.problems.keep(key, text.parse()));
        }
        elements
    }

    /// An optional table, read by `read`.
    pub fn table<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(name)?;
        let mut reader = Reader::new(self.key(name), value, self.problems);
        let table = read(&mut reader);
        reader.finish();
        table
    }

    /// The names and values of an optional table whose names the writer chose.
    pub fn entries(&mut self, name: &str, length_max: usize) -> Vec<(String, Value)> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::Object(members)) if members.len() <= length_max => {
                members.into_iter().collect()
            }
            Some(Value::Object(members)) => {
                let length = members.len();
                self.problem(name, format_args!("has {length} entries, at most {length_max}"));
                Vec::new()
            }
            Some(other) => {
                self.problem(name, format_args!("must be a table, not {}", sort(&other)));
                Vec::new()
            }
        }
    }

    /// Refuses what nobody asked for.
    pub fn finish(self) {
        for name in self.members.keys() {
            let key =
                if self.path.is_empty() { name.clone() } else { format!("{}.{name}", self.path) };
            self.problems.add(key, "is not known here; remove it or mend its spelling");
        }
    }

    fn values(&mut self, name: &str, length_max: usize) -> Vec<Value> {
        match self.value(name) {
            None => Vec::new(),
            Some(Value::Array(values)) if values.len() <= length_max => values,
            Some(Value::Array(values)) => {
                let length = values.len();
                self.problem(name, format_args!("has {length} entries, at most {length_max}"));
                Vec::new()
            }
            Some(other) => {
                self.problem(name, format_args!("must be a list, not {}", sort(&other)));
                Vec::new()
            }
        }
    }
}

/// What is said of a value where a text is wanted. Numbers are taken for texts only where nothing
/// but their digits can have been written.
fn no_text(value: &Value) -> String {
    match value {
        Value::Number(_) => {
            "must be a text, and this is a number in a spelling of its own; put it in quotation marks"
                .to_owned()
        }
        other => format!("must be a text, not {}", sort(other)),
    }
}

fn sort(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_problem_is_told_at_once_by_its_key() {
        let mut problems = Problems::default();
        let value = json!({"port": 70000, "name": 5, "on": "yes", "list": [{"x": 1}], "odd": 1});
        let mut reader = Reader::new("", value, &mut problems);
        assert_eq!(reader.number("port", 1..=65535), None);
        assert_eq!(reader.text("name").as_deref(), Some("5"));
        assert_eq!(reader.switch("on"), None);
        assert_eq!(reader.list("list", 4, |entry| entry.text("y")), Vec::<String>::new());
        reader.finish();
        let keys: Vec<_> = problems.as_slice().iter().map(|it| it.key.as_str()).collect();
        assert_eq!(keys, ["port", "on", "list[0].x", "odd"]);
    }

    #[test]
    fn only_whole_numbers_pass_for_texts() {
        let mut problems = Problems::default();
        let value = json!({"id": 16.0, "lines": [2001, 1e3, -5]});
        let mut reader = Reader::new("", value, &mut problems);
        assert_eq!(reader.text("id"), None);
        assert_eq!(reader.parsed_list::<String>("lines", 4), ["2001"]);
        reader.finish();
        let told: Vec<_> = problems.as_slice().iter().map(|it| it.message.clone()).collect();
        assert_eq!(told.len(), 3);
        assert!(told.iter().all(|told| told.contains("quotation marks")), "{told:?}");
    }
}
