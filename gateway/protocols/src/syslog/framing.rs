//! Where a message ends in a stream.

/// How messages follow each other in a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Its length before each message (RFC 6587, section 3.4.1); the only one over TLS (RFC 5425).
    #[default]
    OctetCounting,
    /// A line feed after each message (RFC 6587, section 3.4.2).
    Newline,
}

impl Framing {
    /// Adds one message to what is sent.
    pub fn push(self, out: &mut Vec<u8>, message: &[u8]) {
        match self {
            Self::OctetCounting => {
                out.extend_from_slice(message.len().to_string().as_bytes());
                out.push(b' ');
                out.extend_from_slice(message);
            }
            Self::Newline => {
                // Messages of ours hold no line feed; whatever else is handed in stays one message.
                out.extend(message.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
                out.push(b'\n');
            }
        }
    }
}
