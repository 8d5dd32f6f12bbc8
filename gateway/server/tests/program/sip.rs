//! SIP of a demo: what its endpoints file says is enough to register, and status and tests tell of it.

use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

use serde_json::Value;

use crate::demo::{ask, start, string};
use crate::place::{Place, text};

const PATIENCE: Duration = Duration::from_secs(60);

/// SHA-256 as hexadecimal digits, as digests have it.
fn sha256(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A REGISTER of that phone, with a proof where there is one.
fn register(phone: &Value, domain: &str, transport: &str, cseq: u32, proof: &str) -> String {
    let user = string(phone, "/user");
    format!(
        "REGISTER sip:{domain} SIP/2.0\r\n\
         Via: SIP/2.0/{transport} 127.0.0.1:5999;branch=z9hG4bK{transport}{cseq};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{user}@{domain}>;tag=1\r\nTo: <sip:{user}@{domain}>\r\n\
         Call-ID: {user}-{transport}\r\nCSeq: {cseq} REGISTER\r\n\
         Contact: <sip:{user}@127.0.0.1:5999;transport={}>\r\nExpires: 3600\r\n{proof}\
         Content-Length: 0\r\n\r\n",
        transport.to_lowercase()
    )
}

/// The proof for the challenge by SHA-256 in an answer.
fn proof(phone: &Value, domain: &str, answer: &str) -> String {
    let challenge = answer
        .lines()
        .find(|line| line.starts_with("WWW-Authenticate: ") && line.contains("SHA-256"))
        .unwrap_or_else(|| panic!("no challenge by SHA-256: {answer}"));
    let part = |name: &str| {
        let (_, rest) = challenge.split_once(&format!("{name}=\"")).expect(name);
        rest.split('"').next().unwrap().to_owned()
    };
    let (user, password) = (string(phone, "/user"), string(phone, "/password"));
    let (realm, nonce, uri) = (part("realm"), part("nonce"), format!("sip:{domain}"));
    let first = sha256(&format!("{user}:{realm}:{password}"));
    let second = sha256(&format!("REGISTER:{uri}"));
    let response = sha256(&format!("{first}:{nonce}:00000001:abc:auth:{second}"));
    format!(
        "Authorization: Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", \
         uri=\"{uri}\", algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"abc\", \
         response=\"{response}\"\r\n"
    )
}

/// Reads one answer without a body from a stream.
fn answer(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.extend(byte);
    }
    text(&bytes)
}

#[test]
fn a_demos_phones_register_over_udp_and_tcp() {
    let place = Place::new();
    let (mut demo, endpoints) = start(&place);
    let domain = string(&endpoints, "/sip_domain");
    let phones = endpoints["sip_devices"].as_array().unwrap();
    assert_eq!(phones.len(), 3);
    let status = ask(&place, &endpoints, &["status"]);
    assert!(status.contains("0 registrations, 0 of them reachable, 0 connections"), "{status}");

    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.connect(string(&endpoints, "/sip_udp")).unwrap();
    let over_udp = |request: String| {
        socket.send(request.as_bytes()).unwrap();
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).unwrap();
        text(&buffer[..length])
    };
    let challenged = over_udp(register(&phones[0], domain, "UDP", 1, ""));
    assert!(challenged.starts_with("SIP/2.0 401 "), "{challenged}");
    let wrong = phones[0].clone();
    let mut wrong = proof(&wrong, domain, &challenged);
    wrong.replace_range(wrong.len() - 4..wrong.len() - 3, "x");
    let refused = over_udp(register(&phones[0], domain, "UDP", 2, &wrong));
    assert!(!refused.starts_with("SIP/2.0 200 "), "{refused}");
    let right = proof(&phones[0], domain, &challenged);
    let registered = over_udp(register(&phones[0], domain, "UDP", 3, &right));
    assert!(registered.starts_with("SIP/2.0 200 "), "{registered}");

    let mut stream = TcpStream::connect(string(&endpoints, "/sip_tcp")).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(register(&phones[1], domain, "TCP", 1, "").as_bytes()).unwrap();
    let challenged = answer(&mut stream);
    let right = proof(&phones[1], domain, &challenged);
    stream.write_all(register(&phones[1], domain, "TCP", 2, &right).as_bytes()).unwrap();
    let registered = answer(&mut stream);
    assert!(registered.starts_with("SIP/2.0 200 "), "{registered}");

    let status = ask(&place, &endpoints, &["status"]);
    assert!(status.contains("2 registrations, 2 of them reachable, 1 connections"), "{status}");
    let listed = ask(&place, &endpoints, &["probe"]);
    assert!(listed.contains("jackfield probe sip-device SEP001122334455\n"), "{listed}");
    let socket = string(&endpoints, "/admin_socket");
    let output = place.run(&["probe", "sip-device", "SEP001122334477", "--socket", socket]);
    assert_eq!(output.status.code(), Some(1), "not registered: {}", text(&output.stdout));
    let output = place.run(&["probe", "sip-next-hop", "edge", "--socket", socket]);
    assert!(text(&output.stderr).contains("there is no next hop"), "{}", text(&output.stderr));
    assert_eq!(demo.stop(), Some(0));
}
