//! NOTIFYs about what we referred.

use super::*;

struct Play {
    subscriptions: Subscriptions,
    start: Instant,
}

impl Play {
    fn new() -> Self {
        let subscriptions = Subscriptions::new(SubscriptionSettings::default());
        Self { subscriptions, start: Instant::now() }
    }

    fn refer(&mut self, call_id: &str, cseq: u32, is_awaited: bool) -> SubscriptionId {
        let (call_id, local_tag) = (call_id.to_owned(), "ours".to_owned());
        let referred = Referred { call_id, local_tag, cseq, is_awaited };
        self.subscriptions.expect(self.start, referred).unwrap()
    }

    fn notify(&mut self, after: u64, fields: &[(&str, &str)], body: &str) -> Notified {
        let now = self.start + seconds(after);
        self.subscriptions.notified(now, &notify(fields, body))
    }

    fn run_until(&mut self, after: u64) -> Vec<SubscriptionOutput> {
        let now = self.start + seconds(after);
        self.subscriptions.elapse(now);
        assert!(self.subscriptions.deadline().is_none_or(|due| due > now));
        std::iter::from_fn(|| self.subscriptions.poll()).collect()
    }

    fn is_at_rest(&self) -> bool {
        self.subscriptions.is_at_rest()
    }
}

/// A NOTIFY with fields in the place of the usual ones; an empty one is left out.
fn notify(fields: &[(&str, &str)], body: &str) -> Message {
    let usual = [
        ("From", "<sip:phone@example.com>;tag=theirs"),
        ("To", "<sip:us@example.com>;tag=ours"),
        ("Call-ID", "c1"),
        ("CSeq", "1 NOTIFY"),
        ("Event", "refer"),
        ("Subscription-State", "active;expires=60"),
        ("Content-Type", "message/sipfrag;version=2.0"),
    ];
    let mut text =
        "NOTIFY sip:us@192.0.2.9 SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\n".to_owned();
    for (name, value) in usual {
        let other = fields.iter().find(|(other, _)| *other == name);
        let value = other.map_or(value, |(_, value)| *value);
        if !value.is_empty() {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    message(&format!("{text}\n{body}"))
}

fn taken(notified: &Notified) -> (SubscriptionId, Option<u16>, bool) {
    match notified {
        Notified::Taken { subscription, status, is_over, .. } => {
            assert_eq!(notified.status(), Status::OK);
            (*subscription, status.map(Status::code), *is_over)
        }
        other => panic!("{other:?}"),
    }
}

fn answer(code: u16, field: &str) -> Message {
    let text = format!(
        "SIP/2.0 {code} x\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:a@b>;tag=ours\n\
         To: <sip:c@d>;tag=theirs\nCall-ID: c1\nCSeq: 7 REFER\n{field}\n"
    );
    message(&text)
}

#[test]
fn sip_accept_34_a_200_and_a_202_both_mean_that_a_refer_is_accepted() {
    for code in [200, 202] {
        let mut play = Play::new();
        let id = play.refer("c1", 7, true);
        assert!(play.subscriptions.answered(id, &answer(code, "")));
        assert_eq!(play.subscriptions.len(), 1);
    }
    for code in [401, 404, 503, 603] {
        let mut play = Play::new();
        let id = play.refer("c1", 7, true);
        assert!(!play.subscriptions.answered(id, &answer(code, "")));
        assert!(play.is_at_rest());
        assert_eq!(play.notify(1, &[], "").status(), Status::NO_SUCH_DIALOG);
    }
}

#[test]
fn sip_accept_35_a_notify_says_how_a_refer_goes_until_one_ends_it() {
    let mut play = Play::new();
    let id = play.refer("c1", 7, true);
    // It may come before the answer to the REFER.
    let first = play.notify(0, &[], "SIP/2.0 100 Trying\n");
    assert_eq!(taken(&first), (id, Some(100), false));
    assert!(play.subscriptions.answered(id, &answer(202, "")));
    let last = [("CSeq", "2 NOTIFY"), ("Subscription-State", "terminated;reason=noresource")];
    let last = play.notify(10, &last, "SIP/2.0 200 OK\n");
    assert_eq!(taken(&last), (id, Some(200), true));
    let Notified::Taken { state, .. } = last else { panic!() };
    assert_eq!(state.reason.as_deref(), Some("noresource"));
    assert!(play.is_at_rest());
    let late = play.notify(11, &[("CSeq", "3 NOTIFY")], "SIP/2.0 200 OK\n");
    assert_eq!(late, Notified::NoSuch);
    assert_eq!(play.run_until(7_200), []);
}

#[test]
fn sip_accept_35_of_several_the_number_of_the_refer_says_which() {
    let mut play = Play::new();
    let second = play.refer("c1", 8, true);
    let first = play.refer("c1", 7, true);
    let other = play.refer("c2", 7, true);
    assert_eq!(taken(&play.notify(1, &[("Event", "refer;id=8")], "")).0, second);
    assert_eq!(taken(&play.notify(1, &[("Event", "refer;id=7")], "")).0, first);
    assert_eq!(play.notify(1, &[("Event", "refer;id=9")], ""), Notified::NoSuch);
    // Without it the first one is meant.
    assert_eq!(taken(&play.notify(1, &[("CSeq", "2 NOTIFY")], "")).0, first);
    assert_eq!(taken(&play.notify(1, &[("Call-ID", "c2")], "")).0, other);
}

#[test]
fn sip_accept_35_without_a_notify_in_time_a_refer_failed() {
    let mut play = Play::new();
    let id = play.refer("c1", 7, true);
    assert!(play.subscriptions.answered(id, &answer(202, "")));
    assert_eq!(play.run_until(31), []);
    assert_eq!(play.run_until(32), [SubscriptionOutput::Failed(id)]);
    assert!(play.is_at_rest());
    // Nor is it over before anybody said so.
    let id = play.refer("c1", 7, true);
    play.notify(1, &[("Subscription-State", "active;expires=60")], "");
    play.notify(2, &[("CSeq", "2 NOTIFY"), ("Subscription-State", "pending;expires=90")], "");
    assert_eq!(play.run_until(91), []);
    assert_eq!(play.run_until(92), [SubscriptionOutput::Expired(id)]);
    assert!(play.is_at_rest());
    // A lifetime that is none, or never ends, has an end all the same.
    for state in ["active", "active;expires=4294967295", "odd;expires=x"] {
        let id = play.refer("c1", 7, true);
        play.notify(100, &[("Subscription-State", state)], "");
        assert_eq!(play.run_until(3_699), []);
        assert_eq!(play.run_until(3_700), [SubscriptionOutput::Expired(id)], "{state}");
    }
}

#[test]
fn sip_accept_35_with_norefersub_nothing_is_awaited_and_what_comes_is_taken() {
    let mut play = Play::new();
    play.refer("c1", 7, false);
    assert_eq!(play.run_until(32), []);
    assert!(play.is_at_rest());
    let id = play.refer("c1", 7, false);
    let last = [("Subscription-State", "terminated;reason=noresource")];
    assert_eq!(taken(&play.notify(1, &last, "SIP/2.0 603 Decline\n")), (id, Some(603), true));
    // Asked for and declined by the answer.
    let id = play.refer("c1", 7, true);
    assert!(play.subscriptions.answered(id, &answer(200, "Refer-Sub: false\n")));
    assert_eq!(play.run_until(64), []);
    assert!(play.is_at_rest());
    for (field, declines) in [
        ("Refer-Sub: false", true),
        ("refer-sub : FALSE;x=y", true),
        ("Require: a, norefersub", true),
        ("Require: nosub", true),
        ("Refer-Sub: true", false),
        ("Supported: norefersub", false),
    ] {
        assert_eq!(declines_subscription(&answer(200, &format!("{field}\n"))), declines, "{field}");
    }
}

#[test]
fn sip_accept_36_a_notify_that_belongs_to_nothing_is_refused() {
    let mut play = Play::new();
    play.refer("c1", 7, true);
    for fields in [
        [("Call-ID", "c2")],
        [("To", "<sip:us@example.com>;tag=other")],
        [("To", "<sip:us@example.com>")],
        [("From", "<sip:phone@example.com>")],
        [("Event", "refer;id=8")],
    ] {
        assert_eq!(play.notify(0, &fields, "").status(), Status::NO_SUCH_DIALOG, "{fields:?}");
    }
    for event in ["", "presence", "Refer", "refer.winfo"] {
        assert_eq!(play.notify(0, &[("Event", event)], "").status(), Status::BAD_EVENT, "{event}");
    }
    let missing = play.notify(0, &[("Subscription-State", "")], "");
    assert_eq!((missing.status(), missing), (Status::BAD_REQUEST, Notified::Missing));
    // None of these was one.
    taken(&play.notify(0, &[], ""));
    let repeated = play.notify(0, &[], "");
    assert_eq!((repeated.status(), repeated), (Status::SERVER_ERROR, Notified::OutOfOrder));
    let forked = [("CSeq", "2 NOTIFY"), ("From", "<sip:phone@example.com>;tag=fork")];
    assert_eq!(play.notify(0, &forked, ""), Notified::NoSuch);
    taken(&play.notify(0, &[("CSeq", "2 NOTIFY")], ""));
}

#[test]
fn a_body_that_says_nothing_says_nothing() {
    let mut play = Play::new();
    play.refer("c1", 7, true);
    let said = |play: &mut Play, number: u32, kind: &str, body: &str| {
        let cseq = format!("{number} NOTIFY");
        taken(&play.notify(0, &[("CSeq", &cseq), ("Content-Type", kind)], body)).1
    };
    assert_eq!(said(&mut play, 1, "message/sipfrag", "SIP/2.0 180 Ringing\n"), Some(180));
    assert_eq!(said(&mut play, 2, "message/sipfrag", "INVITE sip:a@b SIP/2.0\n"), None);
    assert_eq!(said(&mut play, 3, "text/plain", "SIP/2.0 200 OK\n"), None);
    assert_eq!(said(&mut play, 4, "", ""), None);
}

#[test]
fn there_are_only_so_many() {
    let settings = SubscriptionSettings { count_max: 2, ..SubscriptionSettings::default() };
    let mut play = Play { subscriptions: Subscriptions::new(settings), ..Play::new() };
    let first = play.refer("c1", 7, true);
    play.refer("c2", 7, true);
    let third = Referred {
        call_id: "c3".to_owned(),
        local_tag: "ours".to_owned(),
        cseq: 1,
        is_awaited: true,
    };
    assert_eq!(play.subscriptions.expect(play.start, third.clone()), None);
    play.subscriptions.withdraw(first);
    assert!(play.subscriptions.expect(play.start, third).is_some());
}
