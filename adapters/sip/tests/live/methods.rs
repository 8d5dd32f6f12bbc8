//! What is taken, and what is refused at once.

use crate::bench::{Bench, DOMAIN, NODE};
use crate::peer::{Got, Peer, Request};

/// Asks each way there is, and each must answer the same.
async fn everywhere(bench: &Bench, request: Request) -> Got {
    let mut answers = Vec::new();
    for mut peer in [bench.udp().await, bench.tcp().await, bench.tls().await] {
        answers.push(peer.ask(&request.again()).await);
    }
    let codes: Vec<u16> = answers.iter().map(Got::code).collect();
    assert!(codes.iter().all(|it| *it == codes[0]), "{codes:?}");
    answers.remove(0)
}

fn to_us(method: &str) -> Request {
    Request::new(method, &format!("sip:gateway@{NODE}"))
}

#[tokio::test]
async fn sip_accept_02_unknown_methods_are_501_and_known_unwanted_ones_405_with_allow() {
    let bench = Bench::start().await;
    for method in ["FROBNICATE", "options", "!%*_+`'~-.", "REG%49STER"] {
        assert_eq!(everywhere(&bench, to_us(method)).await.code(), 501, "{method}");
    }
    for method in ["INFO", "PRACK", "UPDATE", "PUBLISH", "MESSAGE"] {
        let answer = everywhere(&bench, to_us(method)).await;
        assert_eq!(answer.code(), 405, "{method}");
        assert!(answer.get("Allow").contains("REGISTER"), "{answer:?}");
        assert!(!answer.get("Allow").contains(method), "{answer:?}");
    }
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_14_an_unknown_scheme_is_416_and_a_register_for_no_sip_address_400() {
    let bench = Bench::start().await;
    let request = |uri: &str| Request::new("OPTIONS", uri);
    assert_eq!(
        everywhere(&bench, request("nobodyKnowsThisScheme:totallyopaque")).await.code(),
        416
    );
    assert_eq!(everywhere(&bench, request("tel:+15550100")).await.code(), 416);
    // Elsewhere such schemes are somebody else's business.
    let elsewhere = to_us("OPTIONS")
        .set("To", "<isbn:2983792873>")
        .set("From", "<http://www.example.com>;tag=3")
        .add("Contact", "<name:John_Smith>");
    assert_eq!(everywhere(&bench, elsewhere).await.code(), 200);
    let register = Request::new("REGISTER", &format!("sip:{DOMAIN}"))
        .set("To", "<tel:+15550100>")
        .add("Contact", "<sip:phone@192.0.2.1>");
    let mut phone = crate::phone::Phone::first(bench.tcp().await);
    assert_eq!(phone.ask(&register).await.code(), 400);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_15_a_required_extension_that_is_unknown_is_420_and_named() {
    let bench = Bench::start().await;
    for method in ["OPTIONS", "REGISTER", "REFER", "INVITE", "NOTIFY"] {
        let request = to_us(method)
            .add("Require", "nothingSupportsThis, path")
            .add("Require", "nothingSupportsThisEither");
        let mut peer = bench.tcp().await;
        let answer = peer.ask(&request).await;
        assert_eq!(answer.code(), 420, "{method}");
        assert_eq!(answer.get("Unsupported"), "nothingSupportsThis, nothingSupportsThisEither");
    }
    // Nobody answers an ACK, and a CANCEL is looked at for what it cancels alone.
    let mut peer = bench.tcp().await;
    peer.send(to_us("ACK").add("Require", "nothingSupportsThis").text(&peer)).await;
    let cancel = to_us("CANCEL").add("Require", "nothingSupportsThis");
    assert_eq!(peer.ask(&cancel).await.code(), 481);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_15_a_body_that_is_unknown_is_415_with_what_is_known() {
    let bench = Bench::start().await;
    let mut phone = crate::phone::Phone::first(bench.tcp().await);
    let register = phone.plain().body("application/nonsense", "anything");
    let answer = phone.ask(&register).await;
    assert_eq!(answer.code(), 415);
    assert!(answer.get("Accept").contains("application/x-cisco-remotecc-request+xml"));
    assert_eq!(bench.sip.status().bindings, 0);
    let refer = to_us("REFER").add("Refer-To", "<sip:somebody@example.com>");
    let refer = refer.add("Contact", "<sip:phone@192.0.2.1>").body("text/html", "<p>");
    let answer = phone.ask(&refer).await;
    assert_eq!(answer.code(), 415);
    assert!(answer.has("Accept"));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_16_an_unknown_scheme_of_authorization_is_challenged_and_the_last_hop_serves() {
    let bench = Bench::start().await;
    let register = Request::new("REGISTER", &format!("sip:{DOMAIN}"))
        .add("Authorization", "NoOneKnowsThisScheme opaque-data=here");
    let answer = everywhere(&bench, register).await;
    assert_eq!(answer.code(), 401);
    let challenges = answer.all("WWW-Authenticate");
    assert_eq!(challenges.len(), 2, "{challenges:?}");
    assert!(challenges[0].contains("SHA-256") && challenges[1].contains("MD5"), "{challenges:?}");
    let last = to_us("OPTIONS").set("Max-Forwards", "0");
    assert_eq!(everywhere(&bench, last).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_17_an_answer_that_is_not_to_us_is_dropped() {
    let bench = Bench::start().await;
    for mut peer in [bench.udp().await, bench.tcp().await] {
        let dropped = || {
            let of = |reason| format!("jackfield_sip_dropped_total{{reason=\"{reason}\"}}");
            bench.figure(&of("unmatched")) + bench.figure(&of("malformed_grammar"))
        };
        let before = dropped();
        for via in [
            "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnever".to_owned(),
            format!(
                "SIP/2.0/UDP {NODE};branch=z9hG4bKa\r\nVia: SIP/2.0/UDP {NODE};branch=z9hG4bKb"
            ),
        ] {
            peer.send(format!(
                "SIP/2.0 200 OK\r\nVia: {via}\r\nFrom: <sip:a@example.com>;tag=1\r\n\
                 To: <sip:b@example.com>;tag=2\r\nCall-ID: nobody\r\nCSeq: 1 REFER\r\n\
                 Content-Length: 0\r\n\r\n"
            ))
            .await;
        }
        // What comes next is the answer to what was asked.
        assert_eq!(
            peer.ask(&to_us("OPTIONS")).await.get("CSeq").split(' ').nth(1),
            Some("OPTIONS")
        );
        assert_eq!(dropped(), before + 2);
    }
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_18_a_request_of_rfc_2543_is_answered() {
    let bench = Bench::start().await;
    let mut peer = bench.udp().await;
    let text = format!(
        "OPTIONS sip:gateway@{NODE} SIP/2.0\r\nVia: SIP/2.0/UDP {}\r\nFrom: <sip:a@example.com>\r\n\
         To: <sip:b@example.com>\r\nCall-ID: old\r\nCSeq: 1 OPTIONS\r\n\r\n",
        peer.local
    );
    peer.send(&text).await;
    let first = peer.next().await;
    assert_eq!(first.code(), 200);
    // A repeat gets the same answer, tag included.
    peer.send(&text).await;
    let again = peer.next().await;
    assert_eq!((first.fields, first.body), (again.fields, again.body));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_21_a_repeat_gets_the_same_answer_and_nothing_is_done_again() {
    let bench = Bench::start().await;
    let mut phone = crate::phone::Phone::first(bench.udp().await);
    let register = phone.plain();
    let challenge = phone.peer.ask(&register).await;
    let register = phone.proven(&register, &challenge);
    let text = register.text(&phone.peer);
    let answer = phone.peer.ask(&register).await;
    assert_eq!(answer.code(), 200);
    for _ in 0..3 {
        phone.peer.send(&text).await;
        let again = phone.peer.next().await;
        assert_eq!((&again.start, &again.fields), (&answer.start, &answer.fields));
    }
    let registers = "jackfield_sip_requests_total{method=\"REGISTER\"}";
    assert_eq!(bench.figure(registers), 2);
    // The same branch of somebody else, or of another method, is something else.
    let mut other = bench.udp().await;
    assert_eq!(other.ask(&register).await.code(), 401);
    let options = to_us("OPTIONS").set("Via", register.get("Via"));
    assert_eq!(phone.peer.ask(&options).await.code(), 200);
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_39_nobody_can_subscribe() {
    let bench = Bench::start().await;
    for package in ["dialog", "presence", "never-heard-of"] {
        let answer = everywhere(&bench, to_us("SUBSCRIBE").add("Event", package)).await;
        assert_eq!(answer.code(), 489);
        assert!(answer.has("Allow-Events"));
    }
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_40_a_message_is_refused_with_405_and_no_contact() {
    let bench = Bench::start().await;
    let message = to_us("MESSAGE").body("text/plain", "hello");
    let answer = everywhere(&bench, message).await;
    assert_eq!(answer.code(), 405);
    assert!(!answer.has("Contact"));
    bench.end().await;
}

#[tokio::test]
async fn sip_accept_25_an_invite_is_refused_until_it_is_acknowledged() {
    let bench = Bench::start().await;
    let mut peer = bench.tcp().await;
    let invite = to_us("INVITE").add("Contact", "<sip:a@192.0.2.1>");
    let refusal = peer.ask(&invite).await;
    assert_eq!(refusal.code(), 488);
    // It may be cancelled as long as it is there.
    let cancel = as_part_of(&invite, "CANCEL");
    assert_eq!(peer.ask(&cancel).await.code(), 200);
    let ack = as_part_of(&invite, "ACK").set("To", refusal.get("To"));
    peer.send(ack.text(&peer)).await;
    // No answer to an ACK.
    let options = peer.ask(&to_us("OPTIONS")).await;
    assert_eq!((options.code(), options.get("CSeq").contains("OPTIONS")), (200, true));
    // Nothing is there that could be cancelled.
    let cancel = as_part_of(&to_us("INVITE"), "CANCEL");
    assert_eq!(peer.ask(&cancel).await.code(), 481);
    assert_eq!(peer.ask(&to_us("BYE")).await.code(), 481);
    bench.end().await;
}

/// The request of that method that belongs to the transaction of an INVITE.
fn as_part_of(invite: &Request, method: &str) -> Request {
    let number = invite.get("CSeq").split(' ').next().unwrap().to_owned();
    let mut request = invite.clone().without("Contact").set("CSeq", &format!("{number} {method}"));
    request.method = method.to_owned();
    request
}

#[tokio::test(start_paused = true)]
async fn sip_accept_25_over_udp_a_refusal_is_repeated_to_registered_phones_alone() {
    let mut bench = Bench::start().await;
    bench.hold_time();
    let mut phone = crate::phone::Phone::first(bench.udp().await);
    phone.register_plainly().await;
    let mut stranger = bench.udp().await;
    let invite = to_us("INVITE").add("Contact", "<sip:a@192.0.2.1>");
    assert_eq!(stranger.ask(&invite).await.code(), 488);
    let refusal = phone.peer.ask(&invite.again()).await;
    assert_eq!(refusal.code(), 488);
    bench.pass(std::time::Duration::from_secs(2)).await;
    let again = phone.peer.next().await;
    assert_eq!(again.fields, refusal.fields);
    assert!(phone.peer.is_silent_but(&to_us("OPTIONS"), 488).await);
    assert!(stranger.is_silent_but(&to_us("OPTIONS"), 0).await);
    bench.end().await;
}

impl Peer {
    /// Whether nothing but answers of that code came before that to this request.
    async fn is_silent_but(&mut self, request: &Request, code: u16) -> bool {
        let cseq = request.get("CSeq").to_owned();
        self.send(request.text(self)).await;
        loop {
            let got = self.next().await;
            if got.get("CSeq") == cseq {
                return true;
            }
            if got.code() != code {
                return false;
            }
        }
    }
}
