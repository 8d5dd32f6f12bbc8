//! Whatever is said in whatever order: all ends, and nothing is said after an end.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Wait(u16),
    /// Of theirs: a SUBSCRIBE of a dialog, known or not.
    Subscribe {
        dialog: u8,
        is_known: bool,
        cseq: u32,
        expires: Option<u32>,
    },
    Refer {
        dialog: u8,
    },
    Progress {
        at: usize,
        code: u16,
    },
    Changed,
    NotifyAnswered {
        at: usize,
        code: u16,
    },
    Close,
    /// Of ours: a REFER, and what is notified about it.
    Expect {
        call_id: u8,
        cseq: u32,
        is_awaited: bool,
    },
    Notified {
        call_id: u8,
        id: Option<u32>,
        tag: u8,
        cseq: u32,
        state: &'static str,
    },
    Withdraw {
        at: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let states = prop::sample::select(vec![
        "active;expires=60",
        "active",
        "pending;expires=0",
        "terminated;reason=noresource",
        "terminated",
        "else",
    ]);
    let codes = || prop::sample::select(vec![100_u16, 180, 200, 404, 408, 481, 503, 603]);
    let expires = proptest::option::of(prop::sample::select(vec![0_u32, 1, 60, 300, u32::MAX]));
    prop_oneof![
        4 => any::<u16>().prop_map(Step::Wait),
        4 => (0..4_u8, any::<bool>(), 1..9_u32, expires).prop_map(
            |(dialog, is_known, cseq, expires)| Step::Subscribe { dialog, is_known, cseq, expires }
        ),
        2 => (4..8_u8).prop_map(|dialog| Step::Refer { dialog }),
        2 => (0..9_usize, codes()).prop_map(|(at, code)| Step::Progress { at, code }),
        1 => Just(Step::Changed),
        1 => (0..9_usize, codes()).prop_map(|(at, code)| Step::NotifyAnswered { at, code }),
        1 => Just(Step::Close),
        4 => (0..3_u8, 1..4_u32, any::<bool>()).prop_map(
            |(call_id, cseq, is_awaited)| Step::Expect { call_id, cseq, is_awaited }
        ),
        8 => (0..3_u8, proptest::option::of(1..4_u32), 0..2_u8, 1..9_u32, states).prop_map(
            |(call_id, id, tag, cseq, state)| Step::Notified { call_id, id, tag, cseq, state }
        ),
        1 => (0..9_usize).prop_map(|at| Step::Withdraw { at }),
    ]
}

fn request(method: &str, call_id: u8, cseq: u32, tags: (&str, &str), fields: &str) -> Message {
    let (from, to) = tags;
    let to = if to.is_empty() { String::new() } else { format!(";tag={to}") };
    message(&format!(
        "{method} sip:us@example.com SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\n\
         From: <sip:p@example.com>;tag={from}\nTo: <sip:us@example.com>{to}\nCall-ID: c{call_id}\n\
         CSeq: {cseq} {method}\nContact: <sip:p@192.0.2.7>\n{fields}\n"
    ))
}

struct World {
    subscriptions: Subscriptions,
    notifier: Notifier,
    now: Instant,
    ours: Vec<SubscriptionId>,
    ended: HashSet<SubscriptionId>,
    theirs: Vec<NotificationId>,
    /// The number of the last NOTIFY of each, and whether it was the last.
    told: HashMap<NotificationId, (u32, bool)>,
}

impl World {
    fn new() -> Self {
        let settings = NotifierSettings {
            package: "x-agent".to_owned(),
            expires_seconds_min: 60,
            expires_seconds_default: 300,
            expires_seconds_max: 600,
            referral_seconds: 120,
            count_max: 5,
        };
        let count_max = 5;
        let ours = SubscriptionSettings { count_max, ..SubscriptionSettings::default() };
        Self {
            subscriptions: Subscriptions::new(ours),
            notifier: Notifier::new(settings),
            now: Instant::now(),
            ours: Vec::new(),
            ended: HashSet::new(),
            theirs: Vec::new(),
            told: HashMap::new(),
        }
    }

    fn play(&mut self, step: &Step) {
        let now = self.now;
        match step {
            Step::Wait(tenths) => self.wait(Duration::from_millis(u64::from(*tenths) * 10)),
            Step::Subscribe { dialog, is_known, cseq, expires } => {
                let local_tag = format!("ours{dialog}");
                let expires = expires.map(|expires| format!("Expires: {expires}\n"));
                let fields = format!("Event: x-agent\n{}", expires.unwrap_or_default());
                let to = if *is_known { local_tag.as_str() } else { "" };
                let request = request("SUBSCRIBE", *dialog, *cseq, ("theirs", to), &fields);
                let subscribed = self.notifier.subscribed(now, udp(), &request, &local_tag);
                if let Subscribed::Taken { subscription, .. } = subscribed {
                    self.theirs.push(subscription);
                }
            }
            Step::Refer { dialog } => {
                let local_tag = format!("ours{dialog}");
                let fields = "Refer-To: <cid:1@x>\n";
                let request = request("REFER", *dialog, 1, ("theirs", ""), fields);
                self.theirs.extend(self.notifier.referred(now, udp(), &request, &local_tag));
            }
            Step::Progress { at, code } => {
                if let Some(id) = self.theirs.get(*at) {
                    self.notifier.progressed(now, *id, status(*code));
                }
            }
            Step::Changed => self.notifier.changed(now),
            Step::NotifyAnswered { at, code } => {
                if let Some(id) = self.theirs.get(*at) {
                    self.notifier.answered(*id, status(*code));
                }
            }
            Step::Close => self.notifier.close(now),
            Step::Expect { call_id, cseq, is_awaited } => {
                let referred = Referred {
                    call_id: format!("c{call_id}"),
                    local_tag: "ours".to_owned(),
                    cseq: *cseq,
                    is_awaited: *is_awaited,
                };
                self.ours.extend(self.subscriptions.expect(now, referred));
            }
            Step::Notified { call_id, id, tag, cseq, state } => {
                let id = id.map(|id| format!(";id={id}")).unwrap_or_default();
                let fields = format!("Event: refer{id}\nSubscription-State: {state}\n");
                let tags = (format!("theirs{tag}"), "ours");
                let request = request("NOTIFY", *call_id, *cseq, (&tags.0, tags.1), &fields);
                let notified = self.subscriptions.notified(now, &request);
                if let Notified::Taken { subscription, is_over, .. } = notified {
                    assert!(self.ours.contains(&subscription));
                    assert!(!self.ended.contains(&subscription), "it is over");
                    assert_eq!(is_over, state.starts_with("terminated"));
                    if is_over {
                        self.ended.insert(subscription);
                    }
                }
            }
            Step::Withdraw { at } => {
                if let Some(id) = self.ours.get(*at) {
                    self.subscriptions.withdraw(*id);
                    self.ended.insert(*id);
                }
            }
        }
        self.drain();
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        let now = self.now;
        self.subscriptions.elapse(now);
        self.notifier.elapse(now);
        let dues = [self.subscriptions.deadline(), self.notifier.deadline()];
        assert!(dues.into_iter().flatten().all(|due| due > now), "a deadline lies in the past");
    }

    fn drain(&mut self) {
        while let Some(output) = self.subscriptions.poll() {
            let (SubscriptionOutput::Failed(id) | SubscriptionOutput::Expired(id)) = output;
            assert!(self.ended.insert(id), "it ends twice");
        }
        while let Some(notify) = self.notifier.poll() {
            let number = notify.message.cseq().unwrap().number;
            let (last, is_over) = self.told.get(&notify.subscription).copied().unwrap_or_default();
            assert!(!is_over, "something is told after the end");
            assert_eq!(number, last + 1);
            self.told.insert(notify.subscription, (number, notify.is_last));
            // What is sent can be read.
            let via = crate::sip::Value::new("SIP/2.0/UDP h;branch=z9hG4bK1").unwrap();
            let mut whole = notify.message;
            whole.headers.push_front(Name::VIA, via);
            let read = datagram(&encode(&whole), &Limits::default()).unwrap();
            let state = read.subscription_state().unwrap();
            let is_terminated = state.status == crate::sip::SubscriptionStatus::Terminated;
            assert_eq!(is_terminated, notify.is_last);
        }
        assert!(self.subscriptions.len() <= 5 && self.notifier.len() <= 5);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn all_ends_and_nothing_follows_an_end(steps in prop::collection::vec(step(), 0..150)) {
        let mut world = World::new();
        for step in &steps {
            world.play(step);
        }
        world.wait(seconds(4_000));
        world.drain();
        prop_assert!(world.subscriptions.is_at_rest() && world.notifier.is_at_rest());
    }
}
