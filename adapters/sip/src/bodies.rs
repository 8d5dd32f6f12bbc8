//! What the bodies of REGISTER and REFER say, read before the element is locked: nobody waits for another's body.
//!
//! A body is read where its request brings what may be a proof; whoever brings none is asked for one first. What
//! is wrong with it is kept until it is known who asks, so that strangers learn nothing by it.

use std::cell::Cell;

use bytes::Bytes;
use protocols::sip::body::remotecc::{self, Request};
use protocols::sip::body::{
    ALARM_TYPE, Alarm, OptionsIndication, REQUEST_TYPE, RESPONSE_TYPE, Remotecc, media_type,
    multipart, press,
};
use protocols::sip::{Message, Method, Name, ReferTo, Value};

use crate::replies;

/// What a phone said in the body of its REGISTER.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) has_body: bool,
    pub(crate) options: Option<OptionsIndication>,
    /// Requests that are not known here: newer phones may say more.
    pub(crate) unknown: usize,
}

/// What a REFER carries.
#[derive(Debug)]
pub(crate) enum Carried {
    Request(Box<Request>),
    /// How the phone says that it went.
    Response(u16),
    /// What a key carried.
    Press(String),
    Alarm(Alarm),
}

/// Why a body is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BadBody {
    /// It is wrong, in words.
    Wrong(String),
    /// It is of no type that belongs there.
    MediaType,
    /// It asks for something that is not known here.
    Unknown,
}

/// A body that was read.
#[derive(Debug)]
enum Read {
    Told(Result<Told, BadBody>),
    Carried(Result<Carried, BadBody>),
}

/// The body of a request: read already, or when it is asked for.
#[derive(Default)]
pub(crate) struct Body(Cell<Option<Read>>);

impl Body {
    /// Reads the body of a request where it may come to that.
    pub(crate) fn of(request: &Message, is_proven: bool) -> Self {
        if request.body.is_empty() || !(is_proven || request.headers.has(&Name::AUTHORIZATION)) {
            return Self::default();
        }
        let read = match request.method() {
            Some(Method::Register) => Some(Read::Told(told(request))),
            Some(Method::Refer) => {
                let refer_to = request.refer_to().ok();
                refer_to.map(|refer_to| Read::Carried(carried(request, &refer_to)))
            }
            _ => None,
        };
        Self(Cell::new(read))
    }

    /// What the body of that REGISTER says.
    pub(crate) fn told(&self, request: &Message) -> Result<Told, BadBody> {
        match self.0.take() {
            Some(Read::Told(told)) => told,
            _ => told(request),
        }
    }

    /// What that REFER carries.
    pub(crate) fn carried(
        &self,
        request: &Message,
        refer_to: &ReferTo,
    ) -> Result<Carried, BadBody> {
        match self.0.take() {
            Some(Read::Carried(carried)) => carried,
            _ => carried(request, refer_to),
        }
    }
}

fn parts(request: &Message) -> Result<Vec<multipart::Part>, BadBody> {
    let content_type = request.headers.get(&Name::CONTENT_TYPE).map_or("", Value::as_str);
    if multipart::is_multipart(content_type) {
        return multipart::parts(content_type, &request.body).map_err(wrong);
    }
    Ok(vec![multipart::Part::new(content_type, request.body.clone())])
}

fn told(request: &Message) -> Result<Told, BadBody> {
    if request.body.is_empty() {
        return Ok(Told::default());
    }
    let mut told = Told { has_body: true, ..Told::default() };
    let mut is_known = false;
    let parts = parts(request)?;
    for part in parts.iter().filter(|part| media_type(&part.content_type) == REQUEST_TYPE) {
        is_known = true;
        match remotecc::decode(&part.body) {
            Ok(decoded) => {
                if let Remotecc::Request(Request::Options(options)) = decoded.remotecc {
                    told.options = Some(options);
                }
            }
            Err(remotecc::BadRemotecc::Unknown(_)) => told.unknown += 1,
            Err(problem) => return Err(wrong(replies::reason(&problem))),
        }
    }
    if is_known { Ok(told) } else { Err(BadBody::MediaType) }
}

fn carried(request: &Message, refer_to: &ReferTo) -> Result<Carried, BadBody> {
    let parts = parts(request)?;
    if let ReferTo::Cid(id) = refer_to {
        let own = request.headers.get(&Name::CONTENT_ID).map(|value| bare(value.as_str()));
        let is_there = own == Some(bare(id))
            || parts.iter().any(|part| part.id.as_deref().map(bare) == Some(bare(id)));
        if !is_there {
            return Err(wrong("Refer-To names a part that is not in the message"));
        }
    }
    let [first, rest @ ..] = parts.as_slice() else { return Err(wrong("there is no body")) };
    match media_type(&first.content_type).as_str() {
        REQUEST_TYPE if !rest.is_empty() => match press(&parts) {
            Ok(pressed) => Ok(Carried::Press(pressed.data)),
            Err(_) => request_in(&first.body),
        },
        REQUEST_TYPE => request_in(&first.body),
        RESPONSE_TYPE => request_in(&first.body),
        ALARM_TYPE => Alarm::decode(&first.body)
            .map(Carried::Alarm)
            .map_err(|problem| wrong(replies::reason(&problem))),
        _ => Err(BadBody::MediaType),
    }
}

fn request_in(body: &Bytes) -> Result<Carried, BadBody> {
    match remotecc::decode(body).map(|decoded| decoded.remotecc) {
        Ok(Remotecc::Request(request)) => Ok(Carried::Request(Box::new(request))),
        Ok(Remotecc::Response(response)) => Ok(Carried::Response(response.code)),
        Err(remotecc::BadRemotecc::Unknown(_)) => Err(BadBody::Unknown),
        Err(problem) => Err(wrong(replies::reason(&problem))),
    }
}

fn wrong(problem: impl ToString) -> BadBody {
    BadBody::Wrong(problem.to_string())
}

fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

#[cfg(test)]
mod tests {
    use protocols::sip::{Limits, datagram};

    use super::*;

    fn register(field: &str) -> Message {
        let text = format!(
            "REGISTER sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\n\
             From: <sip:a@a>;tag=1\r\nTo: <sip:a@a>\r\nCall-ID: a\r\nCSeq: 1 REGISTER\r\n{field}\
             Content-Type: {REQUEST_TYPE}\r\nContent-Length: 3\r\n\r\n<a>"
        );
        datagram(&Bytes::from(text), &Limits::default()).unwrap()
    }

    #[test]
    fn a_body_is_read_early_where_a_proof_may_be_and_of_nobody_else() {
        let request = register("");
        assert!(Body::of(&request, false).0.take().is_none());
        assert!(Body::of(&request, true).0.take().is_some());
        let body = Body::of(&register("Authorization: Digest a=b\r\n"), false);
        // It is read once, and says the same as one that is read late.
        let told = body.told(&request);
        assert!(matches!(told, Err(BadBody::Wrong(_))), "{told:?}");
        assert!(body.0.take().is_none());
        assert_eq!(told, body.told(&request));
    }
}
