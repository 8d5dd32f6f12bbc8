//! The names that transactions are found by (RFC 3261, sections 17.1.3 and 17.2.3).
//!
//! A key is a run of bytes in which every part has its length before it, so that no two requests that
//! differ in one of the parts have the same. It begins with the way the message came by: our socket and
//! the peer's address, or the connection. So nobody finds the transaction of somebody else, however much of
//! it he knows. The peer's port is left out, since a translator of addresses may change it between a request
//! and its repeat.

use std::net::IpAddr;

use super::super::grammar::HostText;
use super::super::header::CSeq;
use super::super::{Flow, Message, Method, Name, StartLine, canonical};
use super::via::{TopVia, tag};

/// Writes the key of the server transaction that a request with `method` belongs to: its own, or that of
/// the INVITE which an ACK or a CANCEL is about. False where the request says too little.
pub(super) fn server(
    key: &mut Vec<u8>,
    flow: &Flow,
    request: &Message,
    via: &TopVia<'_>,
    method: &Method,
) -> bool {
    key.clear();
    way(key, flow);
    part(key, method.name().as_bytes());
    if let Some(branch) = via.unique_branch() {
        key.push(b'3');
        sent_by(key, via);
        part(key, branch.as_bytes());
        return true;
    }
    // As in RFC 2543. The tag of To tells requests apart where there is no ACK; that of an ACK is ours, from
    // the answer, and the other parts are enough to find the INVITE.
    let text = |name: &Name| request.headers.get(name).map(|value| value.as_str());
    let StartLine::Request { uri, .. } = &request.start else { return false };
    let (Some(from), Some(to), Some(call_id), Some((number, _))) = (
        text(&Name::FROM),
        text(&Name::TO),
        text(&Name::CALL_ID),
        text(&Name::CSEQ).and_then(|text| CSeq::split(text).ok()),
    ) else {
        return false;
    };
    key.push(b'2');
    part(key, uri.as_bytes());
    part(key, tag(from).unwrap_or_default().as_bytes());
    if *method != Method::Invite {
        part(key, tag(to).unwrap_or_default().as_bytes());
    }
    part(key, call_id.as_bytes());
    key.extend_from_slice(&number.to_be_bytes());
    part(key, via.text.as_bytes());
    true
}

/// Writes the key of the client transaction that has this Via and method.
pub(super) fn client(key: &mut Vec<u8>, via: &TopVia<'_>, branch: &str, method: &str) {
    key.clear();
    part(key, method.as_bytes());
    sent_by(key, via);
    part(key, branch.as_bytes());
}

/// Whether an answer that came by `came` may be one to what was sent by `sent`: by the same connection, or
/// from the same address. The branch is a secret between both, so the port needs not be the same; phones
/// answer from another one.
pub(super) fn may_answer(sent: &Flow, came: &Flow) -> bool {
    match (sent, came) {
        (Flow::Stream { number: sent, .. }, Flow::Stream { number: came, .. }) => sent == came,
        (Flow::Datagram { .. }, Flow::Datagram { .. }) => {
            canonical(sent.peer().ip()) == canonical(came.peer().ip())
        }
        _ => false,
    }
}

fn way(key: &mut Vec<u8>, flow: &Flow) {
    match flow {
        Flow::Datagram { socket, peer } => {
            key.push(b'd');
            key.extend_from_slice(&socket.to_be_bytes());
            address(key, peer.ip());
        }
        Flow::Stream { number, .. } => {
            key.push(b's');
            key.extend_from_slice(&number.to_be_bytes());
        }
    }
}

fn address(key: &mut Vec<u8>, address: IpAddr) {
    let address = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    key.extend_from_slice(&address.octets());
}

fn sent_by(key: &mut Vec<u8>, via: &TopVia<'_>) {
    let from = key.len();
    match via.host {
        HostText::Name(name) => {
            part(key, name.as_bytes());
            if let Some(host) = key.get_mut(from..) {
                host.make_ascii_lowercase();
            }
        }
        HostText::Ip(ip) => {
            key.push(b'a');
            address(key, ip);
        }
    }
    key.extend_from_slice(&via.port.to_be_bytes());
}

fn part(key: &mut Vec<u8>, part: &[u8]) {
    // A part of a message is shorter than that.
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    key.extend_from_slice(&length.to_be_bytes());
    key.extend_from_slice(part);
}
