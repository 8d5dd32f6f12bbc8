//! Status codes of responses.

/// A status code, 100 to 699 (RFC 3261, section 21).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Status(u16);

impl Status {
    /// The lowest code.
    pub const LEAST: u16 = 100;
    /// The highest code.
    pub const MOST: u16 = 699;

    /// The code, where it is one.
    pub fn new(code: u16) -> Option<Self> {
        (Self::LEAST..=Self::MOST).contains(&code).then_some(Self(code))
    }

    /// Its number.
    pub fn code(self) -> u16 {
        self.0
    }

    /// Whether another answer follows.
    pub fn is_provisional(self) -> bool {
        self.0 < 200
    }

    /// Whether it means that what was asked is done or accepted.
    pub fn is_success(self) -> bool {
        (200..300).contains(&self.0)
    }

    /// The usual phrase beside it; empty for codes without one.
    pub fn phrase(self) -> &'static str {
        PHRASES.iter().find(|(code, _)| *code == self.0).map_or("", |(_, phrase)| phrase)
    }
}

macro_rules! statuses {
    ($($(#[$meta:meta])* $name:ident = $code:literal, $phrase:literal;)*) => {
        impl Status {
            $($(#[$meta])* pub const $name: Self = Self($code);)*
        }
        const PHRASES: &[(u16, &str)] = &[$(($code, $phrase)),*];
    };
}

statuses! {
    /// The request is being worked on.
    TRYING = 100, "Trying";
    /// Done.
    OK = 200, "OK";
    /// Taken; what comes of it is told later.
    ACCEPTED = 202, "Accepted";
    /// It breaks the grammar or a rule.
    BAD_REQUEST = 400, "Bad Request";
    /// It must be proven who asks.
    UNAUTHORIZED = 401, "Unauthorized";
    /// Understood and refused.
    FORBIDDEN = 403, "Forbidden";
    /// Nobody of that name.
    NOT_FOUND = 404, "Not Found";
    /// The method is known and not wanted here.
    METHOD_NOT_ALLOWED = 405, "Method Not Allowed";
    /// Nothing that may be answered is accepted by who asks.
    NOT_ACCEPTABLE = 406, "Not Acceptable";
    /// It must be proven to the proxy who asks.
    PROXY_AUTHENTICATION_REQUIRED = 407, "Proxy Authentication Required";
    /// No answer in time.
    REQUEST_TIMEOUT = 408, "Request Timeout";
    /// There was one, it is no more.
    GONE = 410, "Gone";
    /// The body is too large.
    ENTITY_TOO_LARGE = 413, "Request Entity Too Large";
    /// The request's URI is too long.
    URI_TOO_LONG = 414, "Request-URI Too Long";
    /// The body's type is not taken.
    UNSUPPORTED_MEDIA_TYPE = 415, "Unsupported Media Type";
    /// The scheme of the request's URI is not known.
    UNSUPPORTED_SCHEME = 416, "Unsupported URI Scheme";
    /// An extension that is required is not known.
    BAD_EXTENSION = 420, "Bad Extension";
    /// An extension that is needed is not offered.
    EXTENSION_REQUIRED = 421, "Extension Required";
    /// The lifetime asked for is too short.
    INTERVAL_TOO_BRIEF = 423, "Interval Too Brief";
    /// The flow to the peer is gone (RFC 5626).
    FLOW_FAILED = 430, "Flow Failed";
    /// The first hop offers no flows (RFC 5626).
    FIRST_HOP_LACKS_OUTBOUND = 439, "First Hop Lacks Outbound Support";
    /// Nobody there now.
    TEMPORARILY_UNAVAILABLE = 480, "Temporarily Unavailable";
    /// It belongs to no dialog, transaction or subscription.
    NO_SUCH_DIALOG = 481, "Call/Transaction Does Not Exist";
    /// It has been everywhere.
    TOO_MANY_HOPS = 483, "Too Many Hops";
    /// No call comes about here.
    NOT_ACCEPTABLE_HERE = 488, "Not Acceptable Here";
    /// The event package is not known.
    BAD_EVENT = 489, "Bad Event";
    /// A fault of ours.
    SERVER_ERROR = 500, "Server Internal Error";
    /// The method is not known.
    NOT_IMPLEMENTED = 501, "Not Implemented";
    /// Not now.
    SERVICE_UNAVAILABLE = 503, "Service Unavailable";
    /// The version is not 2.0.
    VERSION_NOT_SUPPORTED = 505, "Version Not Supported";
    /// The message is too large.
    MESSAGE_TOO_LARGE = 513, "Message Too Large";
    /// Whoever was asked does not want it.
    DECLINE = 603, "Decline";
}
