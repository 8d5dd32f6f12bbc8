//! Which certificate sets are used, and which are refused with what reason (OPS-08).

use std::path::Path;

use domain::{NodeName, Timestamp};

use rustls_pki_types::pem::PemObject;

use super::making::{Authority, MakingError, SelfMade, self_signed};
use super::*;
use crate::config::CertificateFiles;
use crate::temporary::Folder;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const YEAR: i64 = 365 * 86_400;

fn names() -> Vec<NodeName> {
    vec!["gw-a.example.com".parse().unwrap()]
}

fn files(folder: &Path, name: &str) -> CertificateFiles {
    CertificateFiles {
        certificate: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    }
}

/// Loads a set and compares the beginning of what is told after the path.
#[track_caller]
fn check(files: &CertificateFiles, names: &[NodeName], now: Timestamp, expected: Option<&str>) {
    let told = Certificate::load(files, names, now).err().map(|error| error.to_string());
    match (&told, expected) {
        (None, None) => {}
        (Some(told), Some(expected)) if told.contains(expected) => {}
        _ => panic!("{told:?} instead of {expected:?}"),
    }
}

#[test]
fn ops_08_a_self_signed_certificate_is_made_once_and_verifies() {
    let folder = Folder::new();
    let files = files(folder.path(), "server");
    assert_eq!(self_signed(&files, &names(), NOW).unwrap(), SelfMade::Missing);
    let first = std::fs::read(&files.certificate).unwrap();
    assert_eq!(self_signed(&files, &names(), NOW).unwrap(), SelfMade::There);
    assert_eq!(std::fs::read(&files.certificate).unwrap(), first);
    check(&files, &names(), NOW, None);
    let loaded = Certificate::load(&files, &names(), NOW).unwrap();
    assert_eq!(loaded.expires_at.seconds(), NOW.seconds() + 5 * YEAR);
}

#[test]
fn ops_08_a_set_that_does_not_verify_is_refused_with_the_reason() {
    let folder = Folder::new();
    let folder = folder.path();
    let (one, other) = (files(folder, "one"), files(folder, "other"));
    self_signed(&one, &names(), NOW).unwrap();
    self_signed(&other, &names(), NOW).unwrap();

    let elsewhere: Vec<NodeName> = vec!["gw-b.example.com".parse().unwrap()];
    check(&one, &elsewhere, NOW, Some("does not cover the name gw-b.example.com"));
    let late = Timestamp::from_seconds(NOW.seconds() + 6 * YEAR);
    check(&one, &names(), late, Some("has expired"));
    let early = Timestamp::from_seconds(NOW.seconds() - YEAR);
    check(&one, &names(), early, Some("is valid from"));

    let mixed = CertificateFiles { key: other.key.clone(), ..one.clone() };
    check(&mixed, &names(), NOW, Some("is not the one of the certificate"));
    let swapped = CertificateFiles { certificate: one.key.clone(), key: one.key.clone() };
    check(&swapped, &names(), NOW, Some("holds no PEM certificate"));
    let no_key = CertificateFiles { key: folder.join("copy"), ..one.clone() };
    crate::secret_file::write(&no_key.key, &std::fs::read(&one.certificate).unwrap()).unwrap();
    check(&no_key, &names(), NOW, Some("holds no private key"));
    let missing = CertificateFiles { certificate: folder.join("missing"), ..one.clone() };
    check(&missing, &names(), NOW, Some("cannot be read"));

    let both = files(folder, "both");
    let text = |files: &CertificateFiles| std::fs::read(&files.certificate).unwrap();
    std::fs::write(&both.certificate, [text(&one), text(&other)].concat()).unwrap();
    std::fs::copy(&one.key, &both.key).unwrap();
    check(&both, &names(), NOW, Some("are no chain"));
}

#[test]
fn ops_08_a_certificate_with_its_chain_verifies() {
    let folder = Folder::new();
    let (ca, server) = (files(folder.path(), "ca"), files(folder.path(), "server"));
    let authority = Authority::keep(&ca, "Demo authority", NOW).unwrap();
    authority.issue(&server, &names(), &["127.0.0.1".parse().unwrap()], NOW).unwrap();
    check(&server, &names(), NOW, None);
    let text = |files: &CertificateFiles| std::fs::read(&files.certificate).unwrap();
    std::fs::write(&server.certificate, [text(&server), text(&ca)].concat()).unwrap();
    check(&server, &names(), NOW, None);

    // The authority read back signs for the same trust.
    let again = Authority::keep(&ca, "Demo authority", NOW).unwrap();
    again.issue(&server, &names(), &[], NOW).unwrap();
    std::fs::write(&server.certificate, [text(&server), text(&ca)].concat()).unwrap();
    check(&server, &names(), NOW, None);
}

#[test]
fn ops_08_a_chain_in_a_wrong_order_or_with_strangers_is_refused() {
    let folder = Folder::new();
    let made = |name: &str| files(folder.path(), name);
    let (ca, stranger, server) = (made("ca"), made("stranger"), made("server"));
    let authority = Authority::keep(&ca, "Demo authority", NOW).unwrap();
    authority.issue(&server, &names(), &[], NOW).unwrap();
    Authority::keep(&stranger, "Somebody else", NOW).unwrap();
    let text = |files: &CertificateFiles| std::fs::read_to_string(&files.certificate).unwrap();
    let (server_text, ca_text, strange_text) = (text(&server), text(&ca), text(&stranger));
    for (parts, expected) in [
        (vec![&server_text, &strange_text, &ca_text], "number 2 did not sign"),
        (vec![&server_text, &ca_text, &strange_text], "number 3 did not sign"),
        (vec![&ca_text, &server_text], "does not cover"),
    ] {
        let parts: String = parts.into_iter().map(String::as_str).collect();
        std::fs::write(&server.certificate, parts).unwrap();
        check(&server, &names(), NOW, Some(expected));
    }
}

#[test]
fn ops_08_an_expired_certificate_beside_a_newer_signer_is_told_as_expired_alone() {
    let folder = Folder::new();
    let (ca, server) = (files(folder.path(), "ca"), files(folder.path(), "server"));
    let late = Timestamp::from_seconds(NOW.seconds() + 6 * YEAR);
    // The signer's certificate was renewed with its key, and begins after the other one ended.
    Authority::keep(&ca, "Demo authority", late).unwrap();
    let authority = Authority::keep(&ca, "Demo authority", NOW).unwrap();
    authority.issue(&server, &names(), &[], NOW).unwrap();
    let text = |files: &CertificateFiles| std::fs::read(&files.certificate).unwrap();
    std::fs::write(&server.certificate, [text(&server), text(&ca)].concat()).unwrap();
    let told = Certificate::faults(&server, &names(), late);
    assert!(matches!(told.as_slice(), [CertificateError::Expired { position: 1, .. }]), "{told:?}");
    assert!(Certificate::load_though_expired(&server, &names(), late).is_ok());
}

#[test]
fn ops_08_all_that_is_wrong_with_a_set_is_told_at_once() {
    let folder = Folder::new();
    let one = files(folder.path(), "one");
    self_signed(&one, &names(), NOW).unwrap();
    std::fs::write(&one.key, "nonsense").unwrap();
    let elsewhere: Vec<NodeName> =
        vec!["gw-b.example.com".parse().unwrap(), "gw-c.example.com".parse().unwrap()];
    let late = Timestamp::from_seconds(NOW.seconds() + 6 * YEAR);
    let told: Vec<_> =
        Certificate::faults(&one, &elsewhere, late).iter().map(ToString::to_string).collect();
    let parts = ["has expired", "gw-b.example.com", "gw-c.example.com", "holds no private key"];
    assert_eq!(told.len(), parts.len(), "{told:?}");
    assert!(told.iter().zip(parts).all(|(told, part)| told.contains(part)), "{told:?}");
}

#[test]
fn ops_08_a_certificate_of_ours_is_made_anew_when_it_expired_or_its_name_changed() {
    let folder = Folder::new();
    let files = files(folder.path(), "server");
    self_signed(&files, &names(), NOW).unwrap();
    let late = Timestamp::from_seconds(NOW.seconds() + 6 * YEAR);
    assert_eq!(self_signed(&files, &names(), late).unwrap(), SelfMade::Outdated);
    check(&files, &names(), late, None);
    let renamed: Vec<NodeName> = vec!["gw-z.example.com".parse().unwrap()];
    assert_eq!(self_signed(&files, &renamed, late).unwrap(), SelfMade::Outdated);
    check(&files, &renamed, late, None);

    // What somebody else signed is theirs to renew.
    let authority = Authority::keep(&self::files(folder.path(), "ca"), "Theirs", NOW).unwrap();
    authority.issue(&files, &names(), &[], NOW).unwrap();
    assert_eq!(self_signed(&files, &names(), late).unwrap(), SelfMade::There);
    let (_, expired) = Certificate::load_though_expired(&files, &names(), late).unwrap();
    assert!(expired.is_some_and(|fault| fault.to_string().contains("has expired")));
    assert!(Certificate::load_though_expired(&files, &renamed, late).is_err());
}

#[test]
fn ops_08_a_half_of_a_pair_is_not_replaced() {
    let folder = Folder::new();
    let files = files(folder.path(), "server");
    self_signed(&files, &names(), NOW).unwrap();
    let refused = || self_signed(&files, &names(), NOW).unwrap_err().to_string();
    let kept = std::fs::read(&files.certificate).unwrap();
    std::fs::remove_file(&files.key).unwrap();
    assert!(refused().contains("server.pem is there without"), "{}", refused());
    assert_eq!(std::fs::read(&files.certificate).unwrap(), kept);

    std::fs::remove_file(&files.certificate).unwrap();
    crate::secret_file::write(&files.key, b"nonsense").unwrap();
    assert!(refused().contains("server.key holds no key"), "{}", refused());
    assert_eq!(std::fs::read(&files.key).unwrap(), b"nonsense");
}

#[test]
fn ops_08_a_start_that_was_interrupted_is_made_good_with_the_key_it_left() {
    let folder = Folder::new();
    let files = files(folder.path(), "server");
    self_signed(&files, &names(), NOW).unwrap();
    let kept = std::fs::read(&files.key).unwrap();
    std::fs::remove_file(&files.certificate).unwrap();
    assert_eq!(self_signed(&files, &names(), NOW).unwrap(), SelfMade::KeyAlone);
    assert_eq!(std::fs::read(&files.key).unwrap(), kept);
    check(&files, &names(), NOW, None);
    assert_eq!(self_signed(&files, &names(), NOW).unwrap(), SelfMade::There);
}

#[test]
fn ops_08_a_certificate_made_anew_keeps_its_key_and_the_one_before() {
    let folder = Folder::new();
    let files = files(folder.path(), "server");
    let read = |path: &Path| std::fs::read(path).unwrap();
    self_signed(&files, &names(), NOW).unwrap();
    let (first, key) = (read(&files.certificate), read(&files.key));
    let late = Timestamp::from_seconds(NOW.seconds() + 6 * YEAR);
    self_signed(&files, &names(), late).unwrap();
    assert_eq!(read(&files.key), key);
    assert_eq!(read(&folder.path().join("server.pem.old")), first);
    let serial = |pem: &[u8]| {
        use x509_cert::der::DecodePem;
        let parsed = x509_cert::Certificate::from_pem(pem).unwrap();
        parsed.tbs_certificate().serial_number().clone()
    };
    assert_ne!(serial(&read(&files.certificate)), serial(&first));
    // The clock had been wrong: what phones trust comes back, and stays.
    assert_eq!(self_signed(&files, &names(), NOW).unwrap(), SelfMade::OldOneRight);
    assert_eq!(read(&files.certificate), first);
    assert_eq!(self_signed(&files, &names(), NOW).unwrap(), SelfMade::There);
    // Before it began nothing is replaced: rather that clock is wrong.
    let early = Timestamp::from_seconds(NOW.seconds() - YEAR);
    assert_eq!(self_signed(&files, &names(), early).unwrap(), SelfMade::There);
    assert_eq!(read(&files.certificate), first);
}

#[test]
fn ops_08_an_expired_pair_whose_key_signs_nothing_is_served_all_the_same() {
    let folder = Folder::new();
    let files = files(folder.path(), "server");
    self_signed(&files, &names(), NOW).unwrap();
    // The same key as other programs write it (SEC 1); it stands whole in the PKCS #8 of P-256.
    let text = std::fs::read(&files.key).unwrap();
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from_pem_slice(&text).unwrap();
    let key = key.secret_pkcs8_der();
    assert_eq!(key[27], 0x04, "an octet string");
    let ending = x509_cert::der::pem::LineEnding::LF;
    let text = x509_cert::der::pem::encode_string("EC PRIVATE KEY", ending, &key[29..]).unwrap();
    crate::secret_file::write(&files.key, text.as_bytes()).unwrap();
    assert_eq!(self_signed(&files, &names(), NOW).unwrap(), SelfMade::There);
    let late = Timestamp::from_seconds(NOW.seconds() + 6 * YEAR);
    assert_eq!(self_signed(&files, &names(), late).unwrap(), SelfMade::There);
    let (_, expired) = Certificate::load_though_expired(&files, &names(), late).unwrap();
    assert!(matches!(expired, Some(CertificateError::Expired { .. })));
    // Where it names another node it is of no use, and that is told.
    let others = ["other.example".parse().unwrap()];
    let error = self_signed(&files, &others, NOW).unwrap_err();
    assert!(matches!(error, MakingError::UnusableKey { .. }), "{error}");
}

#[test]
fn ops_05_a_key_that_every_user_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let files = files(folder.path(), "server");
    self_signed(&files, &names(), NOW).unwrap();
    std::fs::set_permissions(&files.key, PermissionsExt::from_mode(0o644)).unwrap();
    check(&files, &names(), NOW, Some("0644"));
}

#[test]
fn ops_08_a_reload_keeps_what_lets_clients_resume() {
    let folder = Folder::new();
    let (one, other) = (files(folder.path(), "one"), files(folder.path(), "other"));
    self_signed(&one, &names(), NOW).unwrap();
    self_signed(&other, &names(), NOW).unwrap();
    let load = |files| Certificate::load(files, &names(), NOW).unwrap();
    let tls = Tls::new(&load(&one)).unwrap();
    let before = tls.current();
    tls.replace(&load(&other)).unwrap();
    let after = tls.current();
    assert!(!Arc::ptr_eq(&before, &after));
    assert!(Arc::ptr_eq(&before.ticketer, &after.ticketer));
    assert!(Arc::ptr_eq(&before.session_storage, &after.session_storage));
}
