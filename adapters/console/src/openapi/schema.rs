//! Schemas (JSON Schema 2020-12) of what the readers of settings take, in their words.
//!
//! A reader takes a whole number for a text, since ids of digits are easily written without quotation
//! marks, and `null` for a member that is not given; so do these schemas.

use serde_json::{Map, Value, json};

/// Any characters but control characters.
const NO_CONTROLS: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

/// An object: members that must be there, and others; nothing else may be.
pub(crate) fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    for (name, schema) in required {
        properties.insert((*name).to_owned(), schema.clone());
    }
    for (name, schema) in optional {
        properties.insert((*name).to_owned(), or_null(schema.clone()));
    }
    let names: Vec<_> = required.iter().map(|(name, _)| *name).collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if let (false, Some(members)) = (names.is_empty(), schema.as_object_mut()) {
        members.insert("required".to_owned(), json!(names));
    }
    schema
}

/// An object that we give: all members are there.
pub(crate) fn told(members: &[(&str, Value)]) -> Value {
    let properties: Map<_, _> =
        members.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    json!({"type": "object", "properties": properties, "required": names})
}

/// An object that we give whose members are told elsewhere.
pub(crate) fn open(about: &str) -> Value {
    json!({"type": "object", "description": about})
}

/// A page of a list.
pub(crate) fn page(item: &Value, has_total: bool) -> Value {
    let next = json!({
        "type": ["string", "null"],
        "description": "What `after` of the next page is; null on the last one.",
    });
    let items = json!({"type": "array", "items": item});
    match has_total {
        true => told(&[
            ("items", items),
            ("next", next),
            ("total", json!({"type": "integer", "minimum": 0})),
        ]),
        false => told(&[("items", items), ("next", next)]),
    }
}

/// The same, or `null`.
pub(crate) fn or_null(mut schema: Value) -> Value {
    let Some(members) = schema.as_object_mut() else { return schema };
    match members.get_mut("type") {
        Some(Value::Array(types)) => {
            types.retain(|it| it != "null");
            types.push(json!("null"));
        }
        Some(one) => *one = json!([one.clone(), "null"]),
        None => {}
    }
    if let Some(Value::Array(choices)) = members.get_mut("enum") {
        choices.push(Value::Null);
    }
    schema
}

/// The same with words.
pub(crate) fn about(mut schema: Value, words: &str) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".to_owned(), json!(words));
    }
    schema
}

/// The same with what holds where it is not given.
pub(crate) fn usual(mut schema: Value, value: impl Into<Value>) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.insert("default".to_owned(), value.into());
    }
    schema
}

/// A text of 1 to so many characters, none of them a control character.
pub(crate) fn short(characters_max: usize) -> Value {
    json!({
        "type": ["string", "integer"],
        "minLength": 1,
        "maxLength": characters_max,
        "pattern": NO_CONTROLS,
        "minimum": 0,
        "maximum": most_of(characters_max),
    })
}

/// The same, as it is told and in parameters, where no number stands for it.
pub(crate) fn only_text(characters_max: usize) -> Value {
    json!({
        "type": "string",
        "minLength": 1,
        "maxLength": characters_max,
        "pattern": NO_CONTROLS,
    })
}

/// A text that keeps a pattern, 1 to so many characters.
pub(crate) fn named(pattern: &str, characters_max: usize) -> Value {
    json!({
        "type": ["string", "integer"],
        "minLength": 1,
        "maxLength": characters_max,
        "pattern": pattern,
        "minimum": 0,
        "maximum": most_of(characters_max),
    })
}

/// A secret of 1 to so many characters, which is never told again.
pub(crate) fn secret(characters_max: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": characters_max, "writeOnly": true})
}

/// What is kept of a secret: told as `(set)`, which sent back leaves it as it is.
pub(crate) fn kept() -> Value {
    json!({
        "type": "string",
        "description": "Told as `(set)`; sent back so, the secret stays as it is.",
        "examples": ["(set)"],
    })
}

/// A whole number within that range.
pub(crate) fn number(least: u64, most: u64) -> Value {
    json!({"type": "integer", "minimum": least, "maximum": most})
}

/// Yes or no.
pub(crate) fn switch() -> Value {
    json!({"type": "boolean"})
}

/// One of these.
pub(crate) fn choice(choices: &[&str]) -> Value {
    json!({"type": "string", "enum": choices})
}

/// At most so many of these.
pub(crate) fn list(item: Value, most: usize) -> Value {
    json!({"type": "array", "items": item, "maxItems": most})
}

/// A point in time.
pub(crate) fn time() -> Value {
    json!({"type": "string", "format": "date-time", "examples": ["2026-01-31T08:00:00Z"]})
}

/// The greatest number that is written with so many digits and that a reader takes.
fn most_of(characters_max: usize) -> u64 {
    let digits = u32::try_from(characters_max).unwrap_or(u32::MAX);
    10_u64.checked_pow(digits).map_or(u64::MAX, |power| power - 1)
}

/// The schema of that name among the components.
pub(crate) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
