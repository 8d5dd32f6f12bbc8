//! SIPp's scenarios against the gateway as registrar: no call of any may fail.

use crate::node::{DOMAIN, Node, Place, phone_name, registering, users};
use crate::process::{found, until};
use crate::sipp::{ADDRESS, Scenario, Sipp, free_port};

/// Says why a test does nothing here.
macro_rules! or_leave {
    ($program:literal, $package:literal) => {
        if found($program).is_none() {
            println!("left out: {} is not installed (Debian's package {})", $program, $package);
            return;
        }
    };
}
pub(crate) use or_leave;

const PHONES: usize = 200;

async fn gateway() -> Node {
    let phones = (1..=PHONES).map(registering).collect();
    Node::start(Place::take(), phones, Vec::new()).await
}

/// A run against that gateway.
fn run<'a>(node: &Node, name: &'a str, transport: &'a str, calls: usize) -> Scenario<'a> {
    let keys = &[("domain", DOMAIN)];
    let server = Some(node.address());
    let (port, users) = (free_port(), users(PHONES));
    Scenario { name, server, transport, port, calls, keys, users, lost_percent: 0 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_phones_register_with_a_proof_over_udp_over_one_connection_and_over_one_each() {
    or_leave!("sipp", "sip-tester");
    for transport in ["u1", "t1", "tn"] {
        let node = gateway().await;
        let scenario = run(&node, "register-digest.xml", transport, PHONES);
        Sipp::start(&scenario).unwrap().succeeds().await;
        until("all bindings", || node.sip.status().bindings == PHONES).await;
        if transport == "u1" {
            assert_eq!(node.sip.status().reachable, PHONES);
        } else {
            // The run is over and its connections with it.
            until("no connection", || node.sip.status().reachable == 0).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_ask_what_is_registered_and_take_themselves_back() {
    or_leave!("sipp", "sip-tester");
    let node = gateway().await;
    for transport in ["u1", "t1"] {
        let scenario = run(&node, "register-and-leave.xml", transport, PHONES);
        Sipp::start(&scenario).unwrap().succeeds().await;
        until("no binding", || node.sip.status().bindings == 0).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_refused_and_their_refusal_is_acknowledged() {
    or_leave!("sipp", "sip-tester");
    let node = gateway().await;
    for transport in ["u1", "t1"] {
        let scenario = run(&node, "invite-refused.xml", transport, 50);
        Sipp::start(&scenario).unwrap().succeeds().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn options_tell_what_is_taken() {
    or_leave!("sipp", "sip-tester");
    let node = gateway().await;
    for transport in ["u1", "t1"] {
        Sipp::start(&run(&node, "options.xml", transport, 50)).unwrap().succeeds().await;
    }
}

/// What was lost is sent again, and what was answered is answered again. With a tenth lost each way, eight tries
/// in SIPp's time all fail for one phone of a million; with a fifth it is one of three thousand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_that_lose_every_tenth_packet_register_all_the_same() {
    or_leave!("sipp", "sip-tester");
    let node = gateway().await;
    let scenario = run(&node, "register-digest.xml", "u1", PHONES);
    Sipp::start(&Scenario { lost_percent: 10, ..scenario }).unwrap().succeeds().await;
    assert_eq!(node.sip.status().reachable, PHONES);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_phones_are_told_over_udp_goes_where_they_came_from_and_is_answered() {
    or_leave!("sipp", "sip-tester");
    let node = gateway().await;
    // A gateway sends to where a REGISTER came from, so both runs have the same port, one after the other.
    let scenario = run(&node, "register-digest.xml", "u1", PHONES);
    let port = scenario.port;
    Sipp::start(&scenario).unwrap().succeeds().await;
    let calls = 2 * PHONES;
    let waiting =
        Scenario { name: "phone.xml", server: None, calls, users: Vec::new(), ..scenario };
    let waiting = Sipp::start(&waiting).unwrap();
    until("the phones", || std::net::UdpSocket::bind((ADDRESS, port)).is_err()).await;
    for number in 1..=PHONES {
        let device = phone_name(number);
        let (refer, notify) = tokio::join!(node.refer(&device), node.notify(&device));
        assert!(crate::behind::is_accepted(&refer, 202), "{refer:?}");
        assert!(crate::behind::is_accepted(&notify, 200), "{notify:?}");
    }
    waiting.succeeds().await;
}
