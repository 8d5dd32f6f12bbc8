//! JSON as it is taken from outside: bounded in depth, and no name twice in an object.
//!
//! Of a name that stands twice, one program takes the first value and the next one the last; what
//! could be understood in two ways is refused.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deep lists and objects may lie in each other.
const DEPTH_MAX: usize = 64;

/// Reads a whole document; what is wrong is told with its line and column.
pub(crate) fn read(text: &[u8]) -> Result<Value, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer).map_err(told)?;
    deserializer.end().map_err(told)?;
    Ok(value)
}

fn told(error: serde_json::Error) -> String {
    // Its text ends with the place already, and never repeats a value that stood there.
    match error.classify() {
        serde_json::error::Category::Io => "the body broke off".to_owned(),
        _ => error.to_string(),
    }
}

/// A value at that depth.
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(&self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom(format_args!("lists and objects lie deeper than {DEPTH_MAX}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("no finite number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(self.deeper()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom("a name stands twice in one object"));
            }
            let value = entries.next_value_seed(self.deeper()?)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_could_mean_two_things_is_refused_with_its_place() {
        assert_eq!(read(b"{\"a\": [1, -2, 1.5, null, true, \"x\"]}"), {
            Ok(json!({"a": [1, -2, 1.5, null, true, "x"]}))
        });
        let twice = read(b"{\"a\": 1,\n \"a\": 2}").unwrap_err();
        assert!(twice.contains("twice") && twice.contains("line 2"), "{twice}");
        // The same name, spelled in another way.
        assert!(read(b"{\"a\": 1, \"\\u0061\": 2}").is_err());
        let inner = read(b"[{\"a\": {\"b\": 1, \"b\": 1}}]").unwrap_err();
        assert!(inner.contains("twice"), "{inner}");
        for bad in ["", "{", "{}x", "[1,]", "{\"a\":1e999}", "\"\\ud800\"", "\u{feff}{}", "NaN"] {
            assert!(read(bad.as_bytes()).is_err(), "{bad:?} was taken");
        }
        assert!(read(b"\"\xff\"").is_err());
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(nested(64).as_bytes()).is_ok());
        let deep = read(nested(66).as_bytes()).unwrap_err();
        assert!(deep.contains("deeper"), "{deep}");
        assert!(read(nested(2_000_000).as_bytes()).is_err());
        assert!(read("{\"a\":".repeat(100_000).as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn whatever_comes_it_answers(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
        }

        #[test]
        fn what_one_reader_takes_is_read_alike(text in "[\\[\\]{}:,\"a0-9 .e-]{0,40}") {
            if let Ok(value) = read(text.as_bytes()) {
                prop_assert_eq!(serde_json::from_str::<Value>(&text).ok(), Some(value));
            }
        }
    }
}
