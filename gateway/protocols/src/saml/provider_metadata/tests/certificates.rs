//! Keys and certificates that are taken, warned of and refused.

use super::*;

fn with(certificate: &str) -> String {
    plain(certificate)
}

/// The plain file with further key descriptors.
fn with_keys(keys: &[(&str, String)]) -> String {
    let keys: String = keys
        .iter()
        .map(|(attribute, certificate)| {
            format!(
                "<md:KeyDescriptor{attribute}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\
                 {certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            )
        })
        .collect();
    changed("<md:NameIDFormat>", &format!("{keys}<md:NameIDFormat>"))
}

#[test]
fn ids_01_a_key_without_use_is_for_signing_and_one_for_encryption_is_not() {
    let read = read(&with_keys(&[
        ("", certificate!("rsa-b")),
        (" use=\"encryption\"", certificate!("rsa-encryption")),
        (" use=\"signing\"", certificate!("rsa-a")),
    ]));
    let sha256: Vec<_> = read.certificates.iter().map(|one| one.sha256_hex.clone()).collect();
    assert_eq!(sha256, [sha256_of(&certificate!("rsa-a")), sha256_of(&certificate!("rsa-b"))]);
    assert_eq!((read.keys.len(), read.warnings.len()), (2, 0));
}

#[test]
fn ids_01_a_renewed_certificate_for_the_same_key_is_shown_and_the_key_tried_once() {
    let renewed = with_keys(&[("", certificate!("renewed-1")), ("", certificate!("renewed-2"))]);
    let read = read(&renewed);
    assert_eq!((read.keys.len(), read.certificates.len()), (2, 3));
}

#[test]
fn ids_01_what_is_for_encryption_only_is_no_key_to_check_with() {
    let file = changed("use=\"signing\"", "use=\"encryption\"");
    let words = ["IDPSSODescriptor: has no KeyDescriptor for signing"];
    refused(file.as_bytes(), MetadataReason::NoSigningKey, &words);
    // Not even one that could not be read is looked at.
    let read = read(&with_keys(&[(" use=\"encryption\"", "!".to_owned())]));
    assert_eq!(read.keys.len(), 1);
}

#[test]
fn ids_01_an_ec_key_on_p_256_is_kept_as_such_with_a_warning() {
    let read = read(&with(&certificate!("ec-p256")));
    let [TrustedKey::EcdsaP256 { point }] = &*read.keys else { panic!("{:?}", read.keys) };
    assert_eq!((point.len(), point[0]), (65, 4));
    assert_eq!(read.warnings.len(), 1);
    assert!(read.warnings[0].starts_with("KeyDescriptor 1: the key of the certificate CN=ec."));
}

#[test]
fn ids_01_the_keys_are_kept_in_the_form_in_which_signatures_are_checked() {
    use ring::signature::{ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use x509_cert::der::{Decode as _, Encode as _};
    for certificate in [certificate!("rsa-a"), certificate!("ec-p256")] {
        let read = read(&with(&certificate));
        // A self-signed certificate is a signature of its own key.
        let parsed = x509_cert::Certificate::from_der(&read.certificates[0].der).unwrap();
        let signed = parsed.tbs_certificate().to_der().unwrap();
        let signature = parsed.signature().as_bytes().unwrap();
        let is_good = match &read.keys[0] {
            TrustedKey::Rsa { pkcs1_der, .. } => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pkcs1_der)
                    .verify(&signed, signature)
            }
            TrustedKey::EcdsaP256 { point } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&signed, signature)
            }
        };
        assert_eq!(is_good, Ok(()), "{:?}", read.certificates[0].subject);
    }
}

#[test]
fn ids_01_weak_and_unknown_keys_are_refused_in_words() {
    for (certificate, reason, words) in [
        (certificate!("rsa-1024"), MetadataReason::WeakKey, "holds an RSA key of 1024 bits"),
        (certificate!("ec-p384"), MetadataReason::UnknownKey, "is not on the curve P-256"),
        (certificate!("ed25519"), MetadataReason::UnknownKey, "a key of the sort 1.3.101.112"),
        (certificate!("rsa-pss"), MetadataReason::UnknownKey, "an RSA key for PSS signatures"),
    ] {
        refused(with(&certificate).as_bytes(), reason, &["KeyDescriptor 1: ", words]);
        // One bad key beside a good one is refused too: nobody would notice that it is missing.
        let beside = with_keys(&[(" use=\"signing\"", certificate)]);
        refused(beside.as_bytes(), reason, &["KeyDescriptor 2: ", words]);
    }
}

#[test]
fn ids_18_a_self_signed_certificate_is_taken_and_what_is_odd_about_one_is_warned_of() {
    let file = with(&certificate!("rsa-sha1"));
    let read = read_metadata(file.as_bytes(), None, NOW).unwrap();
    assert_eq!(read.warnings.len(), 1);
    assert!(read.warnings[0].contains("CN=old.example.com is signed with SHA-1"));
    let file = with(&certificate!("rsa-a"));
    for (now, word) in [(4_000_000_000, "has expired"), (1_500_000_000, "is not valid yet")] {
        let read = read_metadata(file.as_bytes(), None, now).unwrap();
        assert_eq!(read.warnings.len(), 1, "{:?}", read.warnings);
        assert!(read.warnings[0].contains(word), "{:?}", read.warnings);
        assert_eq!(read.certificates[0].not_after < now, word == "has expired");
    }
}

#[test]
fn ids_01_what_is_no_certificate_is_refused_in_words() {
    let good = STANDARD.decode(certificate!("rsa-a")).unwrap();
    let longer = [&*good, b"\0"].concat();
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----",
        certificate!("rsa-a")
    );
    for (text, words) in [
        (String::new(), "holds no certificate"),
        (" \r\n\t".to_owned(), "holds no certificate"),
        (pem, "holds PEM with its BEGIN and END lines"),
        ("*".to_owned(), "is not base64"),
        (certificate!("rsa-a").trim_end_matches('=').to_owned() + "A", "is not base64"),
        ("\u{a0}".to_owned() + &certificate!("rsa-a"), "is not base64"),
        ("AAAA".to_owned(), "is no X.509 certificate"),
        (STANDARD.encode(&longer), "is no X.509 certificate"),
        (STANDARD.encode(&good[..good.len() - 1]), "is no X.509 certificate"),
        (STANDARD.encode([0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF]), "is no X.509 certificate"),
    ] {
        let words = ["KeyDescriptor 1: ", words];
        refused(with(&text).as_bytes(), MetadataReason::BadCertificate, &words);
    }
}

#[test]
fn ids_01_an_rsa_key_that_protects_nothing_is_refused() {
    let good = STANDARD.decode(certificate!("rsa-a")).unwrap();
    // The exponent 65537 ends the key.
    let exponent = [0x02, 0x03, 0x01, 0x00, 0x01];
    let at = good.windows(exponent.len()).position(|five| five == exponent).unwrap();
    let with_bytes = |from: usize, bytes: &[u8]| {
        let mut changed = good.clone();
        changed[from..from + bytes.len()].copy_from_slice(bytes);
        with(&STANDARD.encode(changed))
    };
    let weak = MetadataReason::WeakKey;
    let words = ["holds an RSA key that protects nothing"];
    refused(with_bytes(at + 4, &[0x02]).as_bytes(), weak, &words);
    refused(with_bytes(at - 1, &[0x02]).as_bytes(), weak, &words);
    // Trailing bytes inside the key: the exponent ends one byte early.
    let shorter = with_bytes(at, &[0x02, 0x02, 0x01, 0x03, 0x00]);
    let words = ["holds an RSA key that cannot be read"];
    refused(shorter.as_bytes(), MetadataReason::BadCertificate, &words);
}

#[test]
fn ids_01_a_key_without_a_certificate_is_refused_in_words() {
    let file = plain(&certificate!("rsa-a"));
    let from = file.find("<ds:X509Data>").unwrap();
    let to = file.find("</ds:KeyInfo>").unwrap();
    for inside in [
        "<ds:KeyName>signing</ds:KeyName>",
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>\
         </ds:RSAKeyValue></ds:KeyValue>",
        "<ds:RetrievalMethod URI=\"https://idp.example.com/key\"/>",
        "<ds:X509Data><ds:X509SubjectName>CN=a</ds:X509SubjectName></ds:X509Data>",
    ] {
        let file = format!("{}{inside}{}", &file[..from], &file[to..]);
        let words = ["KeyDescriptor 1: names a key without an X509Certificate"];
        refused(file.as_bytes(), MetadataReason::BadCertificate, &words);
    }
}

#[test]
fn ids_01_of_a_chain_only_the_certificate_that_signs_is_trusted() {
    let end = "</ds:X509Certificate>";
    let chain = format!("{end}<ds:X509Certificate>{}{end}", certificate!("rsa-c"));
    let read = read(&changed(end, &chain));
    assert_eq!(read.certificates.len(), 1);
    assert_eq!(read.certificates[0].sha256_hex, sha256_of(&certificate!("rsa-a")));
    assert!(read.warnings[0].contains("KeyDescriptor 1: only the first of its 2 certificates"));
}

#[test]
fn ids_01_more_certificates_than_would_be_tried_are_refused() {
    let good = STANDARD.decode(certificate!("rsa-a")).unwrap();
    // The signature of a certificate is not looked at, so that its last byte makes others.
    let other = |last: u8| {
        let mut other = good.clone();
        *other.last_mut().unwrap() = last;
        STANDARD.encode(other)
    };
    let last = *good.last().unwrap();
    let of = |count: u8| {
        let keys: Vec<_> =
            (1..count).map(|number| ("", other(last.wrapping_add(number)))).collect();
        with_keys(&keys)
    };
    let read = read(&of(16));
    assert_eq!((read.certificates.len(), read.keys.len()), (16, 1));
    refused(of(17).as_bytes(), MetadataReason::TooManyKeys, &["KeyDescriptor 17: "]);
}
