//! Whatever is said in whatever order: all ends, and nothing is said after an end.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Wait(u16),
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
    prop_oneof![
        4 => any::<u16>().prop_map(Step::Wait),
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
    now: Instant,
    ours: Vec<SubscriptionId>,
    ended: HashSet<SubscriptionId>,
}

impl World {
    fn new() -> Self {
        let count_max = 5;
        let ours = SubscriptionSettings { count_max, ..SubscriptionSettings::default() };
        Self {
            subscriptions: Subscriptions::new(ours),
            now: Instant::now(),
            ours: Vec::new(),
            ended: HashSet::new(),
        }
    }

    fn play(&mut self, step: &Step) {
        let now = self.now;
        match step {
            Step::Wait(tenths) => self.wait(Duration::from_millis(u64::from(*tenths) * 10)),
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
        let due = self.subscriptions.deadline();
        assert!(due.is_none_or(|due| due > now), "a deadline lies in the past");
    }

    fn drain(&mut self) {
        while let Some(output) = self.subscriptions.poll() {
            let (SubscriptionOutput::Failed(id) | SubscriptionOutput::Expired(id)) = output;
            assert!(self.ended.insert(id), "it ends twice");
        }
        assert!(self.subscriptions.len() <= 5);
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
        prop_assert!(world.subscriptions.is_at_rest());
    }
}
