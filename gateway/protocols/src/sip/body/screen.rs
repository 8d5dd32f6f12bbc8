//! Screens over SIP: an object to show goes to a phone in two parts, and keys of it come back in two.

use bytes::Bytes;

use super::multipart::{self, Part};
use super::remotecc::{self, BadRemotecc, DataPassThrough, ReasonElement, Remotecc, Request};
use super::{OBJECT_TYPE, REQUEST_TYPE, Unsendable, pen::is_plain};
use crate::phone_xml::{self, Charset, Object, URL_CHARACTERS_MAX};

/// Bytes of an object that has a phone do something; what servers of such phones keep to.
pub const EXECUTE_BYTES_MAX: usize = 512;

/// Why an object cannot go to a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadScreen {
    /// It has more bytes than phones take.
    #[error("an object that is executed may have {EXECUTE_BYTES_MAX} bytes at most")]
    TooLarge,
    /// It has a URL that would be cut.
    #[error("a URL may have {URL_CHARACTERS_MAX} characters at most")]
    Url,
    /// The body cannot be sent.
    #[error("the body cannot be sent")]
    Body(#[source] Unsendable),
}

/// The body of a REFER that has a phone show `object`; its type is [`multipart::CONTENT_TYPE`].
pub fn screen(pass: &DataPassThrough, object: &Object) -> Result<Bytes, BadScreen> {
    let bytes = phone_xml::encode(object, Charset::Utf8);
    if let Object::Execute(execute) = object {
        let is_long = |url: &str| url.chars().count() > URL_CHARACTERS_MAX;
        if execute.items.iter().any(|item| is_long(&item.url)) {
            return Err(BadScreen::Url);
        }
        if bytes.len() > EXECUTE_BYTES_MAX {
            return Err(BadScreen::TooLarge);
        }
    }
    let request = Remotecc::Request(Request::DataPassThrough(pass.clone()));
    let request = request.encode(ReasonElement::default()).map_err(BadScreen::Body)?;
    let parts = [Part::new(REQUEST_TYPE, request), Part::new(OBJECT_TYPE, bytes.into())];
    multipart::write(&parts).map_err(BadScreen::Body)
}

/// A key that was pressed on a screen that came over SIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Press {
    /// The application that the screen belongs to.
    pub application: u32,
    /// The number that its keys carried.
    pub conference: u32,
    /// What the key carried.
    pub data: String,
}

/// Why parts are no key that was pressed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPress {
    /// The first part is something else.
    #[error("the first part is no request that hands data on")]
    Other,
    /// The first part cannot be read.
    #[error("the request cannot be read")]
    Request(#[source] BadRemotecc),
    /// There is no data, or it is no line of text.
    #[error("there is no data, or it is no line of text")]
    Data,
}

/// The key that these parts tell of.
pub fn press(parts: &[Part]) -> Result<Press, BadPress> {
    let [request, rest @ ..] = parts else { return Err(BadPress::Other) };
    if request.media_type() != REQUEST_TYPE {
        return Err(BadPress::Other);
    }
    let decoded = remotecc::decode(&request.body).map_err(BadPress::Request)?;
    let Remotecc::Request(Request::DataPassThrough(pass)) = decoded.remotecc else {
        return Err(BadPress::Other);
    };
    let data = rest.first().filter(|part| part.media_type() == OBJECT_TYPE);
    let data = data.and_then(|part| std::str::from_utf8(&part.body).ok()).map(str::trim);
    let data = data.filter(|data| is_plain(data)).ok_or(BadPress::Data)?;
    Ok(Press { application: pass.application, conference: pass.conference, data: data.to_owned() })
}
