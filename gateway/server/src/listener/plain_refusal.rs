//! What the old plain port says (PHN-02): always the same, whatever is asked.

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Response};

use crate::phone_text;

/// A fixed refusal that names the secure URL.
#[derive(Debug)]
pub(crate) struct PlainRefusal {
    answer: Response<Bytes>,
}

impl PlainRefusal {
    /// Names the service below `base`, for example `https://gw-a.example:8445`.
    pub(crate) fn new(base: &str) -> Self {
        // A base holds a host name and a port, so nothing in it must be escaped.
        let text = format!(
            "This service is not offered without encryption. \
             Use the secure URL: {base}/fippa/ followed by the device name"
        );
        let mut answer = phone_text::shown("Secure URL needed", "Ask your administrator", &text);
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Self { answer }
    }

    pub(super) fn answer(&self) -> Response<Bytes> {
        self.answer.clone()
    }
}
