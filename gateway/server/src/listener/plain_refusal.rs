//! What the old plain port says (PHN-02): always the same, whatever is asked.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};

/// A fixed refusal that names the secure URL.
#[derive(Debug)]
pub(crate) struct PlainRefusal {
    text: Bytes,
}

impl PlainRefusal {
    /// Names the service below `base`, for example `https://gw-a.example:8445`.
    pub(crate) fn new(base: &str) -> Self {
        let text = format!(
            "This service is not offered without encryption.\n\
             Use the secure URL: {base}/fippa/ followed by the device name\n"
        );
        Self { text: Bytes::from(text) }
    }

    pub(super) fn answer(&self) -> Response<Bytes> {
        let mut answer = Response::new(self.text.clone());
        *answer.status_mut() = StatusCode::FORBIDDEN;
        let fields = [
            (CONTENT_TYPE, "text/plain; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (CONNECTION, "close"),
        ];
        for (name, value) in fields {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        answer
    }
}
