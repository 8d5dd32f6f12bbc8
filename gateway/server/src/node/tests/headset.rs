//! The listener for headsets of a whole node: where it is, whom it believes, and that it is no must.

use std::net::{SocketAddr, TcpListener};

use async_trait::async_trait;
use bytes::Bytes;
use engine::surface::{Callers, Readiness, Request, ResponsePolicy, Route};
use engine::{NodeSeen, SAID_HEADSET};
use http::{Method, Response};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};

use super::*;

const DEVICE: &str = "SEP001122334455";

/// Tells who asks.
struct Asked;

#[async_trait]
impl Surface for Asked {
    fn name(&self) -> &'static str {
        "headset"
    }

    fn routes(self: Arc<Self>) -> Vec<Route> {
        vec![Route {
            listener: "headset",
            path: "/{*path}",
            methods: &[Method::GET],
            callers: Callers::Anyone,
            body_bytes_max: 0,
            policy: ResponsePolicy::Phone,
            handler: Route::handler(|request: Request| async move {
                let who = request.principal.map_or("nobody".to_owned(), |it| it.who);
                Response::new(Bytes::from(format!("{who} at {}", request.peer.base)))
            }),
        }]
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }

    async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let _ = stop.wait_for(|stop| *stop).await;
    }
}

fn with_headsets(port: u16, options: &mut Options) {
    options.config.headset.addresses = vec![SocketAddr::from(([127, 0, 0, 1], port))];
    options.config.headset.public_port = port;
    options.surfaces = Box::new(|port, config, administration| {
        let all = surfaces::product()(port, config, administration);
        Surfaces { served: vec![Arc::new(Asked)], ..all }
    });
}

/// Asks with a certificate and tells what is answered, `None` where the node shows another certificate
/// than `server`.
async fn ask(
    address: SocketAddr,
    server: Vec<u8>,
    identity: (CertificateDer<'static>, PrivateKeyDer<'static>),
) -> Option<String> {
    let asking = tokio::task::spawn_blocking(move || {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&server).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![identity.0], identity.1)
            .unwrap();
        let name = ServerName::try_from("gw-a.example").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
        let asked = b"GET /headset/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        stream.write_all(asked).ok()?;
        let mut answer = String::new();
        // Not every end is told before it comes.
        let _ = stream.read_to_string(&mut answer);
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    });
    asking.await.unwrap()
}

async fn said(it: &Fixture) -> Option<String> {
    let engine = &it.node().shared.engine;
    let own = || -> Option<NodeSeen> {
        engine.nodes().into_iter().find(|it| it.node == *engine.node() && !it.said.is_empty())
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while own().is_none() {
        assert!(std::time::Instant::now() < deadline, "it says nothing of itself");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    own().and_then(|it| it.said.get(SAID_HEADSET).cloned())
}

#[tokio::test(flavor = "multi_thread")]
async fn headsets_are_served_where_the_configuration_says_and_others_are_told() {
    let port = free_port();
    let it = start_with(|_, options| with_headsets(port, options)).await.unwrap();
    let base = format!("https://gw-a.example:{port}");
    assert_eq!(said(&it).await.as_deref(), Some(base.as_str()));

    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let maker = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, DEVICE);
    let key = KeyPair::generate().unwrap();
    let own = parameters.signed_by(&key, &maker).unwrap();
    let key = PrivateKeyDer::from(key);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let asks = async |server: &[u8]| {
        ask(address, server.to_vec(), (own.der().clone(), key.clone_key())).await
    };
    let server = std::fs::read(it.state("certificates/server.pem")).unwrap();
    let (nobody, device) = (format!("nobody at {base}"), format!("{DEVICE} at {base}"));
    assert_eq!(asks(&server).await.as_ref(), Some(&nobody));
    let settings = |purposes: Value| {
        let trust = json!([{
            "name": "makers", "purposes": purposes, "certificates": maker.pem(),
        }]);
        let text = json!({"devices": [{"name": DEVICE}], "trust": trust}).to_string();
        json!({"do": "settings_apply", "text": text})
    };
    it.check(settings(json!(["headset_devices"])), "/ok/number", json!(1)).await;
    assert_eq!(asks(&server).await.as_ref(), Some(&device));
    // What is trusted for something else says nothing here.
    it.check(settings(json!(["phones", "sip_devices"])), "/ok/number", json!(2)).await;
    assert_eq!(asks(&server).await.as_ref(), Some(&nobody));
    it.check(settings(json!(["headset_devices", "phones"])), "/ok/number", json!(3)).await;

    let certificates = &it.node().shared.certificates;
    certificates.renew_self_signed(Purpose::Headset, false).await.unwrap();
    assert_eq!(asks(&server).await, None, "it shows a certificate of its own");
    let server = std::fs::read(it.state("certificates/headset.pem")).unwrap();
    assert_eq!(asks(&server).await.as_ref(), Some(&device));
    it.stop().await;
    assert!(TcpStream::connect(address).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_does_without_the_port_for_headsets_unless_it_was_asked_for() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let start = |chosen| {
        start_with(move |_, options| {
            with_headsets(port, options);
            options.config.headset.chosen = chosen;
        })
    };
    let it = start(false).await.unwrap();
    assert_eq!(said(&it).await, None);
    it.stop().await;
    let error = start(true).await.err().expect("the port is taken").to_string();
    assert!(error.contains(&format!("127.0.0.1:{port}")), "{error}");
    let it = start_with(|_, options| options.config.headset.addresses.clear()).await.unwrap();
    assert_eq!(said(&it).await, None);
    it.stop().await;
}
