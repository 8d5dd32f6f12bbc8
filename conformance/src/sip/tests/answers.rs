//! Answers to the phone's requests: the right one passes, each wrong one is told.

use std::time::Duration;

use super::registrar::{self, Grant, granted, plain};
use super::{Bench, settings};
use crate::sip::compose::Telling;
use crate::sip::event::Event;
use crate::sip::handset::Command;
use crate::sip::identity::Transport;

/// Answers a first REGISTER with what `spoil` makes of the right 200.
#[track_caller]
fn check_register(words: &str, spoil: impl Fn(String) -> String) {
    let mut bench = Bench::new(settings(Transport::Tcp));
    bench.begin();
    let right = granted(&bench.request(), &Grant::default());
    let wrong = spoil(right.clone());
    assert_ne!(right, wrong, "nothing was spoilt for {words:?}");
    bench.receive(&wrong);
    bench.complains(words);
}

fn put(from: &'static str, to: &'static str) -> impl Fn(String) -> String {
    move |text| text.replacen(from, to, 1)
}

/// Takes a header line out.
fn without(name: &'static str) -> impl Fn(String) -> String {
    move |text| {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let kept = head.split("\r\n").filter(|line| !line.starts_with(&format!("{name}:")));
        format!("{}\r\n\r\n{body}", kept.collect::<Vec<_>>().join("\r\n"))
    }
}

/// Changes the body and its length.
fn body(change: impl Fn(&str) -> String) -> impl Fn(String) -> String {
    move |text| {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let body = change(body);
        let head = head.split("\r\n").filter(|line| !line.starts_with("Content-Length:"));
        let head = head.collect::<Vec<_>>().join("\r\n");
        format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }
}

#[test]
fn the_outline_of_an_answer_is_judged() {
    check_register("neither a request line nor", put("SIP/2.0 200", "SIP/2.1 200"));
    check_register("no status code", put("200 OK", "99 OK"));
    check_register("no space after the status code", put("200 OK", "200"));
    check_register("line end", put("Expires: 120\r\n", "Expires: 120\n"));
    check_register("without a colon", put("Expires: ", "Expires "));
    check_register("is no token", put("Expires:", "Ex(pires:"));
    check_register("control character", put("Expires: 120", "Expires: 120\u{1}"));
    check_register("no Content-Length", without("Content-Length"));
    check_register("the body has", |text| {
        text.replacen("Content-Length: 3", "Content-Length: 2", 1)
    });
    check_register("expires: \"soon\"", put("Expires: 120", "Expires: soon"));
    for name in ["From", "To", "Call-ID", "CSeq", "Via"] {
        check_register(&format!("{} is missing", name.to_lowercase()), without(name));
        check_register(if name == "Via" { "2 Via" } else { "more than once" }, move |text| {
            let line = text.split("\r\n").find(|line| line.starts_with(&format!("{name}:")));
            let line = line.unwrap().to_owned();
            text.replacen(&line, &format!("{line}\r\n{line}"), 1)
        });
    }
}

#[test]
fn an_answer_copies_what_it_has_to() {
    check_register("From is not", put("From: <sip:1001@", "From: <sip:1002@"));
    check_register("To is not", put("To: <sip:1001@", "To: <sip:1002@"));
    check_register("To has no tag", put(";tag=t1", ""));
    check_register("the parameter tag is there twice", put(";tag=t1", ";tag=t1;tag=t2"));
    check_register("Call-ID is not", |text| text.replacen("Call-ID: ", "Call-ID: x", 1));
    check_register("CSeq is not", put("CSeq: 101 ", "CSeq: 102 "));
    check_register("Session-ID", without("Session-ID"));
    check_register(
        "Via is not the request's",
        put("127.0.0.1:40001;branch", "127.0.0.1:40002;branch"),
    );
    check_register("the parameters of Via", put(";branch=", ";alias;branch="));
    check_register("received is not", put(";branch=", ";received=192.0.2.1;branch="));
    check_register("rport where none", put(";branch=", ";rport=40001;branch="));
    check_register("an answer to nothing", put("branch=z9hG4bK", "branch=z9hG4bKx"));
    check_register("an answer to nothing", put("CSeq: 101 REGISTER", "CSeq: 101 REFER"));
}

#[test]
fn a_200_to_register_keeps_the_rules_of_the_registrar() {
    check_register("without Date", without("Date"));
    check_register("Date is", |text| {
        let at = text.find("Date: ").unwrap();
        text.replacen(&text[at..at + 35], "Date: Sun, 06 Nov 1994 08:49:37 GMT", 1)
    });
    check_register("without the phone's Contact", without("Contact"));
    check_register("echo +sip.instance", put("00112233", "00112234"));
    check_register("echo +u.sip!devicename", put("\"SEP0011", "\"SEP0012"));
    check_register("echo +u.sip!model", put("\"621\"", "621"));
    check_register("got the parameter odd", put(";x-cisco-newreg", ";x-cisco-newreg;odd"));
    check_register("Expires is 3600", put("Expires: 120", "Expires: 3600"));
    check_register("Expires is missing", without("Expires"));
    check_register("expires of the Contact", put(";expires=120", ";expires=121"));
    check_register("X-cisco-sis", put(", X-cisco-sis-10.0.0", ""));
    check_register("is missing", |text| body(|_| String::new())(without("Content-Type")(text)));
    check_register("is of type", put("remotecc-response+xml", "remotecc-request+xml"));
    check_register("the code 500", put("<code>200<", "<code>500<"));
    check_register("bfcp , which was not", body(|it| it.replacen("<joinreq/>", "<bfcp/>", 1)));
    check_register(
        "accepts subs in dialog",
        body(|it| it.replacen("<unot/>", "<unot/><subs/>", 1)),
    );
    check_register("max", body(|it| it.replacen("max=\"6\"", "max=\"7\"", 1)));
    check_register("max", body(|it| it.replacen(" max=\"6\"", "", 1)));
    check_register(
        "joinreq  twice",
        body(|it| it.replacen("<joinreq/>", "<joinreq/><joinreq/>", 1)),
    );
    check_register("XML is broken", body(|it| it.replacen("</response>", "", 1)));
    check_register(
        "XML is broken",
        body(|it| it.replacen("<x-cisco", "<!DOCTYPE x [<!ENTITY a \"b\">]><x-cisco", 1)),
    );
}

#[test]
fn a_refresh_has_no_body_and_is_no_new_registration() {
    let mut bench = Bench::registered(Transport::Tcp);
    bench.pass(Duration::from_secs(115));
    let refresh = bench.request();
    assert!(refresh.body.is_empty());
    assert_eq!(refresh.cseq(), Some((102, "REGISTER")));
    bench.receive(&granted(&refresh, &Grant { fresh: true, ..Grant::default() }));
    bench.complains("x-cisco-newreg on a refresh");

    let mut bench = Bench::registered(Transport::Tcp);
    bench.pass(Duration::from_secs(115));
    let refresh = bench.request();
    let right = granted(&refresh, &Grant { fresh: false, ..Grant::default() });
    let body = registrar::ACCEPTED;
    let spoilt = right.replacen(
        "Content-Length: 0\r\n\r\n",
        &format!(
            "Content-Type: application/x-cisco-remotecc-response+xml\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
        1,
    );
    bench.receive(&spoilt);
    bench.complains("a body where the phone sent none");
}

#[test]
fn provisional_answers_keep_rfc_4320() {
    let begun = |transport| {
        let mut bench = Bench::new(settings(transport));
        bench.begin();
        let request = bench.request();
        (bench, request)
    };
    let (mut bench, request) = begun(Transport::Tcp);
    bench.receive(&plain(&request, "100 Trying", "").replace(";tag=t1", ""));
    assert_eq!(bench.problems(), Vec::<String>::new());
    bench.receive(&plain(&request, "180 Ringing", ""));
    bench.complains("other than INVITE");
    let (mut bench, request) = begun(Transport::Udp);
    bench.receive(&plain(&request, "100 Trying", ""));
    bench.complains("timer E");
    bench.receive(&plain(&request, "408 Request Timeout", ""));
    bench.complains("408");
    assert!(matches!(bench.events.last(), Some(Event::Refused { status: 408, .. })));
}

#[test]
fn over_udp_the_source_is_named_and_requests_are_sent_again() {
    let mut bench = Bench::new(settings(Transport::Udp));
    bench.begin();
    let request = bench.request();
    let right = granted(&request, &Grant::default());
    let mut times = Vec::new();
    for _ in 0..64 {
        bench.pass(Duration::from_millis(500));
        times.push(bench.sent.len());
    }
    assert_eq!(times.last(), Some(&10), "ten resends within timer F");
    assert!(matches!(bench.events.last(), Some(Event::Unanswered { what: "register" })));
    assert_eq!(bench.closes, 1);

    for (spoilt, words) in [
        (right.replace(";received=127.0.0.1", ""), "rport without received"),
        (right.replace(";rport=40001", ";rport"), "the source port"),
    ] {
        let mut bench = Bench::new(settings(Transport::Udp));
        bench.begin();
        let request = bench.request();
        let old_branch = "branch=z9hG4bK";
        let branch = request.get("via").unwrap().split(old_branch).nth(1).unwrap();
        let theirs = spoilt.split(old_branch).nth(1).unwrap();
        let end = |text: &str| text.find([';', '\r']).unwrap();
        let spoilt = spoilt.replace(&theirs[..end(theirs)], &branch[..end(branch)]);
        bench.receive(&spoilt);
        bench.complains(words);
    }
}

#[test]
fn challenges_are_answered_once_and_judged() {
    let challenge = |nonce: &str, more: &str| {
        format!(
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\", algorithm=SHA-256, \
             qop=\"auth\"{more}\r\n"
        )
    };
    let mut bench = Bench::new(settings(Transport::Tcp));
    bench.begin();
    let first = bench.request();
    bench.receive(&plain(&first, "401 Unauthorized", &challenge("a", "")));
    let second = bench.request();
    assert_eq!(second.cseq(), Some((102, "REGISTER")));
    assert!(second.get("authorization").unwrap().contains("nc=00000001"));
    bench.receive(&plain(&second, "401 Unauthorized", &challenge("b", ", stale=true")));
    let third = bench.request();
    assert!(third.get("authorization").unwrap().contains("nonce=\"b\""));
    bench.receive(&granted(&third, &Grant::default()));
    assert_eq!(bench.problems(), Vec::<String>::new());
    // The nonce serves again, its count rising.
    bench.pass(Duration::from_secs(115));
    assert!(bench.request().get("authorization").unwrap().contains("nc=00000002"));

    for (more, words) in [
        (String::new(), "401 without www-authenticate"),
        ("WWW-Authenticate: Digest realm=r, nonce=\"n\"\r\n".to_owned(), "is not quoted"),
        (challenge("a", "") + &challenge("b", ""), "two challenges with SHA-256"),
    ] {
        let mut bench = Bench::new(settings(Transport::Tcp));
        bench.begin();
        let request = bench.request();
        bench.receive(&plain(&request, "401 Unauthorized", &more));
        bench.complains(words);
    }
    let mut bench = Bench::new(settings(Transport::Tcp));
    bench.begin();
    for stale in ["", ", stale=true"] {
        let request = bench.request();
        bench.receive(&plain(&request, "401 Unauthorized", &challenge("a", stale)));
    }
    bench.complains("stale and offered again");

    let mut bench = Bench::new(settings(Transport::Tcp));
    bench.begin();
    for nonce in ["a", "b"] {
        let request = bench.request();
        bench.receive(&plain(&request, "401 Unauthorized", &challenge(nonce, "")));
    }
    assert!(matches!(bench.events.last(), Some(Event::Refused { what: "register", .. })));
    assert!(bench.sent.is_empty(), "wrong proof is not tried again");
}

#[test]
fn a_keep_alive_comes_before_authentication_and_an_end_ends() {
    let mut bench = Bench::registered(Transport::Tcp);
    bench.command(Command::KeepAlive);
    let request = bench.request();
    assert!(request.get("contact").unwrap().ends_with(";expires=0;cisco-keep-alive"));
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    bench.receive(&plain(&request, "401 Unauthorized", challenge));
    bench.complains("cisco-keep-alive is challenged");

    let mut bench = Bench::registered(Transport::Tcp);
    bench.command(Command::KeepAlive);
    let request = bench.request();
    bench.receive(&plain(&request, "200 OK", ""));
    bench.complains("without Date");

    let mut bench = Bench::registered(Transport::Tcp);
    bench.command(Command::Unregister(Some("reset-reset")));
    let request = bench.request();
    assert!(request.get("reason").unwrap().contains("Last=reset-reset"));
    let right = granted(&request, &Grant::default());
    let contact = request.get("contact").unwrap();
    bench.receive(&right.replacen("Date:", &format!("Contact: {contact}\r\nDate:"), 1));
    bench.complains("still there");
}

#[test]
fn an_accepted_refer_has_a_contact_and_an_outcome_is_told() {
    let mut bench = Bench::registered(Transport::Tcp);
    bench.command(Command::Tell(Telling::Alarm));
    let request = bench.request();
    bench.receive(&plain(&request, "202 Accepted", ""));
    bench.complains("without Contact");

    let mut bench = Bench::registered(Transport::Tcp);
    bench.command(Command::Tell(Telling::SoftKey("HLog".to_owned())));
    let request = bench.request();
    bench.receive(&plain(&request, "202 Accepted", "Contact: <sip:g@127.0.0.1>\r\n"));
    bench.pass(Duration::from_secs(32));
    bench.complains("no NOTIFY told the outcome");
}

#[test]
fn pings_and_refusals_have_their_form() {
    let mut bench = Bench::registered(Transport::Tcp);
    bench.command(Command::Ping);
    assert_eq!(bench.sent, [b"\r\n\r\n"]);
    bench.pass(Duration::from_secs(10));
    bench.complains("no pong");
    let mut bench = Bench::registered(Transport::Tcp);
    bench.handset.received(bench.now, crate::sip::message::Item::EmptyLine);
    bench.drain();
    bench.complains("answers no ping");
    for (status, words) in [
        ("405 Method Not Allowed", "without Allow"),
        ("420 Bad Extension", "without Unsupported"),
        ("415 Unsupported Media Type", "without Accept"),
        ("423 Interval Too Brief", "without Min-Expires"),
        ("489 Bad Event", "without Allow-Events"),
    ] {
        let mut bench = Bench::new(settings(Transport::Tcp));
        bench.begin();
        let request = bench.request();
        bench.receive(&plain(&request, status, ""));
        bench.complains(words);
    }
}
