//! Challenges that phones behind a next hop write, to guess our password there.

use super::*;

#[tokio::test]
async fn a_phone_behind_a_next_hop_gets_no_proof_to_guess_our_password_by() {
    let server = Server::start().await;
    let mut hop = edge(&[server.at]);
    hop.user = Some("gateway".to_owned());
    hop.password = Some(sealed(SIP_NEXT_HOP_PASSWORD_PURPOSE, "hop-password"));
    hop.realms = vec!["edge.example.com".to_owned()];
    let bench = with_hop(hop).await;
    let mut peer = server.accept().await;
    until("the server", || is_up(&bench.sip, 0)).await;
    let digest = "Digest realm=\"edge.example.com\", nonce=\"n\"";
    for (status, challenge) in [
        ("401 Unauthorized", format!("WWW-Authenticate: {digest}, qop=\"auth\"")),
        ("401 Unauthorized", format!("WWW-Authenticate: {digest}, algorithm=MD5")),
        ("407 Proxy Authentication Required", format!("Proxy-Authenticate: {digest}")),
    ] {
        let waiting = deliver(&bench, errand(BEHIND));
        let got = peer.work().await;
        peer.answer(&got, status, &[&challenge]).await;
        let Delivery::Refused(refused, _) = became(waiting).await else { panic!("{challenge}") };
        assert!(status.starts_with(&refused.code().to_string()), "{challenge}");
    }
    bench.end().await;
}

#[tokio::test]
async fn a_phone_behind_a_next_hop_gets_no_weaker_proof_than_the_hop_itself() {
    let server = Server::start().await;
    let mut hop = edge(&[server.at]);
    hop.user = Some("gateway".to_owned());
    hop.password = Some(sealed(SIP_NEXT_HOP_PASSWORD_PURPOSE, "hop-password"));
    hop.realms = vec!["pbx.example.com".to_owned()];
    hop.register_as = Some("sip:gateway@pbx.example.com".to_owned());
    let bench = with_hop(hop).await;
    let mut peer = server.accept().await;
    let got = peer.work().await;
    let digest = "Digest realm=\"pbx.example.com\", qop=\"auth\"";
    let own = format!("WWW-Authenticate: {digest}, nonce=\"a\", algorithm=SHA-256");
    peer.answer(&got, "401 Unauthorized", &[&own]).await;
    let got = peer.work().await;
    assert!(got.get("Authorization").contains("SHA-256"), "{got:?}");
    peer.answer(&got, "200 OK", &[]).await;
    until("the server", || is_up(&bench.sip, 0)).await;
    for (algorithm, is_answered) in [("MD5", false), ("SHA-256", true)] {
        let waiting = deliver(&bench, errand(BEHIND));
        let got = peer.work().await;
        let challenge =
            format!("Proxy-Authenticate: {digest}, nonce=\"{algorithm}\", algorithm={algorithm}");
        peer.answer(&got, "407 Proxy Authentication Required", &[&challenge]).await;
        if is_answered {
            let again = peer.work().await;
            assert!(again.has("Proxy-Authorization"), "{again:?}");
            peer.answer(&again, "202 Accepted", &[]).await;
        }
        let became = became(waiting).await;
        assert_eq!(matches!(became, Delivery::Accepted(_)), is_answered, "{became:?}");
    }
    bench.end().await;
}
