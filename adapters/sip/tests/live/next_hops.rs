//! Next hops: what is told to phones behind them, which of their servers is asked, and whose word counts.

mod proofs;
mod trust;

use std::net::SocketAddr;
use std::time::Duration;

use domain::settings::{
    SIP_NEXT_HOP_PASSWORD_PURPOSE, Settings, SipNextHop, SipServer, SipTransport, TrustPurpose,
};
use protocols::sip::Status;
use sip::{Delivery, Sip};
use tokio::net::{TcpListener, UdpSocket};

use crate::authority::Authority;
use crate::bench::{
    Bench, DOMAIN, FIRST, NODE, PATIENCE, SECOND, change_device, change_sip, member, sealed, trust,
    until,
};
use crate::flows::{became, deliver, errand};
use crate::peer::{Got, Peer, Request};
use crate::phone::{Phone, REQUEST_TYPE};

/// A phone behind the next hop `edge`.
const BEHIND: &str = "SEP00AA00AA00AA";

/// A server of a next hop.
struct Server {
    listener: TcpListener,
    at: SocketAddr,
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        Self { listener, at }
    }

    /// The connection that is opened to it.
    async fn accept(&self) -> Peer {
        let accepted = tokio::time::timeout(PATIENCE, self.listener.accept()).await;
        let (stream, _) = accepted.unwrap_or_else(|_| panic!("nobody called")).unwrap();
        Peer::accepted(stream, self.at, "TCP")
    }
}

impl Peer {
    /// The next request that is no ping; pings are answered.
    async fn work(&mut self) -> Got {
        loop {
            let got = self.next().await;
            if got.method() != "OPTIONS" {
                return got;
            }
            self.answer(&got, "200 OK", &[]).await;
        }
    }

    /// Answers pings until the connection ends.
    async fn idle(mut self) {
        while let Ok(Some(got)) = tokio::time::timeout(PATIENCE, self.next_or_none()).await {
            if got.method() == "OPTIONS" {
                self.answer(&got, "200 OK", &[]).await;
            }
        }
    }
}

fn edge(servers: &[SocketAddr]) -> SipNextHop {
    let server = |at: &SocketAddr| SipServer { host: at.ip().to_string(), port: at.port() };
    SipNextHop {
        name: "edge".to_owned(),
        servers: servers.iter().map(server).collect(),
        transport: SipTransport::Tcp,
        ping_seconds: 5,
        user: None,
        password: None,
        realms: Vec::new(),
        register_as: None,
        route: Vec::new(),
        trusted: false,
    }
}

fn add(settings: &mut Settings, hop: SipNextHop) {
    change_sip(settings, |sip| sip.next_hops = vec![hop]);
    change_device(settings, BEHIND, |device| {
        let mut sip = member("behind", Some("password-3"));
        sip.next_hop = Some("edge".to_owned());
        device.sip = Some(sip);
    });
}

async fn with_hop(hop: SipNextHop) -> Bench {
    Bench::with(|start| add(&mut start.settings, hop)).await
}

fn is_up(sip: &Sip, place: usize) -> bool {
    let status = sip.status();
    status.next_hops.first().is_some_and(|hop| hop.servers[place].is_up)
}

#[tokio::test]
async fn a_phone_behind_a_next_hop_is_told_by_it_at_its_address_and_along_its_route() {
    let server = Server::start().await;
    let mut hop = edge(&[server.at]);
    hop.route = vec!["sip:inner.example.com;lr".to_owned()];
    let bench = with_hop(hop).await;
    let mut peer = server.accept().await;
    until("the server", || is_up(&bench.sip, 0)).await;
    let waiting = deliver(&bench, errand(BEHIND));
    let got = peer.work().await;
    assert_eq!(got.uri(), format!("sip:behind@{DOMAIN}"));
    assert_eq!(got.get("To"), format!("<sip:behind@{DOMAIN}>"));
    assert_eq!(got.get("Route"), "<sip:inner.example.com;lr>");
    assert_eq!(got.get("Content-Type"), REQUEST_TYPE);
    // Where it can call us, not where we called from.
    let via = format!("SIP/2.0/TCP {};branch=", bench.tcp);
    assert!(got.get("Via").starts_with(&via), "{got:?}");
    assert_eq!(got.get("Contact"), format!("<sip:gateway@{};transport=tcp>", bench.tcp));
    peer.answer(&got, "202 Accepted", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::ACCEPTED));
    // Its server goes, and with it what was on its way.
    let waiting = deliver(&bench, errand(BEHIND));
    peer.work().await;
    drop(peer);
    assert!(matches!(became(waiting).await, Delivery::Unreachable(_)));
    until("the loss", || !is_up(&bench.sip, 0)).await;
    let peer = server.accept().await;
    let idle = tokio::spawn(peer.idle());
    until("the server", || is_up(&bench.sip, 0)).await;
    bench.end().await;
    idle.await.unwrap();
}

#[tokio::test]
async fn a_next_hop_that_the_settings_take_away_is_left_and_one_that_comes_is_called() {
    let (first, second) = (Server::start().await, Server::start().await);
    let bench = with_hop(edge(&[first.at])).await;
    let mut peer = first.accept().await;
    until("the server", || is_up(&bench.sip, 0)).await;
    bench.change(|settings| add(settings, edge(&[second.at]))).await;
    peer.ends().await;
    let mut peer = second.accept().await;
    until("the server", || is_up(&bench.sip, 0)).await;
    bench
        .change(|settings| {
            change_sip(settings, |sip| sip.next_hops.clear());
            change_device(settings, BEHIND, |device| device.sip = None);
        })
        .await;
    peer.ends().await;
    until("its end", || bench.sip.status().next_hops.is_empty()).await;
    bench.end().await;
}

#[tokio::test]
async fn what_one_server_puts_off_or_loses_another_is_asked() {
    let (first, second) = (Server::start().await, Server::start().await);
    let bench = with_hop(edge(&[first.at, second.at])).await;
    let (mut one, mut other) = (first.accept().await, second.accept().await);
    until("the servers", || is_up(&bench.sip, 0) && is_up(&bench.sip, 1)).await;
    let waiting = deliver(&bench, errand(BEHIND));
    let (put_off, is_first) = tokio::select! {
        got = one.work() => (got, true),
        got = other.work() => (got, false),
    };
    let (busy, free) = if is_first { (&mut one, &mut other) } else { (&mut other, &mut one) };
    busy.answer(&put_off, "503 Service Unavailable", &["Retry-After: 60"]).await;
    let got = free.work().await;
    assert_eq!(got.get("Call-ID"), put_off.get("Call-ID"));
    assert_ne!(got.get("Via"), put_off.get("Via"));
    free.answer(&got, "202 Accepted", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::ACCEPTED));
    // Asked whether it was the server itself, it says so, and is left alone for so long as it said.
    let got = busy.next().await;
    assert_eq!(got.method(), "OPTIONS");
    busy.answer(&got, "503 Service Unavailable", &["Retry-After: 60"]).await;
    until("the rest", || !is_up(&bench.sip, usize::from(!is_first))).await;
    for _ in 0..3 {
        let waiting = deliver(&bench, errand(BEHIND));
        let got = free.work().await;
        free.answer(&got, "200 OK", &[]).await;
        assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
    }
    bench.end().await;
}

#[tokio::test]
async fn what_one_phone_behind_a_next_hop_puts_off_is_put_off_for_that_phone_alone() {
    let server = Server::start().await;
    let bench = Bench::with(|start| {
        add(&mut start.settings, edge(&[server.at]));
        change_device(&mut start.settings, SECOND, |device| {
            let mut sip = member("other", Some("password-2"));
            sip.next_hop = Some("edge".to_owned());
            device.sip = Some(sip);
        });
    })
    .await;
    let mut peer = server.accept().await;
    until("the server", || is_up(&bench.sip, 0)).await;
    let waiting = deliver(&bench, errand(BEHIND));
    let got = peer.work().await;
    peer.answer(&got, "503 Service Unavailable", &["Retry-After: 3600"]).await;
    assert!(matches!(became(waiting).await, Delivery::HeldOff(_)));
    let waiting = deliver(&bench, errand(SECOND));
    let got = peer.work().await;
    assert_eq!(got.uri(), format!("sip:other@{DOMAIN}"));
    peer.answer(&got, "200 OK", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
    assert!(matches!(became(deliver(&bench, errand(BEHIND))).await, Delivery::HeldOff(_)));
    bench.end().await;
}

fn challenge(realm: &str, nonce: &str) -> String {
    format!(
        "Proxy-Authenticate: Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\", algorithm=MD5"
    )
}

#[tokio::test]
async fn a_next_hop_that_asks_who_we_are_is_told_once_and_for_its_realm_alone() {
    let server = Server::start().await;
    let mut hop = edge(&[server.at]);
    hop.user = Some("gateway".to_owned());
    hop.password = Some(sealed(SIP_NEXT_HOP_PASSWORD_PURPOSE, "hop-password"));
    hop.realms = vec!["edge.example.com".to_owned()];
    let bench = with_hop(hop).await;
    let mut peer = server.accept().await;
    until("the server", || is_up(&bench.sip, 0)).await;
    let refused = "407 Proxy Authentication Required";

    let waiting = deliver(&bench, errand(BEHIND));
    let got = peer.work().await;
    assert!(!got.has("Proxy-Authorization"));
    peer.answer(&got, refused, &[&challenge("edge.example.com", "n1")]).await;
    let again = peer.work().await;
    let proof = again.get("Proxy-Authorization");
    for part in
        ["username=\"gateway\"", "realm=\"edge.example.com\"", "nonce=\"n1\"", "nc=00000001"]
    {
        assert!(proof.contains(part), "{part} in {proof}");
    }
    assert!(!proof.contains("hop-password"));
    let number = |got: &Got| -> u32 { got.get("CSeq").split(' ').next().unwrap().parse().unwrap() };
    assert_eq!(number(&again), number(&got) + 1);
    assert_ne!(again.get("Via"), got.get("Via"));
    assert_eq!(again.get("Call-ID"), got.get("Call-ID"));
    // Asked once more, it says no more.
    peer.answer(&again, refused, &[&challenge("edge.example.com", "n2")]).await;
    let Delivery::Refused(status, _) = became(waiting).await else { panic!("not refused") };
    assert_eq!(status.code(), 407);

    let waiting = deliver(&bench, errand(BEHIND));
    let got = peer.work().await;
    peer.answer(&got, refused, &[&challenge("elsewhere.example.com", "n3")]).await;
    let Delivery::Refused(status, _) = became(waiting).await else { panic!("not refused") };
    assert_eq!(status.code(), 407);
    bench.end().await;
}

#[tokio::test]
async fn where_a_next_hop_wants_it_we_register_and_keep_its_route() {
    let server = Server::start().await;
    let mut hop = edge(&[server.at]);
    hop.user = Some("gateway".to_owned());
    hop.password = Some(sealed(SIP_NEXT_HOP_PASSWORD_PURPOSE, "hop-password"));
    hop.realms = vec!["pbx.example.com".to_owned()];
    hop.register_as = Some("sip:gateway@pbx.example.com".to_owned());
    let bench = with_hop(hop).await;
    let mut peer = server.accept().await;
    let got = peer.work().await;
    assert_eq!((got.method(), got.uri()), ("REGISTER", "sip:pbx.example.com"));
    assert_eq!(got.get("To"), "<sip:gateway@pbx.example.com>");
    let challenge = "WWW-Authenticate: Digest realm=\"pbx.example.com\", nonce=\"n\", qop=\"auth\"";
    peer.answer(&got, "401 Unauthorized", &[challenge]).await;
    let got = peer.work().await;
    assert!(got.get("Authorization").contains("username=\"gateway\""), "{got:?}");
    let contact = format!("Contact: {};expires=3600", got.get("Contact"));
    let routes = "Service-Route: <sip:a.example.com;lr>, <sip:b.example.com;lr>";
    peer.answer(&got, "200 OK", &[&contact, routes]).await;
    until("the server", || is_up(&bench.sip, 0)).await;
    let waiting = deliver(&bench, errand(BEHIND));
    let got = peer.work().await;
    let route = got.all("Route").join(", ");
    assert_eq!(route, "<sip:a.example.com;lr>, <sip:b.example.com;lr>");
    peer.answer(&got, "200 OK", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn our_registration_is_said_again_at_half_of_what_is_granted_to_us_and_takes_another_route() {
    let server = Server::start().await;
    let mut hop = edge(&[server.at]);
    hop.ping_seconds = 0;
    hop.register_as = Some("sip:gateway@pbx.example.com".to_owned());
    let mut bench = with_hop(hop).await;
    bench.hold_time();
    let mut peer = server.accept().await;
    let first = peer.next().await;
    let own = first.get("Contact").to_owned();
    let contacts = format!("Contact: <sip:other@192.0.2.9>;expires=3000, {own};expires=30");
    let route = "Service-Route: <sip:a.example.com;lr>";
    peer.answer(&first, "200 OK", &["Expires: 3600", &contacts, route]).await;
    until("the server", || is_up(&bench.sip, 0)).await;
    bench.pass(Duration::from_secs(12)).await;
    assert!(peer.now().await.is_none(), "it is asked before half of it is over");
    bench.pass(Duration::from_secs(4)).await;
    let again = peer.next().await;
    let number = |got: &Got| -> u32 { got.get("CSeq").split(' ').next().unwrap().parse().unwrap() };
    assert_eq!(again.get("Call-ID"), first.get("Call-ID"));
    assert_eq!(number(&again), number(&first) + 1);
    let route = "Service-Route: <sip:b.example.com;lr>";
    peer.answer(&again, "200 OK", &[&format!("Contact: {own};expires=3600"), route]).await;
    bench.pass(Duration::from_secs(1)).await;
    let waiting = deliver(&bench, errand(BEHIND));
    let got = peer.next().await;
    assert_eq!(got.get("Route"), "<sip:b.example.com;lr>");
    peer.answer(&got, "200 OK", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
    bench.end().await;
}

#[tokio::test]
async fn a_trusted_next_hop_may_open_more_connections_than_others() {
    let server = Server::start().await;
    let mut hop = edge(&[server.at]);
    hop.trusted = true;
    let bench = Bench::with(|start| {
        start.limits.connections_per_source_max = 1;
        add(&mut start.settings, hop);
    })
    .await;
    let idle = tokio::spawn(server.accept().await.idle());
    until("the server", || is_up(&bench.sip, 0)).await;
    let mut first = bench.tcp().await;
    let mut second = bench.tcp().await;
    for peer in [&mut first, &mut second] {
        let request = Request::new("OPTIONS", &format!("sip:gateway@{NODE}"));
        assert_eq!(peer.ask(&request).await.code(), 200);
    }
    bench.end().await;
    idle.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_no_pings_is_down_until_it_does() {
    let server = Server::start().await;
    let mut bench = with_hop(edge(&[server.at])).await;
    bench.hold_time();
    let mut peer = server.accept().await;
    for _ in 0..4 {
        bench.pass(Duration::from_secs(5)).await;
    }
    let mut asked = Vec::new();
    while let Some(got) = peer.now().await {
        asked.push(got);
    }
    assert!(asked.iter().all(|it| it.method() == "OPTIONS") && !asked.is_empty(), "{asked:?}");
    bench.pass(Duration::from_secs(30)).await;
    assert!(!is_up(&bench.sip, 0));
    assert!(matches!(became(deliver(&bench, errand(BEHIND))).await, Delivery::Unreachable(_)));
    for _ in 0..200 {
        while let Some(got) = peer.now().await {
            peer.answer(&got, "200 OK", &[]).await;
        }
        if is_up(&bench.sip, 0) {
            break;
        }
        bench.pass(Duration::from_secs(1)).await;
    }
    assert!(is_up(&bench.sip, 0));
    bench.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_pinged_may_be_silent_and_what_a_trusted_hop_opens_stays() {
    let server = Server::start().await;
    let mut hop = edge(&[server.at]);
    hop.ping_seconds = 0;
    hop.trusted = true;
    let mut bench = with_hop(hop).await;
    bench.hold_time();
    let mut peer = server.accept().await;
    let mut called = bench.tcp().await;
    let request = location(&format!("sip:behind@{DOMAIN}"));
    assert_eq!(called.ask(&request).await.code(), 202);
    bench.pass(Duration::from_secs(60)).await;
    assert_eq!(called.ask(&request.again()).await.code(), 202);
    bench.pass(Duration::from_secs(400)).await;
    until("the server", || is_up(&bench.sip, 0)).await;
    let waiting = deliver(&bench, errand(BEHIND));
    let got = peer.work().await;
    peer.answer(&got, "200 OK", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
    bench.end().await;
}

fn location(from: &str) -> Request {
    Request::new("REFER", &format!("sip:gateway@{NODE}"))
        .set("From", &format!("<{from}>;tag=1"))
        .add("Require", "norefersub")
        .add("Refer-To", "<cid:1>")
        .add("Content-Id", "<1>")
        .add("Contact", "<sip:a@192.0.2.1>")
        .body(
            REQUEST_TYPE,
            "<x-cisco-remotecc-request><x-cisco-location/></x-cisco-remotecc-request>",
        )
}

#[tokio::test]
async fn sip_accept_44_a_next_hop_must_show_its_own_certificate_of_a_known_authority() {
    let authority = Authority::new("Edges");
    for (signed_by_known, name, works) in
        [(true, "localhost", true), (true, "other.example.com", false), (false, "localhost", false)]
    {
        let unknown = Authority::new("Edges");
        let signer = if signed_by_known { &authority } else { &unknown };
        let identity = signer.identity(name, &[name]);
        let config = rustls::ServerConfig::builder_with_provider(std::sync::Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)
        .unwrap();
        let server = Server::start().await;
        let mut hop = edge(&[server.at]);
        hop.transport = SipTransport::Tls;
        hop.servers[0].host = "localhost".to_owned();
        let bench = Bench::with(|start| {
            let pem = authority.pem();
            trust(&mut start.settings, "edges", TrustPurpose::SipNextHops, Some(&pem));
            add(&mut start.settings, hop);
        })
        .await;
        let accepted = tokio::time::timeout(PATIENCE, server.listener.accept()).await;
        let (stream, _) = accepted.unwrap().unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
        let shaken = acceptor.accept(stream).await;
        if works {
            let mut peer = Peer::accepted(shaken.unwrap(), server.at, "TLS");
            until("the server", || is_up(&bench.sip, 0)).await;
            let waiting = deliver(&bench, errand(BEHIND));
            let got = peer.work().await;
            assert!(got.get("Via").starts_with("SIP/2.0/TLS"), "{got:?}");
            peer.answer(&got, "200 OK", &[]).await;
            assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
            // Whom nobody vouches for any more is left.
            let purpose = TrustPurpose::SipNextHops;
            bench.change(|settings| trust(settings, "edges", purpose, Some(&unknown.pem()))).await;
            peer.ends().await;
            until("the loss", || !is_up(&bench.sip, 0)).await;
        } else {
            let problem = || {
                let status = bench.sip.status();
                let problem = status.next_hops.first().and_then(|it| it.servers[0].problem.clone());
                problem.unwrap_or_default()
            };
            until("the problem", || problem().contains("TLS")).await;
            assert!(!is_up(&bench.sip, 0), "{name}");
        }
        bench.end().await;
    }
}

#[tokio::test]
async fn a_next_hop_over_udp_is_asked_and_found_down_when_it_is_silent() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut hop = edge(&[socket.local_addr().unwrap()]);
    hop.transport = SipTransport::Udp;
    let bench = with_hop(hop).await;
    let mut peer = Peer::at(socket, bench.udp);
    until("the server", || is_up(&bench.sip, 0)).await;
    let waiting = deliver(&bench, errand(BEHIND));
    let got = peer.work().await;
    assert!(got.get("Via").contains(";rport"), "{got:?}");
    peer.answer(&got, "202 Accepted", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::ACCEPTED));
    bench.end().await;
}

#[tokio::test]
async fn the_test_of_a_next_hop_asks_each_server_over_a_connection_of_its_own() {
    let (first, second) = (Server::start().await, Server::start().await);
    let bench = with_hop(edge(&[first.at, second.at])).await;
    let (one, other) = (first.accept().await, second.accept().await);
    let idle = [tokio::spawn(one.idle()), tokio::spawn(other.idle())];
    drop(second);
    let sip = std::sync::Arc::clone(&bench.sip);
    let probing = tokio::spawn(async move { sip.probe_next_hop("edge").await });
    let mut asked = first.accept().await;
    let got = asked.next().await;
    assert_eq!(got.method(), "OPTIONS");
    asked.answer(&got, "405 Method Not Allowed", &[]).await;
    let probe = tokio::time::timeout(PATIENCE, probing).await.unwrap().unwrap();
    let words = format!("{probe:?}");
    assert!(words.contains("answered 405"), "{words}");
    assert!(words.contains("Failed"), "{words}");
    bench.end().await;
    for idle in idle {
        idle.await.unwrap();
    }
}

#[tokio::test]
async fn what_a_next_hop_opened_ends_when_it_is_gone_or_has_other_servers() {
    let signer = Authority::new("Edges");
    let hop = |host: &str| {
        let mut hop = edge(&[]);
        hop.servers = vec![SipServer { host: host.to_owned(), port: 5061 }];
        hop.transport = SipTransport::Tls;
        hop.trusted = true;
        hop
    };
    let bench = Bench::with(|start| {
        add(&mut start.settings, hop("edge.invalid"));
        trust(&mut start.settings, "edges", TrustPurpose::SipNextHops, Some(&signer.pem()));
    })
    .await;
    let shown = || Some(signer.identity("edge", &["edge.invalid"]));
    let options = Request::new("OPTIONS", &format!("sip:gateway@{NODE}"));
    let with_path = |phone: &Phone| phone.plain().add("Path", "<sip:edge.invalid;lr>");
    let changes: [&dyn Fn(&mut Settings); 2] =
        [&|settings| add(settings, hop("other.invalid")), &|settings| {
            change_sip(settings, |sip| sip.next_hops.clear())
        }];
    for change in changes {
        bench.change(|settings| add(settings, hop("edge.invalid"))).await;
        let mut phone = loop {
            // The adapter follows the settings some moments later.
            let peer = Peer::tls(bench.tls, &bench.authority, shown()).await.unwrap();
            let mut phone = Phone::first(peer);
            let request = with_path(&phone).add("Supported", "path");
            if phone.ask(&request).await.code() == 200 {
                break phone;
            }
        };
        bench.change(change).await;
        phone.peer.ends().await;
        // Who comes now with that certificate is nobody's next hop.
        let peer = Peer::tls(bench.tls, &bench.authority, shown()).await.unwrap();
        let mut phone = Phone::first(peer);
        assert_eq!(phone.peer.ask(&options.again()).await.code(), 200);
        let request = with_path(&phone);
        assert_eq!(phone.ask(&request).await.code(), 403);
    }
    bench.end().await;
}

#[tokio::test]
async fn a_phone_behind_a_next_hop_is_shown_pages_where_the_settings_say_that_it_takes_them() {
    use engine::{Show, ShowOutcome, ShowPriority};
    let server = Server::start().await;
    let bench = Bench::with(|start| {
        add(&mut start.settings, edge(&[server.at]));
        change_device(&mut start.settings, BEHIND, |device| {
            device.sip.as_mut().unwrap().remotecc = true;
        });
        change_device(&mut start.settings, SECOND, |device| {
            device.sip.as_mut().unwrap().next_hop = Some("edge".to_owned());
        });
    })
    .await;
    let [device, silent] = [BEHIND, SECOND].map(|it| it.parse::<domain::DeviceName>().unwrap());
    let mut peer = server.accept().await;
    bench.until("the channel", || bench.port.channels().reaches(&device)).await;
    assert!(!bench.port.channels().reaches(&silent));
    let hop = Some("edge".into());
    let reach = engine::Reach { address: None, is_shared: true, hop };
    assert_eq!(bench.port.channels().reach(&device), Some(reach));
    assert_eq!(bench.sip.usable_hops().into_iter().collect::<Vec<_>>(), ["edge"]);
    let presenter = bench.port.channels().presenter();
    let url = "https://gw-a.example/page".to_owned();
    let show = Show { url: url.clone(), priority: ShowPriority::Now };
    let (outcome, ()) = tokio::join!(presenter.show(&device, show), async {
        let got = peer.work().await;
        assert_eq!((got.method(), got.uri()), ("REFER", &*format!("sip:behind@{DOMAIN}")));
        assert!(got.body.contains(&url), "{got:?}");
        peer.answer(&got, "202 Accepted", &[]).await;
    });
    assert!(matches!(outcome, ShowOutcome::Shown(_)), "{outcome:?}");
    drop((peer, server));
    bench.until("its end", || !bench.port.channels().reaches(&device)).await;
    assert!(bench.sip.usable_hops().is_empty());
    bench.end().await;
}
