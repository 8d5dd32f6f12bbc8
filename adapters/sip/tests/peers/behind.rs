//! Phones that are registered at Kamailio: what they are told goes by it, what they tell comes by it.

use std::net::UdpSocket;

use domain::settings::{SipNextHop, SipTransport};
use engine::probe::Verdict;
use sip::Delivery;

use crate::kamailio::Kamailio;
use crate::node::{DOMAIN, Node, PASSWORD, PHONES, Place, behind, next_hop, phone_name, users};
use crate::process::{found, until};
use crate::scenarios::or_leave;
use crate::sipp::{ADDRESS, Scenario, Sipp, free_port};

const HOP: &str = "registrar";
const COUNT: usize = 20;

pub(crate) fn is_accepted(delivery: &Delivery, code: u16) -> bool {
    matches!(delivery, Delivery::Accepted(status) if status.code() == code)
}

/// What Kamailio is told of the gateway, beside other defines.
fn gateway_at(port: u16, transport: &str, others: &[&str]) -> Vec<String> {
    let mut defines = vec![
        format!("GATEWAY=\"sip:127.0.0.1:{port};transport={transport}\""),
        format!("GATEWAY_DOMAIN=\"{DOMAIN}\""),
        format!("DOMAIN=\"{PHONES}\""),
    ];
    defines.extend(others.iter().map(|&other| other.to_owned()));
    defines
}

async fn gateway(place: Place, hop: SipNextHop) -> Node {
    Node::start(place, (1..=COUNT).map(|number| behind(number, HOP)).collect(), vec![hop]).await
}

/// A run of SIPp as phones of that Kamailio.
fn run<'a>(kamailio: &Kamailio, name: &'a str, port: u16, calls: usize) -> Scenario<'a> {
    let keys = &[("domain", PHONES), ("gateway", DOMAIN)];
    let server = Some(format!("{}:{}", crate::kamailio::ADDRESS, kamailio.port));
    let (transport, users) = ("u1", users(COUNT));
    Scenario { name, server, transport, port, calls, keys, users, lost_percent: 0 }
}

/// Registers all phones there and lets them answer so many requests.
async fn phones(kamailio: &Kamailio, scenario: &str, requests: usize) -> Sipp {
    let port = free_port();
    let registering = run(kamailio, scenario, port, COUNT);
    Sipp::start(&registering).unwrap().succeeds().await;
    let answering = run(kamailio, "phone.xml", port, requests);
    let answering = Scenario { server: None, users: Vec::new(), ..answering };
    let answering = Sipp::start(&answering).unwrap();
    until("the phones", || UdpSocket::bind((ADDRESS, port)).is_err()).await;
    answering
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_go_by_the_registrar_to_its_phones_over_tcp_and_udp() {
    or_leave!("kamailio", "kamailio");
    or_leave!("sipp", "sip-tester");
    for transport in [SipTransport::Tcp, SipTransport::Udp] {
        let place = Place::take();
        let defines = gateway_at(place.port, transport.name(), &["WITH_DIGEST"]);
        let kamailio = Kamailio::start("registrar.cfg", &defines).unwrap();
        let node = gateway(place, next_hop(HOP, &[kamailio.port], transport)).await;
        node.hop_answers_at(kamailio.port).await;
        let missing = node.refer(&phone_name(1)).await;
        assert!(
            matches!(&missing, Delivery::Refused(status, _) if status.code() == 404),
            "{missing:?}"
        );

        let phones = phones(&kamailio, "register-digest.xml", 2 * COUNT + 1).await;
        for number in 1..=COUNT {
            let name = phone_name(number);
            let (refer, notify) = tokio::join!(node.refer(&name), node.notify(&name));
            assert!(is_accepted(&refer, 202), "{refer:?}");
            assert!(is_accepted(&notify, 200), "{notify:?}");
        }
        let probe = node.probe(&phone_name(1)).await;
        assert_eq!(probe.verdict(), Verdict::Ok, "{probe:?}");
        phones.succeeds().await;
    }
}

/// The REFER of a phone comes by the registrar, whose word is taken for who it is; the answer goes back there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_refers_to_the_gateway_by_the_registrar_and_the_answer_goes_back_the_same_way() {
    or_leave!("kamailio", "kamailio");
    or_leave!("sipp", "sip-tester");
    for transport in [SipTransport::Tcp, SipTransport::Udp] {
        let place = Place::take();
        let kamailio =
            Kamailio::start("registrar.cfg", &gateway_at(place.port, transport.name(), &[]))
                .unwrap();
        let node = gateway(place, next_hop(HOP, &[kamailio.port], transport)).await;
        node.hop_answers_at(kamailio.port).await;
        Sipp::start(&run(&kamailio, "refer.xml", free_port(), COUNT)).unwrap().succeeds().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registrar_that_asks_who_we_are_is_told_once_and_only_in_its_realm() {
    or_leave!("kamailio", "kamailio");
    or_leave!("sipp", "sip-tester");
    let place = Place::take();
    let defines = gateway_at(place.port, "tcp", &["WITH_PROXY_DIGEST"]);
    let kamailio = Kamailio::start("registrar.cfg", &defines).unwrap();
    let hop = next_hop(HOP, &[kamailio.port], SipTransport::Tcp);
    let elsewhere = SipNextHop { realms: vec!["elsewhere.example".to_owned()], ..hop.clone() };
    let node = gateway(place, hop).await;
    let stranger = gateway(Place::take(), elsewhere).await;
    node.hop_answers_at(kamailio.port).await;
    stranger.hop_answers_at(kamailio.port).await;
    let phones = phones(&kamailio, "register.xml", 2 * COUNT).await;
    for number in 1..=COUNT {
        let name = phone_name(number);
        let (refer, notify) = tokio::join!(node.refer(&name), node.notify(&name));
        assert!(is_accepted(&refer, 202), "{refer:?}");
        assert!(is_accepted(&notify, 200), "{notify:?}");
    }
    let refused = stranger.refer(&phone_name(1)).await;
    assert!(
        matches!(&refused, Delivery::Refused(status, _) if status.code() == 407),
        "{refused:?}"
    );
    phones.succeeds().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_register_where_a_registrar_wants_that_and_keep_its_service_route() {
    or_leave!("kamailio", "kamailio");
    or_leave!("sipp", "sip-tester");
    let place = Place::take();
    let defines = gateway_at(place.port, "tcp", &["WITH_DIGEST", "WITH_ROUTE"]);
    let kamailio = Kamailio::start("registrar.cfg", &defines).unwrap();
    let hop = next_hop(HOP, &[kamailio.port], SipTransport::Tcp);
    let without = gateway(Place::take(), hop.clone()).await;
    let register_as = Some(format!("sip:gateway@{PHONES}"));
    let node = gateway(place, SipNextHop { register_as, ..hop.clone() }).await;
    node.hop_answers_at(kamailio.port).await;
    without.hop_answers_at(kamailio.port).await;
    let phones = phones(&kamailio, "register-digest.xml", COUNT).await;
    for number in 1..=COUNT {
        let refer = node.refer(&phone_name(number)).await;
        assert!(is_accepted(&refer, 202), "{refer:?}");
    }
    // This Kamailio takes nothing that does not come by the route it gave.
    let refused = without.refer(&phone_name(1)).await;
    assert!(
        matches!(&refused, Delivery::Refused(status, _) if status.code() == 403),
        "{refused:?}"
    );
    phones.succeeds().await;

    // Whoever cannot register is not used.
    let wrong = SipNextHop {
        register_as: Some(format!("sip:gateway@{PHONES}")),
        user: None,
        password: None,
        ..hop
    };
    assert_eq!(PASSWORD, "secret");
    let unknown = gateway(Place::take(), wrong).await;
    let problem = || unknown.hop()?.servers.pop()?.problem;
    until("the problem", || problem().is_some()).await;
    let problem = problem().unwrap();
    assert!(problem.contains("401"), "{problem}");
    assert_eq!(unknown.hop_port(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registrar_that_goes_is_missed_and_found_again_and_a_second_one_takes_over() {
    or_leave!("kamailio", "kamailio");
    for transport in [SipTransport::Tcp, SipTransport::Udp] {
        let place = Place::take();
        let defines = gateway_at(place.port, transport.name(), &[]);
        let mut first = Kamailio::start("registrar.cfg", &defines).unwrap();
        let node = gateway(place, next_hop(HOP, &[first.port], transport)).await;
        node.hop_answers_at(first.port).await;
        first.stop();
        until("the loss", || node.hop_port().is_none()).await;
        let unreachable = node.refer(&phone_name(1)).await;
        assert!(matches!(&unreachable, Delivery::Unreachable(_)), "{unreachable:?}");
        let probe = node.probe(&phone_name(1)).await;
        assert_eq!(probe.verdict(), Verdict::Failed, "{probe:?}");
        first.again();
        node.hop_answers_at(first.port).await;

        let second = Kamailio::start("registrar.cfg", &defines).unwrap();
        let both = next_hop(HOP, &[first.port, second.port], transport);
        let node = gateway(Place::take(), both).await;
        node.hop_answers_at(first.port).await;
        first.stop();
        node.hop_answers_at(second.port).await;
    }
}
