//! Devices that show a certificate: whom it proves, what it never proves, and what resumption brings along.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::DeviceName;
use domain::settings::{Device, Settings, Trust, TrustPurpose};
use engine::testing::ManualClock;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::client::{ResolvesClientCert, Resumption, Tls12Resumption};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{HandshakeKind, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use time::OffsetDateTime;

use super::*;

const DAY: i64 = 86_400;
const FIRST: &str = "SEP001122334455";
const SECOND: &str = "SEP001122334466";
const PROFILE: &str = "SEP0011223344AA";
const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

/// An authority of phones.
struct Maker(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn dated(from: i64, to: i64) -> CertificateParams {
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    let mut parameters = CertificateParams::default();
    (parameters.not_before, parameters.not_after) = (at(from), at(to));
    parameters
}

impl Maker {
    fn new(name: &str) -> Self {
        let mut parameters = dated(NOW.seconds() - 100 * DAY, NOW.seconds() + 1_000 * DAY);
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap())
    }

    fn with(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let mut parameters = dated(NOW.seconds() - DAY, NOW.seconds() + 90 * DAY);
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut parameters);
        let key = KeyPair::generate().unwrap();
        let chain = vec![parameters.signed_by(&key, &self.0).unwrap().der().clone()];
        Identity { chain, key: key.into() }
    }

    fn identity(&self, name: &str) -> Identity {
        self.with(name, |_| {})
    }
}

/// A listener for headsets with settings that a test changes.
struct Bench {
    it: Fixture,
    folder: Folder,
    tls: Arc<Tls>,
    settings: Arc<Mutex<Arc<Settings>>>,
    clock: Arc<ManualClock>,
}

fn bench_with(trusted: &[&Maker], proxies: &[&str]) -> Bench {
    let folder = Folder::new();
    let tls = Arc::new(Tls::new(&make(&folder, "first").1).unwrap());
    let settings: Arc<Mutex<Arc<Settings>>> = Arc::default();
    let in_force = Arc::clone(&settings);
    let in_force = move || Arc::clone(&in_force.lock().unwrap_or_else(PoisonError::into_inner));
    let devices = DeviceCertificates::new(Box::new(in_force), Arc::clone(&tls));
    let clock = Arc::new(ManualClock::new(NOW));
    let it = start(With {
        tls: Some(Arc::clone(&tls)),
        devices: Some(devices),
        clock: Some(Arc::clone(&clock) as Arc<dyn Clock>),
        trusted: proxies.iter().map(|it| it.parse().unwrap()).collect(),
        ..With::default()
    });
    let bench = Bench { it, folder, tls, settings, clock };
    let listed = [FIRST, SECOND, PROFILE].map(|name| {
        let name: DeviceName = name.parse().unwrap();
        let device = json!({
            "name": name, "description": null, "lines": [], "profile": name.as_str() == PROFILE,
            "certificate_sha256": null,
        });
        (name, Arc::new(serde_json::from_value::<Device>(device).unwrap()))
    });
    bench.change(|settings| settings.devices = Arc::new(listed.into()));
    bench.trust(trusted);
    bench
}

fn bench(trusted: &[&Maker]) -> Bench {
    bench_with(trusted, &[])
}

impl Bench {
    fn change(&self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut new = Settings::clone(&settings);
        change(&mut new);
        *settings = Arc::new(new);
    }

    /// Trusts those makers and no others.
    fn trust(&self, makers: &[&Maker]) {
        let trust = makers.iter().enumerate().map(|(number, maker)| {
            let trust = Trust {
                name: format!("maker {number}"),
                purposes: vec![TrustPurpose::HeadsetDevices],
                certificates: maker.0.pem(),
            };
            (trust.name.clone(), Arc::new(trust))
        });
        let trust: BTreeMap<_, _> = trust.collect();
        self.change(|settings| settings.trust = Arc::new(trust));
    }

    /// A client that shows that certificate to servers with the certificate `server`.
    fn client(
        &self,
        server: &str,
        version: &'static SupportedProtocolVersion,
        shows: Option<Arc<dyn ResolvesClientCert>>,
    ) -> ClientConfig {
        let mut config = client(&self.folder, server, &[version]);
        if let Some(shows) = shows {
            config.client_auth_cert_resolver = shows;
        }
        config
    }

    /// Whom a new connection proves, and the kind of its handshake.
    async fn proves(&self, client: &ClientConfig) -> (String, HandshakeKind) {
        let mut stream = connect_tls(&self.it, client.clone()).await.unwrap();
        let who = who(&mut stream).await;
        (who, stream.get_ref().1.handshake_kind().unwrap())
    }

    /// Compares whom a certificate proves with either version of TLS.
    async fn check(&self, identity: Option<&Identity>, expected: &str, why: &str) {
        for version in VERSIONS {
            let client = self.client("first", version, identity.map(shows));
            assert_eq!(self.proves(&client).await.0, expected, "{why}, {version:?}");
        }
    }
}

/// What is shown whichever authorities the server names.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn key_of(identity: &Identity) -> Arc<dyn SigningKey> {
    let key = identity.key.clone_key();
    crate::tls::provider().key_provider.load_private_key(key).unwrap()
}

fn shows(identity: &Identity) -> Arc<dyn ResolvesClientCert> {
    shows_with(identity, key_of(identity))
}

fn shows_with(identity: &Identity, key: Arc<dyn SigningKey>) -> Arc<dyn ResolvesClientCert> {
    Arc::new(Shows(Arc::new(CertifiedKey::new(identity.chain.clone(), key))))
}

/// Asks, and tells who the handler was told asks: the fourth word, empty for nobody.
async fn who(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> String {
    let answer = ask(stream).await;
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let words: Vec<_> = body.split(' ').collect();
    assert_eq!((words[0], words[1]), ("GET", "x"), "{answer}");
    words[3].to_owned()
}

#[tokio::test]
async fn a_certificate_proves_the_device_it_names_and_nothing_else_does() {
    let (maker, other) = (Maker::new("Makers"), Maker::new("Makers"));
    let bench = bench(&[&maker]);
    bench.check(Some(&maker.identity(FIRST)), FIRST, "good").await;
    let with_model = maker.identity(&format!("CP-8865-{SECOND}"));
    bench.check(Some(&with_model), SECOND, "the model before it").await;
    bench.check(None, "", "none shown").await;
    bench.check(Some(&other.identity(FIRST)), "", "an authority of the same name").await;
    bench.check(Some(&maker.identity("SEP00000000FFFF")), "", "not listed").await;
    bench.check(Some(&maker.identity(PROFILE)), "", "a profile").await;
    let both = maker.with(FIRST, |it| {
        it.subject_alt_names = vec![rcgen::SanType::DnsName(SECOND.try_into().unwrap())];
    });
    bench.check(Some(&both), "", "two devices").await;
    let server = maker.with(FIRST, |it| {
        it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    bench.check(Some(&server), "", "not for clients").await;
    let at = |from, to| {
        maker.with(FIRST, |it| {
            let dated = dated(NOW.seconds() + from, NOW.seconds() + to);
            (it.not_before, it.not_after) = (dated.not_before, dated.not_after);
        })
    };
    bench.check(Some(&at(-9 * DAY, -DAY)), "", "expired").await;
    bench.check(Some(&at(DAY, 9 * DAY)), "", "not yet").await;
    assert_eq!(bench.it.listener.setup.metrics.handshake.value(), 0);
}

#[tokio::test]
async fn a_certificate_without_its_key_opens_no_connection() {
    let maker = Maker::new("Makers");
    let bench = bench(&[&maker]);
    let (stolen, own) = (maker.identity(FIRST), maker.identity(SECOND));
    let with_another_key = shows_with(&stolen, key_of(&own));
    let with_another_signature = shows_with(&stolen, Arc::new(Garbled(key_of(&stolen))));
    let mut refused = 0;
    for shows in [with_another_key, with_another_signature] {
        for version in VERSIONS {
            let client = bench.client("first", version, Some(Arc::clone(&shows)));
            if let Ok(mut stream) = connect_tls(&bench.it, client).await {
                // With TLS 1.3 the refusal comes after the handshake is over for the client.
                let _ = stream.write_all(GET).await;
                assert_eq!(rest(&mut stream).await, "", "{version:?}");
            }
            refused += 1;
            bench.it.until(|metrics| metrics.handshake.value() == refused).await;
        }
    }
    bench.check(Some(&stolen), FIRST, "with its key").await;
}

/// Signs other bytes than it is asked to.
#[derive(Debug)]
struct Garbled(Arc<dyn SigningKey>);

#[derive(Debug)]
struct GarbledSigner(Box<dyn Signer>);

impl SigningKey for Garbled {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(GarbledSigner(self.0.choose_scheme(offered)?)))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl Signer for GarbledSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.0.sign(&[message, b"x"].concat())
    }

    fn scheme(&self) -> SignatureScheme {
        self.0.scheme()
    }
}

/// By ticket, and with TLS 1.2 by the session's number too.
#[tokio::test]
async fn a_resumed_session_is_the_same_devices_and_no_other() {
    let (maker, other) = (Maker::new("Makers"), Maker::new("Others"));
    for (version, by_number) in [(VERSIONS[0], false), (VERSIONS[0], true), (VERSIONS[1], false)] {
        let bench = bench(&[&maker]);
        let (first, stranger) = (maker.identity(FIRST), other.identity(FIRST));
        for (identity, expected) in [(Some(&first), FIRST), (None, ""), (Some(&stranger), "")] {
            let mut client = bench.client("first", version, identity.map(shows));
            if by_number {
                let by = Resumption::in_memory_sessions(8);
                client.resumption = by.tls12_resumption(Tls12Resumption::SessionIdOnly);
            }
            for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
                let proven = bench.proves(&client).await;
                assert_eq!(proven, (expected.to_owned(), kind), "{version:?} {by_number}");
            }
        }
    }
}

#[tokio::test]
async fn a_certificate_is_outlived_by_no_connection_and_no_ticket() {
    let maker = Maker::new("Makers");
    for version in VERSIONS {
        let bench = bench(&[&maker]);
        let client = bench.client("first", version, Some(shows(&maker.identity(FIRST))));
        let mut open = connect_tls(&bench.it, client.clone()).await.unwrap();
        assert_eq!(who(&mut open).await, FIRST);
        let long = Duration::from_secs(91 * 86_400);
        bench.clock.advance(long);
        assert_eq!(who(&mut open).await, "", "{version:?}");
        assert_eq!(bench.proves(&client).await, (String::new(), HandshakeKind::Resumed));
        bench.clock.set_back(long);
        assert_eq!(who(&mut open).await, FIRST, "{version:?}");
    }
}

#[tokio::test]
async fn other_authorities_count_at_once_also_on_open_connections() {
    let (makers, others) = (Maker::new("Makers"), Maker::new("Others"));
    for version in VERSIONS {
        let bench = bench(&[]);
        let client = |identity: &Identity| bench.client("first", version, Some(shows(identity)));
        let (first, second) = (client(&makers.identity(FIRST)), client(&others.identity(SECOND)));
        let (full, resumed) = (HandshakeKind::Full, HandshakeKind::Resumed);
        // Nobody is asked.
        assert_eq!(bench.proves(&first).await, (String::new(), full));
        assert_eq!(bench.proves(&first).await, (String::new(), resumed));
        // Who was not asked then is asked now, since the ticket opens no session.
        bench.trust(&[&makers]);
        assert_eq!(bench.proves(&first).await, (FIRST.to_owned(), full));
        let mut open = connect_tls(&bench.it, first.clone()).await.unwrap();
        let mut other = connect_tls(&bench.it, second.clone()).await.unwrap();
        assert_eq!([who(&mut open).await, who(&mut other).await], [FIRST, ""]);
        bench.trust(&[&others]);
        assert_eq!([who(&mut open).await, who(&mut other).await], ["", SECOND]);
        assert_eq!(bench.proves(&first).await, (String::new(), full));
        bench.trust(&[&makers, &others]);
        assert_eq!([who(&mut open).await, who(&mut other).await], [FIRST, SECOND]);
        assert_eq!(bench.proves(&first).await, (FIRST.to_owned(), full));
        // Settings written anew with the same authorities cost nobody a session.
        bench.change(|settings| settings.trust = Arc::new(BTreeMap::clone(&settings.trust)));
        assert_eq!(bench.proves(&first).await, (FIRST.to_owned(), resumed));
        bench.change(|settings| {
            let mut devices = BTreeMap::clone(&settings.devices);
            devices.retain(|name, _| name.as_str() != FIRST);
            settings.devices = Arc::new(devices);
        });
        assert_eq!([who(&mut open).await, who(&mut other).await], ["", SECOND]);
        bench.trust(&[]);
        assert_eq!(who(&mut other).await, "");
    }
}

#[tokio::test]
async fn our_own_new_certificate_leaves_what_devices_proved() {
    let maker = Maker::new("Makers");
    for version in VERSIONS {
        let bench = bench(&[&maker]);
        let identity = maker.identity(FIRST);
        let before = bench.client("first", version, Some(shows(&identity)));
        let mut open = connect_tls(&bench.it, before.clone()).await.unwrap();
        assert_eq!(who(&mut open).await, FIRST);
        bench.tls.replace(&make(&bench.folder, "second").1).unwrap();
        assert_eq!(who(&mut open).await, FIRST);
        assert_eq!(bench.proves(&before).await, (FIRST.to_owned(), HandshakeKind::Resumed));
        let after = bench.client("second", version, Some(shows(&identity)));
        assert_eq!(bench.proves(&after).await, (FIRST.to_owned(), HandshakeKind::Full));
        let fresh = bench.client("first", version, Some(shows(&identity)));
        assert!(connect_tls(&bench.it, fresh).await.is_err());
    }
}

#[tokio::test]
async fn a_proxys_certificate_is_not_that_of_the_phones_behind_it() {
    let maker = Maker::new("Makers");
    let bench = bench_with(&[&maker], &["127.0.0.0/8"]);
    bench.check(Some(&maker.identity(FIRST)), "", "a proxy").await;
}

/// What a client is told of authorities has to fit into the handshake.
#[tokio::test]
async fn many_authorities_are_trusted_without_their_names_being_told() {
    let makers: Vec<_> = (0..300).map(|it| Maker::new(&format!("{it:0>60}"))).collect();
    let bench = bench(&makers.iter().collect::<Vec<_>>());
    bench.check(Some(&makers[299].identity(FIRST)), FIRST, "the last").await;
}
