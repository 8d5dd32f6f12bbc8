//! The headset's software without sockets: what it asks, in which order, and what it ignores.

use std::time::{Duration, Instant, UNIX_EPOCH};

use serde_json::{Value, json};

use super::answers::Answer;
use super::*;

const DEVICE: &str = "SEP001122334455";

/// A headset whose service is the test itself.
struct Bench {
    headset: Headset,
    moment: Moment,
    requests: Vec<Request>,
    events: Vec<Value>,
    violations: Vec<String>,
    restarts: usize,
}

impl Bench {
    fn new() -> Self {
        let place = |node: &str, registrar: Option<&str>| Place {
            registrar: registrar.map(str::to_owned),
            discovery: format!("https://{node}:9444/headset/{DEVICE}?key=s3cret"),
        };
        let setup = Setup {
            device: DEVICE.to_owned(),
            model: "562".to_owned(),
            serial: "WZP1".to_owned(),
            file: None,
            places: vec![place("a", None), place("b", Some("192.0.2.2:5060"))],
            update_patience: Duration::from_secs(2),
            has_inventory: false,
        };
        let date = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        Self {
            headset: Headset::new(setup),
            moment: Moment { now: Instant::now(), date },
            requests: Vec::new(),
            events: Vec::new(),
            violations: Vec::new(),
            restarts: 0,
        }
    }

    /// One that knows its service, with somebody Not Ready.
    fn known() -> Self {
        let mut bench = Self::new();
        bench.register("192.0.2.1:5060", true);
        bench.discover("1");
        bench.configure("NotReady", 2);
        assert_eq!(bench.violations, Vec::<String>::new());
        bench.events.clear();
        bench
    }

    fn drain(&mut self) {
        while let Some(output) = self.headset.poll() {
            match output {
                Output::Fetch(request) => self.requests.push(request),
                Output::Tell(Report::Event(event)) => self.events.push(event),
                Output::Tell(Report::Violation(words)) => self.violations.push(words),
                Output::Restart => self.restarts += 1,
                Output::Dead(_) => {}
            }
        }
    }

    fn hear(&mut self, event: &Event) {
        self.headset.heard(self.moment, event);
        self.drain();
    }

    fn register(&mut self, server: &str, fresh: bool) {
        let (local, server) = ("192.0.2.9:1".to_owned(), server.to_owned());
        self.hear(&Event::Connected { local, server });
        let took = Duration::ZERO;
        self.hear(&Event::Registered { fresh, expires_seconds: 120, took, challenges: 0 });
    }

    fn tell(&mut self, status: u64, reason: u64) {
        let asked = json!([{"request": "agentstatusupdate", "status": status, "reason": reason}]);
        self.ask("refer", asked, Some(202));
    }

    fn change(&mut self, status: &str) {
        let content =
            json!({"request": "hsintegrationservices", "serviceclass": "cc", "status": status});
        self.ask("notify", json!({"event": "service-control", "content": content}), Some(200));
    }

    fn ask(&mut self, name: &'static str, asked: Value, answer: Option<u16>) {
        self.hear(&Event::Request { name, asked, answer, at: self.moment.now });
    }

    fn press(&mut self, command: Command) {
        self.headset.command(self.moment, command).unwrap();
        self.drain();
    }

    /// The next request, which has to be this one.
    #[track_caller]
    fn request(&mut self, method: &str, url: &str) -> Request {
        assert!(!self.requests.is_empty(), "nothing was asked; {:#?}", self.events);
        let request = self.requests.remove(0);
        assert_eq!((request.method, request.url.as_str()), (method, url));
        request
    }

    fn answer(&mut self, id: u64, status: u16, body: &Value) {
        let answer = Answer {
            status,
            content_type: Some("application/json".to_owned()),
            tag: body.get("version").map(|version| format!("{version}")),
            retry_after: None,
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        };
        self.headset.answered(self.moment, id, Ok(answer));
        self.drain();
    }

    fn fail(&mut self, id: u64) {
        self.headset.answered(self.moment, id, Err("no answer in 2 s".to_owned()));
        self.drain();
    }

    #[track_caller]
    fn discover(&mut self, version: &str) {
        let url = format!("https://a:9444/headset/{DEVICE}?key=s3cret");
        let request = self.request("GET", &url);
        self.answer(request.id, 200, &discovery(version));
    }

    #[track_caller]
    fn configure(&mut self, state: &str, number: u64) {
        let url = format!("https://a:9444/headset/{DEVICE}/cc");
        let request = self.request("GET", &url);
        self.answer(request.id, 200, &configuration(state, number));
    }

    fn light(&self) -> &'static str {
        self.headset.base.light().name()
    }

    #[track_caller]
    fn event(&self, name: &str) -> &Value {
        let found = self.events.iter().find(|event| event["event"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {:#?}", self.events))
    }
}

fn discovery(version: &str) -> Value {
    let base = |node: &str| format!("https://{node}:9444/headset/{DEVICE}/cc");
    json!({
        "schema": 1, "deviceName": DEVICE, "version": version, "retryAfterSeconds": 300,
        "token": format!("token{version}"), "tokenExpiresAt": "2027-06-01T00:00:00Z",
        "services": [{"serviceClass": "cc", "enabled": true, "mode": "control",
            "primary": base("a"), "secondary": base("b"), "configUrl": base("a")}],
    })
}

fn configuration(state: &str, number: u64) -> Value {
    json!({
        "mode": "control", "agentId": "1001", "state": state, "stateCode": number,
        "reasonCode": 0, "since": "2026-01-31T12:00:00Z", "notReadyReasons": [],
        "defaultNotReadyReason": 7, "muteButton": "readyToggle", "led": {},
    })
}

fn primary() -> String {
    format!("https://a:9444/headset/{DEVICE}/cc/agent-state")
}

fn secondary() -> String {
    format!("https://b:9444/headset/{DEVICE}/cc/agent-state")
}

fn sent(request: &Request) -> Value {
    serde_json::from_str(request.body.as_deref().unwrap()).unwrap()
}

fn bearer(request: &Request) -> Option<&str> {
    let found = request.headers.iter().find(|(name, _)| *name == "Authorization");
    found.map(|(_, value)| value.as_str())
}

#[test]
fn hst_02_the_mute_key_asks_and_the_light_waits_to_be_told() {
    let mut bench = Bench::known();
    assert_eq!(bench.light(), "red");
    bench.press(Command::Mute);
    let request = bench.request("PUT", &primary());
    assert_eq!(bearer(&request), Some("Bearer token1"));
    assert_eq!(request.patience, Duration::from_secs(2));
    let body = sent(&request);
    assert_eq!(body["state"], "Ready");
    assert_eq!(body["deviceName"], DEVICE);
    assert_eq!(body["sentAt"], "2027-01-15T08:00:00.000Z");
    assert_eq!(body["requestId"].as_str().unwrap().len(), 36);
    assert_eq!(body.get("reasonCode"), None);
    bench.answer(request.id, 202, &json!({"state": "NotReady", "stateCode": 2}));
    assert_eq!(bench.light(), "red", "the light turned by itself");
    bench.moment.now += Duration::from_millis(250);
    bench.tell(3, 0);
    assert_eq!(bench.light(), "off");
    assert_eq!(bench.event("told")["after_milliseconds"], 250.0);
    bench.press(Command::Mute);
    let body = sent(&bench.request("PUT", &primary()));
    assert_eq!((&body["state"], &body["reasonCode"]), (&json!("NotReady"), &json!(7)));
    assert_eq!(bench.violations, Vec::<String>::new());
}

#[test]
fn hst_06_what_the_primary_does_not_answer_goes_to_the_secondary_the_same() {
    for failure in [None, Some(503), Some(502)] {
        let mut bench = Bench::known();
        bench.press(Command::Mute);
        let first = bench.request("PUT", &primary());
        match failure {
            None => bench.fail(first.id),
            Some(status) => {
                bench.answer(first.id, status, &json!({"error": "no_cc", "message": "None"}));
            }
        }
        let second = bench.request("PUT", &secondary());
        assert_eq!(first.body, second.body, "the repeat is another wish");
        bench.answer(second.id, 202, &json!({}));
        assert_eq!(bench.headset.to_json()["service"], "secondary");
        assert!(bench.requests.is_empty());
        // 502 is no answer of the service's own.
        assert_eq!(bench.violations.len(), usize::from(failure == Some(502)));
    }
    let mut bench = Bench::known();
    bench.press(Command::Mute);
    let first = bench.request("PUT", &primary());
    let now = json!({"error": "stale", "message": "Too old", "state": "Ready", "stateCode": 3});
    bench.answer(first.id, 409, &now);
    assert!(bench.requests.is_empty(), "a refusal is an answer");
    assert_eq!(bench.light(), "red", "an answer turned the light");
}

#[test]
fn a_refer_is_newer_than_the_configuration_asked_for_before() {
    let mut bench = Bench::known();
    bench.change("HS_CONFIG_CHANGE");
    bench.tell(3, 0);
    bench.configure("NotReady", 2);
    assert_eq!(bench.light(), "off");
    assert_eq!(bench.headset.to_json()["state"], "Ready");
}

#[test]
fn hst_05_each_change_is_followed_as_it_says() {
    let mut bench = Bench::known();
    bench.change("HS_CONFIG_CHANGE");
    bench.configure("Ready", 3);
    assert_eq!(bench.light(), "off");
    assert!(bench.requests.is_empty());
    bench.change("SERVICE_CONFIG_CHANGE");
    let url = format!("https://a:9444/headset/{DEVICE}?key=s3cret");
    let request = bench.request("GET", &url);
    assert!(request.headers.contains(&("If-None-Match", "\"1\"".to_owned())));
    bench.answer(request.id, 304, &Value::Null);
    bench.configure("Ready", 3);
    bench.change("SERVICE_CONFIG_CHANGE");
    let mut changed = discovery("2");
    changed["services"][0]["enabled"] = json!(false);
    let request = bench.request("GET", &url);
    bench.answer(request.id, 200, &changed);
    assert!(bench.requests.is_empty(), "what is off has a configuration");
    assert_eq!(bench.headset.to_json()["mode"], "disabled");
    assert_eq!(bench.violations, Vec::<String>::new());
}

#[test]
fn the_answer_to_an_older_discovery_is_ignored() {
    let mut bench = Bench::known();
    let url = format!("https://a:9444/headset/{DEVICE}?key=s3cret");
    bench.change("SERVICE_CONFIG_CHANGE");
    let older = bench.request("GET", &url);
    bench.change("SERVICE_CONFIG_CHANGE");
    let newer = bench.request("GET", &url);
    let mut changed = discovery("3");
    changed["services"][0]["mode"] = json!("notify");
    bench.answer(newer.id, 200, &changed);
    bench.answer(older.id, 200, &discovery("2"));
    assert_eq!(bench.headset.to_json()["mode"], "notify");
}

#[test]
fn hst_10_discovery_that_failed_waits_for_a_restart_or_another_node_or_word() {
    let mut bench = Bench::known();
    let url = |node: &str| format!("https://{node}:9444/headset/{DEVICE}?key=s3cret");
    bench.change("SERVICE_CONFIG_CHANGE");
    let request = bench.request("GET", &url("a"));
    bench.fail(request.id);
    assert_eq!(bench.headset.to_json()["discovered"], false);
    assert_eq!(bench.light(), "off", "without service there is only mute");
    bench.hear(&Event::Lost("closed".to_owned()));
    bench.register("192.0.2.1:5060", true);
    bench.register("192.0.2.1:5060", false);
    assert!(bench.requests.is_empty(), "discovery was tried again by itself");
    bench.register("192.0.2.2:5060", true);
    let request = bench.request("GET", &url("b"));
    bench.answer(request.id, 503, &json!({"error": "starting", "message": "Starting"}));
    assert!(bench.violations.join("; ").contains("503 without Retry-After"));
    bench.change("SERVICE_CONFIG_CHANGE");
    let request = bench.request("GET", &url("b"));
    bench.answer(request.id, 200, &discovery("4"));
    bench.configure("NotReady", 2);
    assert_eq!(bench.light(), "red");
    bench.press(Command::Restart);
    assert_eq!(bench.restarts, 1);
    bench.hear(&Event::Unregistered { took: Duration::ZERO });
    assert_eq!(bench.light(), "off");
    // The connection may outlive the registration.
    let took = Duration::ZERO;
    let fresh = true;
    bench.hear(&Event::Registered { fresh, expires_seconds: 120, took, challenges: 0 });
    bench.request("GET", &url("b"));
}

#[test]
fn a_token_that_is_over_or_refused_is_renewed_once_and_the_update_sent() {
    let mut bench = Bench::known();
    bench.moment.date += Duration::from_secs(365 * 86_400);
    bench.press(Command::Mute);
    let mut renewed = discovery("2");
    renewed["tokenExpiresAt"] = json!("2029-01-01T00:00:00Z");
    let url = format!("https://a:9444/headset/{DEVICE}?key=s3cret");
    let request = bench.request("GET", &url);
    bench.answer(request.id, 200, &renewed);
    let config = bench.request("GET", &format!("https://a:9444/headset/{DEVICE}/cc"));
    let update = bench.request("PUT", &primary());
    assert_eq!(bearer(&update), Some("Bearer token2"));
    let refused = json!({"error": "unproven", "message": "No proof"});
    bench.answer(update.id, 401, &refused);
    let request = bench.request("GET", &url);
    bench.answer(request.id, 200, &renewed);
    let newer = bench.request("GET", &config.url);
    let update = bench.request("PUT", &primary());
    bench.answer(update.id, 401, &refused);
    assert!(bench.requests.is_empty(), "an update was proven without end");
    bench.answer(newer.id, 401, &refused);
    assert!(bench.requests.is_empty(), "a token was renewed without end");
    assert_eq!(bench.violations, Vec::<String>::new());
}

#[test]
fn what_the_phone_refused_or_did_not_answer_changes_nothing() {
    let mut bench = Bench::known();
    let ready = json!([{"request": "agentstatusupdate", "status": 3, "reason": 0}]);
    bench.ask("refer", ready.clone(), Some(400));
    bench.ask("refer", ready, None);
    assert_eq!(bench.light(), "red");
    bench.hear(&Event::Problem { words: "bad".to_owned(), about: "REFER".to_owned() });
    assert_eq!(bench.violations, ["SIP: bad (REFER)"]);
}

#[test]
fn a_fault_of_the_headset_does_what_its_name_says() {
    let mut bench = Bench::known();
    bench.press(Command::Fault(Some(Fault::LateAnswerIgnored)));
    bench.press(Command::Mute);
    let first = bench.request("PUT", &primary());
    bench.answer(first.id, 202, &json!({}));
    let second = bench.request("PUT", &secondary());
    assert_eq!(first.body, second.body);
    bench.answer(second.id, 200, &json!({}));

    bench.press(Command::Fault(Some(Fault::ClockBack(Duration::from_secs(3600)))));
    bench.press(Command::Mute);
    assert_eq!(sent(&bench.request("PUT", &primary()))["sentAt"], "2027-01-15T07:00:00.000Z");

    bench.press(Command::Call);
    bench.press(Command::Mute);
    assert!(bench.requests.is_empty() && bench.headset.base.muted);
    bench.press(Command::Fault(Some(Fault::ReadyInCall)));
    bench.press(Command::Mute);
    assert_eq!(sent(&bench.request("PUT", &primary()))["state"], "Ready");
    for (text, fault) in [
        ("dead", Some(Fault::Dead)),
        ("clock-back=60", Some(Fault::ClockBack(Duration::from_secs(60)))),
        ("clock-back 60", Some(Fault::ClockBack(Duration::from_secs(60)))),
        ("clock-back", None),
        ("deaf", None),
    ] {
        assert_eq!(text.parse().ok(), fault, "{text}");
    }
}

#[test]
fn the_last_update_is_repeated_as_it_was() {
    let mut bench = Bench::known();
    assert!(bench.headset.command(bench.moment, Command::Repeat).is_err());
    bench.press(Command::Mute);
    let first = bench.request("PUT", &primary());
    bench.moment.date += Duration::from_secs(5);
    bench.press(Command::Repeat);
    let again = bench.request("PUT", &secondary());
    assert_eq!(first.body, again.body);
    bench.fail(again.id);
    assert!(bench.requests.is_empty(), "a repeat was repeated");
}

#[test]
fn a_headset_that_is_not_there_presses_nothing() {
    let mut bench = Bench::known();
    bench.press(Command::Unplug);
    assert!(bench.headset.command(bench.moment, Command::Mute).is_err());
    assert_eq!(bench.light(), "off");
    bench.press(Command::Plug);
    assert_eq!(bench.light(), "red");
}

#[test]
fn hst_11_the_phones_file_says_where_discovery_is() {
    let mut bench = Bench::new();
    bench.headset.setup.file = Some("http://tftp:6970/f.cnf.xml".to_owned());
    bench.register("192.0.2.1:5060", true);
    let url = |node: &str| format!("https://{node}:9444/headset/{DEVICE}?key=s3cret");
    let file = |node: &str| Answer {
        status: 200,
        body: format!("<device><discoveryURL>{}</discoveryURL></device>", url(node)).into_bytes(),
        ..Answer::default()
    };
    let request = bench.request("GET", "http://tftp:6970/f.cnf.xml");
    bench.headset.answered(bench.moment, request.id, Ok(file("a")));
    bench.drain();
    bench.discover("1");
    bench.configure("NotReady", 2);
    bench.register("192.0.2.2:5060", true);
    assert!(bench.requests.is_empty(), "the file was fetched for another registrar");
    let check = json!({"event": "service-control", "content": {"action": "check-version"}});
    for (node, discovers) in [("a", false), ("b", true)] {
        bench.ask("notify", check.clone(), Some(200));
        let request = bench.request("GET", "http://tftp:6970/f.cnf.xml");
        bench.headset.answered(bench.moment, request.id, Ok(file(node)));
        bench.drain();
        assert_eq!(!bench.requests.is_empty(), discovers, "{node}");
    }
    bench.request("GET", &url("b"));
    assert_eq!(bench.violations, Vec::<String>::new());
}

#[test]
fn keys_and_tokens_are_in_no_event() {
    let mut bench = Bench::new();
    bench.register("192.0.2.1:5060", true);
    bench.discover("1");
    bench.configure("NotReady", 2);
    bench.press(Command::Mute);
    let told = format!("{:?} {:?} {:?}", bench.events, bench.requests, bench.headset.to_json());
    assert!(told.contains("/headset/SEP001122334455") && told.contains("PUT"), "{told}");
    assert!(!told.contains("s3cret") && !told.contains("token1"), "{told}");
}
