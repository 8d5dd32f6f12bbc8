//! Headset and contact centre, changed by both at once and while links break: the centre's word counts.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::headset::{at_the_centre, signed_in, supervisor};
use crate::node::eventually;
use crate::phone::{DEVICE, Phone};

/// Waits until light and contact centre tell of the same state; gives all of the headset.
#[track_caller]
fn until_equal(gateway: &Gateway, phone: &mut Phone) -> Value {
    eventually("the same state on both sides", || {
        let centre = at_the_centre(gateway, "1001");
        let worn = phone.headset_state();
        let right = [("ready", "Ready", "off"), ("not-ready", "NotReady", "red")];
        let is_so = right.iter().any(|(state, told, light)| {
            centre == *state && worn["state"] == *told && worn["light"] == *light
        });
        is_so.then_some(worn)
    })
}

/// As from a desktop, by the control socket; it may be refused as late.
fn ask_for(gateway: &Gateway, state: &str) {
    let state = state.replace('-', "_");
    gateway.try_admin(json!({"do": "agent_state", "agent": "1001", "state": state}));
}

#[test]
fn hst_09_headset_and_desktop_that_change_at_once_end_equal() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &[]);
    signed_in(&gateway, &mut phone);
    for round in 0..40 {
        // One that was too fast for the gateway's share of a phone was no race.
        loop {
            let state = if round % 3 == 0 { "ready" } else { "not-ready" };
            std::thread::scope(|scope| {
                scope.spawn(|| match round % 2 {
                    0 => supervisor(&gateway, state),
                    _ => ask_for(&gateway, state),
                });
                phone.headset("mute");
            });
            let last = until_equal(&gateway, &mut phone)["last_answer"].clone();
            assert!([200, 202, 409, 429].contains(&last.as_u64().unwrap()), "{last}");
            if last != 429 {
                break;
            }
        }
    }
    // And what one of them says last is so.
    supervisor(&gateway, "ready");
    phone.wait_headset(json!({"light": "off", "state": "Ready"}));
    phone.wait(json!({"title": "Ready"}));
    eventually("a share of the phone that is free again", || {
        phone.headset("mute");
        (phone.headset_state()["last_answer"] != 429).then_some(())
    });
    phone.wait_headset(json!({"light": "red", "state": "NotReady", "last_answer": 202}));
    assert_eq!(at_the_centre(&gateway, "1001"), "not-ready");
    phone.wait(json!({"title": "Not Ready"}));
    phone.leave();
}

/// Hands on what comes to a port of its own, until told to swallow what clients send.
struct Relay {
    port: u16,
    swallows: Arc<AtomicBool>,
    swallowed: Arc<AtomicUsize>,
}

impl Relay {
    fn to(place: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (swallows, swallowed) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let relay = Self { port, swallows, swallowed };
        let (swallows, swallowed) = (Arc::clone(&relay.swallows), Arc::clone(&relay.swallowed));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&place) else { continue };
                let (swallows, swallowed) = (Arc::clone(&swallows), Arc::clone(&swallowed));
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || {
                    hand_on(client, server, |count| {
                        let swallows = swallows.load(Ordering::Acquire);
                        if swallows {
                            swallowed.fetch_add(count, Ordering::AcqRel);
                        }
                        !swallows
                    });
                });
                std::thread::spawn(move || hand_on(back.0, back.1, |_| true));
            }
        });
        relay
    }
}

/// Hands on from one to the other, what passes, until one of them ends.
fn hand_on(mut from: TcpStream, mut to: TcpStream, passes: impl Fn(usize) -> bool) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if passes(count) && to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn hst_08_an_update_in_hand_when_side_a_dies_is_sent_to_side_b() {
    let gateway = Gateway::start_with_centre();
    let relay = Relay::to(gateway.endpoints["cti"]["a"].as_str().unwrap().to_owned());
    gateway.settings(|settings| {
        settings["cti_pairs"][0]["side_a"] = json!(format!("127.0.0.1:{}", relay.port));
        // Heartbeats must not be what is swallowed.
        settings["cti_pairs"][0]["heartbeat_seconds"] = json!(120);
    });
    let mut phone = Phone::with_headset(&gateway, DEVICE, &["--update-seconds", "20"]);
    signed_in(&gateway, &mut phone);
    relay.swallows.store(true, Ordering::Release);
    std::thread::scope(|scope| {
        scope.spawn(|| phone.headset("mute"));
        eventually("the update on its way to side A", || {
            (relay.swallowed.load(Ordering::Acquire) > 0).then_some(())
        });
        assert_eq!(at_the_centre(&gateway, "1001"), "not-ready");
        gateway.centre(json!({"command": "side", "what": "down", "side": "a"}));
    });
    phone.wait_headset(json!({"light": "off", "state": "Ready", "last_answer": 202}));
    assert_eq!(at_the_centre(&gateway, "1001"), "ready");
    // All later ones go there too.
    phone.headset("mute");
    phone.wait_headset(json!({"light": "red", "state": "NotReady", "last_answer": 202}));
    assert_eq!(at_the_centre(&gateway, "1001"), "not-ready");
    phone.leave();
}

#[test]
fn hst_08_without_any_side_an_update_is_refused_and_nothing_is_changed_later() {
    let gateway = Gateway::start_with_centre();
    let mut phone = Phone::with_headset(&gateway, DEVICE, &["--update-seconds", "20"]);
    signed_in(&gateway, &mut phone);
    for side in ["a", "b"] {
        gateway.centre(json!({"command": "side", "what": "down", "side": side}));
    }
    phone.wait(json!({"text": "contact centre unreachable"}));
    phone.headset("mute");
    phone.wait_headset(json!({"last_answer": 503, "state": "NotReady"}));
    gateway.centre(json!({"command": "side", "what": "up", "side": "b"}));
    gateway.centre(json!({"command": "side", "what": "active", "side": "b"}));
    phone.wait(json!({"softkey": "Ready", "title": "Not Ready", "seconds": 25}));
    phone.headset("mute");
    phone.wait_headset(json!({"light": "off", "state": "Ready", "last_answer": 202}));
    phone.leave();
}
