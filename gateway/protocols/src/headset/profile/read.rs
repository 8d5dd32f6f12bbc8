//! Files to profiles: what is missing is as usual, and every problem is told with its key.

mod check;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use super::super::enumeration::sections;
use super::super::member::{ITEMS, MEMBERS, ROOTS, SECTIONS};
use super::super::tree::Node;
use super::super::{ServiceClass, TimeFormat};
use super::address::{Address, Place};
use super::{Format, Profile, Request};

/// Problems that are told at once.
const PROBLEMS_MAX: usize = 100;
/// `Content-Type`s that bodies may have.
const CONTENT_TYPES_MAX: usize = 8;

/// Something in a profile that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileProblem {
    /// Where: `names.update.state`.
    pub key: String,
    /// What is wrong and what may stand there, as the end of a sentence.
    pub message: String,
}

impl fmt::Display for ProfileProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.key, self.message)
    }
}

/// The keys outside of tables.
pub(super) const TOP: [&str; 9] = [
    "format",
    "content_type",
    "accepted_content_types",
    "time_format",
    "no",
    "yes",
    "token_header",
    "token_scheme",
    "handle_query",
];
const TABLES: [&str; 6] = ["requests", "bases", "names", "roots", "items", "values"];

/// Requests with their keys, and how they usually look.
pub(super) const REQUESTS: [(Request, &str, &str); 5] = [
    (Request::Discovery, "discovery", "GET /headset/{device}"),
    (Request::Configuration, "configuration", "GET /headset/{device}/cc"),
    (Request::Update, "update", "PUT /headset/{device}/cc/agent-state"),
    (Request::Inventory, "inventory", "POST /headset/{device}/inventory/events"),
    (Request::Template, "template", "GET /headset/{device}/config/templates/{model}"),
];

/// Classes with their keys, the path their requests usually stand below, and those requests.
pub(super) const BASES: [(ServiceClass, &str, &str, Request); 3] = [
    (ServiceClass::ContactCentre, "contact_centre", "/headset/{device}/cc", Request::Update),
    (ServiceClass::Inventory, "inventory", "/headset/{device}/inventory", Request::Inventory),
    (ServiceClass::Configuration, "configuration", "/headset/{device}/config", Request::Template),
];

impl Profile {
    /// Reads a profile out of a whole file, which may have been TOML or JSON.
    pub fn read(file: &Value) -> Result<Self, Vec<ProfileProblem>> {
        let mut reader = Reader { problems: Vec::new() };
        let profile = reader.profile(file);
        if reader.problems.is_empty() { Ok(profile) } else { Err(reader.problems) }
    }

    pub(super) fn built_in() -> Self {
        Reader { problems: Vec::new() }.profile(&Value::Null)
    }
}

type Members<'v> = Option<&'v Map<String, Value>>;

struct Reader {
    problems: Vec<ProfileProblem>,
}

impl Reader {
    fn profile(&mut self, file: &Value) -> Profile {
        let known: Vec<_> = TOP.into_iter().chain(TABLES).collect();
        let file = self.table(Some(file), "", &known);
        let format = self.choice(file, "format", &Format::ALL, Format::Json);
        let (content_type, accepted) = match format {
            Format::Json => ("application/json", ["application/json"].as_slice()),
            Format::Xml => ("application/xml", ["application/xml", "text/xml"].as_slice()),
        };
        let profile = Profile {
            format,
            content_type: self.text(file, "", "content_type", content_type, check::content_type),
            accepted_content_types: self.content_types(file, accepted),
            time_format: self.choice(file, "time_format", &TimeFormat::ALL, TimeFormat::Iso8601),
            no: self.text(file, "", "no", "false", check::value),
            yes: self.text(file, "", "yes", "true", check::value),
            token_header: self.text(file, "", "token_header", "Authorization", check::token),
            token_scheme: self.text(file, "", "token_scheme", "Bearer", check::token_or_empty),
            handle_query: self.text(file, "", "handle_query", "key", check::query_name),
            requests: self.requests(file),
            bases: self.bases(file),
            names: self.names(file),
            roots: self.elements(file, "roots", &ROOTS.map(|(_, key, usual)| (key, usual))),
            items: self.elements(file, "items", &ITEMS.map(|(_, key, usual)| (key, usual))),
            values: self.values(file),
        };
        if profile.no == profile.yes {
            self.problem("no", "must differ from yes");
        }
        self.places(&profile);
        profile
    }

    fn requests(&mut self, file: Members<'_>) -> BTreeMap<Request, (&'static str, Address)> {
        let keys = REQUESTS.map(|(_, key, _)| key);
        let table = self.table(file.and_then(|it| it.get("requests")), "requests", &keys);
        let mut requests = BTreeMap::new();
        for (request, key, usual) in REQUESTS {
            let line = self.text(table, "requests", key, usual, |_| None);
            match check::request(&line, request) {
                Ok(read) => {
                    requests.insert(request, read);
                }
                Err(message) => self.problem(&format!("requests.{key}"), message),
            }
        }
        requests
    }

    fn bases(&mut self, file: Members<'_>) -> BTreeMap<ServiceClass, Address> {
        let keys = BASES.map(|(_, key, ..)| key);
        let table = self.table(file.and_then(|it| it.get("bases")), "bases", &keys);
        let mut bases = BTreeMap::new();
        for (class, key, usual, _) in BASES {
            let path = self.text(table, "bases", key, usual, |_| None);
            match Address::parse(&path) {
                Ok(address) if address.has(Place::Model) => {
                    self.problem(&format!("bases.{key}"), "cannot have {model}");
                }
                Ok(address) => {
                    bases.insert(class, address);
                }
                Err(message) => self.problem(&format!("bases.{key}"), message),
            }
        }
        bases
    }

    /// What paths have to be towards each other.
    fn places(&mut self, profile: &Profile) {
        let of = |request| profile.requests.get(&request);
        for (class, key, _, request) in BASES {
            if let (Some(base), Some((_, address))) = (profile.bases.get(&class), of(request))
                && !address.is_below(base)
            {
                let name = REQUESTS.iter().find(|row| row.0 == request).map_or("", |row| row.1);
                let message = format!("must be the beginning of the path of requests.{name}");
                self.problem(&format!("bases.{key}"), message);
            }
        }
        for (position, (request, key, _)) in REQUESTS.into_iter().enumerate() {
            for (other, other_key, _) in REQUESTS.into_iter().skip(position + 1) {
                if let (Some(one), Some(other)) = (of(request), of(other))
                    && one.0 == other.0
                    && one.1.overlaps(&other.1)
                {
                    let message = format!("may be mistaken for requests.{other_key}");
                    self.problem(&format!("requests.{key}"), message);
                }
            }
        }
    }

    fn names(&mut self, file: Members<'_>) -> Vec<Vec<String>> {
        let keys = SECTIONS.map(|(name, _)| name);
        let table = self.table(file.and_then(|it| it.get("names")), "names", &keys);
        let mut names = Vec::with_capacity(MEMBERS.len());
        for (section, _) in SECTIONS {
            let path = format!("names.{section}");
            let members = || MEMBERS.iter().filter(move |row| row.1 == section);
            let keys: Vec<_> = members().map(|row| row.2).collect();
            let table = self.table(table.and_then(|it| it.get(section)), &path, &keys);
            let mut read: Vec<(&str, Vec<String>)> = Vec::new();
            for (_, _, key, usual) in members() {
                let name = self.text(table, &path, key, usual, check::path_of_names);
                let name: Vec<_> = name.split('.').map(str::to_owned).collect();
                let is_beside = |other: &Vec<String>| {
                    !name.starts_with(other.as_slice()) && !other.starts_with(&name)
                };
                if let Some((other, _)) = read.iter().find(|(_, other)| !is_beside(other)) {
                    let message = format!("stands where {path}.{other} does; give it another name");
                    self.problem(&format!("{path}.{key}"), message);
                }
                read.push((key, name));
            }
            names.extend(read.into_iter().map(|(_, name)| name));
        }
        names
    }

    fn elements(&mut self, file: Members<'_>, path: &str, rows: &[(&str, &str)]) -> Vec<String> {
        let keys: Vec<_> = rows.iter().map(|(key, _)| *key).collect();
        let table = self.table(file.and_then(|it| it.get(path)), path, &keys);
        rows.iter().map(|(key, usual)| self.text(table, path, key, usual, check::name)).collect()
    }

    fn values(&mut self, file: Members<'_>) -> BTreeMap<(&'static str, &'static str), Node> {
        let sections = sections();
        let keys: Vec<_> = sections.iter().map(|section| section.name).collect();
        let table = self.table(file.and_then(|it| it.get("values")), "values", &keys);
        let mut values = BTreeMap::new();
        for section in sections {
            let path = format!("values.{}", section.name);
            let keys: Vec<_> = section.rows.iter().map(|(key, _)| *key).collect();
            let table = self.table(table.and_then(|it| it.get(section.name)), &path, &keys);
            let mut texts: Vec<String> = Vec::new();
            for (key, usual) in section.rows {
                let number = table.and_then(|it| it.get(key)).and_then(Value::as_u64);
                let (node, text) = match number.filter(|number| *number <= u64::from(u32::MAX)) {
                    Some(number) => (Node::number(number), number.to_string()),
                    None => {
                        let text = self.text(table, &path, key, usual, check::value);
                        (Node::Text(text.clone()), text)
                    }
                };
                if texts.contains(&text) {
                    let message = "is the same as another of its table; values must differ";
                    self.problem(&format!("{path}.{key}"), message);
                }
                texts.push(text);
                values.insert((section.name, key), node);
            }
        }
        values
    }

    fn content_types(&mut self, file: Members<'_>, usual: &[&str]) -> Vec<String> {
        let key = "accepted_content_types";
        let usual = || usual.iter().map(|text| (*text).to_owned()).collect();
        match file.and_then(|it| it.get(key)) {
            None | Some(Value::Null) => usual(),
            Some(Value::Array(entries)) if (1..=CONTENT_TYPES_MAX).contains(&entries.len()) => {
                let texts: Vec<_> = entries.iter().filter_map(Value::as_str).collect();
                let is_good = |text: &&str| check::content_type(text).is_none();
                if texts.len() != entries.len() || !texts.iter().all(is_good) {
                    self.problem(key, "must hold texts like application/json");
                }
                texts.into_iter().map(str::to_owned).collect()
            }
            Some(_) => {
                self.problem(key, format!("must be a list of 1 to {CONTENT_TYPES_MAX} texts"));
                usual()
            }
        }
    }

    fn choice<T: Copy>(
        &mut self,
        file: Members<'_>,
        key: &str,
        all: &[(&'static str, T)],
        usual: T,
    ) -> T {
        let Some(value) = file.and_then(|it| it.get(key)).filter(|it| !it.is_null()) else {
            return usual;
        };
        match all.iter().find(|(name, _)| value.as_str() == Some(name)) {
            Some((_, choice)) => *choice,
            None => {
                let names: Vec<_> = all.iter().map(|(name, _)| *name).collect();
                self.problem(key, format!("must be one of {}", names.join(", ")));
                usual
            }
        }
    }

    /// A text that `check` finds nothing wrong with, `usual` where none is given.
    fn text(
        &mut self,
        table: Members<'_>,
        path: &str,
        key: &str,
        usual: &str,
        check: fn(&str) -> Option<String>,
    ) -> String {
        let message = match table.and_then(|it| it.get(key)) {
            None | Some(Value::Null) => return usual.to_owned(),
            Some(Value::String(text)) => match check(text) {
                None => return text.clone(),
                Some(message) => message,
            },
            Some(_) => "must be a text; put it in quotation marks".to_owned(),
        };
        let key = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        self.problem(&key, message);
        usual.to_owned()
    }

    /// A table that has no other keys than those.
    fn table<'v>(&mut self, value: Option<&'v Value>, path: &str, known: &[&str]) -> Members<'v> {
        let members = match value {
            None | Some(Value::Null) => return None,
            Some(Value::Object(members)) => members,
            Some(_) => {
                self.problem(if path.is_empty() { "the file" } else { path }, "must be a table");
                return None;
            }
        };
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            let name: String = name.escape_debug().take(64).collect();
            let key = if path.is_empty() { name } else { format!("{path}.{name}") };
            self.problem(&key, "is not known here; remove it or mend its spelling");
        }
        Some(members)
    }

    fn problem(&mut self, key: &str, message: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(ProfileProblem { key: key.to_owned(), message: message.into() });
        }
    }
}
