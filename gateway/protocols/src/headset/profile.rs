//! How documents stand on the wire: paths, names of members, values, JSON or XML.
//!
//! ```text
//!  file --TOML | JSON--> serde_json::Value --read--> Profile | every problem with its key
//!  Profile: requests (method, path) --route, path--   names, values, roots, items --read, write--
//! ```
//!
//! Whatever a file leaves out is as in the built-in profile, so a site writes only what its phones do
//! differently.

mod address;
mod read;
mod sample;

use std::collections::BTreeMap;

use address::Address;
pub use read::ProfileProblem;

use super::enumeration::Enumeration;
use super::member::{Item, Member, Root};
use super::tree::Node;
use super::{DeviceName, ServiceClass, TimeFormat};

/// Bytes of a path that are looked at.
pub(super) const PATH_BYTES_MAX: usize = 2_048;

/// How bodies are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As JSON.
    Json,
    /// As XML.
    Xml,
}

impl Format {
    const ALL: [(&'static str, Self); 2] = [("json", Self::Json), ("xml", Self::Xml)];
}

/// What a phone can ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Request {
    /// Which services there are.
    Discovery,
    /// The configuration of the contact-centre service.
    Configuration,
    /// Another state.
    Update,
    /// To hear of headsets.
    Inventory,
    /// The template of a model.
    Template,
}

/// A request that the profile knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Which services there are.
    Discovery {
        /// For which device.
        device: DeviceName,
    },
    /// The configuration of the contact-centre service.
    Configuration {
        /// For which device.
        device: DeviceName,
    },
    /// Another state.
    Update {
        /// For which device, where the path names one.
        device: Option<DeviceName>,
    },
    /// To hear of headsets.
    Inventory {
        /// Of which device, where the path names one.
        device: Option<DeviceName>,
    },
    /// The template of a model.
    Template {
        /// For which device, where the path names one.
        device: Option<DeviceName>,
        /// Of which model.
        model: String,
    },
}

impl Asked {
    /// Which request it is.
    #[must_use]
    pub fn request(&self) -> Request {
        match self {
            Self::Discovery { .. } => Request::Discovery,
            Self::Configuration { .. } => Request::Configuration,
            Self::Update { .. } => Request::Update,
            Self::Inventory { .. } => Request::Inventory,
            Self::Template { .. } => Request::Template,
        }
    }

    /// The device that the path names.
    #[must_use]
    pub fn device(&self) -> Option<&DeviceName> {
        match self {
            Self::Discovery { device } | Self::Configuration { device } => Some(device),
            Self::Update { device }
            | Self::Inventory { device }
            | Self::Template { device, .. } => device.as_ref(),
        }
    }
}

/// What a request line comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routed {
    /// A request that the profile knows.
    Asked(Asked),
    /// The path is known, with these methods.
    WrongMethod(Vec<&'static str>),
    /// Nothing that the profile knows.
    Unknown,
}

/// How documents stand on the wire. `Default` is the built-in profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    format: Format,
    content_type: String,
    accepted_content_types: Vec<String>,
    time_format: TimeFormat,
    no: String,
    yes: String,
    token_header: String,
    token_scheme: String,
    handle_query: String,
    requests: BTreeMap<Request, (&'static str, Address)>,
    bases: BTreeMap<ServiceClass, Address>,
    /// By the numbers of [`Member`], each split at its dots.
    names: Vec<Vec<String>>,
    /// By the numbers of [`Root`].
    roots: Vec<String>,
    /// By the numbers of [`Item`].
    items: Vec<String>,
    /// By section and key.
    values: BTreeMap<(&'static str, &'static str), Node>,
}

impl Profile {
    /// What is asked by a request with that method and path; a query after `?` is not minded.
    #[must_use]
    pub fn route(&self, method: &str, path: &str) -> Routed {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let Some(segments) = address::segments(path) else { return Routed::Unknown };
        let mut methods = Vec::new();
        for (request, (wanted, address)) in &self.requests {
            let Some(asked) = address.places(&segments).and_then(|it| it.asked(*request)) else {
                continue;
            };
            if *wanted == method {
                return Routed::Asked(asked);
            }
            methods.push(*wanted);
        }
        methods.dedup();
        if methods.is_empty() { Routed::Unknown } else { Routed::WrongMethod(methods) }
    }

    /// The path of a request; `model` is for templates alone.
    #[must_use]
    pub fn path(&self, request: Request, device: &DeviceName, model: &str) -> String {
        self.requests.get(&request).map(|(_, it)| it.path(device, model)).unwrap_or_default()
    }

    /// The method of a request.
    #[must_use]
    pub fn method(&self, request: Request) -> &'static str {
        self.requests.get(&request).map_or("GET", |(method, _)| method)
    }

    /// The path below which the requests of a class stand, for `primary` and `secondary`.
    #[must_use]
    pub fn base(&self, class: ServiceClass, device: &DeviceName) -> String {
        self.bases.get(&class).map(|it| it.path(device, "")).unwrap_or_default()
    }

    /// How bodies are written.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// The `Content-Type` of answers.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Whether a body of that `Content-Type` is read. One that is not said is taken for the right one, an
    /// encoding beside UTF-8 for a wrong one.
    #[must_use]
    pub fn takes(&self, content_type: Option<&str>) -> bool {
        let Some(content_type) = content_type else { return true };
        let mut parts = content_type.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let is_utf_8 = |parameter: &str| match parameter.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
                let value = value.trim().trim_matches('"');
                ["utf-8", "utf8", "us-ascii"].iter().any(|it| value.eq_ignore_ascii_case(it))
            }
            _ => true,
        };
        parts.all(is_utf_8)
            && self.accepted_content_types.iter().any(|it| it.eq_ignore_ascii_case(kind))
    }

    /// How times are written.
    #[must_use]
    pub fn time_format(&self) -> TimeFormat {
        self.time_format
    }

    /// The name of the header that carries a token.
    #[must_use]
    pub fn token_header(&self) -> &str {
        &self.token_header
    }

    /// The token in the value of that header.
    #[must_use]
    pub fn token<'h>(&self, value: &'h str) -> Option<&'h str> {
        let value = value.trim();
        let token = if self.token_scheme.is_empty() {
            value
        } else {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case(&self.token_scheme).then_some(token.trim())?
        };
        let is_token = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then_some(token)
    }

    /// The name in a discovery URL's query that carries the handle.
    #[must_use]
    pub fn handle_query(&self) -> &str {
        &self.handle_query
    }

    /// The handle in a query, which stands after the `?` of a request's target. Handles have no characters that
    /// would have to be written with a percent sign; a query that has the name twice has none.
    #[must_use]
    pub fn handle<'q>(&self, query: &'q str) -> Option<&'q str> {
        let mut values = query
            .split('&')
            .filter_map(|part| part.split_once('='))
            .filter(|(name, _)| *name == self.handle_query)
            .map(|(_, value)| value);
        let handle = values.next()?;
        (values.next().is_none() && !handle.is_empty()).then_some(handle)
    }

    pub(super) fn name(&self, member: Member) -> &[String] {
        self.names.get(member as usize).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn root(&self, root: Root) -> &str {
        self.roots.get(root as usize).map(String::as_str).unwrap_or_default()
    }

    pub(super) fn item(&self, item: Item) -> &str {
        self.items.get(item as usize).map(String::as_str).unwrap_or_default()
    }

    /// The texts of no and yes in XML.
    pub(super) fn flags(&self) -> [&str; 2] {
        [&self.no, &self.yes]
    }

    pub(super) fn value<E: Enumeration>(&self, value: E) -> Node {
        self.values.get(&(E::SECTION, value.key())).cloned().unwrap_or(Node::Null)
    }

    pub(super) fn value_text<E: Enumeration>(&self, value: E) -> &str {
        match self.values.get(&(E::SECTION, value.key())) {
            Some(Node::Text(text) | Node::Number(text)) => text,
            _ => "",
        }
    }

    /// The value that a text means.
    pub(super) fn meant<E: Enumeration>(&self, text: &str) -> Option<E> {
        let found = E::ALL.iter().find(|(value, ..)| self.value_text(*value) == text);
        found.map(|(value, ..)| *value)
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::built_in()
    }
}
