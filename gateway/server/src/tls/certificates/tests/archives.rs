//! PKCS #12 files and encrypted keys as OpenSSL writes them; some that ask for too much.

use std::path::Path;
use std::process::Command;

use super::*;

/// Whether there is an OpenSSL; who has none sees what is left out.
fn has_openssl() -> bool {
    let found = Command::new("openssl").arg("version").output().is_ok();
    if !found {
        eprintln!("left out: openssl is not installed (Debian: openssl)");
    }
    found
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A good set as files: `all.pem` with the chain, `key.pem`.
fn write_set(folder: &Path, key: &KeyPair) -> Authorities {
    let authorities = Authorities::new();
    let chain = [authorities.good(key), authorities.middle.pem(), authorities.root.pem()].concat();
    std::fs::write(folder.join("all.pem"), chain).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    authorities
}

fn archive(folder: &Path, more: &[&str]) -> Vec<u8> {
    let always = ["pkcs12", "-export", "-in", "all.pem", "-inkey", "key.pem", "-out", "set.p12"];
    openssl(folder, &[&always, more].concat());
    std::fs::read(folder.join("set.p12")).unwrap()
}

impl Fixture {
    async fn import_archive(&self, file: Vec<u8>, password: &str) -> Result<Imported, Problems> {
        self.certificates.import_pkcs12(Purpose::Server, file, Secret::new(password)).await
    }
}

#[tokio::test]
async fn ops_08_pkcs12_files_of_today_and_of_before_are_read() {
    if !has_openssl() {
        return;
    }
    for more in [
        ["-passout", "pass:grün & blau"].as_slice(),
        &["-passout", "pass:p", "-legacy"],
        &["-passout", "pass:p", "-legacy", "-keypbe", "PBE-SHA1-RC2-128", "-certpbe", "NONE"],
        &[
            "-passout",
            "pass:p",
            "-keypbe",
            "AES-128-CBC",
            "-certpbe",
            "AES-192-CBC",
            "-macalg",
            "sha512",
        ],
        &["-passout", "pass:p", "-keypbe", "NONE", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
        &["-passout", "pass:"],
    ] {
        let it = fixture().await;
        let key = KeyPair::generate().unwrap();
        write_set(it.folder.path(), &key);
        let file = archive(it.folder.path(), more);
        let password = more[1].strip_prefix("pass:").unwrap();
        let imported = it.import_archive(file, password).await;
        let imported = imported.unwrap_or_else(|problems| panic!("{more:?}: {problems}"));
        assert_eq!(imported.chain_length, 2, "{more:?}");
        let kept = KeyPair::from_pem(&it.read("server.key")).unwrap();
        assert_eq!(kept.public_key_raw(), key.public_key_raw(), "{more:?}");
    }
}

/// The same file with the code (SHA-256) over its content made anew.
fn with_right_code(mut file: Vec<u8>, password: &str) -> Vec<u8> {
    use der_elements::{context, elements, inside, number, only};
    use password_based::{Password, Use, Work, derive};
    use x509_cert::der::Tag;
    let parts = elements(inside(Some(&only(&file).unwrap()), Tag::Sequence).unwrap()).unwrap();
    let safe = elements(inside(parts.get(1), Tag::Sequence).unwrap()).unwrap();
    let data = only(context(safe.get(1), 0, true).unwrap()).unwrap().value();
    let mac = elements(inside(parts.get(2), Tag::Sequence).unwrap()).unwrap();
    let (salt, rounds) = (inside(mac.get(1), Tag::OctetString).unwrap(), number(&mac[2]).unwrap());
    let info = elements(inside(mac.first(), Tag::Sequence).unwrap()).unwrap();
    let old = inside(info.get(1), Tag::OctetString).unwrap().to_vec();
    let (hash, password) = (&ring::digest::SHA256, Password::new(password));
    let key = derive(hash, &password, salt, Use::Mac, rounds, 32, &mut Work::new()).unwrap();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
    let new = ring::hmac::sign(&key, data).as_ref().to_vec();
    let place = (0..file.len() - 31).find(|at| file[*at..*at + 32] == old).unwrap();
    file[place..place + 32].copy_from_slice(&new);
    file
}

#[tokio::test]
async fn ops_08_a_wrong_password_a_costly_file_and_garbage_are_refused() {
    let it = fixture().await;
    it.refused(
        it.import_archive(b"0\x03garbage".to_vec(), "p").await,
        &[("file", "is damaged or no such file")],
    );
    it.refused(it.import_archive(vec![0x30; 300_000], "p").await, &[("file", "at most 262144")]);
    it.refused(it.import_archive(Vec::new(), "p").await, &[("file", "is empty")]);
    it.refused(
        it.import_archive(b"-----BEGIN CERTIFICATE-----".to_vec(), "p").await,
        &[("file", "is PEM, not PKCS #12")],
    );
    // Nested without end.
    let mut deep = vec![0x30, 0x80];
    deep.extend([0x30, 0x80].repeat(50_000));
    it.refused(it.import_archive(deep, "p").await, &[("file", "is damaged or no such file")]);
    if !has_openssl() {
        return;
    }
    write_set(it.folder.path(), &KeyPair::generate().unwrap());
    // 70,000 rounds are a number of three bytes, which another of three bytes takes the place of.
    let good = archive(it.folder.path(), &["-passout", "pass:p", "-iter", "70000"]);
    it.refused(
        it.import_archive(good.clone(), "q").await,
        &[("password", "does not open the file")],
    );
    let rounds = [0x02, 0x03, 0x01, 0x11, 0x70];
    let places: Vec<_> = (0..=good.len() - 5).filter(|at| good[*at..*at + 5] == rounds).collect();
    assert_eq!(places.len(), 3, "of the certificates, of the key and of the code");
    let costly = |place: usize| {
        let mut costly = good.clone();
        costly[place..place + 5].copy_from_slice(&[0x02, 0x03, 0x7f, 0xff, 0xff]);
        costly
    };
    it.refused(it.import_archive(costly(places[2]), "p").await, &[("file", "rounds of hashing")]);
    // Who made the file gave it a right code over what costs.
    for place in &places[..2] {
        let file = with_right_code(costly(*place), "p");
        it.refused(it.import_archive(file, "p").await, &[("file", "rounds of hashing")]);
    }
    for length in [1, 10, 100, 500, good.len() - 1] {
        assert!(it.import_archive(good[..length].to_vec(), "p").await.is_err(), "{length}");
    }
    // Damaged anywhere, it is refused or read as it was, and never a panic.
    for place in (0..good.len()).step_by(37) {
        let mut damaged = good.clone();
        damaged[place] ^= 0x41;
        let mut problems = Problems::default();
        let mut given = given::Given::default();
        given.add_pkcs12("file", &damaged, &Secret::new("p"), &mut problems);
        assert!(!problems.is_empty() || given.keys.len() == 1, "{place}");
    }
}

#[tokio::test]
async fn ops_08_keys_in_every_usual_form_are_taken_and_weak_ones_refused() {
    if !has_openssl() {
        return;
    }
    let it = fixture().await;
    let folder = it.folder.path();
    openssl(
        folder,
        &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa.pem"],
    );
    let rsa = std::fs::read_to_string(folder.join("rsa.pem")).unwrap();
    write_set(folder, &KeyPair::from_pem(&rsa).unwrap());
    let chain = std::fs::read_to_string(folder.join("all.pem")).unwrap();
    openssl(folder, &["rsa", "-in", "rsa.pem", "-traditional", "-out", "pkcs1.pem"]);
    let form =
        ["pkcs8", "-topk8", "-in", "rsa.pem", "-passout", "pass:geheim", "-out", "locked.pem"];
    openssl(folder, &form);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let import = async |key: String, password: Option<&str>| {
        let (key, password) = (Some(Secret::new(key)), password.map(Secret::new));
        it.certificates.import_pem(Purpose::Server, chain.clone().into(), key, password).await
    };
    it.refused(
        import(read("locked.pem"), None).await,
        &[("password", "is needed"), ("certificate", "belongs to no key")],
    );
    it.refused(
        import(read("locked.pem"), Some("x")).await,
        &[("password", "does not open the key"), ("certificate", "belongs to no key")],
    );
    for (key, password) in
        [(rsa, None), (read("pkcs1.pem"), None), (read("locked.pem"), Some("geheim"))]
    {
        let imported = import(key, password).await.unwrap();
        assert_eq!(imported.certificate.key, "RSA 2048");
        let now = Timestamp::from_seconds(NOW);
        it.certificates.reload(&it.config, now).await.unwrap();
        assert!(!it.read("server.key").contains("ENCRYPTED"));
    }
    // An elliptic one as openssl wrote them for long, its parameters in front.
    let key = KeyPair::generate().unwrap();
    write_set(folder, &key);
    openssl(folder, &["ec", "-in", "key.pem", "-out", "sec1.pem"]);
    openssl(folder, &["ecparam", "-name", "prime256v1", "-out", "parameters.pem"]);
    let set = [read("parameters.pem"), read("sec1.pem"), read("all.pem")].concat();
    assert!(set.contains("BEGIN EC PARAMETERS") && set.contains("BEGIN EC PRIVATE KEY"));
    assert_eq!(it.import(&set, None).await.unwrap().certificate.key, "ECDSA P-256");
    it.certificates.reload(&it.config, Timestamp::from_seconds(NOW)).await.unwrap();

    // An RSA key may be asked with, too, since none is made here.
    let wish =
        Wish { key: KeyWish::Given(Secret::new(read("pkcs1.pem")), None), ..Wish::default() };
    it.certificates.request(Purpose::Server, wish).await.unwrap();
    openssl(folder, &["req", "-verify", "-noout", "-in", "state/certificates/server.pending.csr"]);

    let weak = fixture().await;
    let folder = weak.folder.path();
    let names = "subjectAltName=DNS:gw-a.example.com";
    let made = ["req", "-x509", "-newkey", "rsa:1024", "-nodes", "-subj", "/CN=gw-a.example.com"];
    let more = ["-addext", names, "-days", "3650", "-keyout", "weak.key", "-out", "weak.pem"];
    openssl(folder, &[made.as_slice(), &more].concat());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let refused = weak.import(&read("weak.pem"), Some(&read("weak.key"))).await.unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("has an RSA key of 1024 bits"), "{refused}");
    assert!(refused.contains("is no private key we can use"), "{refused}");
}
