//! Signing requests, and the certificates that come back for them.

use x509_cert::der::DecodePem;
use x509_cert::request::CertReq;

use super::*;

fn pending_key(it: &Fixture) -> KeyPair {
    KeyPair::from_pem(&it.read("server.pending.key")).unwrap()
}

#[tokio::test]
async fn ops_08_a_request_keeps_its_key_until_the_certificate_comes() {
    let it = fixture().await;
    let wish = Wish {
        names: vec!["phones.example.com".to_owned(), "192.0.2.7".to_owned()],
        organization: Some("Müller & Söhne".to_owned()),
        country: Some("DE".to_owned()),
        ..Wish::default()
    };
    let text = it.certificates.request(Purpose::Server, wish).await.unwrap();
    let request = CertReq::from_pem(&text).unwrap();
    assert_eq!(request.info.subject.to_string(), "CN=gw-a.example.com,O=Müller & Söhne,C=DE");
    for name in ["gw-a.example.com", "phones.example.com"] {
        let der = ::pem::parse(&text).unwrap().into_contents();
        assert!(der.windows(name.len()).any(|part| part == name.as_bytes()), "{name}");
    }
    let mode = std::fs::metadata(it.path("server.pending.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(it.certificates.list().pending[0].text, text);

    // It is not lost by chance.
    let kept = it.read("server.pending.key");
    let again = it.certificates.request(Purpose::Server, Wish::default()).await.unwrap_err();
    assert_eq!(again.as_slice()[0].key, "replace");
    assert_eq!(it.read("server.pending.key"), kept);
    // Another purpose has a key of its own.
    it.certificates.request(Purpose::Phone, Wish::default()).await.unwrap();

    let authorities = Authorities::new();
    let foreign = authorities.good(&KeyPair::generate().unwrap());
    let chain = [authorities.middle.pem(), authorities.root.pem()].concat();
    it.refused(
        it.import(&[foreign, chain.clone()].concat(), None).await,
        &[("certificate", "belongs to no key that is here")],
    );
    let signed = authorities.good(&pending_key(&it));
    it.import(&[signed, chain.clone()].concat(), None).await.unwrap();
    assert_eq!(it.read("server.key"), kept);
    let pending: Vec<_> = it.certificates.list().pending.iter().map(|it| it.purpose).collect();
    assert_eq!(pending, [Purpose::Phone]);
    assert!(!it.path("server.pending.key").exists());

    // A certificate renewed for the key in force needs no request.
    let present = KeyPair::from_pem(&kept).unwrap();
    let renewed = authorities.sign(&present, &[NAME], NOW, NOW + 400 * DAY);
    it.import(&[renewed, chain].concat(), None).await.unwrap();
    assert_eq!(it.read("server.key"), kept);
}

#[tokio::test]
async fn ops_08_a_request_that_replaces_another_says_so() {
    let it = fixture().await;
    it.certificates.request(Purpose::Server, Wish::default()).await.unwrap();
    let first = it.read("server.pending.key");
    let wish = Wish { replace: true, key: KeyWish::EcdsaP384, ..Wish::default() };
    it.certificates.request(Purpose::Server, wish).await.unwrap();
    assert_ne!(it.read("server.pending.key"), first);
}

#[tokio::test]
async fn ops_08_odd_names_and_subjects_are_refused_all_at_once() {
    let it = fixture().await;
    let odd = [
        "*.example.com",
        "a b.example.com",
        "-x.example.com",
        "x\0.example.com",
        "http://x.example.com",
        "host",
        "é.example.com",
        "../x.example.com",
    ];
    let wish = Wish {
        names: odd.map(str::to_owned).to_vec(),
        organization: Some("a\nb".to_owned()),
        locality: Some("x".repeat(65)),
        country: Some("de".to_owned()),
        key: KeyWish::Given(Secret::new("no key"), None),
        ..Wish::default()
    };
    let problems = it.certificates.request(Purpose::Server, wish).await.unwrap_err();
    let keys: Vec<_> = problems.as_slice().iter().map(|it| it.key.as_str()).collect();
    let names = odd.map(|_| "names");
    assert_eq!(
        keys,
        [["country", "locality", "organization"].as_slice(), &names, &["key"]].concat()
    );
    assert!(!it.path("server.pending.key").exists());
}

/// Next hops of SIP may ask who connects; phones and browsers never do.
#[tokio::test]
async fn ops_08_a_certificate_for_sip_is_asked_for_as_a_clients_too() {
    const CLIENT: [u8; 10] = [0x06, 0x08, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
    let it = fixture().await;
    for (purpose, is_client) in [(Purpose::Sip, true), (Purpose::Phone, false)] {
        let text = it.certificates.request(purpose, Wish::default()).await.unwrap();
        let der = ::pem::parse(&text).unwrap().into_contents();
        assert_eq!(der.windows(CLIENT.len()).any(|part| part == CLIENT), is_client, "{purpose:?}");
    }
}
