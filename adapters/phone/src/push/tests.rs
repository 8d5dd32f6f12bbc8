//! Pushes to a phone's web server over TLS on loopback.

mod centre;
mod channels;
mod silence;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::settings::{Device, Push, Settings, Trust, TrustPurpose};
use domain::{DeviceName, ReasonCode, Secret, SignedOutBy, Wish};
use engine::surface::Surface;
use protocols::phone_xml::{Object, decode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use ring::digest::{SHA256, digest};
use rustls::ServerConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::Begin;
use super::certificate::PhoneCertificate;
use crate::testing::centre::until;
use crate::testing::{BASE, Handset, Node, settings};
use crate::{PushReason, locked};
use domain::settings::PUSH_PASSWORD_PURPOSE;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const DONE: &str = "<CiscoIPPhoneResponse><ResponseItem Status=\"0\" Data=\"Success\" URL=\"\"/></CiscoIPPhoneResponse>";

/// Certificates of a phone and of the authority that may have signed it.
struct Certificates {
    authority: String,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn certificates(common_name: &str) -> Certificates {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Phones of the site");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    Certificates {
        authority: authority.pem(),
        chain: vec![certificate.der().clone()],
        key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    }
}

/// Shows a certificate whether or not the key is its own.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A phone's web server, with everything that was sent to it.
struct WebServer {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<String>>,
}

impl WebServer {
    /// Serves with that certificate, or without TLS.
    async fn start(certificates: Option<&Certificates>) -> Self {
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(http_answer(200, DONE)));
        let acceptor = certificates.map(|certificates| {
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let key = provider.key_provider.load_private_key(certificates.key.clone_key()).unwrap();
            let certified = CertifiedKey::new(certificates.chain.clone(), key);
            let config = ServerConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_cert_resolver(Arc::new(Shown(Arc::new(certified))));
            TlsAcceptor::from(Arc::new(config))
        });
        let (seen, given) = (Arc::clone(&requests), Arc::clone(&answer));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, given) = (Arc::clone(&seen), Arc::clone(&given));
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    match acceptor {
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, &seen, &given).await;
                            }
                        }
                        None => serve(stream, &seen, &given).await,
                    }
                });
            }
        });
        Self { port, requests, answer }
    }

    fn answers(&self, status: u16, body: &str) {
        *locked(&self.answer) = http_answer(status, body);
    }

    fn requests(&self) -> Vec<String> {
        locked(&self.requests).clone()
    }

    /// The URLs that the phone was told to open.
    fn told(&self) -> Vec<String> {
        let requests = self.requests();
        let urls = requests.iter().map(|request| {
            let (_, form) = request.split_once("\r\n\r\n").unwrap();
            let xml = crate::query::single(&[form], "XML").unwrap();
            let Object::Execute(execute) = decode(xml.as_bytes()).unwrap().object else {
                panic!("{xml}")
            };
            assert_eq!(execute.items.len(), 1);
            execute.items[0].url.clone()
        });
        urls.collect()
    }
}

fn http_answer(status: u16, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} X\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

async fn serve(
    mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin,
    seen: &Mutex<Vec<String>>,
    given: &Mutex<String>,
) {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 1024];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if !text.starts_with("POST") && !text.starts_with("GET") {
            // Not HTTP: an old web server hangs up.
            return;
        }
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.to_lowercase();
        let length = length.split("content-length: ").nth(1).and_then(|it| it.lines().next());
        if body.len() >= length.and_then(|it| it.parse().ok()).unwrap_or(0) {
            locked(seen).push(text);
            break;
        }
    }
    let answer = locked(given).clone();
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn with_push(node: &Node, port: u16, authority: &str, device: Option<Device>) -> Settings {
    push_in(settings(), node, port, authority, device).await
}

async fn push_in(
    mut settings: Settings,
    node: &Node,
    port: u16,
    authority: &str,
    device: Option<Device>,
) -> Settings {
    let password = node.port.seal(PUSH_PASSWORD_PURPOSE, &Secret::new("s3cret")).unwrap();
    let push = Push { user: "push".to_owned(), password, port };
    Arc::make_mut(&mut settings.phone_service).push = Some(push);
    if !authority.is_empty() {
        let trust = Trust {
            name: "phones".to_owned(),
            purposes: vec![TrustPurpose::Phones],
            certificates: authority.to_owned(),
        };
        settings.trust = Arc::new([(trust.name.clone(), Arc::new(trust))].into());
    }
    if let Some(device) = device {
        Arc::make_mut(&mut settings.devices).insert(device.name.clone(), Arc::new(device));
    }
    node.apply(&settings).await;
    settings
}

fn handset(node: &Node) -> Handset<'_> {
    let mut phone = Handset::new(node, "SEP1");
    phone.address = HERE;
    phone
}

fn state(node: &Node) -> Option<PushReason> {
    node.phone.push_states().first().map(|state| state.reason)
}

/// Whether the phone was asked and its time to answer runs.
fn is_waited_for(node: &Node) -> bool {
    let screens = locked(&node.phone.screens);
    screens.of(&"SEP1".parse().unwrap()).is_some_and(|screen| screen.is_waited_for())
}

/// Runs the service's own tasks until dropped.
fn run(node: &Node) -> watch::Sender<bool> {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(Arc::clone(&node.phone).run(stopped));
    stop
}

#[tokio::test]
async fn phn_05_a_change_made_elsewhere_is_pushed_and_the_own_press_is_not() {
    let certificates = certificates("CP-8845-SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let _stop = run(&node);
    let mut phone = handset(&node);
    let home = phone.sign_in("1001", "2001").await;
    phone.press(&home, "Ready").await;
    node.wish("1001", Wish::NotReady(Some(ReasonCode(12)))).await;
    until("a push", async || server.requests().len() == 1).await;
    let told = server.told();
    assert!(told[0].starts_with(BASE) && told[0].ends_with("/home"), "{told:?}");
    assert_eq!(phone.get(&told[0]).await.title(), "Not Ready - Lunch");
    until("ok", async || state(&node) == Some(PushReason::Ok)).await;
    let request = server.requests().remove(0);
    assert!(request.starts_with("POST /CGI/Execute HTTP/1.1\r\n"), "{request}");
    let head = request.to_lowercase();
    assert!(head.contains("authorization: basic chvzadpzm2nyzxq="), "{request}");
    assert!(head.contains("content-type: application/x-www-form-urlencoded\r\n"));
    let (_, form) = request.split_once("\r\n\r\n").unwrap();
    assert!(form.len() < 512);
}

#[tokio::test]
async fn ops_15_the_way_to_a_phone_is_tested_without_a_push() {
    let certificates = certificates("CP-8845-SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let device = "SEP1".parse().unwrap();
    // Where it is is known of phones in use alone.
    let probe = node.phone.probe(&device).await;
    assert!(probe.steps[0].words.contains("address is not known"), "{probe:?}");
    handset(&node).sign_in("1001", "2001").await;
    let probe = node.phone.probe(&device).await;
    assert_eq!(probe.verdict(), engine::probe::Verdict::Ok, "{probe:?}");
    let requests = server.requests();
    assert!(requests.iter().all(|it| it.starts_with("GET /DeviceInformationX")), "{requests:?}");
    // A certificate that is not trusted is told no more than a handshake.
    with_push(&node, server.port, &self::certificates("SEP1").authority, None).await;
    let probe = node.phone.probe(&device).await;
    assert_eq!(probe.verdict(), engine::probe::Verdict::Partial, "{probe:?}");
    assert!(probe.steps[1].words.contains("not trusted"), "{probe:?}");
    assert_eq!(server.requests().len(), requests.len());
}

#[tokio::test]
async fn phn_05_pushes_are_coalesced_to_the_newest() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let _stop = run(&node);
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    for code in [12, 13, 12, 13, 12, 13] {
        node.wish("1001", Wish::NotReady(Some(ReasonCode(code)))).await;
    }
    until("the newest", async || {
        let told = server.told();
        match told.last() {
            Some(url) => phone.get(&url.clone()).await.title() == "Not Ready - Training",
            None => false,
        }
    })
    .await;
    assert!(server.requests().len() <= 6);
}

#[tokio::test]
async fn phn_22_the_old_phone_is_told_that_its_session_was_taken_over() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let _stop = run(&node);
    let mut first = handset(&node);
    first.sign_in("1001", "2001").await;
    Handset::new(&node, "SEP4").sign_in("1001", "2001").await;
    until("a push", async || server.requests().len() == 1).await;
    let view = first.get(&server.told()[0]).await;
    assert_eq!(view.prompt(), "You signed in elsewhere");
}

#[tokio::test]
async fn cti_07_a_phone_is_told_that_its_agent_was_signed_out() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let _stop = run(&node);
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    node.wish("1001", Wish::ForceSignOut { reason: None, by: SignedOutBy::Supervisor }).await;
    until("a push", async || server.requests().len() == 1).await;
    let view = phone.get(&server.told()[0]).await;
    assert_eq!(view.prompt(), "Signed out by a supervisor");
    assert_eq!(locked(&node.phone.screens).count(), 0);
}

/// One change is pushed to a phone with these certificates and settings; gives what came of it.
async fn check(
    certificates: Option<&Certificates>,
    authority: &str,
    fingerprint: Option<&CertificateDer<'_>>,
) -> (PushReason, usize) {
    let server = WebServer::start(certificates).await;
    let node = Node::new().await;
    let fingerprint = fingerprint.map(|certificate| {
        let digest = digest(&SHA256, certificate);
        digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    });
    let device = Device {
        name: "SEP1".parse().unwrap(),
        description: None,
        lines: vec!["2001".parse().unwrap()],
        profile: false,
        certificate_sha256: fingerprint,
        sip: None,
        pair: None,
    };
    with_push(&node, server.port, authority, Some(device)).await;
    let _stop = run(&node);
    handset(&node).sign_in("1001", "2001").await;
    node.wish("1001", Wish::Ready).await;
    until("an outcome", async || state(&node).is_some()).await;
    (state(&node).unwrap(), server.requests().len())
}

#[tokio::test]
async fn phn_18_nothing_is_sent_to_a_phone_whose_certificate_is_unknown() {
    let own = certificates("CP-8845-SEP1");
    let other = certificates("CP-8845-SEP11");
    let unknown = (PushReason::CertificateUnknown, 0);
    let done = (PushReason::Ok, 1);
    assert_eq!(check(Some(&own), &own.authority, None).await, done);
    // Signed by nobody we trust.
    assert_eq!(check(Some(&own), "", None).await, unknown);
    assert_eq!(check(Some(&own), &other.authority, None).await, unknown);
    // Another phone of the site.
    assert_eq!(check(Some(&other), &other.authority, None).await, unknown);
    // The very certificate in the settings, whoever signed it.
    assert_eq!(check(Some(&other), "", Some(&other.chain[0])).await, done);
    assert_eq!(check(Some(&own), "", Some(&other.chain[0])).await, unknown);
    // It is exclusive: no authority stands in for it.
    assert_eq!(check(Some(&own), &own.authority, Some(&other.chain[0])).await, unknown);
}

#[test]
fn phn_18_a_models_name_in_a_certificate_is_no_devices() {
    let check = |common_name: &str, device: &str, is_listed: bool, expected: bool| {
        let Certificates { authority, chain, .. } = certificates(common_name);
        let certificate = PhoneCertificate {
            device: device.parse().unwrap(),
            authorities: Arc::new(vec![
                CertificateDer::from_pem_slice(authority.as_bytes()).unwrap(),
            ]),
            fingerprint: None,
            is_listed,
            provider: Arc::new(rustls::crypto::ring::default_provider()),
        };
        let name = ServerName::IpAddress(HERE.into());
        let verified = certificate.verify_server_cert(&chain[0], &[], &name, &[], UnixTime::now());
        assert_eq!(verified.is_ok(), expected, "{common_name} {device} {is_listed}");
    };
    let name = "CP-8845-SEP001122334455";
    check(name, "SEP001122334455", false, true);
    check(name, "CP-8845", false, false);
    check(name, "8845", false, false);
    check(name, "CP", false, false);
    check("ATA-191", "ATA-191", false, false);
    check("CP-8845-SEP1", "SEP1", false, false);
    // What the administrator calls a phone is the administrator's business.
    check("CP-8845-SEP1", "SEP1", true, true);
    check("phone-of-the-lobby", "lobby", true, true);
    check(name, "SEP001122334456", true, false);
}

#[tokio::test]
async fn phn_18_a_certificate_without_its_key_opens_nothing() {
    let own = certificates("SEP1");
    let thief = Certificates { key: certificates("SEP1").key, ..own };
    let outcome = check(Some(&thief), &thief.authority, None).await;
    assert_eq!(outcome, (PushReason::CertificateUnknown, 0));
}

#[tokio::test]
async fn phn_18_web_access_off_and_no_https_are_told_apart() {
    assert_eq!(check(None, "", None).await, (PushReason::NotHttps, 0));
    let closed = {
        let listener = TcpListener::bind((HERE, 0)).await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let node = Node::new().await;
    with_push(&node, closed, "", None).await;
    let _stop = run(&node);
    handset(&node).sign_in("1001", "2001").await;
    node.wish("1001", Wish::Ready).await;
    until("an outcome", async || state(&node) == Some(PushReason::ConnectionRefused)).await;
}

#[tokio::test]
async fn ops_10_refused_credentials_are_tried_again_at_once_when_they_change() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    server.answers(200, "<CiscoIPPhoneError Number=\"4\"/>");
    let node = Node::new().await;
    let settings = with_push(&node, server.port, &certificates.authority, None).await;
    let _stop = run(&node);
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    node.wish("1001", Wish::Ready).await;
    let refused = Some(PushReason::CredentialsRefused);
    until("a refusal", async || state(&node) == refused).await;
    // Further changes and ticks do not bother the phone again.
    node.wish("1001", Wish::NotReady(None)).await;
    node.clock.advance(Duration::from_secs(30));
    node.phone.tick().await;
    assert_eq!((server.requests().len(), state(&node)), (1, refused));
    // The agent is served all the same.
    server.answers(200, DONE);
    let mut changed = settings;
    let password = node.port.seal(PUSH_PASSWORD_PURPOSE, &Secret::new("right")).unwrap();
    Arc::make_mut(&mut changed.phone_service).push =
        Some(Push { user: "push".to_owned(), password, port: server.port });
    node.apply(&changed).await;
    until("ok", async || state(&node) == Some(PushReason::Ok)).await;
    assert_eq!(server.requests().len(), 2);
    assert_eq!(phone.get(&server.told()[1]).await.title(), "Not Ready");
}

#[tokio::test]
async fn phn_05_a_phone_that_is_gone_does_not_hold_up_the_others() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let mut gone = Handset::new(&node, "SEP4");
    gone.address = [127, 0, 0, 2].into();
    gone.sign_in("1002", "2002").await;
    handset(&node).sign_in("1001", "2001").await;
    // Only one push may be on the wire; the phone that is gone comes first.
    let _others = node.phone.permits.acquire_many(63).await.unwrap();
    let gone: DeviceName = "SEP4".parse().unwrap();
    assert_eq!(node.phone.push(&gone, true), Begin::Now);
    assert_eq!(node.phone.push(&"SEP1".parse().unwrap(), true), Begin::Now);
    until("a push", async || server.requests().len() == 1).await;
    assert!(node.phone.push_states().iter().all(|state| state.device != gone));
    until("the end of the other", async || {
        let states = node.phone.push_states();
        states
            .iter()
            .any(|state| (&state.device, state.reason) == (&gone, PushReason::ConnectionRefused))
    })
    .await;
}

#[tokio::test]
async fn phn_05_a_phone_that_hung_up_on_its_own_press_is_pushed_to() {
    let certificates = certificates("SEP1");
    let server = WebServer::start(Some(&certificates)).await;
    let node = Node::new().await;
    with_push(&node, server.port, &certificates.authority, None).await;
    let _stop = run(&node);
    let mut phone = handset(&node);
    phone.sign_in("1001", "2001").await;
    let pressing = crate::routes::visit::Pressing::begin(&node.phone, &"SEP1".parse().unwrap());
    node.wish("1001", Wish::Ready).await;
    node.phone.tick().await;
    assert_eq!(server.requests().len(), 0);
    drop(pressing);
    node.phone.tick().await;
    until("a push", async || server.requests().len() == 1).await;
    assert_eq!(phone.get(&server.told()[0]).await.title(), "Ready");
}
