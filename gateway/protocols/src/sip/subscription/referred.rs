//! What a REFER of ours brings about: the NOTIFYs that say how it goes.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::super::body::Fragment;
use super::super::{Message, Status, SubscriptionState, SubscriptionStatus};
use super::REFER;

/// How long and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionSettings {
    /// How long the first NOTIFY may take: timer N, which is 64 times T1.
    pub first_notify: Duration,
    /// The longest that a subscription lasts without another NOTIFY, whatever the last one said.
    pub life_max: Duration,
    /// How many there may be.
    pub count_max: usize,
}

impl Default for SubscriptionSettings {
    fn default() -> Self {
        Self {
            first_notify: Duration::from_secs(32),
            life_max: Duration::from_secs(3_600),
            count_max: 50_000,
        }
    }
}

/// A REFER that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referred {
    /// Its Call-ID.
    pub call_id: String,
    /// The tag of its From.
    pub local_tag: String,
    /// The number in its `CSeq`.
    pub cseq: u32,
    /// Whether a NOTIFY has to come: not with `norefersub`, where one is taken that comes all the same.
    pub is_awaited: bool,
}

/// What a REFER brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(u64);

/// What a NOTIFY is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notified {
    /// News of a REFER of ours.
    Taken {
        /// Of which.
        subscription: SubscriptionId,
        /// How the subscription stands.
        state: SubscriptionState,
        /// What became of the REFER so far, where the body says it.
        status: Option<Status>,
        /// Whether nothing more will come.
        is_over: bool,
    },
    /// Of no REFER of ours, or of one that is over.
    NoSuch,
    /// It names no event, or another one.
    BadEvent,
    /// It does not say how the subscription stands.
    Missing,
    /// It is older than one that came before (RFC 3261, section 12.2.2).
    OutOfOrder,
}

impl Notified {
    /// The answer that it gets; with 489 goes `Allow-Events`.
    pub fn status(&self) -> Status {
        match self {
            Self::Taken { .. } => Status::OK,
            Self::NoSuch => Status::NO_SUCH_DIALOG,
            Self::BadEvent => Status::BAD_EVENT,
            Self::Missing => Status::BAD_REQUEST,
            Self::OutOfOrder => Status::SERVER_ERROR,
        }
    }
}

/// What became of one without a NOTIFY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionOutput {
    /// No NOTIFY came in time: the REFER counts as failed.
    Failed(SubscriptionId),
    /// Its time is over, and no NOTIFY said how the REFER ended.
    Expired(SubscriptionId),
}

#[derive(Clone, Debug)]
enum State {
    Waiting { is_awaited: bool },
    Known { remote_tag: String, remote_cseq: u32 },
}

#[derive(Debug)]
struct Subscription {
    key: String,
    state: State,
    due: Instant,
}

/// All that is or may be notified about REFERs of ours.
#[derive(Debug)]
pub struct Subscriptions {
    settings: SubscriptionSettings,
    all: HashMap<u64, Subscription>,
    /// Those of one Call-ID and tag of ours, by the number of their REFER.
    by_key: HashMap<String, Vec<(u32, u64)>>,
    dues: BTreeSet<(Instant, u64)>,
    number: u64,
    outputs: VecDeque<SubscriptionOutput>,
}

impl Subscriptions {
    /// None yet.
    #[must_use]
    pub fn new(settings: SubscriptionSettings) -> Self {
        Self {
            settings,
            all: HashMap::new(),
            by_key: HashMap::new(),
            dues: BTreeSet::new(),
            number: 0,
            outputs: VecDeque::new(),
        }
    }

    /// A REFER is sent; its NOTIFY may come before its answer. `None` where there are too many already.
    pub fn expect(&mut self, now: Instant, referred: Referred) -> Option<SubscriptionId> {
        if self.all.len() >= self.settings.count_max {
            return None;
        }
        self.number += 1;
        let number = self.number;
        let Referred { call_id, local_tag, cseq, is_awaited } = referred;
        let key = key(&call_id, &local_tag);
        let due = now + self.settings.first_notify;
        self.by_key.entry(key.clone()).or_default().push((cseq, number));
        self.dues.insert((due, number));
        let state = State::Waiting { is_awaited };
        self.all.insert(number, Subscription { key, state, due });
        Some(SubscriptionId(number))
    }

    /// The REFER is answered finally. Whether it was accepted, which 200 and 202 both say; otherwise nothing is
    /// expected any more. An answer with `Refer-Sub: false` says that no NOTIFY will come.
    pub fn answered(&mut self, SubscriptionId(number): SubscriptionId, response: &Message) -> bool {
        if !response.status().is_some_and(Status::is_success) {
            self.remove(number);
            return false;
        }
        let is_declined = super::declines_subscription(response);
        if let Some(subscription) = self.all.get_mut(&number)
            && let State::Waiting { is_awaited } = &mut subscription.state
        {
            *is_awaited &= !is_declined;
        }
        true
    }

    /// The REFER got no answer: nothing is expected any more.
    pub fn withdraw(&mut self, SubscriptionId(number): SubscriptionId) {
        self.remove(number);
    }

    /// A NOTIFY came.
    pub fn notified(&mut self, now: Instant, notify: &Message) -> Notified {
        let Some(event) = notify.event().filter(|event| &*event.package == REFER) else {
            return Notified::BadEvent;
        };
        let Some((number, remote_tag)) = self.find(notify, event.id.as_deref()) else {
            return Notified::NoSuch;
        };
        let Some(state) = notify.subscription_state() else { return Notified::Missing };
        let remote_cseq = notify.cseq().map_or(0, |cseq| cseq.number);
        let Some(subscription) = self.all.get_mut(&number) else { return Notified::NoSuch };
        match &subscription.state {
            State::Known { remote_cseq: last, .. } if remote_cseq <= *last => {
                return Notified::OutOfOrder;
            }
            State::Known { .. } | State::Waiting { .. } => {}
        }
        subscription.state = State::Known { remote_tag, remote_cseq };
        let is_over = state.status == SubscriptionStatus::Terminated;
        if is_over {
            self.remove(number);
        } else {
            let asked = state.expires.map(|seconds| Duration::from_secs(seconds.max(1).into()));
            let life_max = self.settings.life_max;
            let due = now + asked.map_or(life_max, |asked| asked.min(life_max));
            self.dues.remove(&(subscription.due, number));
            self.dues.insert((due, number));
            subscription.due = due;
        }
        let status = progress(notify);
        Notified::Taken { subscription: SubscriptionId(number), state, status, is_over }
    }

    /// Lets go of what is over.
    pub fn elapse(&mut self, now: Instant) {
        while let Some(&(due, number)) = self.dues.first()
            && due <= now
        {
            self.dues.remove(&(due, number));
            let Some(subscription) = self.remove(number) else { continue };
            let id = SubscriptionId(number);
            match subscription.state {
                State::Waiting { is_awaited: false } => {}
                State::Waiting { is_awaited: true } => {
                    self.outputs.push_back(SubscriptionOutput::Failed(id));
                }
                State::Known { .. } => self.outputs.push_back(SubscriptionOutput::Expired(id)),
            }
        }
    }

    /// When to call [`Subscriptions::elapse`] next.
    pub fn deadline(&self) -> Option<Instant> {
        self.dues.first().map(|(due, _)| *due)
    }

    /// What became of others. Drain it after every call.
    pub fn poll(&mut self) -> Option<SubscriptionOutput> {
        self.outputs.pop_front()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether nothing at all is left.
    #[cfg(test)]
    pub(super) fn is_at_rest(&self) -> bool {
        let is_without = self.all.is_empty() && self.by_key.is_empty();
        is_without && self.dues.is_empty() && self.outputs.is_empty()
    }

    /// Which one a NOTIFY is about, and the peer's tag. Once one peer was heard of, another one's tag is that of a
    /// fork, which nobody asked for.
    fn find(&self, notify: &Message, id: Option<&str>) -> Option<(u64, String)> {
        let (from, to) = (notify.from().ok()?, notify.to().ok()?);
        let remote_tag = from.tag()?;
        let all = self.by_key.get(&key(notify.call_id(), to.tag()?))?;
        let (_, number) = match id {
            Some(id) => all.iter().find(|(cseq, _)| cseq.to_string() == id)?,
            // Only the first of several may be meant without it (RFC 3515, section 2.4.6).
            None => all.iter().min_by_key(|(cseq, _)| *cseq)?,
        };
        match &self.all.get(number)?.state {
            State::Known { remote_tag: known, .. } if known != remote_tag => None,
            State::Known { .. } | State::Waiting { .. } => Some((*number, remote_tag.to_owned())),
        }
    }

    fn remove(&mut self, number: u64) -> Option<Subscription> {
        let subscription = self.all.remove(&number)?;
        self.dues.remove(&(subscription.due, number));
        if let Some(all) = self.by_key.get_mut(&subscription.key) {
            all.retain(|(_, other)| *other != number);
            if all.is_empty() {
                self.by_key.remove(&subscription.key);
            }
        }
        Some(subscription)
    }
}

fn key(call_id: &str, local_tag: &str) -> String {
    // No field has a control character in it.
    format!("{call_id}\0{local_tag}")
}

fn progress(notify: &Message) -> Option<Status> {
    let is_fragment = notify.content_type()?.is("message", "sipfrag");
    let fragment = is_fragment.then(|| Fragment::decode(&notify.body).ok());
    fragment.flatten().map(|fragment| fragment.status)
}
