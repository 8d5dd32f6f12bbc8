//! Phones and load over real connections.

use std::io::Cursor;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, UdpSocket};

use super::registrar::{self, Habits};
use crate::sip::{SipLoadArguments, SipPhoneArguments, run_load, run_phone};
use crate::tls;

#[derive(Parser)]
struct PhoneLine {
    #[command(flatten)]
    arguments: SipPhoneArguments,
}

#[derive(Parser)]
struct LoadLine {
    #[command(flatten)]
    arguments: SipLoadArguments,
}

/// Runs one phone on a script; answers its exit code and lines.
async fn phone(server: SocketAddr, flags: &[&str], script: &str) -> (u8, Vec<Value>) {
    let server = server.to_string();
    let mut words = vec!["sip-phone", "--server", &server, "--domain", "voice.example"];
    words.extend(["--device", "SEP001122334455", "--user", "1001", "--password", "secret"]);
    words.extend(flags);
    let line = PhoneLine::try_parse_from(words).unwrap();
    let mut output = Vec::new();
    let input = Cursor::new(script.to_owned());
    let code = run_phone(line.arguments, input, &mut output).await.unwrap();
    (code, lines(&output))
}

async fn load(server: SocketAddr, flags: &[&str]) -> (u8, Vec<Value>) {
    let server = server.to_string();
    let mut words = vec!["sip-load", "--server", &server, "--domain", "voice.example"];
    words.extend(["--patience", "30"]);
    words.extend(flags);
    let line = LoadLine::try_parse_from(words).unwrap();
    let mut output = Vec::new();
    let code = run_load(line.arguments, &mut output).await.unwrap();
    (code, lines(&output))
}

fn lines(output: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(output).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn first<'a>(lines: &'a [Value], event: &str) -> &'a Value {
    let found = lines.iter().find(|line| line["event"] == event);
    found.unwrap_or_else(|| panic!("no {event} in {lines:#?}"))
}

const CHALLENGE: &str =
    "Digest realm=\"voice.example\", nonce=\"abc\", algorithm=SHA-256, qop=\"auth\"";

fn challenging() -> Habits {
    Habits { challenge: Some(CHALLENGE), ..Habits::default() }
}

#[tokio::test]
async fn a_phone_registers_by_digest_pings_and_leaves() {
    let server = registrar::listen(challenging(), None).await;
    let script = "wait registered\nping\nwait pong\nunregister\nwait unregistered\n";
    let (code, lines) = phone(server.address, &[], script).await;
    assert_eq!(code, 0, "{lines:#?}");
    assert_eq!(first(&lines, "registered")["challenges"], 1);
    assert_eq!(first(&lines, "challenged")["algorithm"], "SHA-256");
    first(&lines, "pong");
}

#[tokio::test]
async fn a_phone_registers_over_tls_and_udp() {
    let tls = tls::server_config("gateway", None).unwrap();
    let server = registrar::listen(challenging(), Some(tls)).await;
    let script = "wait registered\ntoken\nwait accepted\n";
    let (code, lines) = phone(server.address, &["--transport", "tls"], script).await;
    assert_eq!(code, 0, "{lines:#?}");
    let server = registrar::listen_udp(challenging()).await;
    let (code, lines) = phone(server, &["--transport", "udp"], script).await;
    assert_eq!(code, 0, "{lines:#?}");
}

/// A folder of this test alone, with an authority's certificate and key in it.
struct Folder {
    path: PathBuf,
    authority: String,
    key: String,
    /// The authority's certificate.
    trusted: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("sip-{}", crate::sip::chance::hex(1)));
        std::fs::create_dir(&path).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let trusted = certificate.der().clone();
        let (authority, key_file) = (path.join("ca.pem"), path.join("ca.key"));
        std::fs::write(&authority, certificate.pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let issuer = Issuer::new(params, key);
        Self { path, authority: text(authority), key: text(key_file), trusted, issuer }
    }

    /// Files of a phone's own certificate and key.
    fn phone(&self) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::default().signed_by(&key, &self.issuer).unwrap();
        let files = ["phone.pem", "phone.key"].map(|name| self.path.join(name));
        std::fs::write(&files[0], certificate.pem()).unwrap();
        std::fs::write(&files[1], key.serialize_pem()).unwrap();
        let [certificate, key] = files.map(|path| path.to_str().unwrap().to_owned());
        (certificate, key)
    }

    /// A server that lets nobody in without a certificate of this authority.
    fn server(&self) -> Arc<rustls::ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusted.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::default().self_signed(&key).unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(vec![own.der().clone()], key.serialize_der().try_into().unwrap());
        Arc::new(config.unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[tokio::test]
async fn phones_show_certificates_of_their_own() {
    let folder = Folder::new();
    let server = registrar::listen(Habits::default(), Some(folder.server())).await;
    let (certificate, key) = folder.phone();
    let flags = ["--transport", "tls", "--certificate", &certificate, "--key", &key];
    let (code, lines) = phone(server.address, &flags, "wait registered\n").await;
    assert_eq!(code, 0, "{lines:#?}");
    let flags =
        ["--transport", "tls", "--authority", &folder.authority, "--authority-key", &folder.key];
    let (code, lines) = load(server.address, &[&flags[..], &["--phones", "3"]].concat()).await;
    assert_eq!(code, 0, "{lines:#?}");
    let (code, _) = phone(server.address, &["--transport", "tls"], "wait registered 0.5\n").await;
    assert_eq!(code, 4, "a phone without a certificate is let in");
}

#[tokio::test]
async fn a_phone_refreshes_in_scaled_time_and_comes_back_after_a_loss() {
    let server = registrar::listen(Habits::default(), None).await;
    let script = "wait registered\nwait registered\nwait registered\n";
    let (code, lines) = phone(server.address, &["--time-scale", "1000"], script).await;
    assert_eq!(code, 0, "{lines:#?}");
    assert_eq!(lines.iter().filter(|line| line["fresh"] == false).count(), 2);

    let server = registrar::listen(Habits::default(), None).await;
    let closes = server.closes.clone();
    let closing = tokio::spawn(async move {
        // The phone may not be connected yet; then nothing is closed.
        while closes.send(()).is_err() {
            tokio::task::yield_now().await;
        }
    });
    let script = "wait connected\nwait lost\nwait registered\n";
    let (code, lines) = phone(server.address, &[], script).await;
    closing.await.unwrap();
    assert_eq!(code, 0, "{lines:#?}");
}

#[tokio::test]
async fn what_a_server_does_wrong_is_the_exit_code_and_in_the_capture() {
    let habits = Habits {
        then: Some(|uri, _| {
            format!(
                "REFER {uri} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1;branch=z9hG4bK1\r\n\
                 From: <sip:g@127.0.0.1>;tag=1\r\nTo: <sip:1001@voice.example>\r\nCall-ID: 1\r\n\
                 CSeq: 1 REFER\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
            )
        }),
        ..Habits::default()
    };
    let server = registrar::listen(habits, None).await;
    let folder = std::env::temp_dir().join(format!("sip-phone-{}", crate::sip::chance::hex(1)));
    std::fs::create_dir(&folder).unwrap();
    let capture = folder.join("capture");
    let flags = ["--capture", capture.to_str().unwrap()];
    let (code, lines) = phone(server.address, &flags, "wait refer\n").await;
    assert_eq!(code, 3);
    assert_eq!(first(&lines, "refer")["answer"], 400);
    first(&lines, "problem");
    let captured = std::fs::read_to_string(&capture).unwrap();
    assert_eq!(captured.lines().count(), 2, "the answer and the REFER");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn commands_that_are_none_and_waits_in_vain_are_the_exit_code() {
    let server = registrar::listen(Habits::default(), None).await;
    let (code, lines) = phone(server.address, &["--wait"], "explode\n@SEP0 register\n").await;
    assert_eq!((code, lines.len()), (4, 2));
    let (code, lines) = phone(server.address, &["--wait"], "wait registered 0.01\n").await;
    assert_eq!((code, &first(&lines, "waited")["ok"]), (4, &Value::Bool(false)));
}

#[tokio::test]
async fn many_phones_register_and_come_back() {
    let server = registrar::listen(challenging(), None).await;
    let closes = server.closes.clone();
    let address = server.address;
    let flags = ["--phones", "20", "--rate", "1000", "--losses", "1", "--pause-seconds", "0.01"];
    let running = tokio::spawn(async move { load(address, &flags).await });
    // Sooner or later all are registered when their connections are closed, however slow they are.
    let closing = tokio::spawn(async move {
        let mut pause = Duration::from_millis(100);
        loop {
            tokio::time::sleep(pause).await;
            let _ = closes.send(());
            pause *= 2;
        }
    });
    let (code, lines) = running.await.unwrap();
    closing.abort();
    assert_eq!(code, 0, "{lines:#?}");
    let total = first(&lines, "total");
    assert_eq!(total["registered_now"], 20);
    assert_eq!(total["problems"], 0);
    first(&lines, "all_back");
}

#[tokio::test]
async fn a_server_that_closes_hostile_connections_is_measured() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 64];
            let _ = stream.read(&mut buffer).await;
        }
    });
    for kind in ["half-open", "slow", "never-reading"] {
        let flags = ["--hostile", kind, "--phones", "3", "--rate", "1000", "--seconds", "20"];
        let (_, lines) = load(address, &flags).await;
        assert_eq!(first(&lines, "total")["closed_by_server"], 3, "{kind}: {lines:#?}");
    }
    let flags = ["--hostile", "mute", "--phones", "3", "--rate", "1000", "--seconds", "0.05"];
    let (_, lines) = load(address, &flags).await;
    assert_eq!(first(&lines, "total")["still_open"], 3);
}

#[tokio::test]
async fn a_flood_is_counted_both_ways() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((count, from)) = socket.recv_from(&mut buffer).await {
            let _ = socket.send_to(&buffer[..count / 2], from).await;
        }
    });
    for kind in ["flood-garbage", "flood-register"] {
        let flags = ["--transport", "udp", "--hostile", kind, "--seconds", "0.2", "--sources", "2"];
        let (_, lines) = load(address, &flags).await;
        let total = first(&lines, "total");
        assert!(total["datagrams_sent"].as_u64().unwrap() >= 64, "{total}");
        assert!(total["amplification"].as_f64().unwrap() <= 1.0, "{total}");
    }
}
