//! A demo with an identity provider: who may sign on there, its application, and its tokens.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::browser::{Browser, Page, encoded};
use crate::gateway::{Gateway, PATIENCE};
use crate::node::eventually;
use crate::wire::Answer;

/// The pair of RFC 7636, appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const BOSS: Option<(&str, &str)> = Some(("boss", "demo-boss"));
pub(super) const STRANGER: Option<(&str, &str)> = Some(("stranger", "demo-stranger"));
pub(super) const AGENT: Option<(&str, &str)> = Some(("1001", "demo-1001"));
/// The cookie of a session of the console.
pub(super) const CONSOLE_COOKIE: &str = "__Host-jackfield";
/// The cookie of a sign-on.
pub(super) const SIGN_ON_COOKIE: &str = "__Host-jackfield-sso";

/// A demo where single sign-on is on, once it can be used.
#[track_caller]
pub(super) fn start() -> Gateway {
    let gateway = Gateway::start_with_sign_on();
    until_in_service(&gateway, &gateway.endpoint("identity"));
    gateway
}

/// Waits until that node's service has keys and all else it needs.
#[track_caller]
pub(super) fn until_in_service(gateway: &Gateway, service: &str) {
    eventually("a service that is in service", || {
        let told = browser(gateway).ask(&format!("GET {service}/ids/v1/status"), "", b"");
        (body(&told)["state"] == "IN_SERVICE").then_some(())
    });
}

pub(super) fn browser(gateway: &Gateway) -> Browser {
    Browser::new(&gateway.endpoint("ca"))
}

/// Tells the identity provider something.
#[track_caller]
pub(super) fn provider(gateway: &Gateway, command: &Value) -> Value {
    let control = gateway.endpoints["idp"]["control"].as_str().unwrap();
    let mut socket = TcpStream::connect(control).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    writeln!(socket, "{command}").unwrap();
    let mut line = String::new();
    BufReader::new(socket).read_line(&mut line).unwrap();
    let answer: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(answer["ok"], true, "{command} gave {answer}");
    answer
}

/// A text of the demo's application.
pub(super) fn client(gateway: &Gateway, name: &str) -> String {
    gateway.endpoints["oauth_client"][name].as_str().unwrap().to_owned()
}

/// Where the application sends browsers, at that node's service.
pub(super) fn authorize(gateway: &Gateway, service: &str) -> String {
    let (id, redirect) = (client(gateway, "id"), client(gateway, "redirect"));
    let query = encoded(&[
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", &redirect),
        ("state", "some state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    format!("{service}/ids/v1/oauth/authorize?{query}")
}

/// Signs on at the application, which has to be called back.
#[track_caller]
pub(super) fn called_back(
    gateway: &Gateway,
    person: &mut Browser,
    service: &str,
    known_as: Option<(&str, &str)>,
) -> Page {
    let page = person.go(&authorize(gateway, service), known_as);
    let redirect = client(gateway, "redirect");
    assert!(page.url.starts_with(&format!("{redirect}?")), "{page:#?}\n{}", page.text());
    assert_eq!(page.parameter("state").as_deref(), Some("some state"));
    assert_eq!(page.parameter("iss"), Some(gateway.endpoint("identity")));
    page
}

/// Asks an endpoint of the service as the demo's application.
#[track_caller]
pub(super) fn as_client(
    gateway: &Gateway,
    service: &str,
    endpoint: &str,
    fields: &[(&str, &str)],
) -> Answer {
    let (id, secret) = (client(gateway, "id"), client(gateway, "secret"));
    let own = [("client_id", id.as_str()), ("client_secret", secret.as_str())];
    let fields = [&own[..], fields].concat();
    browser(gateway).post(&format!("{service}/ids/v1/oauth/{endpoint}"), &fields, "")
}

/// Trades a code.
#[track_caller]
pub(super) fn traded(gateway: &Gateway, service: &str, code: &str) -> Answer {
    let redirect = client(gateway, "redirect");
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect),
        ("code_verifier", VERIFIER),
    ];
    as_client(gateway, service, "token", &fields)
}

/// Trades a refresh token.
#[track_caller]
pub(super) fn refreshed(gateway: &Gateway, service: &str, token: &str) -> Answer {
    let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
    as_client(gateway, service, "token", &fields)
}

/// What an access token or refresh token is worth there.
#[track_caller]
pub(super) fn worth(gateway: &Gateway, service: &str, token: &str) -> Value {
    let answer = as_client(gateway, service, "introspect", &[("token", token)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    body(&answer)
}

#[track_caller]
pub(super) fn body(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("{}", answer.text()))
}

/// A text of an answer in JSON.
#[track_caller]
pub(super) fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
}

/// Who the console takes this browser for, with the status of the answer.
pub(super) fn who(person: &mut Browser, console: &str) -> (u16, Value) {
    let answer = person.ask(&format!("GET {console}api/v1/session"), "", b"");
    (answer.status, serde_json::from_slice(&answer.body).unwrap_or(json!(null)))
}

/// Signs on to the console.
#[track_caller]
pub(super) fn to_console(
    person: &mut Browser,
    console: &str,
    known_as: Option<(&str, &str)>,
) -> Page {
    person.go(&format!("{console}api/v1/sign-on/single?return=%23%2Fsettings"), known_as)
}
