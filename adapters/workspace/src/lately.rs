//! What agents did with contacts lately, for themselves and for whoever leads them (RPT-02).
//!
//! ```text
//!   contacts that ended --every ten seconds, or when asked--> work by agent and quarter of an hour
//!   open contacts, as this node sees them ----------------> work of theirs that is over, and what is in hand
//! ```
//!
//! Each node has its own, in memory: it is made anew from the store when the node starts. How much it takes follows
//! from how many agents there are, not from how many contacts they had.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use domain::report::{AgentWork, closing_of};
use domain::{AgentId, Contact, ContactId, Timestamp};
use engine::Port;

/// So far back it reaches: a day of every time zone, with some room.
pub(crate) const REACH: Duration = Duration::from_secs(30 * 3_600);
/// Whoever asks is told of what ended so long ago, at the latest.
pub(crate) const JUST_NOW: Duration = Duration::from_secs(2);
/// Work is told from such a time on: days of all time zones begin at one.
const QUARTER_SECONDS: i64 = 900;
/// What other nodes write may be seen so much later.
const LATE: Duration = Duration::from_secs(60);
/// So many contacts are read at once, and so often for one look.
const PAGE: u32 = 1_000;
const PAGES_MAX: usize = 50;

/// Work by agent and quarter of an hour.
#[derive(Debug, Default)]
pub(crate) struct Lately {
    /// By the quarter in which it ended.
    work: BTreeMap<i64, Arc<HashMap<AgentId, AgentWork>>>,
    /// Until when work on a contact was counted: one that comes back brings its old work along.
    counted: HashMap<ContactId, Timestamp>,
    /// Contacts that ended until then are counted.
    until: Option<Timestamp>,
    /// Whether all that ended until now is.
    pub(crate) is_whole: bool,
}

fn quarter(at: Timestamp) -> i64 {
    at.seconds().div_euclid(QUARTER_SECONDS)
}

fn before(now: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_microseconds(now.microseconds().saturating_sub(by))
}

impl Lately {
    /// From when on contacts are to be read.
    pub(crate) fn wants(&self, now: Timestamp) -> Timestamp {
        let oldest = before(now, REACH);
        self.until.map_or(oldest, |until| before(until, LATE).max(oldest))
    }

    /// Counts work on contacts that ended; `until` says until when there are no others.
    pub(crate) fn add(&mut self, ended: &[Contact], until: Timestamp) {
        for contact in ended {
            let before = self.counted.get(&contact.id).copied();
            for (work, at) in ended_work(contact, before) {
                // Whoever looks at it meanwhile goes on with what was.
                let agents = Arc::make_mut(self.work.entry(quarter(at)).or_default());
                agents.entry(work.0.clone()).or_default().merge(&work.1);
            }
            if let Some(last) =
                contact.legs.iter().filter_map(|leg| leg.ended).map(|(at, _)| at).max()
            {
                self.counted.insert(contact.id, last);
            }
        }
        self.until = Some(until);
    }

    /// Lets go of what is older than it reaches.
    pub(crate) fn forget(&mut self, now: Timestamp) {
        let oldest = before(now, REACH);
        self.work = self.work.split_off(&quarter(oldest));
        self.counted.retain(|_, at| *at >= oldest);
    }

    /// What was counted from the quarter of an hour on that `from` lies in; of the open contacts those that it is
    /// asked for. Whoever has it holds nobody up.
    pub(crate) fn seen<'o>(
        &self,
        from: Timestamp,
        open: impl IntoIterator<Item = &'o Arc<Contact>>,
    ) -> Seen {
        let first = quarter(from);
        let open = open.into_iter().map(|it| (Arc::clone(it), self.counted.get(&it.id).copied()));
        let quarters = self.work.range(first..).map(|(_, agents)| Arc::clone(agents));
        Seen { first, quarters: quarters.collect(), open: open.collect() }
    }
}

/// What was counted at one moment.
#[derive(Debug)]
pub(crate) struct Seen {
    first: i64,
    quarters: Vec<Arc<HashMap<AgentId, AgentWork>>>,
    /// Open contacts, each with until when work on it is among the quarters.
    open: Vec<(Arc<Contact>, Option<Timestamp>)>,
}

impl Seen {
    /// What each agent did, with what they have in hand.
    pub(crate) fn all(&self) -> HashMap<AgentId, AgentWork> {
        let mut all: HashMap<AgentId, AgentWork> = HashMap::new();
        for (agent, work) in self.quarters.iter().flat_map(|agents| agents.iter()) {
            all.entry(agent.clone()).or_default().merge(work);
        }
        for (agent, work) in self.of_open() {
            all.entry(agent.clone()).or_default().merge(&work);
        }
        all
    }

    /// What one agent did.
    pub(crate) fn of(&self, agent: &AgentId) -> AgentWork {
        let mut own = AgentWork::default();
        self.quarters.iter().filter_map(|it| it.get(agent)).for_each(|work| own.merge(work));
        let of_open = self.of_open().filter(|(who, _)| *who == agent);
        of_open.for_each(|(_, work)| own.merge(&work));
        own
    }

    fn of_open(&self) -> impl Iterator<Item = (&AgentId, AgentWork)> {
        self.open.iter().flat_map(|(contact, until)| {
            let ended = ended_work(contact, *until).filter(|(_, at)| quarter(*at) >= self.first);
            let has = |agent| (agent, AgentWork { in_hand: 1, ..AgentWork::default() });
            ended.map(|(work, _)| work).chain(contact.agent().map(has))
        })
    }
}

/// Work on a contact that ended after that time, each with its end.
fn ended_work(
    contact: &Contact,
    after: Option<Timestamp>,
) -> impl Iterator<Item = ((&AgentId, AgentWork), Timestamp)> {
    contact.legs.iter().enumerate().filter_map(move |(number, leg)| {
        let (at, _) = leg.ended.filter(|(at, _)| after.is_none_or(|after| *at > after))?;
        let mut work = AgentWork::default();
        work.add(leg, closing_of(contact, number));
        Some(((&leg.agent, work), at))
    })
}

/// Reads what ended since the last look. What cannot be read now is read at the next one.
pub(crate) async fn look(port: &Port, lately: &std::sync::Mutex<Lately>) {
    let lock = || lately.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let now = port.now();
    let to = now.after(LATE);
    let mut begin = lock().wants(now);
    let mut limit = PAGE;
    for _ in 0..PAGES_MAX {
        let Ok(page) = port.contacts_ended(begin, to, limit).await else { return };
        let last = page.last().and_then(ended_at);
        let is_full = u32::try_from(page.len()).is_ok_and(|length| length >= limit);
        let is_last = !is_full && last.is_none_or(|last| last == begin);
        // A clock that was set back leaves ends in the future, which are read once more when they come.
        let until = if is_last { now } else { last.unwrap_or(begin) };
        let mut lately = lock();
        lately.add(&page, until);
        if is_last {
            lately.is_whole = true;
            lately.forget(now);
            return;
        }
        if let Some(last) = last {
            limit = if last == begin { limit.saturating_mul(2) } else { PAGE };
            begin = last;
        }
    }
}

fn ended_at(contact: &Contact) -> Option<Timestamp> {
    match contact.place {
        domain::Place::Closed { at, .. } => Some(at),
        _ => None,
    }
}
