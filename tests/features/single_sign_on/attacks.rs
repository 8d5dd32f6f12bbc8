//! Every known attack by messages, through the real endpoint: a plain page with a number, and nobody is signed on.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::browser::{Browser, Form};
use super::place::{
    AGENT, SIGN_ON_COOKIE, authorize, browser, called_back, client, provider, start,
};
use crate::gateway::{Gateway, program};
use crate::wire::Answer;

/// No message may keep the service busy for longer, on a machine that is busy itself.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// The most bytes of a form.
const FORM_BYTES_MAX: usize = 262_144;

/// A flow that waits for the provider's answer, in a browser of its own.
struct Waiting {
    person: Browser,
    cookie: (String, String),
    request: String,
    relay_state: String,
}

impl Waiting {
    #[track_caller]
    fn begin(gateway: &Gateway) -> Self {
        let mut person = browser(gateway);
        let page = person.ask(
            &format!("GET {}", authorize(gateway, &gateway.endpoint("identity"))),
            "",
            b"",
        );
        let form = Form::of(&page.text()).unwrap_or_else(|| panic!("{}", page.text()));
        let request = STANDARD.decode(form.field("SAMLRequest").unwrap()).unwrap();
        let request = String::from_utf8(request).unwrap();
        let id = request.split(" ID=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let mut flows = person.cookies("__Host-jackfield-flow-");
        let relay_state = form.field("RelayState").unwrap().to_owned();
        Self { person, cookie: flows.remove(0), request: id, relay_state }
    }

    /// Posts it, as from the browser that waits.
    #[track_caller]
    fn post(&mut self, consumer: &str, content_type: &str, body: &[u8]) -> Option<Answer> {
        self.person.keep(&self.cookie.0, &self.cookie.1);
        let headers = format!("Content-Type: {content_type}\r\n");
        let answer = self.person.try_ask(&format!("POST {consumer}"), &headers, body);
        // Only what is too large for any form may find the door shut.
        assert!(answer.is_some() || body.len() > FORM_BYTES_MAX, "no answer");
        answer
    }
}

/// The messages that answer that request: names, forms and what is expected, in the order of the index.
fn messages(gateway: &Gateway, waiting: &Waiting, fetch_url: &str) -> (PathBuf, Vec<Value>) {
    let folder = gateway.folder().join(format!("messages-{}", waiting.relay_state));
    let service = gateway.endpoint("identity");
    let idp = gateway.endpoints["idp"]["metadata"].as_str().unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let made = Command::new(program("JACKFIELD_PEERS_BIN", "jackfield-peers"))
        .args(["saml-messages", "--request-id", &waiting.request, "--sp", "localhost"])
        .args(["--acs", &format!("{service}/ids/saml/response"), "--idp", idp])
        .args(["--now", &now.to_string(), "--fetch-url", fetch_url, "--uid", "1001"])
        .args(["--user-principal", "1001@demo.example", "--relay-state", &waiting.relay_state])
        .arg("--key")
        .arg(gateway.folder().join("state/idp-signing.key"))
        .arg("--out")
        .arg(&folder)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let list = |name: &str| -> Vec<Value> {
        serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
    };
    let messages = [list("index.json"), list("forms.json")].concat();
    (folder, messages)
}

/// Somebody who counts those that come.
fn listener() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/fetched", listener.local_addr().unwrap());
    let came = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&came);
    std::thread::spawn(move || {
        while listener.accept().is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (url, came)
}

/// The number on a plain page, for which the log has the reason.
#[track_caller]
fn reference(name: &str, answer: &Answer) -> String {
    let page = answer.text();
    // What is too large for any form is refused before anybody looks at it, in plain text.
    let begins = if answer.status == 413 { "reference " } else { "Number: <strong>" };
    let found = page.split(begins).nth(1).and_then(|it| it.split(['<', '\n']).next());
    assert!([400, 403, 413, 415].contains(&answer.status), "{name}: {answer:?}");
    found.unwrap_or_else(|| panic!("{name} shows no number: {page}")).to_owned()
}

#[test]
fn ids_03_ids_04_every_attack_gets_a_plain_page_and_no_session() {
    let gateway = start();
    let consumer = format!("{}/ids/saml/response", gateway.endpoint("identity"));
    let (fetch_url, came) = listener();
    let mut waiting = Waiting::begin(&gateway);
    let (folder, messages) = messages(&gateway, &waiting, &fetch_url);
    let mut told = Vec::new();
    for message in messages.iter().filter(|it| it["expected"] == "refused") {
        // What comes again is another test's.
        if message.get("after").is_some() {
            continue;
        }
        let name = message["name"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(message["file"].as_str().unwrap())).unwrap();
        let begun = Instant::now();
        let answer = match message["content_type"].as_str() {
            Some(content_type) => waiting.post(&consumer, content_type, &bytes),
            None => {
                let response = STANDARD.encode(&bytes);
                let fields =
                    [("SAMLResponse", response.as_str()), ("RelayState", &waiting.relay_state)];
                let body = super::browser::encoded(&fields);
                waiting.post(&consumer, "application/x-www-form-urlencoded", body.as_bytes())
            }
        };
        assert!(begun.elapsed() < ANSWERED_WITHIN, "{name} took {:?}", begun.elapsed());
        assert_eq!(waiting.person.cookie(SIGN_ON_COOKIE), None, "{name} signed somebody on");
        let Some(answer) = answer else { continue };
        assert_eq!(answer.header("location"), None, "{name}");
        for word in ["demo.example", "Signature", "assertion"] {
            assert!(!answer.text().contains(word), "{name} tells of {word}: {}", answer.text());
        }
        let number = reference(name, &answer);
        // Lines of the log about requests that are turned away at the door have their share, which may be used up.
        if answer.status != 413 {
            told.push((name.to_owned(), number));
        }
    }
    assert!(told.len() > 250, "{} messages only", told.len());
    let log = gateway.log();
    for (name, reference) in &told {
        let number = format!("reference=\"{reference}\"");
        let mut lines = log.lines().filter(|line| line.contains(&number));
        let has_reason = lines.any(|line| line.contains("an answer of an identity provider"));
        assert!(has_reason, "{name}: no reason for {reference} in the log");
    }
    assert_eq!(came.load(Ordering::SeqCst), 0, "something was fetched");
    // The same browser, whose request was used up by none of them, is signed on by what is good.
    let name = "plain-both-signed.xml";
    let response = STANDARD.encode(std::fs::read(folder.join(name)).unwrap());
    let fields = [("SAMLResponse", response.as_str()), ("RelayState", &waiting.relay_state)];
    let body = super::browser::encoded(&fields);
    let good =
        waiting.post(&consumer, "application/x-www-form-urlencoded", body.as_bytes()).unwrap();
    assert_eq!(good.status, 303, "{}", good.text());
    assert!(good.header("location").unwrap().starts_with(&client(&gateway, "redirect")));
    assert!(waiting.person.cookie(SIGN_ON_COOKIE).is_some());
    // And what is good comes once.
    let again =
        waiting.post(&consumer, "application/x-www-form-urlencoded", body.as_bytes()).unwrap();
    let number = reference("the same again", &again);
    let log = gateway.log();
    let line = log.lines().find(|line| line.contains(&number) && line.contains("came again"));
    assert!(line.is_some(), "no reason for {number}");
}

#[test]
fn ids_03_messages_of_several_products_sign_people_on() {
    let gateway = start();
    let service = gateway.endpoint("identity");
    let (_, messages) = messages(&gateway, &Waiting::begin(&gateway), "http://127.0.0.1:9/");
    let products = ["adfs-", "okta-", "simplesamlphp-", "pysaml2-"];
    let mut count = 0;
    for message in messages.iter().filter(|it| it["expected"] == "accepted") {
        let name = message["name"].as_str().unwrap();
        if !products.iter().any(|product| name.starts_with(product)) {
            continue;
        }
        provider(&gateway, &json!({"command": "message", "name": name}));
        let page = called_back(&gateway, &mut browser(&gateway), &service, AGENT);
        assert_eq!(page.code().len(), 64, "{name}");
        count += 1;
    }
    assert!(count >= products.len(), "{count} messages only");
    // A journey whose answer must be refused ends at a page, and the next one goes well.
    provider(&gateway, &json!({"command": "sign", "what": "assertion"}));
    provider(&gateway, &json!({"command": "message", "name": null}));
    let mut person = browser(&gateway);
    let page = person.go(&authorize(&gateway, &service), AGENT);
    let number = reference("assertion alone", page.answer.as_ref().unwrap());
    let log = gateway.log();
    let line = log.lines().find(|line| line.contains(&number)).unwrap();
    assert!(line.contains("SamlResponseSignature"), "no hint for administrators: {line}");
    assert_eq!(person.cookie(SIGN_ON_COOKIE), None);
    provider(&gateway, &json!({"command": "sign", "what": "both"}));
    assert_eq!(called_back(&gateway, &mut person, &service, AGENT).typed, 0);
}

#[test]
fn ids_04_an_answer_counts_only_in_the_browser_that_asked() {
    let gateway = start();
    let service = gateway.endpoint("identity");
    let mut attacker = browser(&gateway);
    let page = attacker.go_until(&authorize(&gateway, &service), AGENT, "SAMLResponse");
    let form = Form::of(&page.text()).unwrap();
    let fields: Vec<_> =
        form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut victim = browser(&gateway);
    for person in [&mut victim, &mut Waiting::begin(&gateway).person] {
        let answer = person.post(&form.action, &fields, "");
        reference("somebody else's answer", &answer);
        assert_eq!(person.cookie(SIGN_ON_COOKIE), None);
    }
}
