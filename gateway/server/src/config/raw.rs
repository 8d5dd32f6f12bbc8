//! What the operator wrote, key by key: read by the table, every problem noted under its key.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use domain::settings::Reader;
use domain::{NodeName, Problems};
use ipnet::IpNet;
use serde_json::Value;

use super::fields::{FIELDS, Fallback, Field, LIST_MAX, Sort};
use super::{NAME_CHARACTERS_MAX, PublicName, store_keys};

/// The most characters of a database's URL.
const URL_CHARACTERS_MAX: usize = 1_000;

/// One value as it was written.
#[derive(Clone, Debug, PartialEq)]
enum Written {
    Name(NodeName),
    Path(PathBuf),
    Number(u64),
    Switch(bool),
    Word(&'static str),
    Addresses(Vec<IpAddr>),
    Networks(Vec<IpNet>),
    PublicNames(Vec<PublicName>),
    DatabaseUrl(String),
    SecureUrl(String),
    MailAddresses(Vec<String>),
}

/// All values that were written, and the defaults of the others.
#[derive(Debug)]
pub(super) struct Raw {
    values: BTreeMap<&'static str, Written>,
    /// Keys that stand there, readable or not.
    given: BTreeSet<&'static str>,
}

impl Raw {
    /// Reads a whole configuration; relative paths count from `folder`.
    pub(super) fn read(value: Value, folder: &Path, problems: &mut Problems) -> Self {
        let mut raw = Self { values: BTreeMap::new(), given: BTreeSet::new() };
        let mut reader = Reader::new("", value, problems);
        read_table("", &mut reader, folder, &mut raw);
        reader.finish();
        raw
    }

    pub(super) fn name(&self, key: &str) -> Option<NodeName> {
        match self.values.get(key) {
            Some(Written::Name(name)) => Some(name.clone()),
            _ => None,
        }
    }

    /// A path, or its default.
    pub(super) fn path(&self, key: &'static str) -> Option<PathBuf> {
        match (self.values.get(key), fallback(key)) {
            (Some(Written::Path(path)), _) => Some(path.clone()),
            (_, Fallback::Word(path)) if !self.was_given(key) => Some(path.into()),
            _ => None,
        }
    }

    /// Whether the key stands there, readable or not.
    pub(super) fn was_given(&self, key: &str) -> bool {
        self.given.contains(key)
    }

    /// Whether the key was written.
    pub(super) fn is_written(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// A number that was written.
    pub(super) fn written_number(&self, key: &str) -> Option<u64> {
        match self.values.get(key) {
            Some(Written::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A number, or its default.
    pub(super) fn number(&self, key: &str) -> u64 {
        self.written_number(key).unwrap_or_else(|| match fallback(key) {
            Fallback::Number(number) => number,
            _ => 0,
        })
    }

    pub(super) fn switch(&self, key: &str) -> bool {
        match (self.values.get(key), fallback(key)) {
            (Some(Written::Switch(on)), _) => *on,
            (_, Fallback::Switch(on)) => on,
            _ => false,
        }
    }

    pub(super) fn word(&self, key: &str) -> &'static str {
        match (self.values.get(key), fallback(key)) {
            (Some(Written::Word(word)), _) => word,
            (_, Fallback::Word(word)) => word,
            _ => "",
        }
    }

    pub(super) fn addresses(&self, key: &str) -> Vec<IpAddr> {
        match (self.values.get(key), fallback(key)) {
            (Some(Written::Addresses(addresses)), _) => addresses.clone(),
            (_, Fallback::List(elements)) => {
                elements.iter().filter_map(|element| element.parse().ok()).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn networks(&self, key: &str) -> Vec<IpNet> {
        match (self.values.get(key), fallback(key)) {
            (Some(Written::Networks(networks)), _) => networks.clone(),
            (_, Fallback::List(elements)) => {
                elements.iter().filter_map(|element| element.parse().ok()).collect()
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn database_url(&self, key: &str) -> Option<String> {
        match self.values.get(key) {
            Some(Written::DatabaseUrl(url)) => Some(url.clone()),
            _ => None,
        }
    }

    pub(super) fn secure_url(&self, key: &str) -> Option<String> {
        match self.values.get(key) {
            Some(Written::SecureUrl(url)) => Some(url.clone()),
            _ => None,
        }
    }

    pub(super) fn mail_addresses(&self, key: &str) -> Vec<String> {
        match self.values.get(key) {
            Some(Written::MailAddresses(addresses)) => addresses.clone(),
            _ => Vec::new(),
        }
    }

    pub(super) fn public_names(&self, key: &str) -> Vec<PublicName> {
        match self.values.get(key) {
            Some(Written::PublicNames(names)) => names.clone(),
            _ => Vec::new(),
        }
    }
}

fn fallback(key: &str) -> Fallback {
    let field = FIELDS.iter().find(|field| field.key == key);
    field.map_or(Fallback::Absent(""), |field| field.fallback)
}

fn read_table(path: &str, reader: &mut Reader<'_>, folder: &Path, raw: &mut Raw) {
    let prefix = if path.is_empty() { String::new() } else { format!("{path}.") };
    let mut last_table = "";
    for field in FIELDS {
        let Some(rest) = field.key.strip_prefix(&prefix) else { continue };
        match rest.split_once('.') {
            None => {
                if reader.has(rest) {
                    raw.given.insert(field.key);
                }
                if let Some(value) = read_field(field, rest, reader, folder) {
                    raw.values.insert(field.key, value);
                }
            }
            Some((table, _)) if table != last_table => {
                last_table = table;
                let inner = format!("{prefix}{table}");
                reader.table(table, |reader| {
                    read_table(&inner, reader, folder, raw);
                    Some(())
                });
            }
            Some(_) => {}
        }
    }
}

fn read_field(
    field: &Field,
    name: &str,
    reader: &mut Reader<'_>,
    folder: &Path,
) -> Option<Written> {
    match field.sort {
        Sort::HostName => {
            let text = reader.text(name)?;
            match host_name(&text) {
                Ok(name) => Some(Written::Name(name)),
                Err(message) => {
                    reader.problem(name, message);
                    None
                }
            }
        }
        Sort::Path => {
            let text = reader.short_text(name, 4_000)?;
            Some(Written::Path(folder.join(text)))
        }
        Sort::SecretPath => {
            let text = reader.short_text(name, 4_000)?;
            match super::credential::named(&text) {
                None => Some(Written::Path(folder.join(text))),
                Some(Ok(file)) => Some(Written::Path(file)),
                Some(Err(message)) => {
                    reader.problem(name, message);
                    None
                }
            }
        }
        Sort::Number(least, most) => reader.number(name, least..=most).map(Written::Number),
        Sort::Switch => reader.switch(name).map(Written::Switch),
        Sort::Choice(words) => {
            let choices: Vec<_> = words.iter().map(|word| (*word, *word)).collect();
            reader.choice(name, &choices).map(Written::Word)
        }
        Sort::Addresses => {
            if !reader.has(name) {
                return None;
            }
            let addresses = reader.parsed_list(name, LIST_MAX);
            if addresses.is_empty() {
                reader.problem(name, "must name at least one IP address");
            }
            Some(Written::Addresses(addresses))
        }
        Sort::Networks => {
            if !reader.has(name) {
                return None;
            }
            let texts: Vec<String> = reader.parsed_list(name, LIST_MAX);
            let mut networks = Vec::new();
            for text in texts {
                match text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                    Ok(network) => networks.push(network.trunc()),
                    Err(_) => reader.problem(
                        name,
                        format_args!("has {text:?}, which is no IP address or network"),
                    ),
                }
            }
            Some(Written::Networks(networks))
        }
        Sort::PublicNames => {
            let texts: Vec<String> = reader.parsed_list(name, LIST_MAX);
            let mut names = Vec::new();
            for text in texts {
                match PublicName::read(&text) {
                    Ok(name) => names.push(name),
                    Err(message) => reader.problem(name, message),
                }
            }
            Some(Written::PublicNames(names))
        }
        Sort::SecureUrl => {
            let text = reader.short_text(name, URL_CHARACTERS_MAX)?;
            if super::acme_keys::is_secure_url(&text) {
                return Some(Written::SecureUrl(text));
            }
            reader.problem(
                name,
                "must be a URL that begins with https://, with a host and no password",
            );
            None
        }
        Sort::MailAddresses => {
            let texts: Vec<String> = reader.parsed_list(name, LIST_MAX);
            let mut addresses = Vec::new();
            for text in texts {
                match super::acme_keys::is_mail_address(&text) {
                    true => addresses.push(text),
                    false => {
                        reader
                            .problem(name, format_args!("has {text:?}, which is no mail address"));
                    }
                }
            }
            Some(Written::MailAddresses(addresses))
        }
        Sort::DatabaseUrl => {
            let text = reader.short_text(name, URL_CHARACTERS_MAX)?;
            match store_keys::checked_url(&text) {
                Ok(()) => Some(Written::DatabaseUrl(text)),
                Err(message) => {
                    reader.problem(name, message);
                    None
                }
            }
        }
    }
}

/// A full host name as certificates and URLs carry it; `localhost` passes for trying things out.
pub(crate) fn host_name(text: &str) -> Result<NodeName, String> {
    if text.parse::<IpAddr>().is_ok() || text.starts_with('[') {
        return Err(format!(
            "must be a full host name, not the address {text}: phones and certificates need a name"
        ));
    }
    let length = text.chars().count();
    if length > NAME_CHARACTERS_MAX {
        return Err(format!(
            "must be at most {NAME_CHARACTERS_MAX} characters, not {length}: phones cut long URLs"
        ));
    }
    let name: NodeName = text.parse().map_err(|error| format!("{text:?} {error}"))?;
    let good = |label: &str| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    if !text.split('.').all(good) {
        return Err(format!(
            "must be a full host name such as gw-a.example.com; {text:?} has an empty part, one over \
             63 characters, or one that begins or ends with '-'"
        ));
    }
    let last_is_number = text
        .rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if last_is_number || !(text.contains('.') || text == "localhost") {
        return Err(format!("must be a full host name such as gw-a.example.com, not {text:?}"));
    }
    Ok(name)
}
