//! Phones that reach the gateway by a Kamailio at the edge: it is in their Path, and the way back.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use domain::settings::{SipNextHop, SipTransport};
use engine::probe::Verdict;
use sip::Delivery;

use crate::behind::is_accepted;
use crate::kamailio::Kamailio;
use crate::node::{DOMAIN, Node, PASSWORD, Place, next_hop, phone_name, registering, user};
use crate::process::{PATIENCE, Running, found, fresh_folder, until};
use crate::scenarios::or_leave;

const HOP: &str = "edge";

/// The simulated phone, where `cargo xtask test` built it.
fn simulated() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("JACKFIELD_PEERS_BIN") {
        return Some(path.into());
    }
    let own = std::env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap().join("jackfield-peers");
    path.exists().then_some(path)
}

/// Phone 1, which connects to that Kamailio.
fn phone(program: &PathBuf, kamailio: &Kamailio, transport: &str) -> Running {
    let mut command = Command::new(program);
    let server = format!("{}:{}", crate::kamailio::ADDRESS, kamailio.port);
    command.args(["sip-phone", "--server", &server, "--transport", transport]);
    command.args(["--domain", DOMAIN, "--device", &phone_name(1), "--user", &user(1)]);
    command.args(["--password", PASSWORD]);
    Running::start_talking(command, fresh_folder("phone"))
}

fn edge(place: &Place, transport: SipTransport) -> Kamailio {
    let (port, transport) = (place.port, transport.name());
    let gateway = format!("GATEWAY=\"sip:127.0.0.1:{port};transport={transport}\"");
    Kamailio::start("edge.cfg", &[gateway]).unwrap()
}

/// Its word counts as to where phones are, and not as to who they are.
fn hop(kamailio: &Kamailio, transport: SipTransport) -> SipNextHop {
    let hop = next_hop(HOP, &[kamailio.port], transport);
    SipNextHop { user: None, password: None, realms: Vec::new(), ..hop }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_registers_by_a_proxy_and_is_told_things_along_its_path_until_it_is_gone() {
    or_leave!("kamailio", "kamailio");
    let Some(program) = simulated() else {
        println!("left out: jackfield-peers is not built; run cargo xtask test");
        return;
    };
    for (phones, ours) in [("tcp", SipTransport::Tcp), ("udp", SipTransport::Udp)] {
        let place = Place::take();
        let kamailio = edge(&place, ours);
        let hop = hop(&kamailio, ours);
        let node = Node::start(place, vec![registering(1)], vec![hop]).await;
        node.hop_answers_at(kamailio.port).await;
        let mut phone = phone(&program, &kamailio, phones);
        let mut input = phone.input();
        until("the registration", || node.sip.status().bindings == 1).await;
        let name = phone_name(1);
        for _ in 0..10 {
            let refer = node.refer(&name).await;
            assert!(is_accepted(&refer, 202) || is_accepted(&refer, 200), "{refer:?}");
        }
        let probe = node.probe(&name).await;
        assert_eq!(probe.verdict(), Verdict::Ok, "{probe:?}");
        if phones == "tcp" {
            phone.stop();
            assert!(!phone.log().contains("\"problem\""), "{}", phone.log());
            // The proxy has no connection to it any more, and says so once it noticed.
            let deadline = Instant::now() + PATIENCE;
            loop {
                match node.refer(&name).await {
                    Delivery::Refused(status, _) if status.code() == 430 => break,
                    other => assert!(Instant::now() < deadline, "{other:?}"),
                }
            }
            assert_eq!(node.sip.status().bindings, 0);
            let nowhere = node.refer(&name).await;
            assert!(matches!(nowhere, Delivery::Unreachable(_)), "{nowhere:?}");
        } else {
            writeln!(input, "unregister\nwait unregistered\nquit").unwrap();
            assert!(phone.end().await.success(), "{}", phone.log());
            assert_eq!(node.sip.status().bindings, 0);
        }
    }
}

/// Who comes from elsewhere has no Path, whatever they write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_path_of_a_proxy_that_is_no_next_hop_is_refused() {
    or_leave!("kamailio", "kamailio");
    or_leave!("sipp", "sip-tester");
    let place = Place::take();
    let kamailio = edge(&place, SipTransport::Udp);
    let node = Node::start(place, vec![registering(1)], Vec::new()).await;
    let scenario = crate::sipp::Scenario {
        name: "path-refused.xml",
        server: Some(format!("{}:{}", crate::kamailio::ADDRESS, kamailio.port)),
        transport: "u1",
        port: crate::sipp::free_port(),
        calls: 1,
        keys: &[("domain", DOMAIN)],
        users: crate::node::users(1),
        lost_percent: 0,
    };
    crate::sipp::Sipp::start(&scenario).unwrap().succeeds().await;
    assert_eq!(node.sip.status().bindings, 0);
}
