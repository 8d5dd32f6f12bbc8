//! What SIP must do, item by item of the list it is accepted by, and for any bytes at all.

mod addresses;
mod fields;
mod framing;
mod hostile;
mod ipv6;
mod opinion;
mod refused;
mod replies;
mod strange;
mod uris;

use bytes::Bytes;

use super::*;

/// A REGISTER as phones send it.
const REGISTER: &str = "REGISTER sip:voice.example.com SIP/2.0\r\n\
    Via: SIP/2.0/TLS 192.0.2.17:49622;branch=z9hG4bK3f6a18d2;rport\r\n\
    Max-Forwards: 70\r\n\
    From: \"Ada\" <sip:1007@voice.example.com>;tag=0c11f1b2a9c4\r\n\
    To: <sip:1007@voice.example.com>\r\n\
    Call-ID: 0c11f1b2-a9c40003-5d1c2a4f@192.0.2.17\r\n\
    CSeq: 104 REGISTER\r\n\
    User-Agent: Cisco-CP8841/12.8.1\r\n\
    Contact: <sip:7d0c9c2e-4be1@192.0.2.17:49622;transport=tls>;+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-0c11f1b2a9c4>\";+u.sip!devicename.ccm.cisco.com=\"SEP0C11F1B2A9C4\";+u.sip!model.ccm.cisco.com=\"683\"\r\n\
    Supported: replaces,join,sdp-anat,norefersub,resource-priority,X-cisco-callinfo,X-cisco-service-control\r\n\
    Expires: 120\r\n\
    Content-Length: 0\r\n\
    \r\n";

/// The register with the line of that field replaced by other lines, each ended; no lines take it out.
fn register_with(field: &str, lines: &str) -> String {
    let mut text = String::new();
    let mut is_found = false;
    for line in REGISTER.split_inclusive("\r\n") {
        if line.starts_with(field) {
            is_found = true;
            text.push_str(lines);
        } else {
            text.push_str(line);
        }
    }
    assert!(is_found, "there is no line of {field}");
    text
}

/// The register with that line before its Content-Length.
fn register_and(line: &str) -> String {
    register_with("Content-Length", &format!("{line}\r\nContent-Length: 0\r\n"))
}

fn read(text: impl AsRef<[u8]>) -> Result<Message, Malformed> {
    datagram(&Bytes::copy_from_slice(text.as_ref()), &Limits::default())
}

fn read_leniently(text: impl AsRef<[u8]>) -> Result<Message, Malformed> {
    datagram(&Bytes::copy_from_slice(text.as_ref()), &Limits { lenient: true, ..Limits::default() })
}

/// Asserts that a message is refused with that status for that field, and can be answered.
#[track_caller]
fn refused(text: impl AsRef<[u8]>, status: Status, field: &str) -> Malformed {
    let malformed = read(&text).expect_err("a message was taken");
    assert_eq!((malformed.status, malformed.field), (status, field), "{malformed}");
    assert!(malformed.head.is_some(), "no answer can be made: {malformed}");
    malformed
}

/// What a decoder gives for that stream, up to its end or its death.
fn stream(bytes: impl AsRef<[u8]>) -> Vec<Result<Message, Malformed>> {
    let mut decoder = Decoder::new(Limits::default());
    decoder.feed(bytes.as_ref());
    let mut all = Vec::new();
    loop {
        match decoder.next() {
            Ok(Cut::More) => return all,
            Ok(Cut::Ping | Cut::Pong) => {}
            Ok(Cut::Message(message)) => all.push(Ok(message)),
            Err(malformed) => {
                let is_dead = malformed.framing_is_lost;
                all.push(Err(malformed));
                if is_dead {
                    return all;
                }
            }
        }
    }
}

fn field(message: &Message, name: &Name) -> String {
    message.headers.get(name).map(|value| value.as_str().to_owned()).unwrap_or_default()
}
