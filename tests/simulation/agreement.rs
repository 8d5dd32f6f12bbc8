//! What must hold between our sessions and the server that owns voice state.

use domain::{Key, Known, OwedSignOut, PresenceState};
use store::{Load, Store};

use crate::centre::Record;
use crate::elsewhere::{SignedIn, World};
use crate::holder::pair;

/// How often a seed met what it is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Met {
    /// Sign-ins that were acknowledged.
    pub(crate) signed_in: usize,
    /// Forced sign-outs that were owed and arrived.
    pub(crate) owed: usize,
    /// Sign-ins that were taken back at the server.
    pub(crate) taken_back: usize,
}

/// Checks all rules.
pub(crate) async fn check(world: &World) -> Met {
    let (record, signed_in) = (world.centre.record(), world.signed_in());
    let met = sign_outs_hit_no_newer_session(world.seed, &record, &signed_in);
    acknowledged_is_signed_on(world);
    nothing_is_owed(world).await;
    sessions_agree(world).await;
    met
}

/// A sign-out that is owed to a generation never reaches the server once a sign-in was sent that began
/// a later one.
pub(crate) fn sign_outs_hit_no_newer_session(
    seed: u64,
    record: &[Record],
    signed_in: &[SignedIn],
) -> Met {
    let mut met = Met { signed_in: signed_in.len(), ..Met::default() };
    for (place, entry) in record.iter().enumerate() {
        match entry {
            Record::OwedArrived { agent, generation, .. } => {
                met.owed += 1;
                for done in signed_in.iter().filter(|it| it.agent == *agent) {
                    // A sign-in that was overtaken asks again.
                    let sent = record[..done.recorded].iter().rposition(|entry| {
                        matches!(entry, Record::LoginSent { attempt, .. } if *attempt == done.attempt)
                    });
                    let is_before = sent.is_some_and(|sent| sent < place);
                    assert!(
                        !is_before || done.generation < *generation,
                        "seed {seed}: what was owed to generation {generation} came after {done:?}: {:?}",
                        &record[sent.unwrap_or_default().saturating_sub(8)..=place]
                    );
                }
            }
            Record::Undone { .. } => met.taken_back += 1,
            _ => {}
        }
    }
    met
}

/// Whoever is told that they are signed in is signed on, unless somebody signed them out since the
/// server said so.
fn acknowledged_is_signed_on(world: &World) {
    let record = world.centre.record();
    for done in world.signed_in() {
        let seen = record.iter().position(
            |entry| matches!(entry, Record::LoginSeen { attempt, .. } if *attempt == done.attempt),
        );
        let Some(seen) = seen else { panic!("nobody asked the server for {done:?}") };
        let has_cause = record[seen..done.recorded].iter().any(|entry| match entry {
            Record::ForceArrived { agent }
            | Record::SignedOut { agent }
            | Record::Undone { agent } => *agent == done.agent,
            Record::OwedArrived { agent, generation, .. } => {
                *agent == done.agent && *generation > done.generation
            }
            Record::LoginSent { .. } | Record::LoginSeen { .. } => false,
        });
        assert!(done.is_signed_on || has_cause, "seed {}: {done:?}", world.seed);
    }
}

/// Every promise ended: seen, void or late.
async fn nothing_is_owed(world: &World) {
    let promises = world.store.promises(&OwedSignOut::topic(&pair()), 0, 1_000).await.unwrap();
    assert_eq!(promises, [], "seed {}", world.seed);
}

/// Who is signed out at the server is so here; nobody is leaving; both nodes show what is so.
async fn sessions_agree(world: &World) {
    let seats = world.centre.seats();
    for agent in world.agents() {
        let asks = vec![domain::Ask::Document(Key::session(&agent))];
        let load = Load { asks, input: None };
        let kept = world.store.load(load).await.unwrap().documents.pop().unwrap().1;
        let kept = kept.map(|loaded| match loaded.document {
            domain::Document::Session(session) => session,
            other => panic!("{other:?}"),
        });
        let seat = &seats[&agent.id];
        let is_out = matches!(seat.state, PresenceState::SignedOut { .. });
        if let Some(session) = &kept {
            assert!(session.leaving().is_none(), "seed {}: {session:?}", world.seed);
            let is_in = session.signed_in().is_some();
            assert!(!(is_in && is_out), "seed {}: {session:?} is over", world.seed);
        }
        for port in world.ports() {
            let shown = port.session_of(&agent).await.unwrap();
            assert_eq!(shown.as_deref(), kept.as_ref(), "seed {}: {agent}", world.seed);
            // Nobody need be asked about who never was heard of.
            let Some(live) = port.live(&agent) else { continue };
            assert_eq!(live.known, Known::Now, "seed {}: {agent}", world.seed);
            assert_eq!(live.state, seat.state, "seed {}: {agent}", world.seed);
        }
    }
}
