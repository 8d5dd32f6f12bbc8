//! Tokens: from their givers, and at mail servers that refuse them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::Secret;
use mail::Trouble;
use mail::account::{TokenMechanism, TokenSource};
use mail::imap::Mailbox;
use mail::token::from_google_key;
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::server::Server;
use super::{client_credentials, token_account, tokens_by};

/// An answer with a token that lasts an hour.
fn given(token: &str) -> String {
    let body = format!("{{\"access_token\":\"{token}\",\"expires_in\":3600}}");
    answer("200 OK", &body)
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "T\nB POST /token\nS: HTTP/1.1 {status}\nS: Content-Type: application/json\nS: Content-Length: {length}\n\
         S: \nS- {body}\nX\n"
    )
}

fn clock() -> Arc<AtomicI64> {
    Arc::new(AtomicI64::new(1_700_000_000))
}

#[tokio::test]
async fn a_token_is_kept_until_five_minutes_before_its_end() {
    let giver = Server::start([given("one"), given("two")]).await;
    let clock = clock();
    let tokens = tokens_by(&clock);
    let source = client_credentials(&giver);
    assert_eq!(tokens.token(&source).await.unwrap().expose(), "one");
    clock.fetch_add(3_299, Ordering::Relaxed);
    assert_eq!(tokens.token(&source).await.unwrap().expose(), "one");
    clock.fetch_add(1, Ordering::Relaxed);
    assert_eq!(tokens.token(&source).await.unwrap().expose(), "two");
    let asked = giver.heard().join("\n");
    assert!(asked.contains(
        "grant_type=client_credentials&client_id=client-1&client_secret=client+secret&scope="
    ));
    giver.finish();
}

#[tokio::test]
async fn a_short_lived_token_is_kept_for_half_its_life() {
    let short = answer("200 OK", "{\"access_token\":\"one\",\"expires_in\":400}");
    let giver = Server::start([short, given("two")]).await;
    let clock = clock();
    let tokens = tokens_by(&clock);
    let source = client_credentials(&giver);
    for (seconds, token) in [(0, "one"), (199, "one"), (1, "two")] {
        clock.fetch_add(seconds, Ordering::Relaxed);
        assert_eq!(tokens.token(&source).await.unwrap().expose(), token);
    }
    giver.finish();
}

#[tokio::test]
async fn whoever_asks_meanwhile_waits_for_the_same_answer() {
    let giver = Server::start([given("one"), given("two")]).await;
    let tokens = tokens_by(&clock());
    let source = client_credentials(&giver);
    let all = tokio::join!(tokens.token(&source), tokens.token(&source), tokens.token(&source));
    let first = all.0.unwrap();
    assert_eq!(
        (first.expose(), all.1.unwrap().expose(), all.2.unwrap().expose()),
        ("one", "one", "one")
    );
    let (a, b) =
        tokio::join!(tokens.instead_of(&source, &first), tokens.instead_of(&source, &first));
    assert_eq!((a.unwrap().expose(), b.unwrap().expose()), ("two", "two"));
    giver.finish();
}

#[tokio::test]
async fn a_giver_that_refuses_us_is_told_apart_from_one_that_is_unwell() {
    let giver = Server::start([
        answer(
            "401 No",
            "{\"error\":\"invalid_client\",\"error_description\":\"bad client secret\"}",
        ),
        answer("503 Later", "<html>"),
        answer("302 Elsewhere", ""),
        "T\nB POST\nX\n".to_owned(),
    ])
    .await;
    let tokens = tokens_by(&clock());
    let source = client_credentials(&giver);
    let trouble = tokens.token(&source).await.unwrap_err();
    assert!(trouble.is_sign_in() && !trouble.to_string().contains("client secret"), "{trouble}");
    for _ in 0..2 {
        let trouble = tokens.token(&source).await.unwrap_err();
        assert!(!trouble.is_sign_in() && matches!(trouble, Trouble::Token { .. }), "{trouble}");
    }
    assert!(matches!(tokens.token(&source).await, Err(Trouble::Lost { .. })));
    giver.finish();
}

/// How a server refuses a token: it explains first, and refuses once that was heard.
fn refusing(mechanism: &str, heard: &str) -> String {
    let challenge = STANDARD.encode("{\"status\":\"401\",\"schemes\":\"bearer\"}");
    format!(
        "T\nS: * OK ready\nC: AUTHENTICATE {mechanism}\nS: + \nC: \nS: + {challenge}\nC: {heard}\n\
         S: A0001 NO [AUTHENTICATIONFAILED] no\nH\n"
    )
}

const TAKING: &str = "T\nS: * OK ready\nC: AUTHENTICATE\nS: + \nC: \nS: A0001 OK in\n\
    C: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: {t} OK done\n";

#[tokio::test]
async fn a_refused_token_is_replaced_once() {
    for (mechanism, name, last) in [
        (TokenMechanism::Xoauth2, "XOAUTH2", ""),
        (TokenMechanism::OauthBearer, "OAUTHBEARER", "AQ=="),
    ] {
        let giver = Server::start([given("one"), given("two")]).await;
        let server = Server::start([refusing(name, last), TAKING.to_owned()]).await;
        let account = token_account(&server, &giver, mechanism);
        let mailbox = Mailbox::new(Arc::new(account), tokens_by(&clock()));
        mailbox.open().await.unwrap();
        let wanted = |token: &str| match mechanism {
            TokenMechanism::Xoauth2 => {
                format!("user=q1@x.test\u{1}auth=Bearer {token}\u{1}\u{1}")
            }
            TokenMechanism::OauthBearer => format!(
                "n,a=q1@x.test,\u{1}host=localhost\u{1}port={}\u{1}auth=Bearer {token}\u{1}\u{1}",
                server.port
            ),
        };
        let heard = server.heard();
        assert_eq!(heard[1], STANDARD.encode(wanted("one")));
        assert_eq!(heard[2], last);
        assert!(heard.contains(&STANDARD.encode(wanted("two"))), "{heard:?}");
        server.finish();
        giver.finish();
    }
}

#[tokio::test]
async fn a_token_that_stays_refused_is_said_so_without_showing_it() {
    let giver = Server::start([given("token-one"), given("token-two")]).await;
    let server = Server::start([refusing("XOAUTH2", ""), refusing("XOAUTH2", "")]).await;
    let account = token_account(&server, &giver, TokenMechanism::Xoauth2);
    let mailbox = Mailbox::new(Arc::new(account), tokens_by(&clock()));
    let trouble = mailbox.open().await.unwrap_err();
    let Trouble::SignIn { text, is_temporary: false, .. } = &trouble else { panic!("{trouble}") };
    assert!(text.contains("401") && !text.contains("token-"), "{text}");
    let shown = format!("{mailbox:?}");
    assert!(!shown.contains("token-") && !shown.contains("client secret"), "{shown}");
    server.finish();
    giver.finish();
}

#[tokio::test]
async fn a_server_that_is_busy_costs_no_token() {
    let giver = Server::start([given("one")]).await;
    let busy = "T\nS: * OK ready\nC: AUTHENTICATE\nS: {t} NO [UNAVAILABLE] later\nH\n";
    let server = Server::start([busy]).await;
    let account = token_account(&server, &giver, TokenMechanism::Xoauth2);
    let mailbox = Mailbox::new(Arc::new(account), tokens_by(&clock()));
    let trouble = mailbox.open().await.unwrap_err();
    assert!(matches!(trouble, Trouble::SignIn { is_temporary: true, .. }), "{trouble}");
    server.finish();
    giver.finish();
}

#[tokio::test]
async fn an_assertion_is_signed_as_google_checks_it() {
    let giver = Server::start([given("one")]).await;
    let key = include_str!("key.pem");
    let file = |url: &str| {
        let file = serde_json::json!({
            "type": "service_account",
            "client_email": "robot@project.example",
            "private_key": key,
            "token_uri": url,
        });
        Secret::new(file.to_string())
    };
    let scope = "https://mail.google.com/";
    let read =
        |url: &str, host: &str| from_google_key(&file(url), "q1@x.test", scope, &[host.to_owned()]);
    let url = format!("https://localhost:{}/token", giver.port);
    assert!(read(&url, "oauth2.googleapis.com").is_err(), "a file aims our questions elsewhere");
    let source = read(&url, "LOCALHOST").unwrap();
    assert!(!format!("{source:?}").contains("PRIVATE"), "the key is shown");
    let tokens = tokens_by(&clock());
    assert_eq!(tokens.token(&source).await.unwrap().expose(), "one");
    let asked = giver.heard().join("\n");
    assert!(asked.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&"));
    let assertion = asked.split("assertion=").nth(1).unwrap();
    let parts: Vec<&str> = assertion.split('.').collect();
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let head: serde_json::Value = serde_json::from_slice(&decoded(parts[0])).unwrap();
    assert_eq!(head, serde_json::json!({"alg": "RS256", "typ": "JWT"}));
    let claims: serde_json::Value = serde_json::from_slice(&decoded(parts[1])).unwrap();
    let wanted = serde_json::json!({
        "iss": "robot@project.example", "sub": "q1@x.test", "scope": scope, "aud": url,
        "iat": 1_700_000_000, "exp": 1_700_003_600,
    });
    assert_eq!(claims, wanted);
    use rustls_pki_types::pem::PemObject as _;
    let der = rustls_pki_types::PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let pair = ring::signature::RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
    let signed = format!("{}.{}", parts[0], parts[1]);
    public.verify(signed.as_bytes(), &decoded(parts[2])).unwrap();
    giver.finish();
}

#[test]
fn a_key_file_that_is_none_is_refused() {
    let hosts = ["oauth2.googleapis.com".to_owned()];
    let url = "https://oauth2.googleapis.com/token";
    for file in [
        String::new(),
        "{}".to_owned(),
        "x".repeat(100_000),
        format!(
            "{{\"type\":\"service_account\",\"client_email\":\"a\",\"private_key\":\"x\",\"token_uri\":\"{url}\"}}"
        ),
        format!("{{\"type\":\"authorized_user\",\"token_uri\":\"{url}\"}}"),
    ] {
        let read = from_google_key(&Secret::new(file), "q1@x.test", "scope", &hosts);
        assert!(matches!(read, Err(Trouble::Unusable(_))), "{read:?}");
    }
    let source = TokenSource::Assertion {
        url: url.to_owned(),
        issuer: "a".to_owned(),
        subject: "b".to_owned(),
        scope: "c".to_owned(),
        key: Secret::new("x"),
    };
    assert!(!format!("{source:?}").contains("\"x\""));
}
