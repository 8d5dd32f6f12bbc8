//! The numbered behaviours of transactions.

use super::*;

#[test]
fn sip_accept_19_a_lost_request_is_sent_at_its_instants_and_fails_after_32_seconds() {
    let mut play = Play::new();
    let client = play.ask(0, udp(1), &request("REFER", "1"));
    let all = play.run();
    let sent: Vec<_> = all.iter().filter(|(_, output)| is_transmit(output)).collect();
    let instants: Vec<_> = sent.iter().map(|(after, _)| *after).collect();
    let expected = [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
    assert_eq!(instants, expected);
    assert!(sent.iter().all(|(_, output)| *output == transmit(udp(1), "request")));
    let failed = TransactionOutput::Failed { client, why: Failure::Timeout };
    assert_eq!(all.last(), Some(&(32_000, failed)));
    assert_eq!(all.len(), 12);
    assert!(play.is_empty());
    assert_eq!(Failure::Timeout.status(), Status::REQUEST_TIMEOUT);
}

#[test]
fn sip_accept_19_on_a_connection_a_request_is_sent_once() {
    let mut play = Play::new();
    let client = play.ask(0, tcp(1), &request("REFER", "1"));
    let failed = TransactionOutput::Failed { client, why: Failure::Timeout };
    assert_eq!(play.run(), [(0, transmit(tcp(1), "request")), (32_000, failed)]);
    assert!(play.is_empty());
}

#[test]
fn a_request_that_nobody_wants_any_more_is_not_sent_again_and_its_answer_still_comes() {
    let mut play = Play::new();
    let [answered, silent] =
        ["1", "2"].map(|branch| play.ask(0, udp(1), &request("REFER", branch)));
    assert_eq!(play.outputs().len(), 2);
    let before: Vec<_> = play.run_until(3_000).into_iter().map(|(after, _)| after).collect();
    assert_eq!(before, [500, 500, 1_500, 1_500]);
    play.transactions.quieten(answered);
    play.transactions.quieten(silent);
    assert_eq!(play.run_until(9_000), []);
    assert_eq!(play.transactions.counts().client_pending, 2);
    let came = play.receive(9_000, udp(1), &response(202, "REFER", "1"));
    assert_eq!(came, Received::Answered { client: answered, is_final: true });
    // What is over stays so.
    play.transactions.quieten(answered);
    let why = Failure::Timeout;
    let failed = TransactionOutput::Failed { client: silent, why };
    assert_eq!(play.run(), [(32_000, failed)]);
    assert!(play.is_empty());
}

#[test]
fn sip_accept_20_after_a_100_the_pause_is_the_longest_and_a_final_answer_ends_it() {
    let mut play = Play::new();
    let client = play.ask(0, udp(1), &request("REFER", "1"));
    play.run_until(600);
    let tried = play.receive(700, udp(1), &response(100, "REFER", "1"));
    assert_eq!(tried, Received::Answered { client, is_final: false });
    let instants: Vec<_> = play.run_until(10_000).into_iter().map(|(after, _)| after).collect();
    // The pause that had begun ends first.
    assert_eq!(instants, [1_500, 5_500, 9_500]);
    let last = play.receive(10_000, udp(1), &response(202, "REFER", "1"));
    assert_eq!(last, Received::Answered { client, is_final: true });
    assert_eq!(play.run_until(14_999), []);
    // Timer K: repeats are absorbed for five seconds, and nobody's after that.
    assert_eq!(play.receive(14_999, udp(1), &response(202, "REFER", "1")), Received::Repeated);
    assert_eq!(play.receive(14_999, udp(1), &response(100, "REFER", "1")), Received::Repeated);
    assert_eq!(play.run_until(15_000), []);
    assert!(play.is_empty());
    assert_eq!(play.receive(15_001, udp(1), &response(202, "REFER", "1")), Received::Unmatched);
}

#[test]
fn sip_accept_20_on_a_connection_a_final_answer_ends_all() {
    let mut play = Play::new();
    let client = play.ask(0, tcp(1), &request("NOTIFY", "1"));
    let answered = play.receive(10, tcp(1), &response(200, "NOTIFY", "1"));
    assert_eq!(answered, Received::Answered { client, is_final: true });
    assert!(play.is_empty());
    assert_eq!(play.receive(20, tcp(1), &response(200, "NOTIFY", "1")), Received::Unmatched);
}

#[test]
fn sip_accept_21_a_repeat_gets_the_same_bytes_and_nothing_is_done_twice() {
    let mut play = Play::new();
    let mut done = 0;
    let mut server = None;
    for milliseconds in [0, 500, 1_500] {
        match play.receive(milliseconds, udp(1), &request("REFER", "1")) {
            Received::Request(id) => {
                done += 1;
                server = Some(id);
            }
            other => assert_eq!(other, Received::Repeated),
        }
    }
    // It is still being done: no answer, and it is not done again.
    assert_eq!((done, play.outputs()), (1, vec![]));
    let server = server.unwrap();
    assert!(play.answer(2_000, server, Status::ACCEPTED));
    assert_eq!(play.outputs(), [transmit(udp(1), "answer 202")]);
    assert!(!play.answer(2_001, server, Status::OK), "there is one final answer");
    for milliseconds in [3_500, 7_500, 33_999] {
        let repeat = play.receive(milliseconds, udp(1), &request("REFER", "1"));
        assert_eq!(repeat, Received::Repeated);
        assert_eq!(play.outputs(), [transmit(udp(1), "answer 202")]);
    }
    assert_eq!(play.run_until(34_000), []);
    assert!(play.is_empty());
    new(play.receive(34_001, udp(1), &request("REFER", "1")));
}

#[test]
fn sip_accept_21_an_answer_follows_a_port_that_changed() {
    let mut play = Play::new();
    let moved = Flow::Datagram { socket: 0, peer: ([192, 0, 2, 1], 61_000).into() };
    let server = new(play.receive(0, udp(1), &request("REFER", "1")));
    assert_eq!(play.receive(500, moved, &request("REFER", "1")), Received::Repeated);
    play.answer(600, server, Status::ACCEPTED);
    assert_eq!(play.outputs(), [transmit(moved, "answer 202")]);
}

#[test]
fn sip_accept_22_the_same_branch_with_another_sent_by_or_method_is_another_transaction() {
    let mut play = Play::new();
    let first = new(play.receive(0, udp(1), &request("REFER", "1")));
    for other in [
        request("OPTIONS", "1"),
        request("REFER", "2"),
        request_via("REFER", "SIP/2.0/UDP host.example:5070;branch=z9hG4bK1"),
        request_via("REFER", "SIP/2.0/UDP other.example:5060;branch=z9hG4bK1"),
    ] {
        assert_ne!(new(play.receive(0, udp(1), &other)), first);
        assert_eq!(play.receive(0, udp(1), &other), Received::Repeated);
    }
    // Spelled otherwise it is the same.
    for same in [
        "SIP/2.0/UDP HOST.example;branch=z9hG4bK1",
        "SIP / 2.0 / UDP host.example : 5060 ; rport ; branch = z9hG4bK1, SIP/2.0/TCP x",
    ] {
        assert_eq!(play.receive(0, udp(1), &request_via("REFER", same)), Received::Repeated);
    }
    // Nobody is in the way of another address, socket or connection.
    let request = request("REFER", "1");
    new(play.receive(0, udp(2), &request));
    new(play.receive(0, Flow::Datagram { socket: 1, peer: udp(1).peer() }, &request));
    new(play.receive(0, tcp(1), &request));
    new(play.receive(0, tcp(2), &request));
    // The same address in both of its forms is one peer.
    let mapped = "[::ffff:192.0.2.1]:5060".parse().unwrap();
    let mapped = Flow::Datagram { socket: 0, peer: mapped };
    assert_eq!(play.receive(0, mapped, &request), Received::Repeated);
}

#[test]
fn sip_accept_22_without_a_branch_the_old_rules_hold() {
    for via in ["SIP/2.0/UDP h", "SIP/2.0/UDP h;branch=1", "SIP/2.0/UDP h;branch=z9hG4bK"] {
        let mut play = Play::new();
        let first = request_via("REFER", via);
        new(play.receive(0, udp(1), &first));
        assert_eq!(play.receive(0, udp(1), &first), Received::Repeated, "{via}");
        for (name, value) in [
            (Name::FROM, "<sip:a@example.com>;tag=f2"),
            (Name::TO, "<sip:b@example.com>;tag=t"),
            (Name::CALL_ID, "c2"),
            (Name::CSEQ, "2 REFER"),
            (Name::VIA, "SIP/2.0/UDP i"),
        ] {
            new(play.receive(0, udp(1), &with(first.clone(), name, value)));
        }
        let mut elsewhere = first.clone();
        elsewhere.start =
            StartLine::Request { method: Method::Refer, uri: "sip:c@example.com".into() };
        new(play.receive(0, udp(1), &elsewhere));
    }
}

#[test]
fn sip_accept_23_a_lost_connection_fails_its_requests_at_once() {
    let mut play = Play::new();
    let lost: Vec<_> =
        (0..5).map(|n| play.ask(0, tcp(1), &request("REFER", &n.to_string()))).collect();
    let other = play.ask(0, tcp(2), &request("REFER", "other"));
    // Answered ones do not fail, wherever they stood.
    for n in [0, 2, 4] {
        let branch = n.to_string();
        let client = lost[n];
        let answered = play.receive(1, tcp(1), &response(200, "REFER", &branch));
        assert_eq!(answered, Received::Answered { client, is_final: true });
    }
    play.outputs();
    let now = play.at(10);
    play.transactions.lost(now, tcp(1));
    let mut failed: Vec<_> = play.outputs();
    failed.sort_by_key(|output| format!("{output:?}"));
    let fail = |client| TransactionOutput::Failed { client, why: Failure::Lost };
    assert_eq!(failed, [fail(lost[1]), fail(lost[3])]);
    play.transactions.lost(now, tcp(1));
    assert_eq!(play.outputs(), []);
    let answered = play.receive(20, tcp(2), &response(200, "REFER", "other"));
    assert_eq!(answered, Received::Answered { client: other, is_final: true });
    assert!(play.is_empty());
    assert_eq!(Failure::Lost.status(), Status::SERVICE_UNAVAILABLE);
}

#[test]
fn sip_accept_24_after_100_000_transactions_nothing_is_left() {
    let limits = TransactionLimits {
        pending_max: 200_000,
        pending_per_source_max: 200_000,
        kept_max: 200_000,
        ..TransactionLimits::default()
    };
    let mut play = Play::with(limits);
    let base = play.transactions.room();
    let mut failed = 0;
    for n in 0_u64..100_000 {
        let branch = n.to_string();
        let flow = if n % 4 < 2 { udp(1) } else { tcp(n % 7) };
        let milliseconds = n / 20;
        play.ask(milliseconds, flow, &request("REFER", &branch));
        let server = new(play.receive(milliseconds, flow, &request("NOTIFY", &branch)));
        if n % 2 == 0 {
            let received = play.receive(milliseconds, flow, &response(202, "REFER", &branch));
            assert!(matches!(received, Received::Answered { is_final: true, .. }));
            assert!(play.answer(milliseconds, server, Status::OK));
        }
        if n % 1_000 == 0 {
            play.transactions.elapse(play.start + Duration::from_millis(milliseconds));
        }
        play.outputs();
    }
    let counts = play.transactions.counts();
    assert_eq!((counts.client_pending, counts.server_pending), (50_000, 50_000));
    assert!(play.transactions.room() > 100_000);
    for (_, output) in play.run() {
        failed += usize::from(!is_transmit(&output));
    }
    assert_eq!(failed, 50_000);
    assert_eq!(play.transactions.counts().forgotten, 50_000);
    assert!(play.is_empty());
    // What is left is room for what a queue holds when it is at rest.
    let room = play.transactions.room();
    assert!(room <= base + 16 * 1_024, "{room} after {base}");
}

#[test]
fn sip_accept_25_an_invite_is_refused_until_its_ack_comes() {
    let mut play = Play::new();
    let server = new(play.receive(0, udp(1), &request("INVITE", "1")));
    assert!(play.answer(0, server, Status::TRYING));
    assert_eq!(play.outputs(), [transmit(udp(1), "answer 100")]);
    // A repeat gets what was said last.
    assert_eq!(play.receive(100, udp(1), &request("INVITE", "1")), Received::Repeated);
    assert_eq!(play.outputs(), [transmit(udp(1), "answer 100")]);
    assert!(play.answer(200, server, Status::NOT_ACCEPTABLE_HERE));
    play.outputs();
    assert_eq!(play.receive(300, udp(1), &request("INVITE", "1")), Received::Repeated);
    assert_eq!(play.outputs(), [transmit(udp(1), "answer 488")]);
    let refused = |after| (after, transmit(udp(1), "answer 488"));
    assert_eq!(
        play.run_until(8_000),
        [refused(700), refused(1_700), refused(3_700), refused(7_700)]
    );
    assert_eq!(play.receive(8_000, udp(1), &request("ACK", "1")), Received::Acknowledged);
    // Timer I: more ACKs are absorbed, and repeats of the INVITE too.
    assert_eq!(play.receive(9_000, udp(1), &request("ACK", "1")), Received::Acknowledged);
    assert_eq!(play.receive(9_000, udp(1), &request("INVITE", "1")), Received::Repeated);
    assert_eq!(play.run_until(13_000), []);
    assert!(play.is_empty());
    assert_eq!(play.receive(13_001, udp(1), &request("ACK", "1")), Received::Unmatched);
}

#[test]
fn sip_accept_25_a_refusal_without_an_ack_ends_by_itself() {
    let mut play = Play::new();
    let server = new(play.receive(0, udp(1), &request("INVITE", "1")));
    assert!(play.answer(0, server, Status::NOT_ACCEPTABLE_HERE));
    let all = play.run();
    let last = all.last().map(|(after, _)| *after);
    assert_eq!((all.len(), last), (11, Some(31_500)));
    assert!(play.is_empty());
    // On a connection it is said once.
    let server = new(play.receive(40_000, tcp(1), &request("INVITE", "1")));
    assert!(play.answer(40_000, server, Status::NOT_ACCEPTABLE_HERE));
    assert_eq!(play.outputs(), [transmit(tcp(1), "answer 488")]);
    assert_eq!(play.receive(40_001, tcp(1), &request("ACK", "1")), Received::Acknowledged);
    assert!(play.is_empty());
    let server = new(play.receive(41_000, tcp(1), &request("INVITE", "2")));
    assert!(play.answer(41_000, server, Status::NOT_ACCEPTABLE_HERE));
    play.outputs();
    assert_eq!(play.run_until(73_000), []);
    assert!(play.is_empty());
}

#[test]
fn sip_accept_25_a_cancel_is_answered_by_itself_and_names_its_invite() {
    let mut play = Play::new();
    let server = new(play.receive(0, udp(1), &request("INVITE", "1")));
    let received = play.receive(10, udp(1), &request("CANCEL", "1"));
    let Received::Cancelled { cancel, invite } = received else { panic!("{received:?}") };
    assert_eq!(invite, Some(server));
    assert_ne!(cancel, server);
    assert!(play.answer(10, cancel, Status::OK));
    assert!(play.answer(10, server, Status::new(487).unwrap()));
    assert_eq!(play.outputs(), [transmit(udp(1), "answer 200"), transmit(udp(1), "answer 487")]);
    assert_eq!(play.receive(20, udp(1), &request("CANCEL", "1")), Received::Repeated);
    assert_eq!(play.outputs(), [transmit(udp(1), "answer 200")]);
    // The ACK is that of the INVITE, not of the CANCEL.
    assert_eq!(play.receive(30, udp(1), &request("ACK", "1")), Received::Acknowledged);
    // Of what was never there, or came by another way.
    for (flow, branch) in [(udp(1), "2"), (udp(2), "1"), (tcp(1), "1")] {
        let received = play.receive(40, flow, &request("CANCEL", branch));
        assert!(matches!(received, Received::Cancelled { invite: None, .. }), "{received:?}");
    }
}

#[test]
fn sip_accept_25_the_ack_and_cancel_of_the_old_rules_find_their_invite() {
    let mut play = Play::new();
    let via = "SIP/2.0/UDP h;branch=1";
    let server = new(play.receive(0, udp(1), &request_via("INVITE", via)));
    let received = play.receive(0, udp(1), &request_via("CANCEL", via));
    assert!(matches!(received, Received::Cancelled { invite: Some(id), .. } if id == server));
    assert!(play.answer(0, server, Status::NOT_ACCEPTABLE_HERE));
    let ack = with(request_via("ACK", via), Name::TO, "<sip:b@example.com>;tag=ours");
    let foreign = with(ack.clone(), Name::CALL_ID, "c2");
    assert_eq!(play.receive(1, udp(1), &foreign), Received::Unmatched);
    assert_eq!(play.receive(1, udp(1), &ack), Received::Acknowledged);
}

#[test]
fn sip_accept_25_an_accepted_invite_is_remembered_for_its_repeats() {
    let mut play = Play::new();
    let server = new(play.receive(0, udp(1), &request("INVITE", "1")));
    assert!(play.answer(0, server, Status::OK));
    play.outputs();
    assert_eq!(play.receive(500, udp(1), &request("INVITE", "1")), Received::Repeated);
    assert_eq!(play.receive(600, udp(1), &request("ACK", "1")), Received::Unmatched);
    assert_eq!(play.run_until(32_000), []);
    assert!(play.is_empty());
}
