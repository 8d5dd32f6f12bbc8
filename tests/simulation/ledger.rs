//! Where clients truly were, and what must hold of sessions by that.
//!
//! - Whoever had a client for a while in the last minute is not signed out for its absence (DSK-03).
//! - Whoever had none for a minute and some seconds is signed out (DSK-03).
//! - A session that no client ever spoke for is never signed out for one, whatever became of the clients
//!   of the sessions before (DSK-04).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{
    AgentKey, AgentSession, CLIENT_SECONDS, Client, ConnectionNumber, NodeName, Timestamp,
};
use store::LogEntry;

/// Within this time a client that came is told, whatever fails.
const TOLD_WITHIN: Duration = Duration::from_secs(15);
/// Within this time it is noticed that a client is gone, and its timer runs once it is due, whatever fails.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);

/// No session has that generation.
const NOBODY: u32 = 0;
/// Longer than any sign-in takes.
const SIGNED_IN_WITHIN: Duration = Duration::from_secs(200);

/// One connection for as long as it spoke for one session.
#[derive(Clone, Debug)]
struct Span {
    agent: AgentKey,
    node: NodeName,
    number: ConnectionNumber,
    /// The generation of the session; none before the sign-in over it is acknowledged.
    session: Option<u32>,
    /// Since when it can be told.
    from: Timestamp,
    to: Option<Timestamp>,
}

/// All connections that ever were.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    spans: Mutex<Vec<Span>>,
}

/// How often a seed met what it is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Absences {
    /// Sessions that were ended since their client stayed away.
    pub(crate) forced: usize,
    /// Clients that were unavailable and came back to the same session.
    pub(crate) returned: usize,
    /// Sign-ins that took over a session whose client was unavailable.
    pub(crate) anew: usize,
    /// Connections that ended with their node.
    pub(crate) killed: usize,
    /// Sign-outs with 255 that reached the contact centre.
    pub(crate) arrived: usize,
}

impl Ledger {
    fn spans(&self) -> MutexGuard<'_, Vec<Span>> {
        // One broken rule is told once.
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection is there. It speaks for that session, or for the one that a sign-in over it begins.
    pub(crate) fn begin(
        &self,
        now: Timestamp,
        agent: &AgentKey,
        node: &NodeName,
        number: ConnectionNumber,
        session: Option<u32>,
    ) {
        self.end(now, number);
        let (agent, node) = (agent.clone(), node.clone());
        let span = Span { agent, node, number, session, from: now, to: None };
        self.spans().push(span);
    }

    /// The sign-in over a connection is acknowledged.
    pub(crate) fn speaks_for(&self, number: ConnectionNumber, session: u32) {
        let mut spans = self.spans();
        if let Some(span) = spans.iter_mut().rev().find(|it| it.number == number) {
            span.session = Some(session);
        }
    }

    /// The sign-in over a connection is refused, so it speaks for whom it spoke for before.
    pub(crate) fn is_refused(&self, number: ConnectionNumber) {
        let mut spans = self.spans();
        let mut of_number = spans.iter().rev().filter(|it| it.number == number);
        let before = of_number.find_map(|it| it.session).unwrap_or(NOBODY);
        if let Some(span) = spans.iter_mut().rev().find(|it| it.number == number) {
            span.session = Some(before);
        }
    }

    /// A connection is gone.
    pub(crate) fn end(&self, now: Timestamp, number: ConnectionNumber) {
        let mut spans = self.spans();
        let open = spans.iter_mut().filter(|it| it.number == number && it.to.is_none());
        open.for_each(|it| it.to = Some(now));
    }

    /// A node is killed; how many connections ended with it.
    pub(crate) fn kill(&self, now: Timestamp, node: &NodeName) -> usize {
        let mut spans = self.spans();
        let open = spans.iter_mut().filter(|it| it.node == *node && it.to.is_none());
        open.map(|it| it.to = Some(now)).count()
    }

    /// A node is cut off until then: others may take it for gone meanwhile, and its connections are told anew
    /// afterwards.
    pub(crate) fn cut(&self, now: Timestamp, node: &NodeName, until: Timestamp) {
        let mut spans = self.spans();
        let mut anew = Vec::new();
        for span in spans.iter_mut().filter(|it| it.node == *node && it.to.is_none()) {
            anew.push(Span { from: until, ..span.clone() });
            span.to = Some(now);
        }
        spans.extend(anew);
    }

    pub(crate) fn is_open(&self, number: ConnectionNumber) -> bool {
        let spans = self.spans();
        spans.iter().any(|it| it.number == number && it.to.is_none())
    }

    /// A connection of that agent that ended, for a report that comes late.
    pub(crate) fn old(
        &self,
        agent: &AgentKey,
        place: u64,
    ) -> Option<(ConnectionNumber, NodeName, u32)> {
        let spans = self.spans();
        let of_agent = spans.iter().filter(|it| it.agent == *agent && it.to.is_some());
        let old: Vec<_> = of_agent.filter_map(|it| Some((it, it.session?))).collect();
        let place = usize::try_from(place).unwrap().checked_rem(old.len())?;
        let (span, session) = old[place];
        Some((span.number, span.node.clone(), session))
    }

    /// An old report that a connection is there makes it look so until its node tells otherwise.
    pub(crate) fn looks_there(
        &self,
        now: Timestamp,
        agent: &AgentKey,
        node: &NodeName,
        number: ConnectionNumber,
        session: u32,
    ) {
        let (agent, node, session, to) = (agent.clone(), node.clone(), Some(session), Some(now));
        let span = Span { agent, node, number, session, from: now, to };
        self.spans().push(span);
    }

    /// Nobody is signed in whose client stayed away for too long.
    pub(crate) fn nobody_is_overdue(&self, seed: u64, now: Timestamp, session: &AgentSession) {
        let Some(signed_in) = session.signed_in() else { return };
        let spans = self.spans();
        let named: BTreeSet<_> = match &signed_in.client {
            Some(Client::Available { connections }) => connections.values().copied().collect(),
            _ => BTreeSet::new(),
        };
        let of_agent = spans.iter().filter(|it| it.agent == session.agent);
        let of_session: Vec<_> = of_agent
            .filter(|it| it.session == Some(session.generation) || named.contains(&it.number))
            .collect();
        // What came and went before it could be told is told as both; unless its node was killed.
        let lasted = |it: &&&Span| it.to.is_some_and(|to| to.since(it.from) > TOLD_WITHIN);
        let is_watched = signed_in.client.is_some() || of_session.iter().any(|it| lasted(&it));
        if !is_watched || of_session.iter().any(|it| it.to.is_none()) {
            return;
        }
        let since = match &signed_in.client {
            Some(Client::Unavailable { since }) => Some(*since),
            _ => None,
        };
        let last = of_session.iter().filter_map(|it| it.to).max().into_iter().chain(since).max();
        let away = now.since(last.unwrap_or(signed_in.at));
        assert!(
            away <= Duration::from_secs(CLIENT_SECONDS) + NOTICED_WITHIN,
            "seed {seed}: {session:?} has no client for {away:?}: {of_session:?}"
        );
    }

    /// By the log: nobody was signed out for an absence that was none.
    pub(crate) fn nobody_was_forced_out_wrongly(
        &self,
        seed: u64,
        sessions: &BTreeMap<AgentKey, AgentSession>,
        log: &[LogEntry],
    ) -> (Absences, BTreeSet<(AgentKey, u32)>) {
        let spans = self.spans();
        let (mut met, mut forced) = (Absences::default(), BTreeSet::new());
        for (agent, session) in sessions {
            let (mut generation, mut is_away, mut is_leaving) = (0, false, false);
            let mut began = Timestamp::default();
            let subject = domain::Key::session(agent);
            for line in log.iter().filter(|line| line.event.subject == subject) {
                let reason = line.event.details.get("reason").map(String::as_str);
                match line.event.name.as_str() {
                    "client_unavailable" => is_away = true,
                    "client_available" => {
                        met.returned += usize::from(is_away);
                        is_away = false;
                    }
                    "agent_signed_in" | "agent_taken_over" => {
                        met.anew += usize::from(is_away);
                        (is_away, generation) = (false, generation + 1);
                        (is_leaving, began) = (false, line.at);
                    }
                    name @ ("agent_leaving" | "agent_signed_out") => {
                        let by_absence = reason == Some("255") && !is_leaving;
                        if by_absence && (name == "agent_leaving" || agent.is_owned()) {
                            let of_agent = spans.iter().filter(|it| it.agent == *agent);
                            let of_agent: Vec<_> = of_agent.collect();
                            check_forced(seed, &of_agent, (generation, began), line);
                            met.forced += 1;
                            forced.insert((agent.clone(), generation + 1));
                        }
                        is_leaving = name == "agent_leaving";
                        (is_away, generation) = (false, generation + 1);
                    }
                    _ => {}
                }
            }
            assert_eq!(generation, session.generation, "seed {seed}: {session:?}");
        }
        (met, forced)
    }

    /// A session says what is so.
    pub(crate) fn session_is_right(&self, seed: u64, session: &AgentSession) {
        let Some(signed_in) = session.signed_in() else { return };
        let spans = self.spans();
        let open = spans.iter().filter(|it| it.agent == session.agent && it.to.is_none());
        // The newest of each node; the one of a sign-in that nobody knows the outcome of may be any's.
        let open = open.filter(|it| it.session.is_none_or(|it| it == session.generation));
        let mut here = BTreeMap::new();
        for span in open {
            let of_node: &mut Vec<&Span> = here.entry(&span.node).or_default();
            of_node.retain(|it| it.session.is_none() || span.session.is_none());
            of_node.push(span);
        }
        let said = match &signed_in.client {
            Some(Client::Unavailable { .. }) => panic!("seed {seed}: {session:?}: {here:?}"),
            Some(Client::Available { connections }) => connections.clone(),
            None => BTreeMap::new(),
        };
        for (node, spans) in &here {
            let is_said =
                said.get(*node).is_some_and(|it| spans.iter().any(|span| span.number == *it));
            let is_sure = spans.iter().any(|it| it.session.is_some());
            assert!(is_said || !is_sure, "seed {seed}: {session:?} does not name one of {spans:?}");
        }
        let is_here = |(node, number): (&NodeName, &ConnectionNumber)| {
            here.get(node).is_some_and(|spans| spans.iter().any(|it| it.number == *number))
        };
        let holds_screen = signed_in.screen.is_some() && signed_in.client.is_some();
        assert!(said.iter().all(is_here) && !holds_screen, "seed {seed}: {session:?}: {here:?}");
    }
}

/// A session that began in that generation was ended for the absence of its client.
fn check_forced(
    seed: u64,
    spans: &[&Span],
    (generation, began): (u32, Timestamp),
    line: &LogEntry,
) {
    let at = line.at;
    // Of a sign-in that nobody knows the outcome of nobody knows which session it began either.
    let may_be = |it: &Span| {
        let is_unknown = it.session.is_none() && it.from <= began;
        it.session == Some(generation) || is_unknown && began.since(it.from) < SIGNED_IN_WITHIN
    };
    assert!(
        spans.iter().any(|it| may_be(it)),
        "seed {seed}: {line:?} ends generation {generation}, which never had a client: {spans:?}"
    );
    let minute = i64::try_from(CLIENT_SECONDS * 1_000_000).unwrap();
    let window = Timestamp::from_microseconds(at.microseconds() - minute);
    for span in spans.iter().filter(|it| it.session == Some(generation)) {
        let (from, to) = (span.from.max(window), span.to.unwrap_or(at).min(at));
        assert!(
            to.since(from) <= TOLD_WITHIN,
            "seed {seed}: {line:?} ends generation {generation}, though {span:?}"
        );
    }
}
