//! The whole phone over sockets: its program, a gateway in this process, and pushes to its web server.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use clap::Parser;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;
use tokio::net::TcpListener;

use super::handset::{Answer, Failure, Request};
use super::model::Model;
use super::network::Network;
use super::{PhoneArguments, run};
use crate::tls;

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    phone: PhoneArguments,
}

/// A gateway of two pages and an authentication callback.
async fn gateway(
    request: http::Request<Incoming>,
    base: String,
) -> Result<http::Response<Full<Bytes>>, std::convert::Infallible> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let xml = |body: String| {
        ("text/xml; charset=utf-8", format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{body}"))
    };
    let (media, body) = match request.uri().path() {
        "/fippa/SEP001122334455" => xml(format!(
            "<CiscoIPPhoneInput><Title>Sign in</Title><URL>{base}/signin</URL><InputItem>\
             <DisplayName>ID</DisplayName><QueryStringParam>id</QueryStringParam><InputFlags>A\
             </InputFlags></InputItem></CiscoIPPhoneInput>"
        )),
        "/signin" => {
            xml(format!("<CiscoIPPhoneText><Title>Hello {query}</Title></CiscoIPPhoneText>"))
        }
        "/home" => xml("<CiscoIPPhoneText><Title>Ready</Title></CiscoIPPhoneText>".to_owned()),
        "/auth" | "/phone-auth" if query.contains("Password=geheim&devicename=SEP001122334455") => {
            ("text/plain", "AUTHORIZED".to_owned())
        }
        "/auth" | "/phone-auth" => ("text/plain", "UN-AUTHORIZED".to_owned()),
        _ => ("text/xml; charset=utf-8", String::new()),
    };
    let mut response = http::Response::new(Full::new(Bytes::from(body)));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static(media));
    Ok(response)
}

/// Serves `gateway` on loopback; over TLS if there is a configuration.
async fn serve_gateway(tls: Option<Arc<rustls::ServerConfig>>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let base = match tls {
        None => format!("http://127.0.0.1:{}", address.port()),
        Some(_) => format!("https://localhost:{}", address.port()),
    };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, base) = (tls.clone(), base.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request| gateway(request, base.clone()));
                let http = hyper::server::conn::http1::Builder::new();
                match tls {
                    None => drop(http.serve_connection(TokioIo::new(stream), service).await),
                    Some(tls) => {
                        let acceptor = tokio_rustls::TlsAcceptor::from(tls);
                        if let Ok(stream) = acceptor.accept(stream).await {
                            drop(http.serve_connection(TokioIo::new(stream), service).await);
                        }
                    }
                }
            });
        }
    });
    address
}

/// A running phone, driven by script lines.
pub(crate) struct Script {
    commands: Option<PipeWriter>,
    lines: std::io::Lines<BufReader<PipeReader>>,
    phone: tokio::task::JoinHandle<Result<u8, String>>,
}

impl Script {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let base = ["phone", "--device", "SEP001122334455", "--script", "--strict-exit"];
        let parsed = Arguments::try_parse_from(base.iter().chain(arguments)).unwrap();
        let (commands_out, commands_in) = std::io::pipe().unwrap();
        let (lines_out, mut lines_in) = std::io::pipe().unwrap();
        let phone = tokio::spawn(async move {
            run(parsed.phone, BufReader::new(commands_out), &mut lines_in, &mut std::io::sink())
                .await
        });
        Self { commands: Some(commands_in), lines: BufReader::new(lines_out).lines(), phone }
    }

    /// Sends one command and reads until it is done; answers all lines, by their member, last wins.
    pub(crate) fn does(&mut self, command: &str) -> BTreeMap<String, Value> {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
        self.until("done")
    }

    /// Reads lines until one has the member.
    pub(crate) fn until(&mut self, member: &str) -> BTreeMap<String, Value> {
        let mut seen = BTreeMap::new();
        while !seen.contains_key(member) {
            let line = self.lines.next().expect("the phone ended").unwrap();
            let Value::Object(members) = serde_json::from_str(&line).unwrap() else {
                panic!("not an object: {line}")
            };
            seen.extend(members);
        }
        seen
    }

    pub(crate) async fn end(mut self) -> u8 {
        drop(self.commands.take());
        self.phone.await.unwrap().unwrap()
    }
}

/// Pushes as a gateway would.
async fn push(address: &str, password: &str, xml: &str) -> Result<Answer, Failure> {
    let network = Network {
        tls: tls::client_config(None).unwrap(),
        source: None,
        resolve: Vec::new(),
        model: Model::find("8845").unwrap(),
        tls_anyway: false,
    };
    let token = base64::engine::general_purpose::STANDARD.encode(format!("app:{password}"));
    let request = Request {
        id: 0,
        method: "POST",
        url: format!("https://{address}/CGI/Execute"),
        headers: vec![
            ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("Authorization".to_owned(), format!("Basic {token}")),
        ],
        body: Some(format!("XML={}", super::handset::encoded(xml))),
    };
    network.send(&request).await
}

fn body(answer: Result<Answer, Failure>) -> String {
    String::from_utf8(answer.unwrap().body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn phn_13_a_phone_fetches_pages_and_takes_pushes_its_callback_allows() {
    let gateway = serve_gateway(None).await;
    let base = format!("http://{gateway}");
    let (url, auth) = (format!("{base}/fippa/"), format!("{base}/auth"));
    let mut script = Script::start(&[
        "--model",
        "8845",
        "--url",
        &url,
        "--push-port",
        "0",
        "--authentication-url",
        &auth,
    ]);
    let ready = script.until("ready");
    let address = ready["ready"]["push"].as_str().unwrap().to_owned();
    assert!(address.starts_with("127.51.68.85:"), "{address}");

    let seen = script.does("{\"services\":true}");
    assert_eq!(seen["screen"]["title"], "Sign in");
    script.does("{\"type\":{\"id\":\"anna\"}}");
    let seen = script.does("{\"press\":\"Submit\"}");
    assert_eq!(seen["screen"]["title"], "Hello id=anna");

    let execute = format!(
        "<CiscoIPPhoneExecute><ExecuteItem Priority=\"0\" URL=\"{base}/home\"/></CiscoIPPhoneExecute>"
    );
    let answer = body(push(&address, "wrong", &execute).await);
    assert!(answer.contains("<CiscoIPPhoneError Number=\"4\"/>"), "{answer}");
    let seen = script.until("push");
    assert_eq!(seen["push"]["result"], "error 4");
    let answer = body(push(&address, "geheim", &execute).await);
    assert!(answer.contains("Status=\"0\" Data=\"Success\""), "{answer}");
    let seen = script.does("{\"wait\":{\"title\":\"Ready\",\"pushes\":2}}");
    assert_eq!(seen["done"]["ok"], true);
    assert!(!format!("{seen:?}").contains("geheim"));

    script.does("{\"fault\":\"push-garbage\"}");
    assert!(!body(push(&address, "geheim", &execute).await).starts_with('<'));
    script.does("{\"fault\":\"push-401\"}");
    assert_eq!(push(&address, "geheim", &execute).await.unwrap().status, 401);
    script.does("{\"fault\":\"push-refuse\"}");
    assert!(push(&address, "geheim", &execute).await.is_err());
    script.does("{\"fault\":null}");

    let seen = script.does("{\"press\":\"Nothing\"}");
    assert_eq!(seen["done"]["ok"], false);
    assert_eq!(script.end().await, super::script::EXIT_REFUSED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn phn_13_the_shortest_command_line_takes_pushes_and_asks_beside_the_service() {
    let gateway = serve_gateway(None).await;
    let url = format!("http://{gateway}/fippa/");
    let mut script = Script::start(&["--model", "8845", "--url", &url]);
    let address = script.until("ready")["ready"]["push"].as_str().unwrap().to_owned();
    let page = "<CiscoIPPhoneText><Title>Hi</Title></CiscoIPPhoneText>";
    let answer = body(push(&address, "wrong", page).await);
    assert!(answer.contains("<CiscoIPPhoneError Number=\"4\"/>"), "{answer}");
    let answer = body(push(&address, "geheim", page).await);
    assert!(answer.contains("Status=\"0\""), "{answer}");
    let seen = script.does("{\"wait\":{\"title\":\"Hi\"}}");
    assert_eq!(seen["done"]["ok"], true);
    assert_eq!(script.end().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn phn_17_an_old_phone_finds_no_host_behind_tls_of_today_unless_told_to() {
    let scratch = Scratch::new("old");
    let (certificate, key) = authority(&scratch, "gateway");
    let gateway = serve_gateway(Some(gateway_tls(&certificate, &key))).await;
    let url = format!("https://localhost:{}/fippa/", gateway.port());
    let mut script = Script::start(&["--model", "7942G", "--url", &url]);
    let address = script.until("ready")["ready"]["push"].as_str().unwrap().to_owned();
    let seen = script.does("{\"services\":true}");
    assert_eq!(seen["screen"]["text"], "Host Not Found");
    assert!(seen["violation"].as_str().unwrap().contains("TLS 1.0"), "{seen:?}");
    // Nor can anybody of today push to it.
    assert!(push(&address, "geheim", "<CiscoIPPhoneText/>").await.is_err());
    let seen = script.does("{\"wait\":{\"no_handshakes\":1}}");
    assert_eq!(seen["done"]["ok"], true, "{seen:?}");
    assert_eq!(script.end().await, super::script::EXIT_VIOLATION);

    let mut script = Script::start(&["--model", "7942G", "--url", &url, "--tls-anyway"]);
    let seen = script.does("{\"services\":true}");
    assert_eq!(seen["screen"]["title"], "Sign in");
    assert_eq!(script.end().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_violation_is_reported_and_decides_the_exit_code() {
    let gateway = serve_gateway(None).await;
    let url = format!("http://{gateway}/empty");
    let mut script = Script::start(&["--model", "8845", "--url", &url]);
    let seen = script.does("{\"services\":true}");
    assert_eq!(seen["screen"]["text"], "XML Error [4]");
    assert!(seen["violation"].is_string());
    assert_eq!(script.end().await, super::script::EXIT_VIOLATION);
}

/// Files that vanish with the test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("jackfield-peers-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An authority: its certificate and its key as PEM files.
pub(crate) fn authority(scratch: &Scratch, name: &str) -> (PathBuf, PathBuf) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    (
        scratch.write(&format!("{name}.pem"), &certificate.pem()),
        scratch.write(&format!("{name}.key"), &key.serialize_pem()),
    )
}

/// A gateway's TLS for `localhost`, issued by the authority.
pub(crate) fn gateway_tls(certificate: &Path, key: &Path) -> Arc<rustls::ServerConfig> {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let issuer_key = KeyPair::from_pem(&read(key)).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&read(certificate), issuer_key).unwrap();
    let own_key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let own = params.signed_by(&own_key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::try_from(own_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], private)
        .unwrap();
    Arc::new(config)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn phn_14_an_untrusted_gateway_is_an_unknown_host() {
    let scratch = Scratch::new("trust");
    let (trusted, key) = authority(&scratch, "gateway");
    let (stranger, _) = authority(&scratch, "stranger");
    let gateway = serve_gateway(Some(gateway_tls(&trusted, &key))).await;
    let url = format!("https://localhost:{}/fippa/", gateway.port());
    let elsewhere = format!("https://127.0.0.1:{}/fippa/", gateway.port());
    for (url, ca, shown) in [
        (&url, Some(&trusted), "Sign in"),
        (&url, None, "Sign in"),
        (&url, Some(&stranger), "Host Not Found"),
        (&elsewhere, Some(&trusted), "Host Not Found"),
    ] {
        let mut arguments = vec!["--model", "7841", "--url", url.as_str()];
        if let Some(ca) = ca {
            arguments.extend(["--ca", ca.to_str().unwrap()]);
        }
        let mut script = Script::start(&arguments);
        let seen = script.does("{\"services\":true}");
        let screen = &seen["screen"];
        let text = screen["title"].as_str().or(screen["text"].as_str()).unwrap();
        assert_eq!(text, shown, "{url} {ca:?}");
        script.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_endpoints_file_says_all_and_a_flag_wins() {
    let scratch = Scratch::new("endpoints");
    let gateway = serve_gateway(None).await;
    let (certificate, key) = authority(&scratch, "phones");
    let file = serde_json::json!({
        "phone": format!("http://{gateway}/fippa/"),
        "console": "https://elsewhere/",
        "phone_push": {"port": 0, "user": "app", "password": "geheim"},
        "phone_authentication": format!("http://{gateway}/auth"),
        "phone_ca": {"certificate": certificate, "key": key},
    });
    let path = scratch.write("endpoints.json", &file.to_string());
    let path = path.to_str().unwrap();
    let mut script = Script::start(&["--model", "8845", "--endpoints", path]);
    let address = script.until("ready")["ready"]["push"].as_str().unwrap().to_owned();
    let seen = script.does("{\"services\":true}");
    assert_eq!(seen["screen"]["title"], "Sign in");
    let answer = push(&address, "geheim", "<CiscoIPPhoneText><Title>Hi</Title></CiscoIPPhoneText>");
    assert_eq!(answer.await.unwrap().status, 200);
    let seen = script.does("{\"wait\":{\"title\":\"Hi\",\"pushes\":1}}");
    assert_eq!(seen["push"]["user_as_configured"], true);
    assert_eq!(script.end().await, 0);

    let other = format!("http://{gateway}/home");
    let mut script = Script::start(&[
        "--model",
        "8845",
        "--endpoints",
        path,
        "--url",
        &other,
        "--no-web-access",
    ]);
    assert!(script.until("ready")["ready"]["push"].is_null());
    let seen = script.does("{\"services\":true}");
    assert_eq!(seen["screen"]["title"], "Ready");
    assert_eq!(script.end().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_connection_that_never_speaks_tls_is_no_push() {
    let gateway = serve_gateway(None).await;
    let url = format!("http://{gateway}/fippa/");
    let mut script = Script::start(&["--model", "8845", "--url", &url, "--push-port", "0"]);
    let address = script.until("ready")["ready"]["push"].as_str().unwrap().to_owned();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let seen = script.does("{\"wait\":{\"no_handshakes\":1}}");
    assert_eq!(seen["done"]["ok"], true, "{seen:?}");
    assert!(seen["no_handshake"]["error"].is_string() && !seen.contains_key("push"), "{seen:?}");
    let seen = script.does("{\"wait\":{\"pushes\":1,\"seconds\":0}}");
    assert_eq!(seen["done"]["ok"], false, "{seen:?}");
    assert_eq!(script.end().await, super::script::EXIT_REFUSED);
}
