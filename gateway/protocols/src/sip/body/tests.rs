//! Bodies: exact bytes, round trips by property, hostile input, and the kept corpus with mutations.

mod multipart;
mod mutations;
mod plain;
mod remotecc;
mod round_trips;

/// A kept body of `corpus/sip_body`.
macro_rules! kept {
    ($name:literal) => {
        include_bytes!(concat!("../../../../corpus/sip_body/", $name)).as_slice()
    };
}

use kept;

/// A kept multipart: its content type and its body.
fn kept_parts(bytes: &[u8]) -> (String, bytes::Bytes) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let content_type = String::from_utf8(bytes[..end].to_vec()).unwrap();
    (content_type, bytes::Bytes::copy_from_slice(&bytes[end + 1..]))
}
