//! What every link said is read back as one story (BYD-02): by agent, device and contact, by the admin socket, the
//! command line and REST, without a secret in it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::node::eventually;
use crate::phone::{DEVICE, Phone};
use crate::planted::{Places, Planted};

/// A record that a story must have.
type Chapter = (&'static str, &'static str, &'static str, fn(&Value) -> bool);

fn any(_: &Value) -> bool {
    true
}

/// Fails unless the records hold these in this order, whatever else is between them.
#[track_caller]
fn check_story(records: &[Value], story: &[Chapter]) {
    let mut rest = records.iter();
    for (link, way, message, is) in story {
        let found = rest.any(|it| {
            it["link"] == *link && it["way"] == *way && it["message"] == *message && is(it)
        });
        let told: Vec<_> = records.iter().filter_map(|it| it["words"].as_str()).collect();
        assert!(found, "no {link} {way} {message} where it belongs in\n{}", told.join("\n"));
    }
}

fn timeline(gateway: &Gateway, wanted: Value) -> Vec<Value> {
    let mut request = wanted;
    request["do"] = json!("flight_recorder");
    request["limit"] = json!(10_000);
    gateway.admin(request)["records"].as_array().unwrap().clone()
}

/// Every token of a link that a phone was given.
fn tokens(phone: &Phone) -> BTreeSet<String> {
    let pages = phone.pages.join("\n");
    let after = pages.split("/fippa/s/").skip(1);
    after.filter_map(|rest| rest.split('/').next()).map(str::to_owned).collect()
}

#[test]
fn byd_02_a_shift_is_read_back_as_one_timeline_of_all_links() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    phone.sign_in(&gateway, "1001", "2001");
    phone.wait(json!({"title": "Not Ready"}));
    phone.wait_headset(json!({"light": "red"}));
    phone.press("Ready");
    phone.wait(json!({"title": "Ready"}));
    phone.wait_headset(json!({"light": "off", "state": "Ready"}));
    gateway.centre(json!({"command": "call", "extension": "1001", "ani": "5551234",
        "queue": "Support", "variables": {"1": "Gold customer"}}));
    phone.wait(json!({"title": "Call arriving", "text": "Call from 5551234"}));
    gateway.centre(json!({"command": "answer", "agent": "1001"}));
    phone.wait(json!({"title": "Talking"}));
    gateway.centre(json!({"command": "clear", "agent": "1001"}));
    phone.wait(json!({"title": "Wrap-up"}));

    let of_agent = eventually("the page after the call", || {
        let records = timeline(&gateway, json!({"agent": "1001"}));
        let cleared = records.iter().position(|it| it["message"] == "CALL_CLEARED_EVENT")?;
        let shown = records[cleared..].iter().any(|it| it["message"] == "page");
        shown.then_some(records)
    });
    check_story(
        &of_agent,
        &[
            ("phone", "in", "sent the sign-in form", |it| it["agent_inferred"] == true),
            ("cti", "out", "SET_AGENT_STATE_REQ", |it| it["said"]["state"] == "login"),
            ("cti", "in", "AGENT_STATE_EVENT", |it| it["line"] == "2001"),
            ("engine", "in", "sign_in", |it| it["device"] == DEVICE),
            ("phone", "out", "page", |it| it["said"]["page"] == "home"),
            ("phone", "in", "pressed ready", |it| it["device"] == DEVICE),
            ("engine", "in", "ready", |it| it["said"]["by"] == "phone"),
            ("cti", "out", "SET_AGENT_STATE_REQ", any),
            ("cti", "in", "AGENT_STATE_EVENT", any),
            ("sip", "out", "REFER", |it| it["device"] == DEVICE),
            ("headset", "out", "agent status", |it| {
                it["said"]["state"] == "ready" && it["said"]["result"] == "told"
            }),
            ("cti", "in", "CALL_DELIVERED_EVENT", |it| it["said"]["calling"] == "5551234"),
            ("push", "out", "show", |it| it["said"]["result"] == "ok"),
            ("cti", "in", "CALL_ESTABLISHED_EVENT", any),
            ("cti", "in", "CALL_CLEARED_EVENT", any),
            ("phone", "out", "page", any),
        ],
    );
    check_story(
        &of_agent,
        &[
            ("phone", "in", "pressed ready", any),
            ("engine", "here", "ready", |it| it["said"]["result"] == "done"),
            ("phone", "out", "page", any),
        ],
    );
    check_by_contact(&gateway, &of_agent);
    let of_device = timeline(&gateway, json!({"device": DEVICE}));
    check_story(
        &of_device,
        &[
            ("sip", "in", "REGISTER", |it| it["said"]["answered"] == 200),
            ("headset", "in", "discovery", any),
            ("phone", "in", "sent the sign-in form", any),
            ("cti", "in", "CALL_DELIVERED_EVENT", |it| it["agent"] == "1001"),
        ],
    );
    let of_link = timeline(&gateway, json!({"agent": "1001", "link": "cti"}));
    assert!(!of_link.is_empty() && of_link.iter().all(|it| it["link"] == "cti"));
    let others = timeline(&gateway, json!({"agent": "1002"}));
    assert!(others.iter().all(|it| it["agent"] == "1002"), "{others:?}");
    check_secrets(&gateway, &phone);
    phone.leave();
}

/// The call alone, with what its agent's links said meanwhile.
fn check_by_contact(gateway: &Gateway, of_agent: &[Value]) {
    let delivered = of_agent.iter().find(|it| it["message"] == "CALL_DELIVERED_EVENT").unwrap();
    let contact = delivered["calls"][0].as_str().unwrap();
    let of_contact = timeline(gateway, json!({"contact": contact}));
    check_story(
        &of_contact,
        &[
            ("cti", "in", "BEGIN_CALL_EVENT", any),
            ("cti", "in", "CALL_DELIVERED_EVENT", any),
            ("push", "out", "show", any),
            ("cti", "in", "CALL_CLEARED_EVENT", any),
        ],
    );
    let is_its = |it: &Value| {
        it["calls"].as_array().unwrap().contains(&json!(contact)) || it["agent"] == "1001"
    };
    assert!(of_contact.iter().all(is_its), "{of_contact:?}");
    assert_eq!(timeline(gateway, json!({"contact": "no such call"})), Vec::<Value>::new());
}

/// No password, link or word of a customer stands in what is taken along, and the audit log tells who took it.
fn check_secrets(gateway: &Gateway, phone: &Phone) {
    let mut planted = Planted::default();
    planted.exactly("the agent's password", &gateway.password("1001"));
    planted.exactly("what came with the call", "Gold customer");
    let tokens = tokens(phone);
    assert!(tokens.len() > 1, "{tokens:?}");
    for token in &tokens {
        planted.exactly("a link", token);
    }
    let mut places = Places::default();
    let text = gateway.command(&["flight-recorder", "--limit", "10000"]);
    let said = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.status.success() && said.contains(" <- AGENT_STATE_EVENT  "), "{said}");
    places.output("flight-recorder", &text);
    let arguments = ["flight-recorder", "--agent", "1001", "--minutes", "5", "--json"];
    let lines = gateway.command(&arguments);
    let stdout = String::from_utf8(lines.stdout.clone()).unwrap();
    let last: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["agent"], "1001");
    places.output("flight-recorder --json", &lines);
    places.check(&planted, &[]);
    let audit = gateway.admin(json!({"do": "audit_list", "limit": 10}));
    let entries = audit["entries"].as_array().unwrap();
    let taken = entries.iter().filter(|it| it["deed"]["action"] == "flight_recorder_exported");
    assert_eq!(taken.count(), 2, "{audit}");
    // A bundle has it only where that is asked for.
    let bundle = |name: &str, more: &[&str]| {
        let file = gateway.folder().join(name);
        let arguments = [&["support-bundle", file.to_str().unwrap()], more].concat();
        assert!(gateway.command(&arguments).status.success());
        String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned()
    };
    let recorded = "flight-recorder.txt";
    assert!(!bundle("without.tar", &[]).contains(recorded));
    assert!(bundle("with.tar", &["--with-flight-recorder"]).contains(recorded));
}
