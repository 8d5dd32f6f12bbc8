//! A text as phones show it, for what the server says to them by itself.
//!
//! Phones show the object of an answer with status 200, and of any other nothing but "HTTP Error".
//! Its tags hold only what every phone takes: a title of at most 32 characters and plain text. It is
//! always English; the texts in other languages are the phone service's, which did not answer here.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};

/// An answer that shows a text, which is English in all its parts. None of them may hold what XML
/// reads as markup.
pub(crate) fn shown(title: &str, prompt: &str, text: &str) -> Response<Bytes> {
    let page = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <CiscoIPPhoneText>\
         <Title>{title}</Title>\
         <Prompt>{prompt}</Prompt>\
         <Text>{text}</Text>\
         </CiscoIPPhoneText>\n"
    );
    let mut answer = Response::new(Bytes::from(page));
    let fields = [(CONTENT_TYPE, "text/xml; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    for (name, value) in fields {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}
