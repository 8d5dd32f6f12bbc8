//! Which certificates are taken and which are refused with what reason (OPS-08, PHN-14).

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use domain::Secret;
use domain::settings::{Trust, TrustPurpose};
use engine::testing::{ManualClock, engine_at, engine_on};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SerialNumber,
};
use serde_json::json;
use store::MemoryStore;
use time::OffsetDateTime;

use super::importing::Imported;
use super::*;
use crate::temporary::Folder;
use crate::tls::making;

mod archives;
mod requests;

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;
const NAME: &str = "gw-a.example.com";

/// A node's certificates without the node.
struct Fixture {
    certificates: Arc<Certificates>,
    config: Config,
    metrics: Metrics,
    engine: Arc<Engine>,
    store: Arc<MemoryStore>,
    folder: Folder,
}

async fn fixture_with(change: impl FnOnce(&Folder, &mut Config)) -> Fixture {
    let folder = Folder::new();
    let value = json!({"name": NAME, "state_directory": folder.path().join("state")});
    let mut config = Config::read(value, folder.path()).unwrap();
    change(&folder, &mut config);
    let now = Timestamp::from_seconds(NOW);
    making::self_signed(&config.certificate_files(), &config.certificate_names(), now).unwrap();
    let loaded = Loaded::read(&config, now).unwrap();
    let clock = Arc::new(ManualClock::new(now));
    let store = Arc::new(MemoryStore::new());
    let engine = engine_on(Arc::clone(&store) as Arc<dyn store::Store>, clock, 1).await;
    let metrics = Metrics::new();
    let certificates = Certificates::new(loaded, &config, Arc::clone(&engine), &metrics);
    Fixture { certificates, config, metrics, engine, store, folder }
}

async fn fixture() -> Fixture {
    fixture_with(|_, _| {}).await
}

impl Fixture {
    fn path(&self, name: &str) -> PathBuf {
        self.config.certificates_folder().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// SHA-256 of what a listener shows.
    fn shown(&self) -> String {
        self.certificates.list().in_force[0].certificate.sha256.clone()
    }

    /// Imports PEM for all listeners.
    async fn import(&self, text: &str, key: Option<&str>) -> Result<Imported, Problems> {
        let key = key.map(Secret::new);
        self.certificates.import_pem(Purpose::Server, text.into(), key, None).await
    }

    /// Imports what has to be refused for all of these reasons, and changes nothing.
    #[track_caller]
    fn refused(&self, outcome: Result<Imported, Problems>, reasons: &[(&str, &str)]) {
        let problems = outcome.expect_err("it is refused");
        let told = problems.as_slice();
        for (key, reason) in reasons {
            let found = told.iter().any(|it| it.key == *key && it.message.contains(reason));
            assert!(found, "{key}: {reason} is not in:\n{problems}");
        }
        assert_eq!(told.len(), reasons.len(), "{problems}");
        assert!(!self.path("server.pem.old").exists());
    }
}

fn dated(from: i64, to: i64) -> CertificateParams {
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    let mut parameters = CertificateParams::default();
    (parameters.not_before, parameters.not_after) = (at(from), at(to));
    let random = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new()).unwrap();
    parameters.serial_number = Some(SerialNumber::from_slice(&random.expose()));
    parameters
}

/// An authority, and another one that it signed.
struct Authorities {
    root: CertifiedIssuer<'static, KeyPair>,
    middle: CertifiedIssuer<'static, KeyPair>,
}

impl Authorities {
    fn new() -> Self {
        let parameters = |name: &str, depth| {
            let mut parameters = dated(NOW - 100 * DAY, NOW + 1_000 * DAY);
            parameters.distinguished_name.push(DnType::CommonName, name);
            parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(depth));
            parameters
        };
        let key = || KeyPair::generate().unwrap();
        let root = CertifiedIssuer::self_signed(parameters("Root", 1), key()).unwrap();
        let middle = CertifiedIssuer::signed_by(parameters("Middle", 0), key(), &root).unwrap();
        Self { root, middle }
    }

    fn sign(&self, key: &KeyPair, names: &[&str], from: i64, to: i64) -> String {
        let mut parameters = dated(from, to);
        parameters.distinguished_name.push(DnType::CommonName, names[0]);
        for name in names {
            let name = rcgen::SanType::DnsName((*name).try_into().unwrap());
            parameters.subject_alt_names.push(name);
        }
        parameters.signed_by(key, &self.middle).unwrap().pem()
    }

    fn good(&self, key: &KeyPair) -> String {
        self.sign(key, &[NAME], NOW - DAY, NOW + 90 * DAY)
    }
}

#[tokio::test]
async fn ops_08_a_certificate_with_its_chain_is_imported_in_any_order_without_restart() {
    let it = fixture().await;
    let (authorities, key) = (Authorities::new(), KeyPair::generate().unwrap());
    let (before, old) = (it.shown(), (it.read("server.pem"), it.read("server.key")));
    let mixed = [
        authorities.root.pem(),
        key.serialize_pem(),
        authorities.good(&key),
        authorities.middle.pem(),
    ]
    .concat();
    let handshakes = it.certificates.tls[&Purpose::Phone].current();
    let imported = it.import(&mixed, None).await.unwrap();
    assert_eq!(imported.chain_length, 2);
    assert_ne!(it.shown(), before);
    assert_eq!(it.shown(), imported.certificate.sha256);
    assert!(!Arc::ptr_eq(&handshakes, &it.certificates.tls[&Purpose::Phone].current()));
    let subjects: Vec<_> =
        it.certificates.list().in_force[0].chain.iter().map(|it| it.subject.clone()).collect();
    assert_eq!(subjects, ["CN=Middle", "CN=Root"]);
    // What was in force is kept, and only the owner may read keys.
    assert_eq!((it.read("server.pem.old"), it.read("server.key.old")), old);
    for name in ["server.key", "server.key.old"] {
        let mode = std::fs::metadata(it.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    // A restart and a reload find the same.
    let now = Timestamp::from_seconds(NOW);
    it.certificates.reload(&it.config, now).await.unwrap();
    assert_eq!(it.shown(), imported.certificate.sha256);
    assert!(Loaded::read(&it.config, now).is_ok());
    let figures = String::from_utf8(it.metrics.text()).unwrap();
    let line = format!(
        "jackfield_certificate_expiry_timestamp_seconds{{name=\"server\"}} {}",
        NOW + 90 * DAY
    );
    assert!(figures.contains(&line), "{figures}");
}

#[tokio::test]
async fn ops_08_everything_that_is_wrong_with_an_import_is_told_at_once() {
    let it = fixture().await;
    let authorities = Authorities::new();
    let [key, other] = [KeyPair::generate().unwrap(), KeyPair::generate().unwrap()];
    let text = |parts: &[String]| parts.concat();
    let (root, middle) = (authorities.root.pem(), authorities.middle.pem());
    let mine = key.serialize_pem();

    let expired = authorities.sign(&key, &[NAME], NOW - 90 * DAY, NOW - DAY);
    let set = text(&[expired, middle.clone(), root.clone()]);
    it.refused(it.import(&set, Some(&mine)).await, &[("certificate", "has expired")]);

    let early = authorities.sign(&key, &["other.example.com"], NOW + DAY, NOW + 90 * DAY);
    let set = text(&[early, middle.clone(), root.clone()]);
    let theirs = other.serialize_pem();
    it.refused(
        it.import(&set, Some(&theirs)).await,
        &[
            ("certificate", "is valid from"),
            ("certificate", "does not cover the name gw-a.example.com"),
            ("key", "is not the key of any certificate"),
        ],
    );

    let good = authorities.good(&key);
    it.refused(
        it.import(&text(&[good.clone(), root.clone()]), Some(&mine)).await,
        &[("certificate", "not complete"), ("certificate", "does not belong to the chain")],
    );
    it.refused(
        it.import(&text(&[good.clone(), middle.clone()]), Some(&mine)).await,
        &[("certificate", "\"CN=Root\"")],
    );
    let stranger = Authorities::new();
    let set = text(&[good.clone(), stranger.middle.pem(), stranger.root.pem()]);
    it.refused(
        it.import(&set, Some(&mine)).await,
        &[("certificate", "are no chain: number 2 did not sign the one before it")],
    );
    let set = text(&[good.clone(), middle.clone(), root.clone(), theirs]);
    it.refused(it.import(&set, Some(&mine)).await, &[("key", "2 private keys")]);
    let set = text(&[good.clone(), middle, root]);
    it.refused(it.import(&set, None).await, &[("certificate", "belongs to no key that is here")]);

    let cut = &set[..set.len() - 40];
    it.refused(it.import(cut, Some(&mine)).await, &[("certificate", "cut off or damaged")]);
    it.refused(it.import("", Some(&mine)).await, &[("certificate", "is empty")]);
    it.refused(it.import("hello", Some(&mine)).await, &[("certificate", "holds no certificate")]);
    let damaged = set.replacen("MII", "AAA", 1);
    it.refused(
        it.import(&damaged, Some(&mine)).await,
        &[("certificate", "number 1 is no X.509 certificate")],
    );
    let large = "x".repeat(10 * 1024 * 1024);
    it.refused(it.import(&large, None).await, &[("certificate", "at most 262144 are taken")]);
    let request = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
    it.refused(
        it.import(request, None).await,
        &[("certificate", "has a part \"CERTIFICATE REQUEST\"")],
    );
    let nonsense = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    it.refused(
        it.import(&good, Some(nonsense)).await,
        &[("key", "is no private key we can use"), ("certificate", "not complete")],
    );
}

#[tokio::test]
async fn phn_14_an_authority_that_the_settings_trust_ends_a_chain() {
    let it = fixture().await;
    let (authorities, key) = (Authorities::new(), KeyPair::generate().unwrap());
    let trusts = |pem: String| {
        let trust = Trust {
            name: "ours".to_owned(),
            purposes: vec![TrustPurpose::Phones],
            certificates: pem,
        };
        let trust = Arc::new([(trust.name.clone(), Arc::new(trust))].into());
        Settings { trust, ..Settings::default() }
    };
    let settings = trusts(authorities.root.pem());
    let known = || trusted::of_settings(&settings);
    let chain = |text: &str| {
        let mut problems = Problems::default();
        let mut given = given::Given::default();
        given.add_pem("certificate", text.as_bytes(), None, &mut problems);
        let wanted = checked::Wanted {
            names: it.certificates.names(Purpose::Server),
            now: Timestamp::from_seconds(NOW),
            here: Vec::new(),
            known: Some(&known),
        };
        let checked = checked::check(given, wanted, &mut problems);
        (checked.map(|it| it.chain.len()), problems.to_string())
    };
    let set = [authorities.good(&key), authorities.middle.pem(), key.serialize_pem()].concat();
    assert_eq!(chain(&set), (Some(2), String::new()));

    // The same entries are what we trust others by.
    let at =
        |seconds| trust_anchors(&settings, TrustPurpose::Phones, Timestamp::from_seconds(seconds));
    let anchors = at(NOW);
    assert_eq!((anchors.roots.len(), anchors.problems.is_empty()), (1, true));
    let late = at(NOW + 1_001 * DAY);
    assert_eq!(late.roots.len(), 0);
    assert!(
        late.problems.to_string().contains("trust[ours]: the certificate of"),
        "{}",
        late.problems
    );
    let broken =
        trusts("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned());
    let anchors = trust_anchors(&broken, TrustPurpose::Phones, Timestamp::from_seconds(NOW));
    assert!(anchors.roots.is_empty() && !anchors.problems.is_empty());
    assert_eq!(trusted::list(&broken)[0].problems.len(), 1);
    // Its end is a figure for as long as the settings have it.
    let figure = || {
        it.certificates.show_figures();
        let figures = String::from_utf8(it.metrics.text()).unwrap();
        let name = "jackfield_certificate_expiry_timestamp_seconds{name=\"trust/ours\"} ";
        figures.lines().find_map(|line| Some(line.strip_prefix(name)?.to_owned()))
    };
    assert_eq!(figure(), None);
    engine::testing::apply(&it.engine, &settings).await;
    assert_eq!(figure(), Some((NOW + 1_000 * DAY).to_string()));
    engine::testing::apply(&it.engine, &Settings::default()).await;
    assert_eq!(figure(), None);
}

#[tokio::test]
async fn ops_08_a_listener_has_a_certificate_of_its_own_where_one_was_imported() {
    let it = fixture().await;
    let server = it.shown();
    let made = it.certificates.renew_self_signed(Purpose::Phone, false).await.unwrap();
    let all = it.certificates.list().in_force;
    let told: Vec<_> = all.iter().map(|it| (it.purpose, it.listeners.as_slice())).collect();
    assert_eq!(
        told,
        [
            (Purpose::Server, [Purpose::Console, Purpose::Sip, Purpose::Headset].as_slice()),
            (Purpose::Phone, &[Purpose::Phone]),
        ]
    );
    assert_eq!(all[0].certificate.sha256, server);
    assert_eq!(all[1].certificate.sha256, made.certificate.sha256);
    assert_eq!(it.certificates.pem().unwrap(), all[1].text);
    // Where its files are gone, it is the server's again.
    std::fs::remove_file(it.path("phone.pem")).unwrap();
    it.certificates.reload(&it.config, Timestamp::from_seconds(NOW)).await.unwrap();
    assert_eq!(it.certificates.pem().unwrap(), it.certificates.list().in_force[0].text);
    let figures = String::from_utf8(it.metrics.text()).unwrap();
    assert!(!figures.contains("name=\"phone\""), "{figures}");
}

/// SIP has a configuration of its own, so what matters is what it is given with each handshake.
#[tokio::test]
async fn ops_08_sip_shows_the_certificate_in_force_with_every_handshake() {
    let it = fixture().await;
    let shown = || {
        let key = it.certificates.sip.current.borrow();
        Described::of(&key.cert[0]).unwrap().sha256
    };
    assert_eq!(shown(), it.shown());
    let server = it.certificates.renew_self_signed(Purpose::Server, false).await.unwrap();
    assert_eq!(shown(), server.certificate.sha256);
    let own = it.certificates.renew_self_signed(Purpose::Sip, false).await.unwrap();
    assert_eq!(shown(), own.certificate.sha256);
    assert_ne!(shown(), server.certificate.sha256);
    std::fs::remove_file(it.path("sip.pem")).unwrap();
    it.certificates.reload(&it.config, Timestamp::from_seconds(NOW)).await.unwrap();
    assert_eq!(shown(), server.certificate.sha256, "the server's again");
}

#[tokio::test]
async fn ops_08_a_listener_without_sockets_shows_no_certificate() {
    let without = |_: &Folder, config: &mut Config| {
        config.sip.tls.clear();
        config.headset.addresses.clear();
    };
    let it = fixture_with(without).await;
    let listeners = it.certificates.list().in_force[0].listeners.clone();
    assert_eq!(listeners, [Purpose::Phone, Purpose::Console]);
}

#[tokio::test]
async fn ops_08_a_self_signed_certificate_is_renewed_and_a_signed_one_not_by_chance() {
    let it = fixture().await;
    let (before, key) = (it.shown(), it.read("server.key"));
    let made = it.certificates.renew_self_signed(Purpose::Server, false).await.unwrap();
    assert!(made.certificate.self_signed);
    assert_ne!(it.shown(), before);
    assert_ne!(it.read("server.key"), key);
    assert_eq!(it.read("server.key.old"), key);
    let (authorities, key) = (Authorities::new(), KeyPair::generate().unwrap());
    let set = [authorities.good(&key), authorities.middle.pem(), authorities.root.pem()].concat();
    it.import(&set, Some(&key.serialize_pem())).await.unwrap();
    let refused = it.certificates.renew_self_signed(Purpose::Server, false).await.unwrap_err();
    assert_eq!(refused.as_slice()[0].key, "replace");
    assert!(it.certificates.renew_self_signed(Purpose::Server, true).await.is_ok());
}

#[tokio::test]
async fn ops_08_files_that_the_configuration_names_rule() {
    let it = fixture_with(|folder, config| {
        config.certificate = Some(crate::config::CertificateFiles {
            certificate: folder.path().join("own.pem"),
            key: folder.path().join("own.key"),
        });
    })
    .await;
    let own = || std::fs::read(it.folder.path().join("own.pem")).unwrap();
    let before = own();
    for refused in [
        it.certificates.renew_self_signed(Purpose::Server, true).await.map(|_| ()),
        it.certificates.request(Purpose::Phone, Wish::default()).await.map(|_| ()),
    ] {
        let problems = refused.unwrap_err();
        assert!(problems.to_string().contains("which rule"), "{problems}");
    }
    assert_eq!(own(), before);
    assert!(it.certificates.list().in_force[0].configured);
}

#[tokio::test]
async fn ops_08_a_change_that_was_interrupted_is_finished() {
    let it = fixture().await;
    let (authorities, key) = (Authorities::new(), KeyPair::generate().unwrap());
    let set = [authorities.good(&key), authorities.middle.pem(), authorities.root.pem()].concat();
    // Killed after the key was replaced and before the certificate was.
    let incoming = [key.serialize_pem(), set].concat();
    crate::secret_file::write(&it.path("server.incoming"), incoming.as_bytes()).unwrap();
    crate::secret_file::write(&it.path("server.key"), key.serialize_pem().as_bytes()).unwrap();
    let now = Timestamp::from_seconds(NOW);
    assert!(Loaded::read(&it.config, now).is_err());
    finish_interrupted(&it.config).unwrap();
    assert!(!it.path("server.incoming").exists());
    let loaded = Loaded::read(&it.config, now).unwrap();
    assert_eq!(loaded.in_force[&Purpose::Server].chain().len(), 3);
    // Before that nothing was lost: what is not whole is no set.
    crate::secret_file::write(&it.path("server.incoming"), b"nonsense").unwrap();
    assert!(finish_interrupted(&it.config).is_err());
}

#[tokio::test]
async fn phn_14_what_this_node_shows_is_in_the_store_for_the_others() {
    let it = fixture().await;
    let (stop, stopping) = watch::channel(false);
    let publishing = tokio::spawn(Arc::clone(&it.certificates).publish(stopping));
    let published = async || loop {
        if let Some(digest) = it.certificates.published() {
            let id = format!("certificates/{}/{digest}", it.engine.node());
            if let Some(bytes) = it.engine.blob(&id).await.unwrap() {
                return (id, String::from_utf8(bytes).unwrap());
            }
        }
        tokio::task::yield_now().await;
    };
    let within = std::time::Duration::from_secs(30);
    let (first, text) = tokio::time::timeout(within, published()).await.unwrap();
    assert_eq!(text, it.certificates.pem().unwrap());
    it.certificates.renew_self_signed(Purpose::Server, false).await.unwrap();
    let changed = async {
        while it.engine.blob(&first).await.unwrap().is_some() {
            tokio::task::yield_now().await;
        }
        published().await
    };
    let (second, text) = tokio::time::timeout(within, changed).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(text, it.certificates.pem().unwrap());
    let export = it.certificates.export().await;
    assert_eq!(export[0].node, it.engine.node().as_str());
    assert_eq!(export[0].text.as_ref(), Some(&text));
    stop.send_replace(true);
    publishing.await.unwrap();
}

/// Another node on the same store that says which of its blobs is right.
async fn other_node(store: Arc<MemoryStore>, said: &'static str) -> Arc<Engine> {
    let clock = Arc::new(ManualClock::new(Timestamp::from_seconds(NOW)));
    let engine = engine_at("gw-z.example.com", store, clock, 7).await;
    let say = move || [(SAID_CERTIFICATES.to_owned(), said.to_owned())].into_iter().collect();
    engine.describe(Arc::new(say));
    engine
}

#[tokio::test]
async fn phn_14_certificates_of_every_node_are_exported_by_any_of_them() {
    let it = fixture().await;
    let other = other_node(Arc::clone(&it.store), "abc").await;
    let exported = async |wanted: &dyn Fn(&OfNode) -> bool| {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            // Another look at who is there.
            it.engine.describe(Arc::new(Default::default));
            let all = it.certificates.export().await;
            if let Some(found) =
                all.iter().find(|node| node.node == "gw-z.example.com" && wanted(node))
            {
                return found.clone();
            }
            assert!(std::time::Instant::now() < deadline, "{all:?}");
            tokio::task::yield_now().await;
        }
    };
    // It said which, and the store does not have it yet.
    let found =
        exported(&|node| node.problem.as_deref() == Some("the store does not have them")).await;
    assert_eq!(found.text, None);
    let theirs = Authorities::new().root.pem();
    other.put_blob("certificates/gw-z.example.com/abc", theirs.as_bytes()).await.unwrap();
    let found = exported(&|node| node.text.is_some()).await;
    assert_eq!((found.text.as_ref(), found.problem), (Some(&theirs), None));
    // What is no list of certificates is handed to nobody.
    other.delete_blob("certificates/gw-z.example.com/abc").await.unwrap();
    let key = KeyPair::generate().unwrap().serialize_pem();
    let mixed = [theirs, key].concat();
    other.put_blob("certificates/gw-z.example.com/abc", mixed.as_bytes()).await.unwrap();
    let found = exported(&|node| node.text.is_none()).await;
    assert_eq!(found.problem.as_deref(), Some("what it told is no PEM"));
}
