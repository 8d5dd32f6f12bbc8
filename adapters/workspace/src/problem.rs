//! What went wrong, as a problem document (RFC 9457), in words that say what to do.

use bytes::Bytes;
use domain::mail::{FILE_BYTES_MAX, FILES_BYTES_MAX};
use domain::{Refusal, WRAP_UP_CHOSEN_MAX};
use engine::{Outcome, SubmitError};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    field: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), field: None }
    }

    /// A member of the body or the query is wrong.
    pub(crate) fn field(field: &str, detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail);
        Self { field: Some(field.to_owned()), ..problem }
    }

    /// Nothing is there, or nothing that the caller may know of.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "there is no such thing, or it is not yours")
    }

    pub(crate) fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// Whether it is the one of that code.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code == code
    }

    pub(crate) fn of_refusal(refusal: &Refusal) -> Self {
        let conflict = |code, detail: &str| Self::new(StatusCode::CONFLICT, code, detail);
        let wrong =
            |code, detail: String| Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail);
        match refusal {
            Refusal::ContactUnknown | Refusal::ContactNotYours => Self::not_found(),
            Refusal::ContactClosed => conflict("contact_closed", "this contact is over"),
            Refusal::NotSignedIn => {
                conflict("not_signed_in", "sign in to take contacts; the session has ended")
            }
            Refusal::Stale => conflict("stale", "it was changed meanwhile; look again"),
            Refusal::CsqUnknown => {
                wrong("csq_unknown", "csq: there is no such queue for email; choose another".into())
            }
            Refusal::AgentHasNoPlace => conflict(
                "no_place",
                "this agent is not Ready, or has as many contacts as the settings allow",
            ),
            Refusal::ForwardOpen => conflict(
                "forward_open",
                "a mail that is being forwarded cannot be requeued; discard the draft first",
            ),
            Refusal::ForwardTakesNoFiles => wrong(
                "forward_files",
                "a forwarded mail takes no further files; remove them".into(),
            ),
            Refusal::NothingWritten => {
                conflict("nothing_written", "there is no draft to send; write one first")
            }
            Refusal::NoRecipient => wrong("no_recipient", "to: name at least one recipient".into()),
            Refusal::AnswerTooLarge => wrong(
                "answer_too_large",
                format!(
                    "the answer is too large: a file may have {} MB, all files together {} MB, the text 512 KB and \
                     the subject 500 characters",
                    FILE_BYTES_MAX >> 20,
                    FILES_BYTES_MAX >> 20
                ),
            ),
            Refusal::WrapUpUnknown => {
                wrong("wrap_up_unknown", "chosen: this contact has no such wrap-up reason".into())
            }
            Refusal::TooMany { limit } => wrong(
                "too_many",
                format!(
                    "there may be {limit} at most (20 recipients in each field, 10 files, {WRAP_UP_CHOSEN_MAX} \
                     wrap-up reasons); remove some"
                ),
            ),
            Refusal::ReasonUnknown { .. } => {
                wrong("reason_unknown", "reason: your team does not have this reason".into())
            }
            Refusal::AgentUnknown => Self::forbidden("this account is no agent of the settings"),
            other => Self::new(
                StatusCode::CONFLICT,
                "refused",
                // Codes of the domain are words for programs; people are told what they can do.
                format!("this cannot be done now ({})", refusal_code(other)),
            ),
        }
    }

    pub(crate) fn of_submit(error: &SubmitError) -> Self {
        tracing::debug!(%error, "a request of the workspace could not be carried out");
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "this node cannot keep anything at present; try again in a moment",
        )
    }

    pub(crate) fn answer(self, reference: &str) -> Response<Bytes> {
        let mut body = json!({
            "type": format!("/api/v1/problems/{}", self.code),
            "status": self.status.as_u16(),
            "code": self.code,
            "title": self.detail,
            "detail": self.detail,
            "reference": reference,
        });
        if let (Some(field), Some(members)) = (self.field, body.as_object_mut()) {
            let errors = json!([{"field": field, "message": self.detail}]);
            members.insert("errors".to_owned(), errors);
        }
        let mut answer = Response::new(Bytes::from(body.to_string()));
        *answer.status_mut() = self.status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

fn refusal_code(refusal: &Refusal) -> String {
    let value = serde_json::to_value(refusal).ok();
    let code = value.as_ref().and_then(|it| it.get("refusal")).and_then(|it| it.as_str());
    code.unwrap_or("refused").to_owned()
}

/// What came of an input.
pub(crate) fn done(outcome: Result<Outcome, SubmitError>) -> Result<domain::Reply, Problem> {
    match outcome {
        Ok(Outcome::Done(reply)) => Ok(reply),
        Ok(Outcome::Refused(refusal)) => Err(Problem::of_refusal(&refusal)),
        Ok(Outcome::Unclear(_)) => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unclear",
            "nobody knows yet whether it was done; look again",
        )),
        Err(error) => Err(Problem::of_submit(&error)),
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        Self::of_submit(&error)
    }
}
