//! What happened to mails in a stretch of time, counted from the contacts that came in it (RPT-01).
//!
//! Every contact counts for the CSQ that it came to first, wherever it went later; each agent's work on it counts
//! for that agent and the CSQ they had it from. Nothing is kept: a report is counted anew from what there is.

mod arrivals;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{AgentId, Closing, Contact, Leg, LegEnd, Place, Timestamp};

pub use arrivals::Arrivals;

/// Seconds of several things: together, and the longest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seconds {
    /// How many things.
    pub count: u64,
    /// Together.
    pub total: u64,
    /// The longest.
    pub longest: u64,
}

impl Seconds {
    fn add(&mut self, from: Timestamp, to: Timestamp) {
        let seconds = to.since(from).as_secs();
        self.count += 1;
        self.total = self.total.saturating_add(seconds);
        self.longest = self.longest.max(seconds);
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.total = self.total.saturating_add(other.total);
        self.longest = self.longest.max(other.longest);
    }

    /// The mean, rounded down; 0 of nothing.
    pub fn mean(&self) -> u64 {
        self.total.checked_div(self.count).unwrap_or(0)
    }
}

/// How the leg of that number ended the contact, where it did and that is known.
pub fn closing_of(contact: &Contact, number: usize) -> Option<Closing> {
    let noted = contact.legs.get(number).and_then(|leg| leg.closing);
    noted.or(match &contact.place {
        Place::Closed { how, .. } if number + 1 == contact.legs.len() => Some(*how),
        _ => None,
    })
}

/// What an agent did, all in all or for one CSQ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AgentWork {
    /// How often a mail came to them.
    pub assigned: u64,
    /// Answered.
    pub replied: u64,
    /// Sent on.
    pub forwarded: u64,
    /// Ended without an answer.
    pub discarded: u64,
    /// Given back by the agent.
    pub requeued: u64,
    /// Given back by signing out, by a lost browser or by a supervisor.
    pub taken: u64,
    /// Still in hand.
    pub in_hand: u64,
    /// How long mails were in hand, of those that no longer are.
    pub handling: Seconds,
}

impl AgentWork {
    /// Counts a leg; `closing` says how it ended the contact, where it did ([`closing_of`]).
    pub fn add(&mut self, leg: &Leg, closing: Option<Closing>) {
        self.assigned += 1;
        let Some((at, end)) = leg.ended else {
            self.in_hand += 1;
            return;
        };
        self.handling.add(leg.from, at);
        match (end, closing) {
            (LegEnd::Closed, Some(Closing::Forwarded)) => self.forwarded += 1,
            (LegEnd::Closed, Some(Closing::Discarded)) => self.discarded += 1,
            // An answer that nobody took comes back, and was one nevertheless; so was one whose end no program noted.
            (LegEnd::Closed, _) => self.replied += 1,
            (LegEnd::Requeued, _) => self.requeued += 1,
            (LegEnd::SignedOut | LegEnd::Lost | LegEnd::Reassigned, _) => self.taken += 1,
        }
    }

    /// Counts other work of the same agent, too.
    pub fn merge(&mut self, other: &Self) {
        let Self { assigned, replied, forwarded, discarded, requeued, taken, in_hand, handling } =
            other;
        self.assigned += assigned;
        self.replied += replied;
        self.forwarded += forwarded;
        self.discarded += discarded;
        self.requeued += requeued;
        self.taken += taken;
        self.in_hand += in_hand;
        self.handling.merge(handling);
    }
}

/// What became of the mails of a CSQ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct QueueWork {
    /// How many came.
    pub arrived: u64,
    /// Written by machines, of those.
    pub automatic: u64,
    /// Answered.
    pub replied: u64,
    /// Sent on.
    pub forwarded: u64,
    /// Ended without an answer.
    pub discarded: u64,
    /// Waiting.
    pub waiting: u64,
    /// In hand.
    pub in_hand: u64,
    /// From arrival to the first agent, of those that had one.
    pub first_wait: Seconds,
    /// From arrival to the end, of those that are over.
    pub lasting: Seconds,
}

/// Reports of email over a stretch of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmailReport {
    /// By agent.
    pub agents: BTreeMap<AgentId, AgentWork>,
    /// By the CSQ that mails came to first.
    pub queues: BTreeMap<String, QueueWork>,
    /// By CSQ and agent.
    pub pairs: BTreeMap<(String, AgentId), AgentWork>,
}

impl EmailReport {
    /// Counts a contact.
    pub fn add(&mut self, contact: &Contact) {
        let queue = self.queues.entry(contact.routed_csq.clone()).or_default();
        queue.arrived += 1;
        queue.automatic += u64::from(contact.automatic);
        if let Some(first) = contact.legs.first() {
            queue.first_wait.add(contact.arrived_at, first.from);
        }
        match &contact.place {
            Place::Queued => queue.waiting += 1,
            Place::Active { .. } => queue.in_hand += 1,
            Place::Closed { at, how, .. } => {
                queue.lasting.add(contact.arrived_at, *at);
                match how {
                    Closing::Replied => queue.replied += 1,
                    Closing::Forwarded => queue.forwarded += 1,
                    Closing::Discarded => queue.discarded += 1,
                }
            }
        }
        for (number, leg) in contact.legs.iter().enumerate() {
            let closing = closing_of(contact, number);
            let of_pair = self.pairs.entry((leg.csq.clone(), leg.agent.clone())).or_default();
            let of_agent = self.agents.entry(leg.agent.clone()).or_default();
            for work in [of_pair, of_agent] {
                work.add(leg, closing);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    pub(crate) fn contact(value: serde_json::Value) -> Contact {
        let mut sample = serde_json::json!({
            "id": "00000000000000000000000000000001",
            "channel": "email",
            "csq": "billing",
            "routed_csq": "support",
            "customer": {"address": "ada@example.test", "name": "Ada"},
            "subject": "Hello",
            "arrived_at": at(0),
            "waiting_since": at(0),
            "conversation": "00000000000000000000000000000001",
            "mail": {
                "blob": null, "bytes": 1, "message_id": null, "received_at": at(0),
                "is_plain_text": true,
                "ledger": {"csq": "support", "folder": "INBOX", "uid_validity": 1, "uid": 1, "identity": "x"},
            },
            "notice": null,
            "terms": "x",
        });
        let members = sample.as_object_mut().unwrap();
        members.extend(value.as_object().unwrap().clone());
        serde_json::from_value(sample).unwrap()
    }

    #[test]
    fn rpt_01_a_mail_counts_for_the_queue_it_came_to_first_and_for_each_who_had_it() {
        let mut report = EmailReport::default();
        report.add(&contact(serde_json::json!({
            "state": "closed", "at": at(500), "how": "replied", "agent": "1002",
            "legs": [
                {"agent": "1001", "csq": "support", "from": at(60), "ended": [at(100), "requeued"]},
                {"agent": "1002", "csq": "billing", "from": at(200), "ended": [at(500), "closed"]},
            ],
        })));
        report.add(&contact(serde_json::json!({"state": "queued"})));
        let queue = report.queues["support"];
        assert_eq!((queue.arrived, queue.replied, queue.waiting), (2, 1, 1));
        assert_eq!(queue.first_wait, Seconds { count: 1, total: 60, longest: 60 });
        assert_eq!(queue.lasting.mean(), 500);
        assert!(!report.queues.contains_key("billing"));
        let first = report.agents[&"1001".parse().unwrap()];
        assert_eq!((first.assigned, first.requeued, first.replied), (1, 1, 0));
        let second = report.pairs[&("billing".to_owned(), "1002".parse().unwrap())];
        assert_eq!((second.replied, second.handling.total), (1, 300));
    }

    #[test]
    fn rpt_01_what_was_discarded_sent_on_lost_or_is_in_hand_is_told_apart() {
        let mut report = EmailReport::default();
        let leg = |ended: serde_json::Value| serde_json::json!([{"agent": "1001", "csq": "support", "from": at(10), "ended": ended}]);
        for how in ["discarded", "forwarded"] {
            report.add(&contact(serde_json::json!({
                "state": "closed", "at": at(20), "how": how, "agent": "1001",
                "legs": leg(serde_json::json!([at(20), "closed"])),
            })));
        }
        report.add(&contact(serde_json::json!({
            "state": "queued", "legs": leg(serde_json::json!([at(20), "lost"])),
        })));
        report.add(&contact(serde_json::json!({
            "state": "active", "agent": "1001", "since": at(10), "automatic": true,
            "legs": leg(serde_json::Value::Null),
        })));
        let work = report.agents[&"1001".parse().unwrap()];
        assert_eq!((work.assigned, work.discarded, work.forwarded), (4, 1, 1));
        assert_eq!((work.taken, work.in_hand, work.handling.count), (1, 1, 3));
        let queue = report.queues["support"];
        assert_eq!((queue.automatic, queue.in_hand, queue.waiting), (1, 1, 1));
    }

    #[test]
    fn rpt_01_a_mail_that_was_sent_on_and_came_back_was_sent_on_nevertheless() {
        let agent = "1001".parse().unwrap();
        let work = |contact: &Contact| {
            let mut report = EmailReport::default();
            report.add(contact);
            let work = report.agents[&agent];
            (work.replied, work.forwarded, work.discarded)
        };
        let mut contact = contact(serde_json::json!({"state": "queued"}));
        contact.begin_leg(at(10), &agent);
        contact.end(at(20), Closing::Forwarded, &agent);
        assert_eq!(work(&contact), (0, 1, 0));
        // Its server does not take it.
        contact.place = Place::Queued;
        assert_eq!(work(&contact), (0, 1, 0));
        contact.begin_leg(at(30), &agent);
        contact.end(at(40), Closing::Discarded, &agent);
        assert_eq!(work(&contact), (0, 1, 1));
        // What a program before this one noted of a leg says no more than that it was the end.
        for leg in &mut contact.legs {
            leg.closing = None;
        }
        assert_eq!(work(&contact), (1, 0, 1));
    }
}
