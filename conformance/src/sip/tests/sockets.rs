//! Phones over real connections, driven by lines.

use std::io::Cursor;
use std::net::SocketAddr;

use clap::Parser;
use serde_json::Value;

use super::registrar;
use crate::sip::{SipPhoneArguments, run_phone};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: SipPhoneArguments,
}

/// Runs one phone on a script; answers its exit code and lines.
async fn phone(server: SocketAddr, flags: &[&str], script: &str) -> (u8, Vec<Value>) {
    let server = server.to_string();
    let mut words = vec!["sip-phone", "--server", &server, "--domain", "voice.example"];
    words.extend(["--device", "SEP001122334455", "--user", "1001", "--password", "secret"]);
    words.extend(flags);
    let line = Line::try_parse_from(words).unwrap();
    let mut output = Vec::new();
    let input = Cursor::new(script.to_owned());
    let code = run_phone(line.arguments, input, &mut output).await.unwrap();
    let text = String::from_utf8(output).unwrap();
    (code, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn named<'a>(lines: &'a [Value], event: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["event"] == event).collect()
}

const CHALLENGE: &str =
    "Digest realm=\"voice.example\", nonce=\"abc\", algorithm=SHA-256, qop=\"auth\"";

#[tokio::test]
async fn a_phone_registers_by_digest_pings_and_leaves() {
    let server = registrar::listen(Some(CHALLENGE), |_, _| None).await;
    let script = "wait registered\nping\nwait pong\nunregister\nwait unregistered\n";
    let (code, lines) = phone(server, &[], script).await;
    assert_eq!(code, 0, "{lines:#?}");
    assert_eq!(named(&lines, "registered")[0]["challenges"], 1);
    assert_eq!(named(&lines, "challenged")[0]["algorithm"], "SHA-256");
    assert_eq!(named(&lines, "pong").len(), 1);
}
