//! What is wrong with bytes of a peer, and with what we were asked to send.

/// A message of the peer that cannot be read. The session it came in is over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message {message}, field {field}, byte {offset}: {problem}")]
pub struct DecodeError {
    /// Number of the message; see the guide's list of message types.
    pub message: u32,
    /// Name of the field in the guide.
    pub field: &'static str,
    /// Bytes of the body before the field; for the header, bytes of the header before it.
    pub offset: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The body ends inside the field.
    #[error("the message ends inside")]
    Truncated,
    /// The header announces more than a message may have.
    #[error("{bytes} bytes, at most {max} are read")]
    Oversize {
        /// Bytes of the whole message, header included.
        bytes: u64,
        /// The limit.
        max: usize,
    },
    /// A list is announced with more entries than the guide allows.
    #[error("{announced} entries announced, at most {max} are allowed")]
    TooMany {
        /// Entries announced.
        announced: usize,
        /// The limit.
        max: usize,
    },
    /// A list has fewer entries than announced.
    #[error("{announced} entries announced, {present} present")]
    Missing {
        /// Entries announced.
        announced: usize,
        /// Entries found.
        present: usize,
    },
    /// A number has another width than any number has, or does not fit where it belongs.
    #[error("{bytes} bytes do not make this number")]
    Width {
        /// Bytes of the floating field.
        bytes: usize,
    },
    /// A named variable without a name, or without the end of it.
    #[error("no name and value")]
    Unnamed,
    /// No field has the tag 0; a peer that writes tags of another width than ours shows it first.
    #[error("tag 0, the peer may use another tag width")]
    TagZero,
}

/// Something that cannot be written as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A value is longer than the guide allows.
    #[error("{field} has {bytes} bytes on the wire, at most {max} are allowed")]
    TooLong {
        /// Name of the field in the guide.
        field: &'static str,
        /// Bytes it would take.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// A number is larger than its field.
    #[error("{field} is {value}, more than fits")]
    TooLarge {
        /// Name of the field in the guide.
        field: &'static str,
        /// The number.
        value: u32,
    },
    /// A list has more entries than the guide allows.
    #[error("{field} has {entries} entries, at most {max} are allowed")]
    TooMany {
        /// Name of the field in the guide.
        field: &'static str,
        /// Entries of the list.
        entries: usize,
        /// The limit.
        max: usize,
    },
    /// A text holds a NUL, which would end it on the wire.
    #[error("{field} holds a NUL")]
    Nul {
        /// Name of the field in the guide.
        field: &'static str,
    },
    /// A named variable without a name.
    #[error("{field} without a name")]
    Unnamed {
        /// Name of the field in the guide.
        field: &'static str,
    },
    /// Two-byte tags would be needed.
    #[error("{field} has tag {tag}, which one-byte tags cannot carry")]
    Tag {
        /// Name of the field in the guide.
        field: &'static str,
        /// Its tag.
        tag: u16,
    },
    /// The field came with a later version than the one in use.
    #[error("{field} came with version {since}, the session has {version}")]
    FieldTooNew {
        /// Name of the field in the guide.
        field: &'static str,
        /// The first version that has it.
        since: u8,
        /// The version in use.
        version: u8,
    },
    /// The message came with a later version than the one in use.
    #[error("message {number} came with version {since}, the session has {version}")]
    MessageTooNew {
        /// Number of the message.
        number: u32,
        /// The first version that has it.
        since: u8,
        /// The version in use.
        version: u8,
    },
    /// A message of unknown layout cannot be written.
    #[error("message {number} has no known layout")]
    Unknown {
        /// Number of the message.
        number: u32,
    },
}
