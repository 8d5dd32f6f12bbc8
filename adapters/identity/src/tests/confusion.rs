//! Tokens taken for others, made by others, or changed on their way.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Revoked;
use domain::settings::{Settings, TokenSignature};
use protocols::jose::{self, Algorithm, JwsHeader};
use serde_json::{Value, json};

use super::browser::Browser;
use super::place::{OLD, PLAIN, Place, settings, settings_with};
use crate::TokenRefused;

const NONCE: [u8; 12] = [3; 12];

fn claims_of(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// Signed with a key of the place, as its tokens are.
fn signed(place: &Place, algorithm: TokenSignature, typ: &str, claims: &Value) -> String {
    let keyring = place.identity().keyring();
    let (kid, signer) = keyring.signer(algorithm, place.now()).unwrap();
    let algorithm = match algorithm {
        TokenSignature::Rs256 => Algorithm::Rs256,
        TokenSignature::Es256 => Algorithm::Es256,
    };
    let header = JwsHeader { algorithm, kid, typ };
    jose::sign(&header, &serde_json::to_vec(claims).unwrap(), |it| signer.sign(it)).unwrap()
}

fn sealed(place: &Place, text: &str) -> String {
    let keyring = place.identity().keyring();
    let (kid, key) = keyring.seal(place.now()).unwrap();
    jose::encrypt(kid, key, NONCE, text.as_bytes()).unwrap()
}

#[track_caller]
fn assert_form(place: &Place, token: &str) {
    let came = place.check(0, token);
    assert!(matches!(came, Err(TokenRefused::Form(_))), "{token}: {came:?}");
}

#[tokio::test]
async fn ids_06_tokens_are_encrypted_by_default_and_by_the_applications_word() {
    let place = Place::new().await;
    let (encrypted, refresh) = place.tokens(PLAIN).await;
    assert!(jose::is_sealed(&encrypted), "{encrypted}");
    for secret in ["jdoe", "corp.example"] {
        for part in encrypted.split('.') {
            let bytes = URL_SAFE_NO_PAD.decode(part).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{encrypted}");
        }
        assert!(!refresh.contains(secret), "{refresh}");
    }
    let (plain, _) = place.tokens(OLD).await;
    let claims = claims_of(&plain);
    assert_eq!(claims["iss"], "https://ids-a.example:8553");
    assert_eq!(claims["client_id"], OLD);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3_600);
    assert_eq!(claims["jti"].as_str().unwrap().len(), 40);
    let place = Place::with(1, settings_with(|it| it.encrypt_tokens = false)).await;
    let (plain, _) = place.tokens(PLAIN).await;
    assert_eq!(claims_of(&plain)["user_id"], "jdoe");
    let header = plain.split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&json!("RS256"), &json!("at+jwt")));
    let elliptic = settings_with(|it| it.token_signature = TokenSignature::Es256);
    place.apply(&elliptic).await;
    let (shorter, _) = place.tokens(OLD).await;
    assert!(shorter.len() < plain.len());
    // What the other algorithm signed stays good.
    assert!(place.check(0, &plain).is_ok() && place.check(0, &shorter).is_ok());
}

#[tokio::test]
async fn ids_05_no_token_is_taken_for_one_of_another_kind() {
    let place = Place::new().await;
    let (access, refresh) = place.tokens(PLAIN).await;
    assert_form(&place, &refresh);
    place.refresh(0, PLAIN, &access, None).await.assert_error(400, "invalid_grant");
    place.trade(0, PLAIN, &refresh).await.assert_error(400, "invalid_grant");
    place.trade(0, PLAIN, &access).await.assert_error(400, "invalid_grant");
    let (plain, _) = place.tokens(OLD).await;
    let claims = claims_of(&plain);
    assert!(place.check(0, &signed(&place, TokenSignature::Rs256, "at+jwt", &claims)).is_ok());
    for typ in ["JWT", "refresh+jwt", "at+jwt2"] {
        assert_form(&place, &signed(&place, TokenSignature::Rs256, typ, &claims));
    }
    // What is sealed has to be signed inside, once.
    let text = claims.to_string();
    assert_form(&place, &sealed(&place, &text));
    assert_form(&place, &sealed(&place, &access));
    let unsigned = format!("{}.", plain.rsplit_once('.').unwrap().0);
    assert_form(&place, &sealed(&place, &unsigned));
    assert!(place.check(0, &sealed(&place, &plain)).is_ok());
}

#[tokio::test]
async fn ids_05_tokens_that_were_changed_or_signed_otherwise_are_refused() {
    let place = Place::new().await;
    let (plain, refresh) = place.tokens(OLD).await;
    let [header, payload, signature] = plain.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts")
    };
    let mut claims = claims_of(&plain);
    claims["user_id"] = json!("admin");
    claims["sub"] = json!("admin");
    let changed = URL_SAFE_NO_PAD.encode(claims.to_string());
    let header_with = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let kid =
        place.identity().keyring().signer(TokenSignature::Rs256, place.now()).unwrap().0.to_owned();
    let none = header_with(&format!(r#"{{"alg":"none","kid":"{kid}","typ":"at+jwt"}}"#));
    let hmac = header_with(&format!(r#"{{"alg":"HS256","kid":"{kid}","typ":"at+jwt"}}"#));
    let elliptic = header_with(&format!(r#"{{"alg":"ES256","kid":"{kid}","typ":"at+jwt"}}"#));
    let own_key = header_with(&format!(
        r#"{{"alg":"RS256","kid":"{kid}","typ":"at+jwt","jku":"https://evil.example/jwks"}}"#
    ));
    for token in [
        format!("{header}.{changed}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{none}.{changed}."),
        format!("{none}.{payload}.{signature}"),
        format!("{hmac}.{payload}.{signature}"),
        format!("{elliptic}.{payload}.{signature}"),
        format!("{own_key}.{payload}.{signature}"),
        format!("{plain}."),
        format!(" {plain}"),
        format!("{plain}="),
        String::new(),
        "....".to_owned(),
        "a".repeat(20_000),
    ] {
        assert_form(&place, &token);
    }
    // One letter of a refresh token, anywhere.
    for at in [5, 37, 40, refresh.len() - 2] {
        let mut changed = refresh.clone().into_bytes();
        changed[at] = if changed[at] == b'1' { b'2' } else { b'1' };
        let changed = String::from_utf8(changed).unwrap();
        place.refresh(0, OLD, &changed, None).await.assert_error(400, "invalid_grant");
    }
    assert!(place.check(0, &plain).is_ok());
    assert!(place.refresh(0, OLD, &refresh, None).await.status == 200);
}

#[tokio::test]
async fn ids_05_claims_of_elsewhere_or_another_time_are_refused() {
    let place = Place::new().await;
    let (plain, _) = place.tokens(OLD).await;
    let claims = claims_of(&plain);
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        place.check(0, &signed(&place, TokenSignature::Rs256, "at+jwt", &claims))
    };
    let now = place.now().seconds();
    assert!(with("scope", json!("three")).is_ok());
    assert_eq!(with("iss", json!("https://ids-b.example:8553")), Err(TokenRefused::Claims));
    assert_eq!(with("aud", json!("https://elsewhere.example")), Err(TokenRefused::Claims));
    assert_eq!(with("sub", json!("somebody")), Err(TokenRefused::Claims));
    assert_eq!(with("exp", json!("2030-01-01")), Err(TokenRefused::Claims));
    assert_eq!(with("rt", Value::Null), Err(TokenRefused::Claims));
    assert_eq!(with("exp", json!(now)), Err(TokenRefused::Over));
    assert_eq!(with("iat", json!(now + 61)), Err(TokenRefused::Over));
    assert!(with("iat", json!(now + 60)).is_ok());
    assert_eq!(with("client_id", json!("5".repeat(40))), Err(TokenRefused::Client));
}

#[tokio::test]
async fn ids_05_tokens_of_another_deployment_are_worth_nothing() {
    let place = Place::new().await;
    let other = Place::without_keys(1, settings()).await;
    let kinds = crate::Kinds { signing: true, encryption: true, saml: true };
    other.identity().renew_keys(kinds, false).await.unwrap();
    other.all("keys", |node| node.port.identity_keys().borrow().number == 1).await;
    for client in [OLD, PLAIN] {
        let (access, refresh) = other.tokens(client).await;
        assert!(other.check(0, &access).is_ok());
        assert_form(&place, &access);
        // The deployments of these tests share what refresh tokens are made with, and still it is unknown.
        place.refresh(0, client, &refresh, None).await.assert_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn ids_05_introspection_is_for_those_who_may_and_tells_nothing_of_what_is_over() {
    const INTROSPECT: &str = "/ids/v1/oauth/introspect";
    let place = Place::new().await;
    let (access, refresh) = place.tokens(OLD).await;
    let reply = place.posts(0, OLD, INTROSPECT, &[("token", &access)]).await;
    reply.assert_error(400, "unauthorized_client");
    let told = place.introspect(&access).await;
    for (name, value) in [
        ("active", json!(true)),
        ("client_id", json!(OLD)),
        ("sub", json!("jdoe")),
        ("username", json!("jdoe@corp.example")),
        ("scope", json!("one two")),
        ("iss", json!("https://ids-a.example:8553")),
        ("exp", json!(place.now().seconds() + 3_600)),
    ] {
        assert_eq!(told[name], value, "{told}");
    }
    assert_eq!(place.introspect(&refresh).await["active"], true);
    let inactive = json!({"active": false});
    assert_eq!(place.introspect("x").await, inactive);
    let (_, next) = super::place::pair(&place.refresh(0, OLD, &refresh, None).await);
    assert_eq!(place.introspect(&refresh).await, inactive);
    assert_eq!(place.introspect(&next).await["active"], true);
    let family = place.check(0, &access).unwrap().family;
    let parameters = [("token", next.as_str())];
    assert_eq!(place.posts(0, OLD, "/ids/v1/oauth/revoke", &parameters).await.status, 200);
    place.all_refuse(&access).await;
    assert!(place.nodes[0].port.is_revoked(&Revoked::Family(family)));
    for token in [&access, &refresh, &next] {
        assert_eq!(place.introspect(token).await, inactive);
    }
    let (access, refresh) = place.tokens(OLD).await;
    place.wait(Duration::from_secs(3_600));
    assert_eq!(place.introspect(&access).await, inactive);
    place.wait(Duration::from_secs(9 * 3_600));
    assert_eq!(place.introspect(&refresh).await, inactive);
}

#[tokio::test]
async fn ids_18_what_an_identity_provider_said_is_not_believed_after_it_was_taken_away() {
    let place = Place::new().await;
    let (access, refresh) = place.tokens(OLD).await;
    let mut browser = Browser::at(0);
    let code = browser.signs_on(&place, OLD).await;
    place.apply(&Settings { identity_providers: Arc::default(), ..settings() }).await;
    assert_eq!(place.check(0, &access), Err(TokenRefused::Claims));
    place.refresh(0, OLD, &refresh, None).await.assert_error(400, "invalid_grant");
    place.trade(0, OLD, &code).await.assert_error(400, "invalid_grant");
    assert_eq!(browser.authorize(&place, OLD).await.status, 503);
}
