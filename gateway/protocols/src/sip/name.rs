//! Names of header fields: known ones, their short forms, and any other.

use super::Text;

/// The name of a header field (RFC 3261, section 7.3); compared without case.
#[derive(Clone, Debug)]
pub enum Name {
    /// One of those that are looked up here, by its place in the table.
    Known(Known),
    /// Another one, as it was written.
    Other(Text),
}

macro_rules! names {
    ($($(#[$meta:meta])* $variant:ident, $constant:ident = $name:literal $(, $short:literal)?;)*) => {
        /// The names that are looked up here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Known { $($(#[$meta])* $variant),* }

        impl Name {
            $($(#[$meta])* pub const $constant: Self = Self::Known(Known::$variant);)*

            /// The name as it is written in what we send.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::Known(Known::$variant) => $name,)*
                    Self::Other(name) => name,
                }
            }

            /// The known name written so, short forms included.
            pub(super) fn known(name: &str) -> Option<Known> {
                if name.len() == 1 {
                    $($(if name.eq_ignore_ascii_case($short) { return Some(Known::$variant); })?)*
                    return None;
                }
                $(if name.len() == $name.len() && name.eq_ignore_ascii_case($name) {
                    return Some(Known::$variant);
                })*
                None
            }
        }
    };
}

names! {
    /// What is accepted as a body.
    Accept, ACCEPT = "Accept";
    /// Which contacts are wanted (RFC 3841).
    AcceptContact, ACCEPT_CONTACT = "Accept-Contact", "a";
    /// Methods that are taken.
    Allow, ALLOW = "Allow";
    /// Event packages that are taken.
    AllowEvents, ALLOW_EVENTS = "Allow-Events", "u";
    /// A proof for a server.
    Authorization, AUTHORIZATION = "Authorization";
    /// Names one conversation.
    CallId, CALL_ID = "Call-ID", "i";
    /// What is told of a call.
    CallInfo, CALL_INFO = "Call-Info";
    /// Where the sender is reached.
    Contact, CONTACT = "Contact", "m";
    /// What a body is for.
    ContentDisposition, CONTENT_DISPOSITION = "Content-Disposition";
    /// How a body is packed.
    ContentEncoding, CONTENT_ENCODING = "Content-Encoding", "e";
    /// Names a body.
    ContentId, CONTENT_ID = "Content-Id";
    /// How many bytes the body has.
    ContentLength, CONTENT_LENGTH = "Content-Length", "l";
    /// What the body is.
    ContentType, CONTENT_TYPE = "Content-Type", "c";
    /// The number of a request in its conversation.
    CSeq, CSEQ = "CSeq";
    /// The time.
    Date, DATE = "Date";
    /// An event package.
    Event, EVENT = "Event", "o";
    /// A lifetime in seconds.
    Expires, EXPIRES = "Expires";
    /// How often a flow must be heard of (RFC 5626).
    FlowTimer, FLOW_TIMER = "Flow-Timer";
    /// Who asks.
    From, FROM = "From", "f";
    /// How many more hops there may be.
    MaxForwards, MAX_FORWARDS = "Max-Forwards";
    /// That bodies are MIME.
    MimeVersion, MIME_VERSION = "MIME-Version";
    /// The shortest lifetime.
    MinExpires, MIN_EXPIRES = "Min-Expires";
    /// Proxies between a phone and its registrar (RFC 3327).
    Path, PATH = "Path";
    /// A challenge by a proxy.
    ProxyAuthenticate, PROXY_AUTHENTICATE = "Proxy-Authenticate";
    /// A proof for a proxy.
    ProxyAuthorization, PROXY_AUTHORIZATION = "Proxy-Authorization";
    /// Extensions that proxies must know.
    ProxyRequire, PROXY_REQUIRE = "Proxy-Require";
    /// Why something is so (RFC 3326); alarms of phones.
    Reason, REASON = "Reason";
    /// Proxies that stay on the way.
    RecordRoute, RECORD_ROUTE = "Record-Route";
    /// What to turn to.
    ReferTo, REFER_TO = "Refer-To", "r";
    /// Who referred.
    ReferredBy, REFERRED_BY = "Referred-By", "b";
    /// Extensions that must be known.
    Require, REQUIRE = "Require";
    /// When to try again.
    RetryAfter, RETRY_AFTER = "Retry-After";
    /// The way that a request takes.
    Route, ROUTE = "Route";
    /// What answers.
    Server, SERVER = "Server";
    /// The way to take through the home network (RFC 3608).
    ServiceRoute, SERVICE_ROUTE = "Service-Route";
    /// Names a session end to end (RFC 7989).
    SessionId, SESSION_ID = "Session-ID";
    /// What a request is about.
    Subject, SUBJECT = "Subject", "s";
    /// How a subscription stands.
    SubscriptionState, SUBSCRIPTION_STATE = "Subscription-State";
    /// Extensions that are known.
    Supported, SUPPORTED = "Supported", "k";
    /// Who is asked.
    To, TO = "To", "t";
    /// Extensions that are not known.
    Unsupported, UNSUPPORTED = "Unsupported";
    /// What asks.
    UserAgent, USER_AGENT = "User-Agent";
    /// The way that answers take.
    Via, VIA = "Via", "v";
    /// What is wrong, in words.
    Warning, WARNING = "Warning";
    /// A challenge by a server.
    WwwAuthenticate, WWW_AUTHENTICATE = "WWW-Authenticate";
}

impl Name {
    /// The name written so, short forms included. Whether it is a token is for whoever reads a message to
    /// check.
    pub fn of(text: Text) -> Self {
        Self::known(&text).map_or(Self::Other(text), Self::Known)
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Known(one), Self::Known(other)) => one == other,
            (Self::Other(one), Self::Other(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        }
    }
}

impl Eq for Name {}
