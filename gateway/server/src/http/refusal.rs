//! Answers the server gives by itself: short texts with the reference that finds the log line.
//! Phones get most of them as a page, since they show nothing of any status but 200. They are English
//! for everybody, since the server has no texts: a page is in one language as a whole, and the next
//! one is in the phone's again.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, REFRESH, RETRY_AFTER,
    WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};
use serde_json::json;

use crate::phone_text;

/// After how many seconds a phone asks again for a page of a session. Naming no URL means the same
/// page, and a press that is asked for again is done once.
const REFRESH_SECONDS: &str = "15";

/// Why the server itself answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request is not one we take apart.
    Malformed(&'static str),
    /// A body without a length in front.
    LengthRequired,
    /// The target is too long.
    TargetTooLong,
    /// Nothing answers the path.
    NotFound,
    /// The path is answered for other methods.
    Method(Vec<Method>),
    /// The body is larger than the route allows.
    TooLarge {
        /// The most bytes it allows.
        limit: usize,
    },
    /// The body did not come in time.
    BodySlow,
    /// Who asks is not proven.
    Unauthorized,
    /// Who asks may not.
    Forbidden(&'static str),
    /// Too much at once; to be tried again.
    Busy {
        /// So many seconds on.
        retry_seconds: u64,
    },
    /// It cannot be told now whether they may.
    Unavailable,
    /// The handler took too long.
    HandlerSlow,
    /// The handler broke.
    Broken,
}

impl Refusal {
    /// The status as it is meant, which is logged and counted.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::LengthRequired => StatusCode::LENGTH_REQUIRED,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodySlow => StatusCode::REQUEST_TIMEOUT,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable | Self::HandlerSlow => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Malformed(what) => format!("bad request: {what}"),
            Self::LengthRequired => "a body needs a Content-Length".to_owned(),
            Self::TargetTooLong => "the target is too long".to_owned(),
            Self::NotFound => "nothing here".to_owned(),
            Self::Method(_) => "not with this method".to_owned(),
            Self::TooLarge { limit } => format!("the body may have at most {limit} bytes"),
            Self::BodySlow => "the body came too slowly".to_owned(),
            Self::Unauthorized => "sign in first".to_owned(),
            Self::Forbidden(why) => (*why).to_owned(),
            Self::Busy { retry_seconds } => format!("busy, try again in {retry_seconds} s"),
            Self::Unavailable => "not available now, try again".to_owned(),
            Self::HandlerSlow => {
                "this takes longer than an answer may; it goes on: look before you ask again"
                    .to_owned()
            }
            Self::Broken => "something went wrong here".to_owned(),
        }
    }

    /// Whether what is left of the connection cannot be trusted, or is not worth reading.
    fn closes(&self) -> bool {
        matches!(
            self,
            Self::Malformed(_) | Self::LengthRequired | Self::TooLarge { .. } | Self::BodySlow
        )
    }

    /// Whether the same request may well be answered a little later.
    fn passes(&self) -> bool {
        matches!(self, Self::BodySlow | Self::HandlerSlow | Self::Unavailable | Self::Broken)
    }

    /// What a person at a phone can do; `None` where the answer is for no person.
    fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotFound => {
                "There is no such page here. The service URL of this phone ends with /fippa/ and \
                 the device name."
            }
            Self::Method(_) | Self::TooLarge { .. } | Self::TargetTooLong => {
                "The phone asked in a way that is not understood here. Start the service anew."
            }
            Self::BodySlow | Self::HandlerSlow | Self::Unavailable => {
                "This took too long. Please try again in a moment."
            }
            Self::Broken => "Something went wrong here. Please try again in a moment.",
            // The first two are no phone's, and what may mean two things must be seen as refused;
            // the others ask whoever calls to prove who they are, or to wait.
            Self::Malformed(_)
            | Self::LengthRequired
            | Self::Unauthorized
            | Self::Forbidden(_)
            | Self::Busy { .. } => return None,
        })
    }

    /// The answer for a phone, with its reference. Where the page was one of a session, `of_session`,
    /// the phone goes on asking for it: one that stopped would be signed out as silent.
    pub(super) fn answer_for_phone(&self, reference: &str, of_session: bool) -> Response<Bytes> {
        let Some(advice) = self.advice() else { return self.answer(reference) };
        let prompt = format!("Reference {reference}");
        let text =
            format!("{advice} If it stays, tell your administrator the reference {reference}.");
        let mut answer = phone_text::shown("Page not shown", &prompt, &text);
        if of_session && self.passes() {
            answer.headers_mut().insert(REFRESH, HeaderValue::from_static(REFRESH_SECONDS));
        }
        if self.closes() {
            answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        answer
    }

    /// The answer for a program, as a problem document (RFC 9457).
    pub(super) fn answer_as_problem(&self, reference: &str) -> Response<Bytes> {
        let status = self.status();
        let code = match self {
            Self::Malformed(_) => "malformed_request",
            Self::LengthRequired => "length_required",
            Self::TargetTooLong => "target_too_long",
            Self::NotFound => "not_found",
            Self::Method(_) => "method_not_allowed",
            Self::TooLarge { .. } => "too_large",
            Self::BodySlow => "body_slow",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden(_) => "forbidden",
            Self::Busy { .. } => "busy",
            Self::Unavailable => "unavailable",
            Self::HandlerSlow => "slow",
            Self::Broken => "broken",
        };
        let problem = json!({
            "type": format!("/api/v1/problems/{code}"),
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.text(),
            "code": code,
            "reference": reference,
        });
        let mut answer = self.answer(reference);
        *answer.body_mut() = Bytes::from(problem.to_string());
        let kind = HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(CONTENT_TYPE, kind);
        if *self == Self::Unauthorized {
            // No browser asks for a name and password by itself.
            let challenge = HeaderValue::from_static("Bearer realm=\"jackfield\"");
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        answer.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        answer
    }

    /// The answer, with its reference.
    pub(super) fn answer(&self, reference: &str) -> Response<Bytes> {
        let text = format!("{}\nreference {reference}\n", self.text());
        let mut answer = Response::new(Bytes::from(text));
        *answer.status_mut() = self.status();
        let mut set = |name: HeaderName, value: Result<HeaderValue, _>| {
            if let Ok(value) = value {
                answer.headers_mut().insert(name, value);
            }
        };
        set(CONTENT_TYPE, Ok(HeaderValue::from_static("text/plain; charset=utf-8")));
        set(CACHE_CONTROL, Ok(HeaderValue::from_static("no-store")));
        match self {
            Self::Method(methods) => {
                let names: Vec<_> = methods.iter().map(Method::as_str).collect();
                set(ALLOW, HeaderValue::from_str(&names.join(", ")));
            }
            Self::Unauthorized => {
                let challenge = "Basic realm=\"jackfield\", charset=\"UTF-8\"";
                set(WWW_AUTHENTICATE, Ok(HeaderValue::from_static(challenge)));
            }
            Self::Busy { retry_seconds } => {
                set(RETRY_AFTER, Ok(HeaderValue::from(*retry_seconds)));
            }
            _ => {}
        }
        if self.closes() {
            set(CONNECTION, Ok(HeaderValue::from_static("close")));
        }
        answer
    }
}
