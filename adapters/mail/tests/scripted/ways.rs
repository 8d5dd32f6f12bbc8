//! The ways to a server, and its greeting.

use domain::Secret;
use mail::account::{Endpoint, Patience, Proxy, Route, SignIn};
use mail::{Account, Trouble};
use rustls::{ClientConfig, RootCertStore};

use super::server::Server;
use super::{SHORT, SIGNED_IN, account, mailbox, patience};

/// By a proxy, which is the server too.
fn by(server: &Server, route: fn(Proxy) -> Route, sign_in: Option<&str>) -> Account {
    let sign_in = sign_in.map(|password| ("ann".to_owned(), Secret::new(password)));
    let route = route(Proxy { endpoint: Endpoint::new("127.0.0.1", server.port), sign_in });
    // Only the proxy knows the name.
    let imap = Endpoint::new("localhost", 993);
    Account { route, imap, ..account(server) }
}

#[tokio::test]
async fn ccp_02_an_http_proxy_leads_to_the_server_and_takes_no_byte_of_its() {
    let connect = "C: CONNECT localhost:993 HTTP/1.1\nC: Host: localhost:993\n";
    let old =
        format!("{connect}C: \nS: HTTP/1.0 200 Connection established\nS: Proxy-agent: x\nS: \n");
    let new =
        format!("{connect}C: Proxy-Authorization: Basic YW5uOng=\nC: \nS: HTTP/1.1 200 OK\nS: \n");
    let server = Server::start([old + SIGNED_IN, new + SIGNED_IN]).await;
    mailbox(by(&server, Route::Http, None)).open().await.unwrap();
    mailbox(by(&server, Route::Http, Some("x"))).open().await.unwrap();
    server.finish();
}

#[tokio::test]
async fn ccp_02_a_proxy_that_does_not_lead_there_is_named() {
    let asked = "C: CONNECT\nC: Host\nC: \n";
    let answers = [
        "S: HTTP/1.1 407 Proxy Authentication Required\nS: \nX\n",
        "S: HTTP/1.0 403 Filtered\nS: \nX\n",
        "S: 220 smtp ready\nS: \nH\n",
        "X\n",
    ];
    let server = Server::start(answers.map(|answer| format!("{asked}{answer}"))).await;
    for words in ["user and password", "403 Filtered", "no HTTP proxy", "closed"] {
        let trouble = mailbox(by(&server, Route::Http, None)).open().await.unwrap_err();
        assert!(matches!(trouble, Trouble::Proxy { .. }), "{trouble}");
        assert!(trouble.to_string().contains(words), "{trouble}");
    }
    server.finish();
}

#[tokio::test]
async fn ccp_02_a_socks_proxy_resolves_the_name() {
    let connect = "R 05 01 00 03 09 'localhost 03 e1\nW 05 00 00 01 7f 00 00 01 03 e1\n";
    let server = Server::start([
        format!("R 05 01 00\nW 05 00\n{connect}{SIGNED_IN}"),
        // Both ways to sign in are offered, and the password is wanted.
        format!("R 05 02 00 02\nW 05 02\nR 01 03 'ann 01 'x\nW 01 00\n{connect}{SIGNED_IN}"),
        "R 05 02 00 02\nW 05 02\nR 01 03 'ann 01 'y\nW 01 01\nX\n".to_owned(),
        "R 05 01 00\nW 05 00\nR 05 01 00 03 09 'localhost 03 e1\nW 05 05 00 01 00 00 00 00 00 00\nX\n".to_owned(),
    ])
    .await;
    mailbox(by(&server, Route::Socks, None)).open().await.unwrap();
    mailbox(by(&server, Route::Socks, Some("x"))).open().await.unwrap();
    for (password, words) in [(Some("y"), "user and password"), (None, "refused")] {
        let trouble = mailbox(by(&server, Route::Socks, password)).open().await.unwrap_err();
        assert!(matches!(trouble, Trouble::Proxy { .. }), "{trouble}");
        assert!(trouble.to_string().contains(words), "{trouble}");
    }
    server.finish();
}

#[tokio::test]
async fn a_proxy_that_says_nothing_is_left_in_time() {
    let server = Server::start(["C: CONNECT\nH\n", "R 05 01 00\nH\n"]).await;
    for route in [Route::Http as fn(Proxy) -> Route, Route::Socks] {
        let patience = Patience { connect: SHORT, ..patience() };
        let account = Account { patience, ..by(&server, route, None) };
        let trouble = mailbox(account).open().await.unwrap_err();
        assert!(trouble.to_string().contains("in time"), "{trouble}");
    }
    server.finish();
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_ends_it() {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let nobody = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    // The server sees no more than an alert, which its script does not expect.
    let server = Server::start(["T\n"]).await;
    let account = Account { tls: std::sync::Arc::new(nobody), ..account(&server) };
    let trouble = mailbox(account).open().await.unwrap_err();
    assert!(matches!(trouble, Trouble::Tls { .. }), "{trouble}");
    assert!(trouble.to_string().contains("vouches"), "{trouble}");
}

#[tokio::test]
async fn greetings_that_are_none_are_told() {
    let server = Server::start([
        "T\nS: * BYE [UNAVAILABLE] full\nX\n",
        "T\nX\n",
        "T\nS: 220 smtp\nH\n",
        "T\nS: * PREAUTH welcome\nH\n",
        "T\nS: {t} OK what\nH\n",
        "T\nH\n",
    ])
    .await;
    for words in ["full", "closed", "greet", "without asking", "greet", "in time"] {
        let patience = match words {
            "in time" => Patience { command: SHORT, ..patience() },
            _ => patience(),
        };
        let account = Account { patience, ..account(&server) };
        let trouble = mailbox(account).open().await.unwrap_err();
        assert!(trouble.ends_conversation() && trouble.to_string().contains(words), "{trouble}");
    }
    server.finish();
}

#[tokio::test]
async fn a_refused_password_is_told_without_showing_it() {
    let server = Server::start([
        "T\nS: * OK ready\nC: LOGIN\nS: {t} NO [AUTHENTICATIONFAILED] no: queue password\nH\n",
        "T\nS: * OK ready\nC: LOGIN\nS: {t} NO [UNAVAILABLE] later\nH\n",
        "T\nS: * OK ready\nC: LOGIN\nS: * BYE going\nX\n",
        "T\nS: * OK ready\nC: LOGIN\nX\n",
    ])
    .await;
    let mailbox = mailbox(account(&server));
    let trouble = mailbox.open().await.unwrap_err();
    assert!(trouble.is_sign_in() && !trouble.to_string().contains("queue password"), "{trouble}");
    let trouble = mailbox.open().await.unwrap_err();
    assert!(matches!(trouble, Trouble::SignIn { is_temporary: true, .. }), "{trouble}");
    for _ in 0..2 {
        let trouble = mailbox.open().await.unwrap_err();
        assert!(matches!(trouble, Trouble::Lost { .. }), "{trouble}");
    }
    server.finish();
}

#[tokio::test]
async fn a_password_with_other_letters_is_said_by_plain() {
    use base64::Engine as _;
    let wanted = base64::engine::general_purpose::STANDARD.encode("\0q1@x.test\0pässword");
    let script = format!(
        "T\nS: * OK ready\nC: AUTHENTICATE PLAIN\nS: + \nC: {wanted}\nS: A0001 OK in\n\
         C: CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: {{t}} OK done\n"
    );
    let server = Server::start([script]).await;
    let reading =
        SignIn::Password { user: "q1@x.test".to_owned(), password: Secret::new("pässword") };
    mailbox(Account { reading, ..account(&server) }).open().await.unwrap();
    server.finish();
}

fn is_send<T: Send>(_: &T) {}

#[tokio::test]
async fn whatever_is_asked_may_be_asked_by_a_task() {
    let server = Server::start([SIGNED_IN]).await;
    let mailbox = mailbox(account(&server));
    let mut session = mailbox.open().await.unwrap();
    is_send(&mailbox.open());
    is_send(&mailbox.test());
    is_send(&mailbox.append("Sent", b""));
    is_send(&session.wait_for_news());
    is_send(&session.examine("INBOX"));
    is_send(&session.fetch_to(1, 1, &mut Vec::new()));
    is_send(&session.uids_from(1));
    is_send(&mailbox.reader("INBOX").fetch(&[1]));
    let envelope = mail::smtp::Envelope { from: None, to: Vec::new(), copy_to: None };
    is_send(&mail::smtp::submit(mailbox.account(), mailbox.tokens(), &envelope, b""));
    server.finish();
}
