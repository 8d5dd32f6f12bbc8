//! Whose word counts: of a trusted next hop, and of no other.

use super::*;

#[tokio::test]
async fn a_trusted_next_hop_speaks_for_its_own_phones_and_an_untrusted_one_for_none() {
    for is_trusted in [true, false] {
        let server = Server::start().await;
        let mut hop = edge(&[server.at]);
        hop.trusted = is_trusted;
        let bench = with_hop(hop).await;
        let mut peer = server.accept().await;
        until("the server", || is_up(&bench.sip, 0)).await;
        let mut ask = async |request: Request| {
            let call = request.get("Call-ID").to_owned();
            let text = request.text(&peer);
            peer.send(text).await;
            loop {
                let got = peer.next().await;
                if got.method() == "OPTIONS" {
                    peer.answer(&got, "200 OK", &[]).await;
                } else if got.get("Call-ID") == call {
                    return got.code();
                }
            }
        };
        let own = ask(location(&format!("sip:behind@{DOMAIN}"))).await;
        assert_eq!(own, if is_trusted { 202 } else { 401 });
        // Those that register here prove who they are to us.
        assert_eq!(ask(location(&format!("sip:phone-1@{DOMAIN}"))).await, 401);
        assert_eq!(ask(location("sip:nobody@elsewhere.example.com")).await, 401);
        bench.end().await;
    }
}

#[tokio::test]
async fn a_path_is_taken_from_trusted_next_hops_alone_and_becomes_the_route() {
    let path = "<sip:edge.example.com;lr;ob>";
    let bench = Bench::start().await;
    let mut phone = Phone::first(bench.tcp().await);
    let request = phone.plain().add("Path", path).add("Supported", "path");
    let answer = phone.ask(&request).await;
    assert_eq!(answer.code(), 403);
    assert_eq!(bench.sip.status().bindings, 0);
    bench.end().await;

    let server = Server::start().await;
    let mut hop = edge(&[server.at]);
    hop.trusted = true;
    let bench = with_hop(hop).await;
    let peer = server.accept().await;
    until("the server", || is_up(&bench.sip, 0)).await;
    // From where the hop is.
    let mut phone = Phone::first(bench.tcp().await);
    let request = phone.plain().add("Path", path).add("Supported", "path");
    let answer = phone.ask(&request).await;
    assert_eq!(answer.code(), 200, "{answer:?}");
    assert_eq!(answer.get("Path"), path);
    let waiting = deliver(&bench, errand(FIRST));
    let got = phone.peer.next().await;
    assert_eq!((got.uri(), got.get("Route")), (phone.contact.as_str(), path));
    phone.peer.answer(&got, "200 OK", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
    // Once its own flow is gone another one to that hop leads there.
    let Phone { peer: gone, contact, .. } = phone;
    drop(gone);
    let ended = || bench.figure("jackfield_sip_connections_ended_total{reason=\"closed\"}") == 1;
    until("its end", ended).await;
    let waiting = deliver(&bench, errand(FIRST));
    let mut peer = peer;
    let got = loop {
        let got = peer.next().await;
        if got.method() == "REFER" {
            break got;
        }
        peer.answer(&got, "200 OK", &[]).await;
    };
    assert_eq!((got.uri(), got.get("Route")), (contact.as_str(), path));
    peer.answer(&got, "200 OK", &[]).await;
    assert_eq!(became(waiting).await, Delivery::Accepted(Status::OK));
    // And without any it is not reached.
    drop((peer, server));
    until("the loss", || !is_up(&bench.sip, 0)).await;
    let became_of = became(deliver(&bench, errand(FIRST))).await;
    assert!(matches!(became_of, Delivery::Unreachable(_)), "{became_of:?}");
    bench.end().await;

    // One that is not trusted passes registrations on, and adds nothing to them.
    let server = Server::start().await;
    let mut hop = edge(&[server.at]);
    hop.ping_seconds = 0;
    let bench = with_hop(hop).await;
    let mut phone = Phone::first(server.accept().await);
    let request = phone.plain();
    assert_eq!(phone.ask(&request).await.code(), 200);
    let request = request.add("Path", path).add("Supported", "path");
    let request = phone.proven_again(&request);
    assert_eq!(phone.peer.ask(&request).await.code(), 403);
    bench.end().await;
}

#[tokio::test]
async fn a_phone_that_belongs_to_a_next_hop_does_not_register_here() {
    let server = Server::start().await;
    let bench = with_hop(edge(&[server.at])).await;
    let mut phone = Phone::new(bench.tcp().await, BEHIND, "behind", "password-3");
    let request = phone.plain();
    let answer = phone.ask(&request).await;
    assert_eq!(answer.code(), 403);
    assert!(answer.get("Warning").contains("next hop"), "{answer:?}");
    bench.end().await;
}
