//! What went wrong, as a problem document (RFC 9457) that names each field.

use std::borrow::Cow;

use bytes::Bytes;
use domain::Problems;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{Failure, codes, pointer};

/// The media type of problem documents.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";
/// The most fields that one document names; a file with more of them has its first mended first.
const FIELDS_MAX: usize = 500;

/// One field to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldError {
    /// Where it stands in the body (RFC 6901); `None` where it stands in another document.
    pointer: Option<String>,
    field: String,
    message: String,
}

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    status: StatusCode,
    code: Cow<'static, str>,
    detail: String,
    errors: Vec<FieldError>,
    retry_seconds: Option<u64>,
}

impl Problem {
    /// A problem of that code; its status is the code's.
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        let (code, detail) = (Cow::Borrowed(code), detail.into());
        Self { status: codes::status(&code), code, detail, errors: Vec::new(), retry_seconds: None }
    }

    /// Members of a body that are wrong, each under its key.
    pub(crate) fn invalid(problems: &Problems, body: &Value) -> Self {
        Self::new("invalid", "some members are wrong; each is named below")
            .with_errors(problems, body)
    }

    /// One member of the body is wrong.
    pub(crate) fn field(field: &str, message: impl Into<String>) -> Self {
        let mut problem = Self::new("invalid", "a member is wrong; it is named below");
        problem.errors.push(FieldError {
            pointer: Some(pointer::of_key(field, &Value::Null)),
            field: field.to_owned(),
            message: message.into(),
        });
        problem
    }

    /// A parameter of the query is wrong.
    pub(crate) fn query(name: &str, message: impl Into<String>) -> Self {
        let mut problem = Self::new("bad_query", "a parameter of the query is wrong");
        let message = message.into();
        problem.errors.push(FieldError { pointer: None, field: name.to_owned(), message });
        problem
    }

    /// Nothing is there, or nothing that the caller may know of.
    pub(crate) fn not_found(what: impl Into<String>) -> Self {
        Self::new("not_found", what)
    }

    /// What became of a deed; `body` is what its problems' keys point into.
    pub(crate) fn of_failure(failure: Failure, body: &Value) -> Self {
        let code = match failure.code.as_str() {
            "problems" | "malformed" => Cow::Borrowed("invalid"),
            "precondition" => Cow::Borrowed("precondition_failed"),
            _ => Cow::Owned(failure.code),
        };
        let status = codes::status(&code);
        let detail = match failure.problems.is_empty() {
            true => failure.message,
            false => "some members are wrong; each is named below".to_owned(),
        };
        let passes = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
        let retry_seconds = passes.contains(&status).then_some(1);
        let problem = Self { status, code, detail, errors: Vec::new(), retry_seconds };
        problem.with_errors(&failure.problems, body)
    }

    /// The same problem under another code.
    #[must_use]
    pub(crate) fn under(mut self, code: &'static str, detail: &str) -> Self {
        self.status = codes::status(code);
        self.code = Cow::Borrowed(code);
        detail.clone_into(&mut self.detail);
        self
    }

    /// The same, to be tried again so many seconds on.
    #[must_use]
    pub(crate) fn after_seconds(mut self, seconds: u64) -> Self {
        self.retry_seconds = Some(seconds);
        self
    }

    /// Its code, for programs.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    fn with_errors(mut self, problems: &Problems, body: &Value) -> Self {
        let told = problems.as_slice().iter().take(FIELDS_MAX);
        self.errors.extend(told.map(|problem| {
            // A slash stands between the section and the name of another document.
            let elsewhere = problem.key.contains('/') && body.get(&problem.key).is_none();
            FieldError {
                pointer: (!elsewhere).then(|| pointer::of_key(&problem.key, body)),
                field: problem.key.clone(),
                message: problem.message.clone(),
            }
        }));
        self
    }

    /// The answer, with the number that finds the log line.
    pub(crate) fn answer(self, reference: &str) -> Response<Bytes> {
        let errors = self.errors.iter().map(|error| {
            let mut told = json!({"field": error.field, "message": error.message});
            if let (Some(pointer), Some(members)) = (&error.pointer, told.as_object_mut()) {
                members.insert("pointer".to_owned(), json!(pointer));
            }
            told
        });
        let errors: Vec<_> = errors.collect();
        let mut body = json!({
            "type": format!("/api/v1/problems/{}", self.code),
            "title": codes::title(&self.code),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
            "reference": reference,
        });
        if let (false, Some(members)) = (errors.is_empty(), body.as_object_mut()) {
            members.insert("errors".to_owned(), Value::Array(errors));
        }
        let mut answer = Response::new(Bytes::from(body.to_string()));
        *answer.status_mut() = self.status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}
