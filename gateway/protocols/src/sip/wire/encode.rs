//! Messages to bytes.

use bytes::{BufMut, Bytes, BytesMut};

use crate::sip::{Message, Name, StartLine, grammar};

/// The message as it goes onto the wire: its fields in their order by their long names, then Content-Length.
///
/// Values cannot break out of their lines, by their type. What has no such type (a method, a URI, a reason, an
/// unknown name) is made harmless here: it is the last place that can see to it.
pub fn encode(message: &Message) -> Bytes {
    let fields: usize = message
        .headers
        .iter()
        .map(|header| header.name.as_str().len() + header.value.as_str().len() + 4)
        .sum();
    let mut bytes = BytesMut::with_capacity(fields + message.body.len() + 160);
    match &message.start {
        StartLine::Request { method, uri } => {
            put_plain(&mut bytes, method.name(), grammar::is_token, "-");
            bytes.put_slice(b" ");
            let is_of_uri =
                |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"');
            put_uri(&mut bytes, uri, is_of_uri);
            bytes.put_slice(b" SIP/2.0\r\n");
        }
        StartLine::Response { status, reason } => {
            bytes.put_slice(b"SIP/2.0 ");
            bytes.put_slice(status.code().to_string().as_bytes());
            bytes.put_slice(b" ");
            put_plain(
                &mut bytes,
                reason,
                |byte| byte == b'\t' || (byte >= 0x20 && byte != 0x7F),
                " ",
            );
            bytes.put_slice(b"\r\n");
        }
    }
    for header in message.headers.iter() {
        let name = header.name.as_str();
        let is_name = matches!(header.name, Name::Known(_)) || grammar::is_token_text(name);
        if header.name == Name::CONTENT_LENGTH || !is_name {
            continue;
        }
        bytes.put_slice(name.as_bytes());
        bytes.put_slice(b": ");
        bytes.put_slice(header.value.as_str().as_bytes());
        bytes.put_slice(b"\r\n");
    }
    bytes.put_slice(b"Content-Length: ");
    bytes.put_slice(message.body.len().to_string().as_bytes());
    bytes.put_slice(b"\r\n\r\n");
    bytes.put_slice(&message.body);
    bytes.freeze()
}

fn put_plain(bytes: &mut BytesMut, text: &str, is_plain: impl Fn(u8) -> bool, other: &str) {
    if text.bytes().all(&is_plain) {
        bytes.put_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        if is_plain(byte) { bytes.put_u8(byte) } else { bytes.put_slice(other.as_bytes()) }
    }
}

fn put_uri(bytes: &mut BytesMut, uri: &str, is_plain: impl Fn(u8) -> bool) {
    for byte in uri.bytes() {
        if is_plain(byte) {
            bytes.put_u8(byte)
        } else {
            bytes.put_slice(format!("%{byte:02X}").as_bytes())
        }
    }
}
