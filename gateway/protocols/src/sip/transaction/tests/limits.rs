//! What is bounded, refused, absorbed or never said.

use super::*;

#[test]
fn an_answer_that_is_nobodys_or_comes_the_wrong_way_changes_nothing() {
    let mut play = Play::new();
    let client = play.ask(0, udp(1), &request("REFER", "1"));
    let ours = response(202, "REFER", "1");
    let two =
        with(ours.clone(), Name::VIA, "SIP/2.0/UDP host.example;branch=z9hG4bK1, SIP/2.0/UDP x");
    let mut twice = ours.clone();
    twice.headers.push(Name::VIA, Value::new("SIP/2.0/UDP x").unwrap());
    let foreign = with(ours.clone(), Name::VIA, "SIP/2.0/UDP other.example;branch=z9hG4bK1");
    let bare = with(ours.clone(), Name::VIA, "SIP/2.0/UDP host.example");
    let broken = with(ours.clone(), Name::VIA, "nonsense");
    let mut without = ours.clone();
    without.headers.remove(&Name::VIA);
    let mut unnumbered = ours.clone();
    unnumbered.headers.remove(&Name::CSEQ);
    for (flow, message) in [
        (udp(1), &two),
        (udp(1), &twice),
        (udp(1), &foreign),
        (udp(1), &bare),
        (udp(1), &broken),
        (udp(1), &without),
        (udp(1), &unnumbered),
        (udp(1), &response(202, "NOTIFY", "1")),
        (udp(1), &response(202, "REFER", "2")),
        (udp(2), &ours),
        (tcp(1), &ours),
    ] {
        assert_eq!(play.receive(0, flow, message), Received::Unmatched, "{message:?}");
    }
    // Phones answer from another port.
    let elsewhere = Flow::Datagram { socket: 0, peer: ([192, 0, 2, 1], 49_152).into() };
    let answered = play.receive(0, elsewhere, &ours);
    assert_eq!(answered, Received::Answered { client, is_final: true });
    // Of a connection the number counts.
    play.ask(0, tcp(1), &request("REFER", "3"));
    assert_eq!(play.receive(0, tcp(2), &response(202, "REFER", "3")), Received::Unmatched);
}

#[test]
fn a_request_that_names_no_transaction_is_dropped() {
    let mut play = Play::new();
    let plain = request_via("REFER", "SIP/2.0/UDP h");
    for name in [Name::VIA, Name::FROM, Name::TO, Name::CALL_ID, Name::CSEQ] {
        let mut message = plain.clone();
        message.headers.remove(&name);
        assert_eq!(play.receive(0, udp(1), &message), Received::Unmatched, "{name:?}");
    }
    for method in ["ACK", "CANCEL"] {
        let message = request_via(method, "SIP/2.0/UDP");
        assert_eq!(play.receive(0, udp(1), &message), Received::Unmatched);
    }
    assert!(play.is_empty());
}

#[test]
fn what_cannot_be_matched_later_is_not_sent() {
    let mut play = Play::new();
    let now = play.at(0);
    let mut send = |message: &Message| {
        play.transactions.request(now, udp(1), message, Bytes::new()).map(|_| ())
    };
    assert_eq!(send(&request("REFER", "1")), Ok(()));
    assert_eq!(send(&request("REFER", "1")), Err(Unsendable::BranchTaken));
    assert_eq!(send(&request("NOTIFY", "1")), Ok(()));
    for via in [
        "SIP/2.0/UDP h",
        "SIP/2.0/UDP h;branch=z9hG4bK",
        "SIP/2.0/UDP h;branch=7",
        "SIP/2.0/UDP h;branch=z9hG4bK2, SIP/2.0/UDP h;branch=z9hG4bK3",
        "h",
    ] {
        assert_eq!(send(&request_via("REFER", via)), Err(Unsendable::NoBranch), "{via}");
    }
    for method in ["INVITE", "ACK"] {
        assert_eq!(send(&request(method, "9")), Err(Unsendable::Method));
    }
    assert_eq!(send(&response(200, "REFER", "9")), Err(Unsendable::Method));
}

#[test]
fn requests_beyond_the_bounds_are_overload_and_answered_ones_make_room() {
    let limits = TransactionLimits {
        pending_max: 3,
        pending_per_source_max: 2,
        ..TransactionLimits::default()
    };
    let mut play = Play::with(limits);
    let first = new(play.receive(0, udp(1), &request("REFER", "1")));
    let second = new(play.receive(0, udp(1), &request("REFER", "2")));
    assert_eq!(play.receive(0, udp(1), &request("REFER", "3")), Received::Overloaded);
    assert_eq!(play.receive(0, udp(1), &request("REFER", "2")), Received::Repeated);
    new(play.receive(0, udp(2), &request("REFER", "3")));
    assert_eq!(play.receive(0, udp(3), &request("REFER", "4")), Received::Overloaded);
    play.answer(0, first, Status::OK);
    new(play.receive(0, udp(3), &request("REFER", "4")));
    assert_eq!(play.transactions.release(second), Some(udp(1)));
    assert_eq!(play.transactions.release(second), None);
    assert!(!play.answer(0, second, Status::OK));
    new(play.receive(0, udp(1), &request("REFER", "5")));
    let now = play.at(0);
    for n in 0..4 {
        let message = request("REFER", &n.to_string());
        let sent = play.transactions.request(now, udp(1), &message, Bytes::new());
        assert_eq!(sent.err(), (n == 3).then_some(Unsendable::Overload));
    }
}

#[test]
fn what_is_kept_is_bounded_and_what_may_be_done_twice_goes_first() {
    let limits = TransactionLimits { kept_max: 3, ..TransactionLimits::default() };
    let mut play = Play::with(limits);
    for (n, method) in ["REFER", "REGISTER", "INVITE", "REGISTER", "REFER"].iter().enumerate() {
        let server = new(play.receive(n as u64, udp(1), &request(method, &n.to_string())));
        play.answer(n as u64, server, Status::NOT_FOUND);
    }
    let counts = play.transactions.counts();
    assert_eq!((counts.server_kept, counts.dropped), (3, 2));
    for (n, method) in [(0, "REFER"), (2, "INVITE"), (4, "REFER")] {
        let repeat = play.receive(10, udp(1), &request(method, &n.to_string()));
        assert_eq!(repeat, Received::Repeated);
    }
    new(play.receive(10, udp(1), &request("REGISTER", "1")));
    // By bytes as well.
    let kept_bytes_max = 1_000;
    let mut play = Play::with(TransactionLimits { kept_bytes_max, ..TransactionLimits::default() });
    for n in 0..100 {
        let server = new(play.receive(n, udp(1), &request("REFER", &n.to_string())));
        let now = play.at(n);
        let bytes = Bytes::from_static(&[b'x'; 100]);
        assert!(play.transactions.answer(now, server, Status::OK, bytes));
        let counts = play.transactions.counts();
        assert!(counts.server_kept_bytes <= kept_bytes_max, "{counts:?}");
        assert!(n < 4 || counts.server_kept >= 4, "{counts:?}");
    }
    // Of ours too.
    let mut play = Play::with(limits);
    for n in 0..10 {
        play.ask(n, udp(1), &request("REFER", &n.to_string()));
        play.receive(n, udp(1), &response(200, "REFER", &n.to_string()));
    }
    let counts = play.transactions.counts();
    assert_eq!((counts.client_kept, counts.dropped), (3, 7));
    assert_eq!(play.receive(9, udp(1), &response(200, "REFER", "9")), Received::Repeated);
    assert_eq!(play.receive(9, udp(1), &response(200, "REFER", "1")), Received::Unmatched);
}

#[test]
fn what_is_kept_weighs_what_it_keeps() {
    let mut play = Play::new();
    let kept_bytes = |play: &Play| play.transactions.counts().server_kept_bytes;
    let mut weights = Vec::new();
    for branch in ["1", "2"] {
        let server = new(play.receive(0, udp(1), &request("INVITE", branch)));
        assert!(play.answer(0, server, Status::NOT_ACCEPTABLE_HERE));
        weights.push(kept_bytes(&play));
    }
    let one = weights[0];
    assert_eq!(weights[1], 2 * one);
    // The refusal is let go with its ACK, the names by which more ACKs are known are not.
    let refusal = "answer 488".len();
    assert!(one > refusal);
    assert_eq!(play.receive(1, udp(1), &request("ACK", "1")), Received::Acknowledged);
    assert_eq!(kept_bytes(&play), 2 * one - refusal);
    play.run_until(10_000);
    assert_eq!(kept_bytes(&play), one);
}

#[test]
fn what_rfc_4320_forbids_is_not_said() {
    let mut play = Play::new();
    let server = new(play.receive(0, udp(1), &request("REFER", "1")));
    assert!(!play.answer(0, server, Status::TRYING), "the peer repeats soon anyway");
    assert!(!play.answer(3_499, server, Status::TRYING));
    assert!(!play.answer(3_600, server, Status::new(183).unwrap()));
    assert!(!play.answer(3_600, server, Status::REQUEST_TIMEOUT));
    assert_eq!(play.outputs(), []);
    assert!(play.answer(3_600, server, Status::TRYING));
    assert_eq!(play.receive(7_500, udp(1), &request("REFER", "1")), Received::Repeated);
    assert_eq!(play.outputs(), [transmit(udp(1), "answer 100"), transmit(udp(1), "answer 100")]);
    assert!(play.answer(8_000, server, Status::OK));
    // On a connection nobody repeats.
    let server = new(play.receive(8_000, tcp(1), &request("REFER", "1")));
    assert!(play.answer(8_000, server, Status::TRYING));
    assert_eq!(TransactionTimers::default().trying_earliest(), Duration::from_millis(3_500));
}

#[test]
fn what_nobody_answers_is_forgotten_once_its_sender_has_given_up() {
    let mut play = Play::new();
    let refer = new(play.receive(0, udp(1), &request("REFER", "1")));
    let invite = new(play.receive(0, tcp(1), &request("INVITE", "1")));
    assert_eq!(play.run_until(36_999), []);
    assert_eq!(play.receive(36_999, udp(1), &request("REFER", "1")), Received::Repeated);
    assert_eq!(play.run_until(37_000), []);
    assert!(play.is_empty());
    assert_eq!(play.transactions.counts().forgotten, 2);
    assert!(!play.answer(37_001, refer, Status::OK));
    assert!(!play.answer(37_001, invite, Status::OK));
    assert_eq!(play.outputs(), []);
}

#[test]
fn a_late_caller_makes_no_burst_and_time_does_not_go_back() {
    let mut play = Play::new();
    play.ask(0, udp(1), &request("REFER", "1"));
    play.outputs();
    let late = play.at(20_000);
    play.transactions.elapse(late);
    assert_eq!(play.outputs().len(), 1);
    assert_eq!(play.transactions.deadline(), Some(play.at(21_000)));
    // As if at 20 seconds.
    play.ask(5_000, udp(1), &request("REFER", "2"));
    assert_eq!(play.transactions.deadline(), Some(play.at(20_500)));
    let very_late = play.at(80_000);
    play.transactions.elapse(very_late);
    assert!(play.is_empty());
}

#[test]
fn times_that_cannot_be_are_taken_as_near_as_they_may() {
    for time in [Duration::ZERO, Duration::MAX] {
        let timers = TransactionTimers { t1: time, t2: time, t4: time };
        let mut play = Play::new();
        play.transactions = Transactions::new(timers, TransactionLimits::default());
        play.ask(0, udp(1), &request("REFER", "1"));
        assert!(!play.run().is_empty());
        assert!(play.is_empty());
    }
}

#[test]
fn bytes_are_not_printed() {
    let mut play = Play::new();
    play.ask(0, udp(1), &request("REFER", "1"));
    let printed = format!("{:?}", play.transactions) + &format!("{:?}", play.outputs());
    assert!(printed.contains("7 bytes") && !printed.contains("request"), "{printed}");
}
