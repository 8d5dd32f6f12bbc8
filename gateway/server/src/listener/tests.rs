//! Listeners against peers that are slow, many or hostile, over real sockets on loopback.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use engine::Metrics;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls_pki_types::ServerName;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::config::CertificateFiles;
use crate::http::HttpMetrics;
use crate::http::tests::{config, site};
use crate::log::LineLimit;
use crate::temporary::Folder;
use crate::tls::making::self_signed;
use crate::tls::{Certificate, DeviceCertificates, Tls};

mod devices;
mod pieces;
mod stopping;

/// Nothing here may take longer.
const DEADLINE: Duration = Duration::from_secs(20);
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn bind(
    name: &'static str,
    addresses: &[SocketAddr],
    chosen: bool,
) -> Result<Vec<StdListener>, BindError> {
    super::bind(name, addresses, chosen, &mut Inherited::default())
}

struct Fixture {
    address: SocketAddr,
    listener: Arc<Listener>,
    stop: watch::Sender<bool>,
    abort: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
}

/// What a listener is made with.
#[derive(Default)]
struct With {
    limits: serde_json::Value,
    tls: Option<Arc<Tls>>,
    devices: Option<Arc<DeviceCertificates>>,
    clock: Option<Arc<dyn Clock>>,
    proxy_protocol: bool,
    trusted: Vec<IpNet>,
    refusal: bool,
}

fn start(with: With) -> Fixture {
    let config = config(with.limits);
    let metrics = Metrics::new();
    let mut sockets =
        bind("phone", &[SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)], true).unwrap();
    let address = sockets[0].local_addr().unwrap();
    let content = match with.refusal {
        true => Content::Refusal(Arc::new(PlainRefusal::new(&config.phone.base()))),
        false => Content::Site(site(&config, &metrics)),
    };
    let listener = Listener::new(Setup {
        name: "phone",
        tls: with.tls,
        devices: with.devices,
        proxy_protocol: with.proxy_protocol,
        trusted_proxies: with.trusted.into(),
        limits: config.limits,
        metrics: HttpMetrics::new(&Metrics::new(), LineLimit::default()).listener("phone"),
        clock: with.clock.unwrap_or_else(|| Arc::new(engine::SystemClock)),
        lines: LineLimit::default(),
        content,
    });
    let (stop, stopping) = watch::channel(false);
    let (abort, aborted) = watch::channel(false);
    let sockets = std::mem::take(&mut sockets);
    let served = tokio::spawn(Arc::clone(&listener).serve(sockets, stopping, aborted));
    Fixture { address, listener, stop, abort, served }
}

impl Fixture {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends `bytes` on a connection of its own and reads until its end.
    async fn exchange(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The other side may close before it has read everything.
        let _ = stream.write_all(bytes).await;
        rest(&mut stream).await
    }

    async fn until(&self, condition: impl Fn(&ListenerMetrics) -> bool) {
        let wait = async {
            while !condition(&self.listener.setup.metrics) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(DEADLINE, wait).await.expect("it never came to that");
    }
}

/// What is sent until the end of the stream.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut bytes));
    // A reset is an end too.
    let _ = read.await.expect("the connection stays open");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer with a known length.
async fn one_answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let read = async {
        loop {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| {
                    let (name, value) = line.split_once(": ")?;
                    name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>())
                });
                if body.len() >= length.unwrap().unwrap() {
                    return text;
                }
            }
            bytes.push(stream.read_u8().await.expect("an answer"));
        }
    };
    tokio::time::timeout(DEADLINE, read).await.expect("an answer in time")
}

const GET: &[u8] = b"GET /echo/x HTTP/1.1\r\nHost: a\r\n\r\n";
const GET_CLOSE: &[u8] = b"GET /echo/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn a_connection_is_kept_and_answers_have_a_length() {
    let it = start(With::default());
    let mut stream = it.connect().await;
    for _ in 0..3 {
        stream.write_all(GET).await.unwrap();
        let answer = one_answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        assert!(!answer.to_lowercase().contains("transfer-encoding"), "{answer}");
    }
    // Several at once come back in order.
    stream.write_all(&[GET, GET_CLOSE].concat()).await.unwrap();
    assert_eq!(rest(&mut stream).await.matches("HTTP/1.1 200 OK").count(), 2);
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let it = start(With::default());
    let asked = b"HEAD /echo/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = it.exchange(asked).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(head.to_lowercase().contains("content-length: "), "{answer}");
    assert_eq!(body, "");
}

#[tokio::test]
async fn old_phones_speak_http_1_0() {
    let it = start(With::default());
    let answer = it.exchange(b"GET /echo/x HTTP/1.0\r\n\r\n").await;
    assert!(answer.contains(" 200 OK") && answer.contains("GET x"), "{answer}");
}

/// Sends `bytes` and compares the status of the first answer; empty where none comes.
async fn check_status(it: &Fixture, bytes: &[u8], expected: &str) {
    let answer = it.exchange(bytes).await;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    assert_eq!(status, expected, "{} -> {answer}", String::from_utf8_lossy(bytes));
}

#[tokio::test]
async fn hostile_requests_are_refused_and_the_connection_closed() {
    let it = start(With { limits: json!({"header_seconds": 1}), ..With::default() });
    let with = |fields: &str| format!("POST /echo/x HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    for (bytes, status) in [
        (with("Host: b\r\nConnection: close\r\n"), "400"),
        (with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\nGET", "411"),
        (with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") + "0\r\n\r\nGET", "411"),
        (with("Transfer-Encoding: xchunked\r\n"), "400"),
        (with("Content-Length: 3\r\nContent-Length: 4\r\n") + "abcd", "400"),
        (with("Content-Length: -1\r\n"), "400"),
        (with("Content-Length: +1\r\n"), "400"),
        (with("Content-Length: 1e3\r\n"), "400"),
        (with("Content-Length: 17\r\n"), "413"),
        (with("X: a\0b\r\n"), "400"),
        (with(" folded: x\r\n"), "400"),
        (with("Host : a\r\n"), "400"),
        ("GET /echo/\0 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "400"),
        ("GET /echo/a b HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "400"),
        ("GET /echo/x HTTP/9.9\r\nHost: a\r\n\r\n".to_owned(), "400"),
        ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\r\n\r\n".to_owned(), "400"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), ""),
    ] {
        check_status(&it, bytes.as_bytes(), status).await;
    }
    it.until(|metrics| metrics.open.value() == 0).await;
}

#[tokio::test]
async fn headers_are_bounded() {
    let it = start(With { limits: json!({"header_bytes_max": 8192}), ..With::default() });
    let large = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(9_000));
    check_status(&it, large.as_bytes(), "431").await;
    let many = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(500));
    check_status(&it, many.as_bytes(), "431").await;
    let endless = vec![b'a'; 100_000];
    let answer = it.exchange(&endless).await;
    assert!(!answer.contains(" 200 "), "{answer}");
    it.until(|metrics| metrics.malformed.value() >= 3 && metrics.unreadable.value() >= 3).await;
}

#[tokio::test]
async fn slow_headers_lose_their_place() {
    let it = start(With { limits: json!({"header_seconds": 1}), ..With::default() });
    let mut silent = it.connect().await;
    let mut slow = it.connect().await;
    slow.write_all(b"GET /echo/x HTTP/1.1\r\nHo").await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
    assert_eq!(rest(&mut slow).await, "");
    it.until(|metrics| metrics.slow.value() == 2 && metrics.open.value() == 0).await;
}

#[tokio::test]
async fn a_header_that_trickles_in_is_slow_too() {
    let it = start(With { limits: json!({"header_seconds": 1}), ..With::default() });
    let mut stream = it.connect().await;
    let trickle = async {
        for byte in b"GET /echo/x HTTP/1.1\r\n".iter().chain(b"X: y\r\n".iter().cycle()) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, trickle).await.expect("it is cut off");
    it.until(|metrics| metrics.slow.value() == 1).await;
}

#[tokio::test]
async fn a_slow_body_is_answered_and_closed() {
    let it = start(With { limits: json!({"request_seconds": 1}), ..With::default() });
    let answer =
        it.exchange(b"POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc").await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let it = start(With { limits: json!({"idle_seconds": 1}), ..With::default() });
    let mut stream = it.connect().await;
    stream.write_all(GET).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // That is no fault of the peer.
    it.until(|metrics| metrics.open.value() == 0).await;
    assert_eq!(it.listener.setup.metrics.slow.value(), 0);
}

#[tokio::test]
async fn a_full_table_refuses_the_newest_politely() {
    let it = start(With { limits: json!({"connections_max": 16}), ..With::default() });
    let mut held = Vec::new();
    for _ in 0..16 {
        held.push(it.connect().await);
    }
    it.until(|metrics| metrics.open.value() == 16).await;
    let answer = it.exchange(b"").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.ends_with("too many connections\n") && answer.contains("Length: 21"));
    assert_eq!(it.listener.setup.metrics.overload.value(), 1);
    held.pop();
    it.until(|metrics| metrics.open.value() == 15).await;
    check_status(&it, GET_CLOSE, "200").await;
}

#[tokio::test]
async fn one_source_cannot_take_all_places() {
    let limits = json!({"connections_max": 64, "connections_per_source_max": 4});
    let it = start(With { limits, ..With::default() });
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(it.connect().await);
    }
    it.until(|metrics| metrics.open.value() == 4).await;
    assert_eq!(it.exchange(b"").await, "");
    it.until(|metrics| metrics.source.value() == 1 && metrics.overload.value() == 1).await;
    // The same machine under another address still gets in.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.9:0".parse().unwrap()).unwrap();
    let mut other = socket.connect(it.address).await.unwrap();
    other.write_all(GET_CLOSE).await.unwrap();
    assert!(rest(&mut other).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn ops_14_a_proxy_header_is_believed_from_trusted_proxies_alone() {
    let proxied = |trusted: &str| {
        let trusted = vec![trusted.parse().unwrap()];
        start(With { proxy_protocol: true, trusted, ..With::default() })
    };
    let header = b"PROXY TCP4 192.0.2.9 127.0.0.1 5000 8445\r\n";
    let it = proxied("127.0.0.0/8");
    let answer = it.exchange(&[header, GET_CLOSE].concat()).await;
    assert!(answer.contains("192.0.2.9"), "{answer}");
    assert_eq!(it.exchange(GET_CLOSE).await, "");
    let untrusting = proxied("10.0.0.0/8");
    assert_eq!(untrusting.exchange(&[header, GET_CLOSE].concat()).await, "");
    it.until(|metrics| metrics.proxy_header.value() == 1).await;
    untrusting.until(|metrics| metrics.proxy_header.value() == 1).await;
}

#[tokio::test]
async fn ops_14_behind_a_proxy_each_client_has_its_own_share() {
    let it = start(With {
        proxy_protocol: true,
        trusted: vec!["127.0.0.0/8".parse().unwrap()],
        limits: json!({"connections_per_source_max": 1}),
        ..With::default()
    });
    let mut first = it.connect().await;
    first.write_all(b"PROXY TCP4 192.0.2.9 127.0.0.1 1 2\r\n").await.unwrap();
    first.write_all(GET).await.unwrap();
    one_answer(&mut first).await;
    let again = b"PROXY TCP4 192.0.2.9 127.0.0.1 1 2\r\n";
    assert_eq!(it.exchange(&[again, GET_CLOSE].concat()).await, "");
    let other = b"PROXY TCP4 192.0.2.8 127.0.0.1 1 2\r\n";
    assert!(it.exchange(&[&other[..], GET_CLOSE].concat()).await.contains("192.0.2.8"));
}

#[tokio::test]
async fn phn_02_the_plain_port_only_refuses_and_names_the_secure_url() {
    let it = start(With { refusal: true, ..With::default() });
    let mut answers = Vec::new();
    for asked in [
        "GET /fippa/SEP001122334455?id=1001&password=hunter2 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let answer = it.exchange(asked.as_bytes()).await;
        // Of other statuses phones show nothing.
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.to_lowercase().contains("content-type: text/xml"), "{answer}");
        assert!(answer.contains("https://gw-a.example:8445/fippa/"), "{answer}");
        assert!(!answer.contains("hunter2"), "{answer}");
        answers.push(answer.split_once("\r\n\r\n").unwrap().1.to_owned());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    assert_eq!(it.listener.setup.metrics.plain.value(), 3);
    let page = &answers[0];
    assert!(
        page.contains("<CiscoIPPhoneText>") && page.ends_with("</CiscoIPPhoneText>\n"),
        "{page}"
    );
}

#[tokio::test]
async fn a_stop_lets_requests_in_hand_end() {
    let it = start(With { limits: json!({"request_seconds": 2}), ..With::default() });
    let mut busy = it.connect().await;
    busy.write_all(b"POST /echo/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n").await.unwrap();
    let mut idle = it.connect().await;
    idle.write_all(GET).await.unwrap();
    one_answer(&mut idle).await;
    it.stop.send_replace(true);
    assert_eq!(rest(&mut idle).await, "");
    busy.write_all(b"abc").await.unwrap();
    let answer = rest(&mut busy).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("abc"), "{answer}");
    tokio::time::timeout(DEADLINE, it.served).await.expect("an end").unwrap();
    assert!(TcpStream::connect(it.address).await.is_err());
}

#[tokio::test]
async fn a_stop_cuts_off_what_takes_too_long() {
    let it = start(With { limits: json!({"request_seconds": 600}), ..With::default() });
    let mut busy = it.connect().await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    it.until(|metrics| metrics.open.value() == 1).await;
    it.stop.send_replace(true);
    it.abort.send_replace(true);
    tokio::time::timeout(DEADLINE, it.served).await.expect("an end").unwrap();
    assert_eq!(rest(&mut busy).await, "");
}

#[tokio::test]
async fn a_stop_waits_for_nobody_who_has_not_asked_anything() {
    let limits = || json!({"handshake_seconds": 120, "header_seconds": 120});
    let proxied = start(With {
        limits: limits(),
        proxy_protocol: true,
        trusted: vec!["127.0.0.0/8".parse().unwrap()],
        ..With::default()
    });
    for it in [secured(limits()).it, proxied] {
        let mut silent = it.connect().await;
        it.until(|metrics| metrics.open.value() == 1).await;
        it.stop.send_replace(true);
        tokio::time::timeout(DEADLINE, it.served).await.expect("an end").unwrap();
        assert_eq!(rest(&mut silent).await, "");
    }
}

struct Secured {
    it: Fixture,
    tls: Arc<Tls>,
    folder: Folder,
}

fn make(folder: &Folder, name: &str) -> (CertificateFiles, Certificate) {
    let files = CertificateFiles {
        certificate: folder.path().join(format!("{name}.pem")),
        key: folder.path().join(format!("{name}.key")),
    };
    let names = ["gw-a.example".parse().unwrap()];
    self_signed(&files, &names, NOW).unwrap();
    let certificate = Certificate::load(&files, &names, NOW).unwrap();
    (files, certificate)
}

fn secured(limits: serde_json::Value) -> Secured {
    let folder = Folder::new();
    let tls = Arc::new(Tls::new(&make(&folder, "first").1).unwrap());
    let it = start(With { limits, tls: Some(Arc::clone(&tls)), ..With::default() });
    Secured { it, tls, folder }
}

/// A client that trusts the certificate of that name; time is the certificate's.
fn client(
    folder: &Folder,
    name: &str,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> ClientConfig {
    #[derive(Debug)]
    struct Then;
    impl rustls::time_provider::TimeProvider for Then {
        fn current_time(&self) -> Option<rustls_pki_types::UnixTime> {
            let seconds = u64::try_from(NOW.seconds()).unwrap();
            Some(rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
        }
    }
    let mut roots = RootCertStore::empty();
    let path = folder.path().join(format!("{name}.pem"));
    let der = rustls_pki_types::CertificateDer::from_pem_file(path).unwrap();
    roots.add(der).unwrap();
    ClientConfig::builder_with_details(crate::tls::provider(), Arc::new(Then))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

async fn connect_tls(it: &Fixture, client: ClientConfig) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("gw-a.example").unwrap();
    TlsConnector::from(Arc::new(client)).connect(name, it.connect().await).await
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    stream.write_all(GET).await.unwrap();
    one_answer(stream).await
}

#[tokio::test]
async fn both_tls_versions_are_served() {
    let Secured { it, folder, .. } = secured(json!({}));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = connect_tls(&it, client(&folder, "first", &[version])).await.unwrap();
        assert!(ask(&mut stream).await.contains("GET x"));
    }
}

#[tokio::test]
async fn ops_08_a_reload_changes_new_connections_and_leaves_open_ones() {
    let Secured { it, tls, folder } = secured(json!({}));
    let all = rustls::DEFAULT_VERSIONS;
    let mut open = connect_tls(&it, client(&folder, "first", all)).await.unwrap();
    assert!(ask(&mut open).await.contains("GET x"));
    let (_, second) = make(&folder, "second");
    tls.replace(&second).unwrap();
    assert!(ask(&mut open).await.contains("GET x"));
    assert!(connect_tls(&it, client(&folder, "first", all)).await.is_err());
    let mut fresh = connect_tls(&it, client(&folder, "second", all)).await.unwrap();
    assert!(ask(&mut fresh).await.contains("GET x"));
}

/// By ticket in TLS 1.3 and TLS 1.2: a client that trusts the old certificate alone gets on.
#[tokio::test]
async fn ops_08_sessions_are_resumed_over_a_reload() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let Secured { it, tls, folder } = secured(json!({}));
        let client = client(&folder, "first", &[version]);
        let connect = async |kind| {
            let mut stream = connect_tls(&it, client.clone()).await.unwrap();
            // Tickets come with the first answer.
            assert!(ask(&mut stream).await.contains("GET x"));
            assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind), "{version:?}");
        };
        connect(rustls::HandshakeKind::Full).await;
        tls.replace(&make(&folder, "second").1).unwrap();
        connect(rustls::HandshakeKind::Resumed).await;
    }
}

#[tokio::test]
async fn a_half_open_handshake_loses_its_place() {
    let Secured { it, .. } = secured(json!({"handshake_seconds": 1}));
    let mut silent = it.connect().await;
    let mut begun = it.connect().await;
    begun.write_all(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03").await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
    assert_eq!(rest(&mut begun).await, "");
    it.until(|metrics| metrics.handshake.value() == 2 && metrics.open.value() == 0).await;
}

#[tokio::test]
async fn phn_02_plain_requests_to_the_secure_port_get_nothing() {
    let Secured { it, .. } = secured(json!({}));
    let answer = it.exchange(GET_CLOSE).await;
    assert!(!answer.contains("HTTP/1.1 200") && !answer.contains("GET x"), "{answer}");
    it.until(|metrics| metrics.handshake.value() == 1).await;
}

#[test]
fn an_address_in_use_is_named() {
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap();
    let error = bind("phone", &[address], true).unwrap_err().to_string();
    assert!(error.contains(&address.to_string()), "{error}");
}

#[test]
fn an_address_that_is_not_ours_is_an_error_where_it_was_chosen() {
    let elsewhere = SocketAddr::new(IpAddr::from([192, 0, 2, 1]), 0);
    let here = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
    assert!(bind("phone", &[here, elsewhere], true).is_err());
    assert_eq!(bind("phone", &[here, elsewhere], false).unwrap().len(), 1);
    assert!(bind("phone", &[elsewhere], false).is_err());
}
