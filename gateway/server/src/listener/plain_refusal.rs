//! What the old plain port says (PHN-02): always the same, whatever is asked.
//!
//! Phones show the object of an answer with status 200 and nothing of any other, so the refusal is
//! such an object. Its tags hold only what every phone takes: a title of at most 32 characters and
//! plain text.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Response};

/// A fixed refusal that names the secure URL.
#[derive(Debug)]
pub(crate) struct PlainRefusal {
    page: Bytes,
}

impl PlainRefusal {
    /// Names the service below `base`, for example `https://gw-a.example:8445`.
    pub(crate) fn new(base: &str) -> Self {
        // A base holds a host name and a port, so nothing in it must be escaped.
        let page = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
             <CiscoIPPhoneText>\
             <Title>Secure URL needed</Title>\
             <Prompt>Ask your administrator</Prompt>\
             <Text>This service is not offered without encryption. \
             Use the secure URL: {base}/fippa/ followed by the device name</Text>\
             </CiscoIPPhoneText>\n"
        );
        Self { page: Bytes::from(page) }
    }

    pub(super) fn answer(&self) -> Response<Bytes> {
        let mut answer = Response::new(self.page.clone());
        let fields = [
            (CONTENT_TYPE, "text/xml; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
            (CONNECTION, "close"),
        ];
        for (name, value) in fields {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        answer
    }
}
