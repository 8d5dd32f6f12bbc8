//! The servers do what they are for, and no more.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::headset::client::Client;
use crate::headset::machine;
use crate::idp::keys::{Method, SigningKey};

use super::imap::Imap;
use super::message::{field, plain};
use super::options::{MailServersArguments, Servers, missing};
use super::sasl::{Login, Mechanism};
use super::smtp::{Security, Smtp};
use super::tokens::{self, Setup, TokenRequest, Tokens};
use super::wire::{Place, Route};

const SUPPORT: &str = "support@mail.test";
const CUSTOMER: &str = "customer@else.test";
const PATIENCE: Duration = Duration::from_secs(30);

/// Running servers, and their folder, which goes with them.
struct Site {
    folder: PathBuf,
    servers: Option<Servers>,
    arguments: MailServersArguments,
}

impl Site {
    /// `None` where the servers cannot run.
    async fn start(name: &str, proxies: bool, token_seconds: u64) -> Option<Self> {
        if let Some(reason) = missing(proxies) {
            println!("{reason}");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("peers-mail-{name}-{}", std::process::id()));
        let wanted = |text: &str| text.parse().unwrap();
        let arguments = MailServersArguments {
            folder: folder.clone(),
            mailbox: vec![wanted("support:a:b c"), wanted("customer@else.test:pw")],
            domain: "mail.test".to_owned(),
            proxies,
            token_seconds,
        };
        let servers = Some(Servers::start(&arguments).await.unwrap());
        Some(Self { folder, servers, arguments })
    }

    fn ready(&self) -> &Value {
        self.servers.as_ref().unwrap().ready()
    }

    fn place(&self, name: &str) -> Place {
        let place = &self.ready()[name];
        let port = place["port"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap();
        Place { host: place["host"].as_str().unwrap().to_owned(), port }
    }

    fn ca(&self) -> &Path {
        Path::new(self.ready()["ca"].as_str().unwrap())
    }

    async fn restart(&mut self) {
        self.servers.take().unwrap().end().await;
        self.servers = Some(Servers::start(&self.arguments).await.unwrap());
    }

    async fn end(mut self) {
        self.servers.take().unwrap().end().await;
        std::fs::remove_dir_all(&self.folder).unwrap();
    }

    async fn outside(&self) -> Smtp {
        Smtp::open(&self.place("smtp"), &Route::Straight, Security::None, None).await.unwrap()
    }

    async fn read(&self, login: &Login, route: &Route) -> Result<Vec<Vec<u8>>, String> {
        let mut session = Imap::open(&self.place("imaps"), route, Some(self.ca())).await?;
        session.sign_in(login).await?;
        session.examine("INBOX").await?;
        let mut mails = Vec::new();
        for uid in session.uids().await? {
            mails.extend(session.mail(uid).await?);
        }
        session.log_out().await?;
        Ok(mails)
    }

    /// Reads until there is a mail of that subject.
    async fn wait_for(&self, login: &Login, subject: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mails = self.read(login, &Route::Straight).await.unwrap();
            if mails.iter().any(|mail| field(mail, "Subject").as_deref() == Some(subject)) {
                return;
            }
            assert!(Instant::now() < deadline, "{subject} did not come");
            tokio::task::yield_now().await;
        }
    }

    async fn submit(
        &self,
        name: &str,
        route: &Route,
        login: &Login,
        from: &str,
    ) -> Result<String, String> {
        let security = if name == "submission" { Security::StartTls } else { Security::Tls };
        let mut session = Smtp::open(&self.place(name), route, security, Some(self.ca())).await?;
        session.sign_in(login).await?;
        let mail = mail(from, CUSTOMER, "Re: hello");
        session.submit(from, &[CUSTOMER.to_owned()], mail.as_bytes()).await
    }

    async fn token(&self, body: &str) -> Result<String, String> {
        let tls = crate::tls::client_config(Some(self.ca())).unwrap();
        let client = Client { tls, source: None, resolve: [].into() };
        let request = machine::Request {
            id: 0,
            method: "POST",
            url: self.ready()["token_url"].as_str().unwrap().to_owned(),
            headers: vec![("Content-Type", "application/x-www-form-urlencoded".to_owned())],
            body: Some(body.to_owned()),
            patience: PATIENCE,
        };
        let answer = client.send(&request).await.unwrap();
        let value: Value = serde_json::from_slice(&answer.body).unwrap();
        match value["access_token"].as_str() {
            Some(token) if answer.status == 200 => Ok(token.to_owned()),
            _ => Err(value.to_string()),
        }
    }

    async fn application_token(&self) -> String {
        let oauth = &self.ready()["oauth"];
        let body = client_body(oauth["client_secret"].as_str().unwrap());
        self.token(&body).await.unwrap()
    }
}

fn mail(from: &str, to: &str, subject: &str) -> String {
    plain(from, &[to.to_owned()], subject, ".\nHi.\n", "<1@else.test>", SystemTime::now())
}

fn login(user: &str, secret: &str, mechanism: Mechanism) -> Login {
    Login { user: user.to_owned(), secret: secret.to_owned(), mechanism }
}

fn support() -> Login {
    login(SUPPORT, "a:b c", Mechanism::Plain)
}

fn client_body(secret: &str) -> String {
    let scope = tokens::CLIENT_SCOPE.replace(':', "%3A").replace('/', "%2F");
    let id = tokens::CLIENT_ID;
    format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}")
}

fn assertion(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = key.sign(Method::RsaSha256, signed.as_bytes()).unwrap();
    let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
    let signature = URL_SAFE_NO_PAD.encode(signature);
    format!("grant_type={grant}&assertion={signed}.{signature}")
}

fn claims(url: &str, now_seconds: u64) -> Value {
    json!({"iss": tokens::ACCOUNT, "sub": SUPPORT, "scope": tokens::ACCOUNT_SCOPE, "aud": url,
           "iat": now_seconds, "exp": now_seconds + 3_600})
}

#[tokio::test]
async fn mail_from_outside_arrives_and_is_there_after_a_restart() {
    let Some(mut site) = Site::start("outside", false, 3_600).await else { return };
    let text = mail(CUSTOMER, SUPPORT, "Wo bleibt die Größe?");
    let mut session = site.outside().await;
    session.submit(CUSTOMER, &[SUPPORT.to_owned()], text.as_bytes()).await.unwrap();
    site.wait_for(&support(), "Wo bleibt die Größe?").await;
    let mails = site.read(&support(), &Route::Straight).await.unwrap();
    assert_eq!(mails.len(), 1);
    assert!(mails[0].ends_with(text.as_bytes()), "{}", String::from_utf8_lossy(&mails[0]));
    for (stranger, code) in [("nobody@mail.test", "550"), ("somebody@far.test", "554")] {
        let mut session = site.outside().await;
        let refused = session.submit(CUSTOMER, &[stranger.to_owned()], text.as_bytes()).await;
        assert!(refused.unwrap_err().starts_with(code), "{stranger}");
    }
    let before = site.ready().clone();
    site.restart().await;
    assert_eq!(site.ready(), &before);
    assert_eq!(site.read(&support(), &Route::Straight).await.unwrap(), mails);
    // A mail that is put into the folder is there as it is, byte by byte.
    let maildir = Path::new(before["maildirs"][SUPPORT].as_str().unwrap());
    std::fs::write(maildir.join("new/1.odd"), b"Subject: odd\r\n\r\n\xff\xfe").unwrap();
    site.wait_for(&support(), "odd").await;
    site.end().await;
}

#[tokio::test]
async fn every_mechanism_signs_in_with_the_right_secret_alone() {
    let Some(site) = Site::start("mechanisms", false, 3_600).await else { return };
    let application = site.application_token().await;
    let key = SigningKey::kept_in(&site.folder.join("google.key"), "unused", 0).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = claims(site.ready()["token_url"].as_str().unwrap(), now);
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": tokens::KEY_ID});
    let of_mailbox = site.token(&assertion(&key, &header, &claims)).await.unwrap();
    for (mechanism, secret) in [
        (Mechanism::Plain, "a:b c"),
        (Mechanism::Login, "a:b c"),
        (Mechanism::Xoauth2, &application),
        (Mechanism::Oauthbearer, &application),
        (Mechanism::Xoauth2, &of_mailbox),
        (Mechanism::Oauthbearer, &of_mailbox),
    ] {
        let right = login(SUPPORT, secret, mechanism);
        site.read(&right, &Route::Straight).await.unwrap();
        site.submit("submission", &Route::Straight, &right, SUPPORT).await.unwrap();
        site.submit("submissions", &Route::Straight, &right, SUPPORT).await.unwrap();
        let other = site.submit("submission", &Route::Straight, &right, CUSTOMER).await;
        assert!(other.unwrap_err().starts_with("553"), "{mechanism:?}");
        // Neither another secret nor another's mailbox.
        for wrong in [login(SUPPORT, "wrong", mechanism), login(CUSTOMER, secret, mechanism)] {
            let refused = site.read(&wrong, &Route::Straight).await.unwrap_err();
            assert!(refused.contains("AUTHENTICATIONFAILED"), "{mechanism:?}: {refused}");
            let refused = site.submit("submission", &Route::Straight, &wrong, SUPPORT).await;
            assert!(refused.unwrap_err().starts_with("535"), "{mechanism:?}");
        }
    }
    let (place, ca) = (site.place("submission"), site.ca());
    let open = Smtp::open(&place, &Route::Straight, Security::StartTls, Some(ca));
    let unsigned = open.await.unwrap().submit(SUPPORT, &[CUSTOMER.to_owned()], b"a").await;
    unsigned.unwrap_err();
    let customer = login(CUSTOMER, "pw", Mechanism::Plain);
    site.wait_for(&customer, "Re: hello").await;
    site.end().await;
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over() {
    let Some(site) = Site::start("tokens", false, 8).await else { return };
    let token = login(SUPPORT, &site.application_token().await, Mechanism::Xoauth2);
    site.read(&token, &Route::Straight).await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    while site.read(&token, &Route::Straight).await.is_ok() {
        assert!(Instant::now() < deadline, "the token does not end");
    }
    site.submit("submission", &Route::Straight, &token, SUPPORT).await.unwrap_err();
    let next = login(SUPPORT, &site.application_token().await, Mechanism::Xoauth2);
    site.read(&next, &Route::Straight).await.unwrap();
    let asked = std::fs::read_to_string(site.folder.join("tokens.log")).unwrap();
    assert_eq!(asked.lines().count(), 2, "{asked}");
    site.end().await;
}

#[tokio::test]
async fn proxies_carry_to_these_servers_and_nowhere_else() {
    let Some(site) = Site::start("proxies", true, 3_600).await else { return };
    let routes = [
        (Route::Http(site.place("http_proxy")), "http_proxy"),
        (Route::Socks(site.place("socks_proxy")), "socks_proxy"),
    ];
    for (route, name) in routes {
        site.read(&support(), &route).await.unwrap();
        site.submit("submission", &route, &support(), SUPPORT).await.unwrap();
        site.submit("submissions", &route, &support(), SUPPORT).await.unwrap();
        let elsewhere = Smtp::open(&site.place("smtp"), &route, Security::None, None).await;
        assert!(elsewhere.err().unwrap().contains("proxy refuses"), "{name}");
        let log = std::fs::read_to_string(site.ready()["logs"][name].as_str().unwrap()).unwrap();
        assert!(log.contains(&site.place("imaps").port.to_string()), "{log}");
    }
    site.end().await;
}

const NOW_SECONDS: u64 = 1_800_000_000;
const URL: &str = "https://localhost:1/token";

fn endpoint() -> Tokens {
    Tokens::new(Setup {
        url: URL.to_owned(),
        lifetime: Duration::from_secs(100),
        client_secret: "secret".to_owned(),
        key: SigningKey::generate("account", NOW_SECONDS).unwrap(),
        mailboxes: vec![
            "support:pw".parse::<super::mailboxes::Wanted>().unwrap().mailbox_in("mail.test"),
        ],
        domain: "mail.test".to_owned(),
    })
}

fn request(body: &str) -> TokenRequest {
    TokenRequest {
        method: "POST".to_owned(),
        path: "/token".to_owned(),
        content_type: Some("application/x-www-form-urlencoded".to_owned()),
        authorization: None,
        body: body.as_bytes().to_vec(),
    }
}

fn check_refused(request: &TokenRequest, status: u16, error: &str) {
    let now = UNIX_EPOCH + Duration::from_secs(NOW_SECONDS);
    let mut tokens = endpoint();
    let (told, answer) = tokens.answer(request, "fresh".to_owned(), now);
    assert_eq!((told, answer["error"].as_str()), (status, Some(error)), "{answer}");
    assert_eq!(tokens.introspect("fresh", now), json!({"active": false}));
}

#[test]
fn a_client_that_departs_from_the_documents_gets_no_token() {
    let good = client_body("secret");
    let now = UNIX_EPOCH + Duration::from_secs(NOW_SECONDS);
    let mut tokens = endpoint();
    let (status, answer) = tokens.answer(&request(&good), "fresh".to_owned(), now);
    assert_eq!((status, answer["expires_in"].as_u64()), (200, Some(100)));
    assert_eq!(tokens.introspect("fresh", now)["application"], "any@mail.test");
    let last = now + Duration::from_secs(99);
    assert_eq!(tokens.introspect("fresh", last)["active"], true);
    assert_eq!(tokens.introspect("fresh", last + Duration::from_secs(1))["active"], false);
    let mut by_header = request(&good.replace("&client_secret=secret", ""));
    check_refused(&by_header, 401, "invalid_client");
    let encoded = base64::engine::general_purpose::STANDARD
        .encode(format!("{}:secret", tokens::CLIENT_ID.replace('-', "%2D")));
    by_header.authorization = Some(format!("Basic {encoded}"));
    assert_eq!(tokens.answer(&by_header, "other".to_owned(), now).0, 200);
    let twice = TokenRequest { authorization: by_header.authorization, ..request(&good) };
    check_refused(&twice, 400, "invalid_request");
    check_refused(
        &TokenRequest { method: "GET".to_owned(), ..request("") },
        405,
        "invalid_request",
    );
    let json = Some("application/json".to_owned());
    let other_kind = TokenRequest { content_type: json, ..request(&good) };
    check_refused(&other_kind, 400, "invalid_request");
    for (from, to, status, error) in [
        ("=secret", "=Secret", 401, "invalid_client"),
        ("client_id=0", "client_id=1", 401, "invalid_client"),
        (".default", "IMAP.AccessAsUser.All", 400, "invalid_scope"),
        ("client_credentials", "password", 400, "unsupported_grant_type"),
        ("grant_type", "grant", 400, "invalid_request"),
        ("&scope", "&resource=x&scope", 400, "invalid_request"),
        ("&scope", "&client_secret=secret&scope", 400, "invalid_request"),
    ] {
        assert!(good.contains(from), "{from}");
        check_refused(&request(&good.replace(from, to)), status, error);
    }
}

#[test]
fn an_assertion_that_departs_from_the_documents_gets_no_token() {
    let folder = std::env::temp_dir().join(format!("peers-assertion-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("key");
    let kept = || SigningKey::kept_in(&path, "account", NOW_SECONDS).unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(NOW_SECONDS);
    let mailboxes = ["support:pw".parse::<super::mailboxes::Wanted>().unwrap()];
    let mut tokens = Tokens::new(Setup {
        url: URL.to_owned(),
        lifetime: Duration::from_secs(100),
        client_secret: "secret".to_owned(),
        key: kept(),
        mailboxes: mailboxes.iter().map(|it| it.mailbox_in("mail.test")).collect(),
        domain: "mail.test".to_owned(),
    });
    let header = json!({"alg": "RS256", "typ": "JWT"});
    let good = claims(URL, NOW_SECONDS);
    let (key, other) = (kept(), SigningKey::generate("other", NOW_SECONDS).unwrap());
    let mut ask = |key: &SigningKey, header: &Value, claims: &Value| {
        let body = request(&assertion(key, header, claims));
        let (status, answer) = tokens.answer(&body, "fresh".to_owned(), now);
        (status, answer["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(ask(&key, &header, &good), (200, String::new()));
    let refused = (400, "invalid_grant".to_owned());
    assert_eq!(ask(&other, &header, &good), refused);
    for (name, value) in [("alg", "none"), ("alg", "HS256"), ("typ", "JWE"), ("kid", "key-2")] {
        let mut header = header.clone();
        header[name] = value.into();
        assert_eq!(ask(&key, &header, &good), refused, "{name}");
    }
    for (name, value) in [
        ("iss", json!("somebody@else.example")),
        ("aud", json!("https://oauth2.googleapis.com/token")),
        ("sub", json!("nobody@mail.test")),
        ("sub", Value::Null),
        ("iat", json!(NOW_SECONDS + 61)),
        ("iat", json!(NOW_SECONDS - 1)),
        ("exp", json!(NOW_SECONDS)),
        ("exp", json!("1800003600")),
    ] {
        let mut claims = good.clone();
        claims[name] = value;
        assert_eq!(ask(&key, &header, &claims), refused, "{name}");
    }
    let mut narrow = good.clone();
    narrow["scope"] = "https://www.googleapis.com/auth/gmail.readonly".into();
    assert_eq!(ask(&key, &header, &narrow), (400, "invalid_scope".to_owned()));
    std::fs::remove_dir_all(&folder).unwrap();
}
