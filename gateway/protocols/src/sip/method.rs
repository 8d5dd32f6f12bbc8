//! Methods of requests.

use std::fmt;

/// A method (RFC 3261, section 7.1); an open set, with case.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// A call is asked for.
    Invite,
    /// The final answer to an INVITE came.
    Ack,
    /// An INVITE is not wanted any more.
    Cancel,
    /// A call is over.
    Bye,
    /// A binding is made, kept or removed.
    Register,
    /// What can you do, are you there?
    Options,
    /// Do what is referred to (RFC 3515); what phones and their servers send remotecc by.
    Refer,
    /// News of a subscription, or for a phone (RFC 6665).
    Notify,
    /// News are wanted (RFC 6665).
    Subscribe,
    /// A text (RFC 3428).
    Message,
    /// Another token, as it was written.
    Other(Box<str>),
}

impl Method {
    /// The method of that name. Whether the name is a token is for whoever reads a message to check.
    pub fn of(name: &str) -> Self {
        match name {
            "INVITE" => Self::Invite,
            "ACK" => Self::Ack,
            "CANCEL" => Self::Cancel,
            "BYE" => Self::Bye,
            "REGISTER" => Self::Register,
            "OPTIONS" => Self::Options,
            "REFER" => Self::Refer,
            "NOTIFY" => Self::Notify,
            "SUBSCRIBE" => Self::Subscribe,
            "MESSAGE" => Self::Message,
            other => Self::Other(other.into()),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Cancel => "CANCEL",
            Self::Bye => "BYE",
            Self::Register => "REGISTER",
            Self::Options => "OPTIONS",
            Self::Refer => "REFER",
            Self::Notify => "NOTIFY",
            Self::Subscribe => "SUBSCRIBE",
            Self::Message => "MESSAGE",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
