//! Names of calls.

/// A call of a phone. On the wire its tags are called local and remote, as the phone sees them; here they are
/// named after who gave them, so that they need not be swapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialogId {
    /// The call's `Call-ID`.
    pub call_id: String,
    /// The tag that the phone gave: `localtag`.
    pub phone_tag: String,
    /// The tag that its server gave: `remotetag`.
    pub server_tag: String,
}

impl DialogId {
    /// The call that a server knows under its own local and remote tag.
    pub fn seen_by_server(call_id: &str, local_tag: &str, remote_tag: &str) -> Self {
        Self::seen_by_phone(call_id, remote_tag, local_tag)
    }

    /// The call that a phone knows under its own local and remote tag, as they are on the wire.
    pub fn seen_by_phone(call_id: &str, local_tag: &str, remote_tag: &str) -> Self {
        Self {
            call_id: call_id.to_owned(),
            phone_tag: local_tag.to_owned(),
            server_tag: remote_tag.to_owned(),
        }
    }
}
