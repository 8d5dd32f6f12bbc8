//! One row of the table that both serves and describes the interface.
//!
//! What a row says of the query, the body and who may call is what is checked before its handler is
//! asked, and what `openapi.json` tells: the two cannot differ.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use domain::Role;
use engine::surface::Callers;
use http::{Method, Response, StatusCode};
use serde_json::Value;

use crate::Console;
use crate::asked::Asked;
use crate::problem::Problem;

/// Whoever is signed in.
pub(crate) const ANY_ROLE: Callers =
    Callers::Roles(&[Role::Agent, Role::Supervisor, Role::Administrator, Role::Report]);
/// Administrators alone.
pub(crate) const ADMINISTRATORS: Callers = Callers::Roles(&[Role::Administrator]);
/// Administrators and supervisors.
pub(crate) const LEADERS: Callers = Callers::Roles(&[Role::Administrator, Role::Supervisor]);
/// Administrators, supervisors, and agents for themselves.
pub(crate) const STAFF: Callers =
    Callers::Roles(&[Role::Administrator, Role::Supervisor, Role::Agent]);
/// Whoever reads what is no secret.
pub(crate) const READERS: Callers =
    Callers::Roles(&[Role::Administrator, Role::Supervisor, Role::Report]);

/// What a handler gives.
pub(crate) type Given = Result<Response<Bytes>, Problem>;
/// What a handler gives in time.
pub(crate) type Giving = Pin<Box<dyn Future<Output = Given> + Send>>;
/// What a handler gives whose answer comes piece by piece.
pub(crate) type Begun = Result<Response<engine::surface::Body>, Problem>;
/// The same in time.
pub(crate) type Beginning = Pin<Box<dyn Future<Output = Begun> + Send>>;
/// What answers.
#[derive(Clone)]
pub(crate) enum Handle {
    /// With a whole answer.
    Whole(Arc<dyn Fn(Arc<Console>, Asked) -> Giving + Send + Sync>),
    /// With one whose body comes piece by piece.
    Pieces(Arc<dyn Fn(Arc<Console>, Asked) -> Beginning + Send + Sync>),
}

/// What a parameter of the query may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole number within that range.
    Number(u64, u64),
    /// A text of at most that many characters, none of them a control character.
    Text(usize),
    /// One of these.
    Choice(&'static [&'static str]),
    /// A point in time (RFC 3339).
    Time,
}

/// A parameter of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it may hold.
    pub(crate) kind: Kind,
    /// What it does.
    pub(crate) about: &'static str,
}

/// The body that a request has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// None.
    None,
    /// A JSON object.
    Json(Value),
    /// A JSON object, or nothing at all.
    Optional(Value),
    /// A merge patch (RFC 7396) of a document with that schema.
    MergePatch(Value),
    /// A settings file, as YAML or JSON.
    SettingsFile,
    /// Metadata of SAML, as XML.
    Metadata,
}

/// An answer of success.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Success {
    /// Its status.
    pub(crate) status: StatusCode,
    /// What it says.
    pub(crate) about: &'static str,
    /// Media types with the schema of what is in them.
    pub(crate) content: Vec<(&'static str, Value)>,
    /// Header fields that are worth telling, each with what it holds.
    pub(crate) headers: Vec<(&'static str, &'static str)>,
}

/// Which conditions a request may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conditions {
    /// None.
    None,
    /// `If-None-Match`, answered with 304.
    Reading,
    /// `If-Match` and `If-None-Match: *`, answered with 412.
    Writing,
}

/// One operation.
#[derive(Clone)]
pub(crate) struct Operation {
    /// Its method.
    pub(crate) method: Method,
    /// Its path with parameters in braces.
    pub(crate) path: &'static str,
    /// Its name for programs.
    pub(crate) id: String,
    /// What it does, in a few words.
    pub(crate) summary: String,
    /// More of that, where it is needed.
    pub(crate) description: &'static str,
    /// What it belongs to.
    pub(crate) tag: &'static str,
    /// Who may call it.
    pub(crate) callers: Callers,
    /// What its path's parameters hold, where that is more than any text.
    pub(crate) path_schemas: Vec<(&'static str, Value)>,
    /// Its query.
    pub(crate) query: Vec<Parameter>,
    /// Its body.
    pub(crate) body: Body,
    /// The most bytes of its body.
    pub(crate) body_bytes_max: usize,
    /// Its conditions.
    pub(crate) conditions: Conditions,
    /// How it succeeds.
    pub(crate) success: Vec<Success>,
    /// How it is refused, beside what follows from all the above.
    pub(crate) refusals: Vec<u16>,
    /// What answers it.
    pub(crate) handle: Handle,
}

impl Operation {
    /// An operation without query and body, whose answer comes piece by piece.
    pub(crate) fn in_pieces<F, A>(
        place: (Method, &'static str),
        id: impl Into<String>,
        summary: impl Into<String>,
        callers: Callers,
        handle: F,
    ) -> Self
    where
        F: Fn(Arc<Console>, Asked) -> A + Send + Sync + 'static,
        A: Future<Output = Begun> + Send + 'static,
    {
        let handle =
            Handle::Pieces(Arc::new(move |console, asked| Box::pin(handle(console, asked))));
        Self::with(place, id.into(), summary.into(), callers, handle)
    }

    /// An operation without query and body.
    pub(crate) fn new<F, A>(
        place: (Method, &'static str),
        id: impl Into<String>,
        summary: impl Into<String>,
        callers: Callers,
        handle: F,
    ) -> Self
    where
        F: Fn(Arc<Console>, Asked) -> A + Send + Sync + 'static,
        A: Future<Output = Given> + Send + 'static,
    {
        let handle =
            Handle::Whole(Arc::new(move |console, asked| Box::pin(handle(console, asked))));
        Self::with(place, id.into(), summary.into(), callers, handle)
    }

    fn with(
        (method, path): (Method, &'static str),
        id: String,
        summary: String,
        callers: Callers,
        handle: Handle,
    ) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            description: "",
            tag: "Node",
            callers,
            path_schemas: Vec::new(),
            query: Vec::new(),
            body: Body::None,
            body_bytes_max: 16 * 1024,
            conditions: Conditions::None,
            success: Vec::new(),
            refusals: Vec::new(),
            handle,
        }
    }

    /// The same under that tag.
    #[must_use]
    pub(crate) fn tagged(mut self, tag: &'static str) -> Self {
        self.tag = tag;
        self
    }

    /// The same with more words.
    #[must_use]
    pub(crate) fn described(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// The same, its path's parameter `name` holding that.
    #[must_use]
    pub(crate) fn path_holds(mut self, name: &'static str, schema: Value) -> Self {
        self.path_schemas.push((name, schema));
        self
    }

    /// The same with those parameters.
    #[must_use]
    pub(crate) fn asks(mut self, query: &[Parameter]) -> Self {
        self.query.extend_from_slice(query);
        self
    }

    /// The same with that body.
    #[must_use]
    pub(crate) fn takes(mut self, body: Body, bytes_max: usize) -> Self {
        self.body = body;
        self.body_bytes_max = bytes_max;
        self
    }

    /// The same with those conditions.
    #[must_use]
    pub(crate) fn on(mut self, conditions: Conditions) -> Self {
        self.conditions = conditions;
        self
    }

    /// The same with a success of JSON.
    #[must_use]
    pub(crate) fn gives(self, status: StatusCode, about: &'static str, schema: Value) -> Self {
        self.gives_as(status, about, vec![("application/json", schema)])
    }

    /// The same with a success of those media types, or of none.
    #[must_use]
    pub(crate) fn gives_as(
        mut self,
        status: StatusCode,
        about: &'static str,
        content: Vec<(&'static str, Value)>,
    ) -> Self {
        self.success.push(Success { status, about, content, headers: Vec::new() });
        self
    }

    /// The same, its last success with that header field.
    #[must_use]
    pub(crate) fn with_header(mut self, name: &'static str, about: &'static str) -> Self {
        if let Some(success) = self.success.last_mut() {
            success.headers.push((name, about));
        }
        self
    }

    /// The same with those refusals.
    #[must_use]
    pub(crate) fn refuses(mut self, statuses: &[u16]) -> Self {
        self.refusals.extend_from_slice(statuses);
        self
    }

    /// Whether it changes something.
    pub(crate) fn is_unsafe(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD)
    }

    /// The names of its path's parameters, in order.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }
}

/// The parameters of a query, decoded.
pub(crate) type Query = BTreeMap<&'static str, String>;
