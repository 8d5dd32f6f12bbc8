//! Which request is taken by whom, and which is refused at once.

use protocols::sip::{Message, Method, Name, Status, Uri};

use crate::element::{Asked, Element, Reply, State};
use crate::replies::{self, ALLOW, ALLOW_EVENTS, SUPPORTED};

/// Methods that are known and never wanted here.
const UNWANTED: [&str; 4] = ["INFO", "PRACK", "UPDATE", "PUBLISH"];

impl Element {
    /// The answer to a request that is no repeat.
    pub(crate) fn dispatch(&self, state: &mut State, asked: &Asked<'_>) -> Reply {
        match self.refused(asked) {
            Some(message) => Reply::new(message, false),
            None => self.taken(state, asked),
        }
    }

    /// The refusal of what need not be looked at any further.
    fn refused(&self, asked: &Asked<'_>) -> Option<Message> {
        let request = asked.message;
        let method = request.method()?;
        let plain = |status| replies::plain(request, status, &self.tag());
        if let Method::Other(name) = method {
            if !UNWANTED.contains(&&**name) {
                return Some(plain(Status::NOT_IMPLEMENTED));
            }
            return Some(self.not_allowed(request));
        }
        let uri = request.request_uri()?;
        match Uri::parse(uri) {
            Ok(uri) if uri.is_sip() => {}
            Ok(_) => return Some(plain(Status::UNSUPPORTED_SCHEME)),
            Err(problem) => {
                let words = format!("Request-URI {problem}");
                return Some(self.refusal(request, Status::BAD_REQUEST, &words));
            }
        }
        let unknown: Vec<_> = request
            .tokens(&Name::REQUIRE)
            .into_iter()
            .filter(|it| !SUPPORTED.iter().any(|known| known.eq_ignore_ascii_case(it)))
            .collect();
        if !unknown.is_empty() {
            let mut message = plain(Status::BAD_EXTENSION);
            replies::add(
                &mut message,
                Name::UNSUPPORTED,
                &unknown.iter().map(|it| &**it).collect::<Vec<_>>().join(", "),
            );
            return Some(message);
        }
        match method {
            Method::Invite => Some(replies::refusal(
                request,
                Status::NOT_ACCEPTABLE_HERE,
                &self.tag(),
                "no calls come about here",
            )),
            Method::Bye => Some(plain(Status::NO_SUCH_DIALOG)),
            Method::Message => Some(self.not_allowed(request)),
            Method::Subscribe => Some(self.bad_event(request)),
            _ => None,
        }
    }

    fn taken(&self, state: &mut State, asked: &Asked<'_>) -> Reply {
        if let Some(connection) = asked.connection
            && !connection.is_known()
            && self.hop_of(asked).is_some()
        {
            // What next hops open they keep, though they prove nothing with their requests.
            connection.know(asked.site.silence());
        }
        match asked.message.method() {
            Some(Method::Register) => self.register(state, asked),
            Some(Method::Refer) => self.refer(state, asked),
            Some(Method::Notify) => self.notify(state, asked),
            _ => {
                let mut message = replies::plain(asked.message, Status::OK, &self.tag());
                replies::add(&mut message, Name::ALLOW, ALLOW);
                replies::add(&mut message, Name::SUPPORTED, &SUPPORTED.join(", "));
                replies::add(&mut message, Name::ACCEPT, replies::ACCEPT);
                replies::add(&mut message, Name::ALLOW_EVENTS, ALLOW_EVENTS);
                Reply::new(message, false)
            }
        }
    }

    fn not_allowed(&self, request: &Message) -> Message {
        let mut message = replies::plain(request, Status::METHOD_NOT_ALLOWED, &self.tag());
        replies::add(&mut message, Name::ALLOW, ALLOW);
        message
    }

    /// The event package is none that is known here.
    pub(crate) fn bad_event(&self, request: &Message) -> Message {
        let mut message = replies::plain(request, Status::BAD_EVENT, &self.tag());
        replies::add(&mut message, Name::ALLOW_EVENTS, ALLOW_EVENTS);
        message
    }
}
