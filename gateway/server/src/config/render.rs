//! The table of keys as people and tools read it: the commented sample and the JSON Schema.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::fields::{FIELDS, Fallback, Field, LIST_MAX, SECTIONS, Sort};

/// The commented sample configuration: every key with its meaning and default.
pub fn sample() -> String {
    let mut text = String::from(
        "# Configuration of one Jackfield node.\n\
         #\n\
         # It holds what a node needs before it can open its store, and what is the node's own.\n\
         # Agents, teams, reason codes, layouts, devices and trusted certificates are settings in the\n\
         # store: see `jackfield apply --help`. `jackfield check --config FILE` reports every problem\n\
         # at once, each under its key. A key that stands here behind a single `#` shows its default\n\
         # or an example.\n",
    );
    let top = FIELDS.iter().filter(|field| !field.key.contains('.'));
    for field in top {
        write_field(&mut text, field, field.key);
    }
    for section in SECTIONS.iter().filter(|section| !section.text.is_empty()) {
        text.push('\n');
        for line in section.text {
            line_to(&mut text, format_args!("# {line}"));
        }
        line_to(&mut text, format_args!("[{}]", section.key));
        let prefix = format!("{}.", section.key);
        for field in FIELDS {
            if let Some(name) = field.key.strip_prefix(&prefix).filter(|name| !name.contains('.')) {
                write_field(&mut text, field, name);
            }
        }
    }
    text
}

/// The JSON Schema of the configuration.
pub fn schema() -> Value {
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of one Jackfield node (TOML)",
    });
    let body = table_schema("");
    if let (Some(root), Value::Object(body)) = (root.as_object_mut(), body) {
        root.extend(body);
    }
    root
}

fn write_field(text: &mut String, field: &Field, name: &str) {
    text.push('\n');
    for line in field.text {
        line_to(text, format_args!("# {line}"));
    }
    if let Sort::Number(least, most) = field.sort {
        line_to(text, format_args!("# From {least} to {most}."));
    }
    if let Sort::Choice(words) = field.sort {
        line_to(text, format_args!("# One of: {}.", words.join(", ")));
    }
    match field.fallback {
        Fallback::Absent(example) if matches!(field.sort, Sort::Number(..)) => {
            line_to(text, format_args!("#{name} = {example}"));
        }
        Fallback::Absent(example) => line_to(text, format_args!("#{name} = {example:?}")),
        Fallback::Number(number) => line_to(text, format_args!("#{name} = {number}")),
        Fallback::Switch(on) => line_to(text, format_args!("#{name} = {on}")),
        Fallback::Word(word) => line_to(text, format_args!("#{name} = {word:?}")),
        Fallback::List(elements) => line_to(text, format_args!("#{name} = {elements:?}")),
    }
}

fn line_to(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{line}");
}

fn table_schema(path: &str) -> Value {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
    let mut properties = Map::new();
    for field in FIELDS {
        let Some(rest) = field.key.strip_prefix(&prefix) else { continue };
        match rest.split_once('.') {
            None => {
                properties.insert(rest.to_owned(), field_schema(field));
            }
            Some((table, _)) if !properties.contains_key(table) => {
                properties.insert(table.to_owned(), table_schema(&format!("{prefix}{table}")));
            }
            Some(_) => {}
        }
    }
    let mut schema = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    if let Some(members) = schema.as_object_mut() {
        let text = SECTIONS.iter().find(|section| section.key == path).map(|it| it.text.join(" "));
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            members.insert("description".into(), text.into());
        }
    }
    schema
}

fn field_schema(field: &Field) -> Value {
    let list = |what: &str| json!({"type": "array", "maxItems": LIST_MAX, "items": {"type": "string", "description": what}});
    let mut schema = match field.sort {
        Sort::HostName => {
            json!({"type": "string", "format": "hostname", "maxLength": super::NAME_CHARACTERS_MAX})
        }
        Sort::Path | Sort::SecretPath => json!({"type": "string", "minLength": 1}),
        Sort::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Sort::Switch => json!({"type": "boolean"}),
        Sort::Choice(words) => json!({"enum": words}),
        Sort::Addresses => list("an IP address"),
        Sort::Networks => list("an IP address or network"),
        Sort::DatabaseUrl => json!({"type": "string", "pattern": "^postgresql://"}),
        Sort::SecureUrl => json!({"type": "string", "pattern": "^https://"}),
        Sort::MailAddresses => list("a mail address"),
        Sort::PublicNames => list("a host name or address, with or without a port"),
    };
    let default = match field.fallback {
        Fallback::Absent(_) => None,
        Fallback::Number(number) => Some(json!(number)),
        Fallback::Switch(on) => Some(json!(on)),
        Fallback::Word(word) => Some(json!(word)),
        Fallback::List(elements) => Some(json!(elements)),
    };
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".into(), field.text.join(" ").into());
        if let Some(default) = default {
            members.insert("default".into(), default);
        }
    }
    schema
}
