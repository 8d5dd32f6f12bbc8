//! Keys are made, made anew, and made void; tokens go on meanwhile.

use std::time::Duration;

use domain::settings::TokenSignature;
use http::{HeaderMap, Method};

use super::browser::Browser;
use super::place::{OLD, PLAIN, Place, pair, settings};
use crate::{Kinds, TokenRefused};

const TOKENS: Kinds = Kinds { signing: true, encryption: true, saml: false };

fn kid(token: &str) -> String {
    use base64::Engine as _;
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn published(place: &Place, node: usize) -> Vec<String> {
    let reply = place.ask(node, Method::GET, "/ids/v1/oauth/jwks", HeaderMap::new(), "").await;
    let reply = reply.json();
    let keys = reply["keys"].as_array().unwrap().iter();
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn renewed(place: &Place, kinds: Kinds, invalidates: bool) {
    let number = place.nodes[0].port.identity_keys().borrow().number + 1;
    place.identity().renew_keys(kinds, invalidates).await.unwrap();
    place.all("keys", |node| node.port.identity_keys().borrow().number == number).await;
}

#[tokio::test]
async fn ids_07_new_keys_are_published_before_their_use_and_old_tokens_stay_good() {
    let place = Place::with(2, settings()).await;
    let (signed, refresh) = place.tokens(OLD).await;
    let (sealed, _) = place.tokens(PLAIN).await;
    let old = kid(&signed);
    renewed(&place, TOKENS, false).await;
    for node in 0..2 {
        let keys = published(&place, node).await;
        assert_eq!(keys.len(), 4, "{keys:?}");
        assert!(keys.contains(&old));
    }
    // Applications keep what was published for a while, so nothing is signed with it yet.
    place.wait(Duration::from_secs(599));
    let (meanwhile, refresh) = pair(&place.refresh(1, OLD, &refresh, None).await);
    assert_eq!(kid(&meanwhile), old);
    place.wait(Duration::from_secs(1));
    let (newer, _) = pair(&place.refresh(1, OLD, &refresh, None).await);
    assert_ne!(kid(&newer), old);
    assert!(published(&place, 0).await.contains(&kid(&newer)));
    let (newly_sealed, _) = place.tokens(PLAIN).await;
    assert_ne!(kid(&newly_sealed), kid(&sealed));
    for node in 0..2 {
        for token in [&signed, &sealed, &meanwhile, &newer, &newly_sealed] {
            assert!(place.check(node, token).is_ok());
        }
    }
}

#[tokio::test]
async fn ids_07_a_key_that_is_retired_for_long_checks_and_opens_nothing() {
    let place = Place::new().await;
    let ring = |place: &Place| place.identity().keyring();
    let signer = ring(&place).signer(TokenSignature::Rs256, place.now()).unwrap().0.to_owned();
    let seal = ring(&place).seal(place.now()).unwrap().0.to_owned();
    renewed(&place, TOKENS, false).await;
    // Its successor is active after ten minutes; a day and an hour later nothing that it made can last.
    let day = Duration::from_secs(25 * 3_600);
    place.wait(day + Duration::from_secs(600));
    let now = place.now();
    assert!(ring(&place).check(&signer, now).is_some());
    assert!(published(&place, 0).await.contains(&signer));
    place.wait(Duration::from_secs(1));
    let now = place.now();
    assert!(ring(&place).check(&signer, now).is_none());
    assert!(ring(&place).unseal(&seal, now).is_none());
    assert!(!published(&place, 0).await.contains(&signer));
    assert!(ring(&place).is_whole(now));
}

#[tokio::test]
async fn ids_07_keys_that_are_made_void_end_all_tokens() {
    let place = Place::with(2, settings()).await;
    let mut browser = Browser::at(0);
    let code = browser.signs_on(&place, OLD).await;
    let (signed, refresh) = pair(&place.trade(0, OLD, &code).await);
    let (sealed, _) = place.tokens(PLAIN).await;
    renewed(&place, TOKENS, true).await;
    for node in 0..2 {
        for token in [&signed, &sealed] {
            assert!(matches!(place.check(node, token), Err(TokenRefused::Form(_))));
        }
    }
    assert_eq!(published(&place, 1).await.len(), 2);
    // New tokens are made with the new ones at once.
    let (newer, _) = pair(&place.refresh(0, OLD, &refresh, None).await);
    assert!(place.check(1, &newer).is_ok());
}

#[tokio::test]
async fn ids_07_a_renewed_saml_certificate_is_shown_before_it_is_used() {
    let place = Place::new().await;
    let saml = Kinds { signing: false, encryption: false, saml: true };
    let certificates = |place: &Place| {
        let xml = place.identity().service_metadata().unwrap();
        xml.matches("X509Certificate>").count() / 2
    };
    assert_eq!(certificates(&place), 1);
    let before = place.identity().keyring().saml_current().unwrap().id.clone();
    renewed(&place, saml, false).await;
    assert_eq!(certificates(&place), 2);
    assert_eq!(place.identity().keyring().saml_current().unwrap().id, before);
    let newest = place.identity().keyring().saml_newest().unwrap().id.clone();
    assert_ne!(newest, before);
    // Requests of people are signed as before until the next one is tested or taken by hand.
    let certificate = &place.identity().keyring().keys.saml[0].certificate.clone();
    let sent = Browser::at(0).sent(&place, OLD).await;
    assert!(sent.xml.contains(certificate.as_str()), "{}", sent.xml);
    place.identity().activate_saml_key().await.unwrap();
    place.all("keys", |node| node.port.identity_keys().borrow().number == 3).await;
    assert_eq!(place.identity().keyring().saml_current().unwrap().id, newest);
    assert_eq!(certificates(&place), 1);
    let sent = Browser::at(0).sent(&place, OLD).await;
    assert!(!sent.xml.contains(certificate.as_str()), "{}", sent.xml);
}

#[tokio::test]
async fn ids_07_first_keys_are_made_once_by_one_node() {
    let mut place = Place::without_keys(2, settings()).await;
    place.runs();
    place.all("keys", |node| node.port.identity_keys().borrow().number > 0).await;
    place.all("whole", |node| node.identity.keyring().is_whole(node.port.now())).await;
    let of = |node: usize| place.nodes[node].port.identity_keys().borrow().as_ref().clone();
    assert_eq!(of(0), of(1));
    assert_eq!(of(0).number, 1);
}
