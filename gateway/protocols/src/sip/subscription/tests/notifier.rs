//! Those who are told of something here.

use super::*;

struct Play {
    notifier: Notifier,
    start: Instant,
}

const PACKAGE: &str = "x-agent";

impl Play {
    fn new() -> Self {
        let settings = NotifierSettings {
            package: PACKAGE.to_owned(),
            expires_seconds_min: 60,
            expires_seconds_default: 600,
            expires_seconds_max: 3_600,
            referral_seconds: 180,
            count_max: 3,
        };
        Self { notifier: Notifier::new(settings), start: Instant::now() }
    }

    fn at(&self, after: u64) -> Instant {
        self.start + seconds(after)
    }

    fn subscribe(&mut self, after: u64, fields: &str) -> Subscribed {
        let request = subscribe(fields);
        self.notifier.subscribed(self.at(after), udp(), &request, "ours")
    }

    /// States of what is sent, and whether it is the last.
    fn told(&mut self) -> Vec<(String, bool)> {
        let all = std::iter::from_fn(|| self.notifier.poll());
        all.map(|notify| (field(&notify.message, &Name::SUBSCRIPTION_STATE), notify.is_last))
            .collect()
    }

    fn is_at_rest(&self) -> bool {
        self.notifier.is_at_rest()
    }
}

fn field(message: &Message, name: &Name) -> String {
    message.headers.get(name).map_or(String::new(), |value| value.as_str().to_owned())
}

const NEW: &str = "To: <sip:agents@example.com>\nCSeq: 1 SUBSCRIBE\nEvent: x-agent\n";
const AGAIN: &str = "To: <sip:agents@example.com>;tag=ours\nEvent: x-agent\n";

/// A SUBSCRIBE; a Contact is added where none is given.
fn subscribe(fields: &str) -> Message {
    let contact =
        if fields.contains("Contact") { "" } else { "Contact: <sip:p@192.0.2.7:5070;x=y>\n" };
    message(&format!(
        "SUBSCRIBE sip:agents@example.com SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\n\
         From: \"P\" <sip:p@example.com>;tag=theirs\nCall-ID: c1\n{contact}{fields}\n"
    ))
}

fn state(text: &str, is_last: bool) -> (String, bool) {
    (text.to_owned(), is_last)
}

#[test]
fn sip_accept_39_who_subscribes_is_told_at_once_and_with_each_change() {
    let mut play = Play::new();
    let fields = format!(
        "{NEW}Expires: 300\nRecord-Route: <sip:p1;lr>, <sip:p2;lr>\nRecord-Route: <sip:p3;lr>\n"
    );
    let taken = play.subscribe(0, &fields);
    let Subscribed::Taken { subscription, expires_seconds: 300 } = taken else {
        panic!("{taken:?}")
    };
    assert_eq!(taken.status(), Status::OK);
    let notify = play.notifier.poll().unwrap();
    assert_eq!((notify.subscription, notify.flow, notify.is_last), (subscription, udp(), false));
    let StartLine::Request { method, uri } = &notify.message.start else { panic!() };
    assert_eq!((method.name(), &**uri), ("NOTIFY", "sip:p@192.0.2.7:5070;x=y"));
    for (name, value) in [
        (Name::FROM, "<sip:agents@example.com>;tag=ours"),
        (Name::TO, "\"P\" <sip:p@example.com>;tag=theirs"),
        (Name::CALL_ID, "c1"),
        (Name::CSEQ, "1 NOTIFY"),
        (Name::EVENT, "x-agent"),
        (Name::SUBSCRIPTION_STATE, "active;expires=300"),
        (Name::MAX_FORWARDS, "70"),
    ] {
        assert_eq!(field(&notify.message, &name), value);
    }
    let routes: Vec<_> =
        notify.message.headers.all(&Name::ROUTE).map(|route| route.as_str()).collect();
    assert_eq!(routes, ["<sip:p1;lr>, <sip:p2;lr>", "<sip:p3;lr>"]);
    assert_eq!(notify.message.headers.get(&Name::CONTENT_TYPE), None);
    let now = play.at(100);
    play.notifier.changed(now);
    let notify = play.notifier.poll().unwrap();
    assert_eq!(field(&notify.message, &Name::CSEQ), "2 NOTIFY");
    assert_eq!(field(&notify.message, &Name::SUBSCRIPTION_STATE), "active;expires=200");
    assert_eq!(play.notifier.poll(), None);
}

#[test]
fn sip_accept_39_a_refresh_prolongs_and_the_time_ends() {
    let mut play = Play::new();
    play.subscribe(0, &format!("{NEW}Expires: 100\n"));
    assert_eq!(play.told(), [state("active;expires=100", false)]);
    let again = play.subscribe(
        90,
        &format!("{AGAIN}CSeq: 2 SUBSCRIBE\nExpires: 200\nContact: <sip:moved@x>\n"),
    );
    assert!(matches!(again, Subscribed::Taken { expires_seconds: 200, .. }), "{again:?}");
    let notify = play.notifier.poll().unwrap();
    assert_eq!(notify.message.request_uri().map(|uri| &**uri), Some("sip:moved@x"));
    assert_eq!(play.notifier.deadline(), Some(play.at(290)));
    let late = play.subscribe(91, &format!("{AGAIN}CSeq: 2 SUBSCRIBE\n"));
    assert_eq!((late.status(), late), (Status::SERVER_ERROR, Subscribed::OutOfOrder));
    let now = play.at(289);
    play.notifier.elapse(now);
    assert_eq!(play.told(), []);
    let now = play.at(290);
    play.notifier.elapse(now);
    assert_eq!(play.told(), [state("terminated;reason=timeout", true)]);
    assert!(play.is_at_rest());
    let gone = play.subscribe(291, &format!("{AGAIN}CSeq: 3 SUBSCRIBE\n"));
    assert_eq!((gone.status(), gone), (Status::NO_SUCH_DIALOG, Subscribed::NoSuch));
    // What is asked for is shortened; what is not asked for has a usual length.
    for (expires, granted) in [("Expires: 4294967295\n", 3_600), ("", 600)] {
        let mut play = Play::new();
        let taken = play.subscribe(0, &format!("{NEW}{expires}"));
        assert!(
            matches!(taken, Subscribed::Taken { expires_seconds, .. } if expires_seconds == granted)
        );
    }
}

#[test]
fn sip_accept_39_too_short_a_time_is_423() {
    let mut play = Play::new();
    let brief = play.subscribe(0, &format!("{NEW}Expires: 59\n"));
    let expected = Subscribed::TooBrief { expires_seconds_min: 60 };
    assert_eq!((brief.status(), brief), (status(423), expected.clone()));
    assert!(play.is_at_rest());
    play.subscribe(0, &format!("{NEW}Expires: 60\n"));
    play.told();
    let again = play.subscribe(1, &format!("{AGAIN}CSeq: 2 SUBSCRIBE\nExpires: 1\n"));
    assert_eq!(again, expected);
    // Nothing changed by it.
    assert_eq!((play.notifier.deadline(), play.told()), (Some(play.at(60)), vec![]));
    let again = play.subscribe(2, &format!("{AGAIN}CSeq: 2 SUBSCRIBE\nExpires: 60\n"));
    assert_eq!(again.status(), Status::OK);
}

#[test]
fn sip_accept_39_expires_0_ends_it_and_asks_once() {
    let mut play = Play::new();
    play.subscribe(0, NEW);
    play.told();
    let over = play.subscribe(1, &format!("{AGAIN}CSeq: 2 SUBSCRIBE\nExpires: 0\n"));
    assert!(matches!(over, Subscribed::Taken { expires_seconds: 0, .. }), "{over:?}");
    assert_eq!(play.told(), [state("terminated;reason=timeout", true)]);
    assert!(play.is_at_rest());
    let once = play.subscribe(2, &format!("{NEW}Expires: 0\n"));
    assert!(matches!(once, Subscribed::Taken { expires_seconds: 0, .. }), "{once:?}");
    assert_eq!(play.told(), [state("terminated;reason=timeout", true)]);
    assert!(play.is_at_rest());
}

#[test]
fn sip_accept_39_all_are_told_when_it_stops() {
    let mut play = Play::new();
    play.subscribe(0, NEW);
    play.told();
    let refer = refer(ONE);
    let now = play.at(1);
    let referral = play.notifier.referred(now, udp(), &refer, "ours2").unwrap();
    play.told();
    play.notifier.close(now);
    let last = state("terminated;reason=deactivated", true);
    assert_eq!(play.told(), [last.clone(), last]);
    assert!(play.is_at_rest());
    assert_eq!(play.notifier.deadline(), None);
    assert!(!play.notifier.progressed(now, referral, Status::OK));
    let refused = play.subscribe(2, NEW);
    assert_eq!((refused.status(), refused), (Status::SERVICE_UNAVAILABLE, Subscribed::Full));
    let refused = play.notifier.referred(now, udp(), &refer, "ours3");
    assert_eq!(refused, Err(Unreferred::Full));
}

#[test]
fn sip_accept_39_what_cannot_be_subscribed_to_is_refused() {
    let mut play = Play::new();
    let to = "To: <sip:agents@example.com>\nCSeq: 1 SUBSCRIBE\n";
    for event in ["", "Event: presence\n", "Event: refer\n", "Event: X-Agent\n"] {
        let refused = play.subscribe(0, &format!("{to}{event}"));
        assert_eq!(
            (refused.status(), refused),
            (Status::BAD_EVENT, Subscribed::BadEvent),
            "{event}"
        );
    }
    let unknown = play.subscribe(0, &format!("{AGAIN}CSeq: 2 SUBSCRIBE\n"));
    assert_eq!(unknown, Subscribed::NoSuch);
    for contact in ["Contact: *\n", "Contact: <sip:a@x>, <sip:b@x>\n"] {
        let refused = play.subscribe(0, &format!("{NEW}{contact}"));
        assert_eq!(refused.status(), Status::BAD_REQUEST, "{contact}: {refused:?}");
    }
    assert!(play.is_at_rest());
    // One of two by the same dialog is told apart by its id.
    play.subscribe(0, &format!("{to}Event: x-agent;id=5\n"));
    let other = play.subscribe(1, &format!("{AGAIN}CSeq: 2 SUBSCRIBE\n"));
    assert_eq!(other, Subscribed::NoSuch);
    let again = "To: <sip:agents@example.com>;tag=ours\nCSeq: 2 SUBSCRIBE\n";
    let package = play.subscribe(1, &format!("{again}Event: presence\n"));
    assert_eq!(package, Subscribed::BadEvent);
    assert_eq!(play.subscribe(1, &format!("{again}Event: x-agent;id=5\n")).status(), Status::OK);
    let told: Vec<_> = std::iter::from_fn(|| play.notifier.poll()).collect();
    assert!(told.iter().all(|notify| field(&notify.message, &Name::EVENT) == "x-agent;id=5"));
}

#[test]
fn there_are_only_so_many_and_lost_ones_make_room() {
    let mut play = Play::new();
    let now = play.at(0);
    let tcp = |number| Flow::Stream { number, peer: udp().peer(), secure: false };
    let mut ids = Vec::new();
    for number in 0..4 {
        let tag = format!("ours{number}");
        let subscribed = play.notifier.subscribed(now, tcp(number), &subscribe(NEW), &tag);
        match subscribed {
            Subscribed::Taken { subscription, .. } => ids.push(subscription),
            other => assert_eq!((number, other), (3, Subscribed::Full)),
        }
    }
    play.told();
    play.notifier.lost(tcp(1));
    assert_eq!(play.notifier.len(), 2);
    // Some answers say that nobody is there, others do not.
    for code in [200, 401, 500, 503] {
        play.notifier.answered(ids[0], status(code));
    }
    assert_eq!(play.notifier.len(), 2);
    play.notifier.answered(ids[0], Status::NO_SUCH_DIALOG);
    play.notifier.answered(ids[2], Status::REQUEST_TIMEOUT);
    assert!(play.is_at_rest(), "those who are gone are told nothing");
}

const ONE: &str = "Refer-To: <cid:1@x>\n";

fn refer(fields: &str) -> Message {
    message(&format!(
        "REFER sip:us@example.com SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bKr\n\
         From: <sip:p@example.com>;tag=theirs\nTo: <sip:us@example.com>\nCall-ID: c9\nCSeq: 101 REFER\n\
         Contact: <sip:p@192.0.2.7>\n{fields}\n"
    ))
}

#[test]
fn sip_accept_34_a_refer_with_no_or_two_refer_to_is_a_400() {
    let mut play = Play::new();
    let now = play.at(0);
    for fields in [
        "",
        "Refer-To: <cid:1@x>\nRefer-To: <cid:2@x>\n",
        "Refer-To: <cid:1@x>, <cid:2@x>\n",
        "Refer-To: <cid:1@x>\nr: <cid:1@x>\n",
        "Require: norefersub\n",
    ] {
        let refused = play.notifier.referred(now, udp(), &refer(fields), "ours").unwrap_err();
        assert_eq!(refused.status(), Status::BAD_REQUEST, "{fields}: {refused:?}");
    }
    assert!(play.is_at_rest());
    play.notifier.referred(now, udp(), &refer(ONE), "ours").unwrap();
}

#[test]
fn sip_accept_38_a_refer_is_answered_at_once_and_its_result_is_told_later() {
    let mut play = Play::new();
    let mut transactions =
        Transactions::new(TransactionTimers::default(), TransactionLimits::default());
    let request = refer(ONE);
    let received = transactions.received(play.at(0), udp(), &request);
    let Received::Request(server) = received else { panic!("{received:?}") };
    let now = play.at(0);
    let referral = play.notifier.referred(now, udp(), &request, "ours").unwrap();
    let bytes = encode(&reply(&request, Status::ACCEPTED, Some("ours")));
    assert!(transactions.answer(now, server, Status::ACCEPTED, bytes.clone()));
    assert_eq!(
        transactions.poll(),
        Some(TransactionOutput::Transmit { flow: udp(), bytes: bytes.clone() })
    );
    let trying = play.notifier.poll().unwrap();
    assert_eq!(&trying.message.body[..], b"SIP/2.0 100 Trying\r\n");
    assert_eq!(field(&trying.message, &Name::CONTENT_TYPE), "message/sipfrag;version=2.0");
    assert_eq!(field(&trying.message, &Name::EVENT), "refer");
    assert_eq!(field(&trying.message, &Name::SUBSCRIPTION_STATE), "active;expires=180");
    // Its repeats get the same answer, and nobody is told twice, however long it takes.
    for after in [1, 2, 4, 8, 16, 31] {
        assert_eq!(transactions.received(play.at(after), udp(), &request), Received::Repeated);
        assert_eq!(
            transactions.poll(),
            Some(TransactionOutput::Transmit { flow: udp(), bytes: bytes.clone() })
        );
    }
    assert_eq!(play.notifier.poll(), None);
    let now = play.at(120);
    assert!(play.notifier.progressed(now, referral, Status::DECLINE));
    let last = play.notifier.poll().unwrap();
    assert_eq!(&last.message.body[..], b"SIP/2.0 603 Decline\r\n");
    assert_eq!(field(&last.message, &Name::SUBSCRIPTION_STATE), "terminated;reason=noresource");
    assert!(last.is_last && play.is_at_rest());
    assert!(!play.notifier.progressed(now, referral, Status::OK));
}

#[test]
fn sip_accept_38_who_declines_a_subscription_is_told_nothing() {
    let mut play = Play::new();
    let now = play.at(0);
    for field in ["Require: norefersub\n", "Refer-Sub: false\n"] {
        let refused = play
            .notifier
            .referred(now, udp(), &refer(&format!("{ONE}{field}")), "ours")
            .unwrap_err();
        assert_eq!((refused.status(), refused), (Status::ACCEPTED, Unreferred::Declined));
    }
    assert!(play.is_at_rest());
}

#[test]
fn a_refer_that_is_never_done_ends_and_may_be_asked_about() {
    let mut play = Play::new();
    let now = play.at(0);
    play.notifier.referred(now, udp(), &refer(ONE), "ours").unwrap();
    play.told();
    let ask = |event: &str, number: u32| {
        let text = format!(
            "SUBSCRIBE sip:us@example.com SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\n\
             From: <sip:p@example.com>;tag=theirs\nTo: <sip:us@example.com>;tag=ours\nCall-ID: c9\n\
             CSeq: {number} SUBSCRIBE\nExpires: 300\nEvent: {event}\n\n"
        );
        message(&text)
    };
    let now = play.at(100);
    for (event, number) in [("refer", 102), ("refer;id=101", 103)] {
        let taken = play.notifier.subscribed(now, udp(), &ask(event, number), "unused");
        assert!(matches!(taken, Subscribed::Taken { expires_seconds: 300, .. }), "{taken:?}");
    }
    let other = play.notifier.subscribed(now, udp(), &ask("refer;id=7", 104), "unused");
    assert_eq!(other, Subscribed::NoSuch);
    play.told();
    let now = play.at(400);
    play.notifier.elapse(now);
    let last = play.notifier.poll().unwrap();
    assert_eq!(&last.message.body[..], b"SIP/2.0 100 Trying\r\n");
    assert!(last.is_last && play.is_at_rest());
}
