//! The rules of desktop clients that come, move and stay away, by random lives over documents in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

mod world;

use std::collections::BTreeMap;

use domain::ClientPresence::{Available, Unavailable};
use domain::{
    AgentSession, CLIENT_SECONDS, Client, ConnectionNumber, Document, Index, InputBody, Kind,
    ReasonCode, SignedOutBy, Status, Timestamp,
};
use proptest::prelude::*;
use world::*;

fn any_action() -> impl Strategy<Value = Action> {
    let holder = || {
        prop_oneof![
            5 => Just(Holder::Now),
            1 => any::<usize>().prop_map(Holder::Once),
        ]
    };
    let at = prop_oneof![
        4 => (0u64..2).prop_map(|connection| At::Client { connection }),
        1 => Just(At::Phone),
        1 => Just(At::Nowhere),
    ];
    let presence = prop_oneof![3 => Just(Available), 4 => Just(Unavailable)];
    prop_oneof![
        3 => (0..AGENTS, 0usize..2, at)
            .prop_map(|(agent, node, at)| Action::SignIn { agent, node, at }),
        1 => (0..AGENTS).prop_map(|agent| Action::SignOut { agent }),
        12 => (0..AGENTS, holder(), 0usize..2, 0u64..2, presence).prop_map(
            |(agent, holder, node, connection, presence)| {
                Action::Presence { agent, holder, node, connection, presence }
            }
        ),
        2 => (0..AGENTS, holder(), 0usize..2)
            .prop_map(|(agent, holder, node)| Action::NodeGone { agent, holder, node }),
        1 => (0..AGENTS).prop_map(|agent| Action::Left { agent }),
        3 => any::<usize>().prop_map(Action::Due),
        4 => prop_oneof![10 => 0i64..100, 1 => -600i64..0].prop_map(Action::Clock),
    ]
}

fn any_life() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(any_action(), 1..60)
}

/// Why a session that was held by `holder` ended, where it did.
fn ended(session: &AgentSession) -> Option<(Option<ReasonCode>, SignedOutBy)> {
    match &session.status {
        Status::SignedIn(_) => None,
        Status::Leaving(leaving) => Some((leaving.reason, leaving.by)),
        Status::SignedOut(ended) => Some((ended.reason, ended.by)),
    }
}

const FORCED: (Option<ReasonCode>, SignedOutBy) = (Some(ReasonCode(255)), SignedOutBy::System);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn dsk_03_a_client_that_is_nowhere_has_a_timer_and_no_other_has_one(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let came = world.play(&action);
            world.check();
            let is_report = matches!(world.body(&action), Some(InputBody::Report(_)));
            prop_assert!(!is_report || came != Some(false), "{action:?} is refused");
        }
    }

    /// Whoever stayed away is signed out with 255, towards the owner of voice state as well; nobody else
    /// is.
    #[test]
    fn dsk_03_who_stays_away_for_a_minute_is_signed_out_and_nobody_else(life in any_life()) {
        let mut world = World::new();
        for action in life {
            world.play(&action);
        }
        let before: Vec<_> = (0..AGENTS).map(|agent| world.session(agent).cloned()).collect();
        let away: Vec<_> = (0..AGENTS)
            .map(|agent| world.client(agent).is_some_and(|it| it.unavailable_since().is_some()))
            .collect();
        // The clock may have been set back: then it is a minute from now, once that is noticed.
        for agent in 0..AGENTS {
            let overlong = world.session(agent).and_then(|it| it.overlong_absence(world.now));
            if let Some(wake) = overlong {
                world.submit(InputBody::Report(domain::Report::WakeDue(wake)));
            }
        }
        world.play(&Action::Clock(2 * i64::try_from(CLIENT_SECONDS).unwrap()));
        world.check();
        for agent in 0..AGENTS {
            let Some(before) = before[agent].as_ref().filter(|it| it.signed_in().is_some()) else { continue };
            let after = world.session(agent).unwrap();
            if !away[agent] {
                prop_assert_eq!(before, after);
                continue;
            }
            prop_assert_eq!((after.number, after.generation), (before.number, before.generation + 1));
            prop_assert_eq!(ended(after), Some(FORCED));
            if agent == 1 {
                let owed = world.owed(agent).pop().unwrap();
                prop_assert_eq!((owed.reason, owed.generation), (ReasonCode(255), after.generation));
            }
        }
    }

    /// A timer ends a session only after a whole minute in which no node had the client.
    #[test]
    fn dsk_03_a_client_that_returned_in_time_is_not_signed_out(life in any_life()) {
        let mut world = World::new();
        let mut there_at = BTreeMap::new();
        for action in life {
            let before: Vec<_> = (0..AGENTS).map(|agent| world.session(agent).cloned()).collect();
            for (agent, before) in before.iter().enumerate() {
                if let (Some(before), Some(Client::Available { .. })) = (before, world.client(agent)) {
                    let session = (agent, before.number, before.generation);
                    there_at.insert(session, world.elapsed_seconds);
                }
            }
            world.play(&action);
            for (agent, before) in before.into_iter().enumerate() {
                let Some(before) = before.filter(|it| it.signed_in().is_some()) else { continue };
                let after = world.session(agent).unwrap();
                let by_a_timer = matches!(action, Action::Due(_) | Action::Clock(_));
                if by_a_timer && after.generation != before.generation {
                    prop_assert_eq!(ended(after), Some(FORCED));
                    let there = there_at.get(&(agent, before.number, before.generation));
                    let away = there.map(|there| world.elapsed_seconds - there);
                    prop_assert!(away.is_some_and(|away| away >= CLIENT_SECONDS), "{action:?}: {away:?}");
                } else if by_a_timer && before.signed_in().is_some_and(|it| it.client.is_none()) {
                    prop_assert_eq!(&before, after);
                }
            }
        }
    }

    /// News of another holder, or of a connection that is not the newest of its node, changes nothing.
    #[test]
    fn dsk_04_news_of_another_holder_or_an_old_connection_changes_nothing(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let is_old = match action {
                Action::Presence { agent, holder, node, connection, presence } => {
                    let named = world.holder(agent, holder);
                    let present = world.session(agent).map(AgentSession::holder);
                    let kept = world.client(agent).and_then(|it| it.connection(&node_name(node)));
                    named != present
                        || presence == Unavailable && kept != Some(ConnectionNumber(connection))
                }
                Action::NodeGone { agent, holder, .. } => {
                    world.holder(agent, holder) != world.session(agent).map(AgentSession::holder)
                }
                _ => false,
            };
            let before = world.picture();
            world.play(&action);
            if is_old {
                prop_assert_eq!(before, world.picture(), "{:?}", action);
            }
        }
    }

    #[test]
    fn dsk_09_a_client_that_goes_after_its_agent_signed_out_changes_nothing(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let is_over = match action {
                Action::Presence { agent, .. } | Action::NodeGone { agent, .. } => {
                    world.session(agent).is_some_and(|session| session.signed_in().is_none())
                }
                _ => false,
            };
            let before = world.picture();
            world.play(&action);
            if is_over {
                prop_assert_eq!(before, world.picture(), "{:?}", action);
            }
        }
    }

    #[test]
    fn dsk_04_a_presence_or_a_timer_reported_twice_is_reported_once(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let repeats = matches!(action,
                Action::Presence { .. } | Action::NodeGone { .. } | Action::Due(_));
            let body = world.body(&action);
            world.play(&action);
            if let Some(body) = body.filter(|_| repeats) {
                let before = world.picture();
                world.submit(body);
                prop_assert_eq!(before, world.picture(), "{:?}", action);
            }
        }
    }

    /// Two nodes' news may come in any order, as long as each node's own is in order: the client is
    /// there afterwards if one node has it.
    #[test]
    fn dsk_04_the_order_of_two_nodes_news_decides_nothing(
        news in prop::array::uniform2(prop::collection::vec((0u64..3, any::<bool>()), 1..6)),
        turns in prop::collection::vec(any::<bool>(), 12),
    ) {
        let mut world = World::new();
        world.play(&Action::SignIn { agent: 0, node: 2, at: At::Client { connection: 9 } });
        let session = Holder::Now;
        let presence = |node, connection, is_there| {
            let presence = if is_there { Available } else { Unavailable };
            Action::Presence { agent: 0, holder: session, node, connection, presence }
        };
        let mut left = [news[0].as_slice(), news[1].as_slice()];
        for turn in turns {
            let node = usize::from(turn ^ left[usize::from(turn)].is_empty());
            let Some(((connection, is_there), rest)) = left[node].split_first() else { break };
            left[node] = rest;
            world.play(&presence(node, *connection, *is_there));
        }
        world.play(&presence(2, 9, false));
        let last = |node: usize| {
            let after = news[node].iter().fold(None, |kept, (connection, is_there)| {
                if *is_there { Some(*connection) } else { kept.filter(|kept| kept != connection) }
            });
            after.map(|connection| (node_name(node), ConnectionNumber(connection)))
        };
        let expected: BTreeMap<_, _> = [0, 1].into_iter().filter_map(last).collect();
        match world.client(0) {
            Some(Client::Available { connections }) => prop_assert_eq!(connections, &expected),
            client => {
                prop_assert!(expected.is_empty(), "{client:?}, {expected:?}");
                prop_assert!(client.is_some_and(|it| it.unavailable_since().is_some()));
            }
        }
    }
}

/// The client of an agent who is signed in at node 0 over connection 1.
fn with_client(agent: usize) -> World {
    let mut world = World::new();
    world.play(&Action::SignIn { agent, node: 0, at: At::Client { connection: 1 } });
    world
}

fn news(agent: usize, node: usize, connection: u64, presence: domain::ClientPresence) -> Action {
    Action::Presence { agent, holder: Holder::Now, node, connection, presence }
}

#[test]
fn dsk_03_the_minute_begins_with_the_last_connection() {
    for agent in 0..AGENTS {
        let mut world = with_client(agent);
        world.play(&news(agent, 1, 2, Available));
        world.play(&news(agent, 0, 1, Unavailable));
        world.play(&Action::Clock(600));
        assert!(world.session(agent).unwrap().signed_in().is_some());
        world.play(&news(agent, 1, 2, Unavailable));
        world.play(&Action::Clock(59));
        assert!(world.session(agent).unwrap().signed_in().is_some());
        world.play(&Action::Clock(1));
        assert_eq!(ended(world.session(agent).unwrap()), Some(FORCED));
    }
}

#[test]
fn dsk_03_a_second_absence_has_a_minute_of_its_own() {
    let mut world = with_client(0);
    world.play(&news(0, 0, 1, Unavailable));
    world.play(&Action::Clock(50));
    world.play(&news(0, 1, 2, Available));
    world.play(&news(0, 1, 2, Unavailable));
    world.play(&Action::Clock(50));
    // The first timer is reported late.
    world.play(&Action::Due(0));
    world.check();
    assert!(world.session(0).unwrap().signed_in().is_some());
    world.play(&Action::Clock(10));
    assert_eq!(ended(world.session(0).unwrap()), Some(FORCED));
}

#[test]
fn dsk_03_a_node_that_is_gone_takes_its_clients_connections_with_it() {
    let mut world = with_client(0);
    // Another node answers for the session by now, and the client is still connected to the first.
    let session = world.session(0).unwrap().clone();
    let gone = |node| Action::NodeGone { agent: 0, holder: Holder::Now, node };
    world.play(&news(0, 1, 2, Available));
    world.play(&gone(0));
    let moved = world.session(0).unwrap().signed_in().unwrap();
    assert_eq!(moved.node, node_name(1));
    assert_eq!(moved.client, Some(Client::at(node_name(1), ConnectionNumber(2))));
    assert_eq!(moved.changes, session.signed_in().unwrap().changes, "no page is stale");
    world.play(&news(0, 2, 3, Available));
    world.play(&gone(2));
    let moved = world.session(0).unwrap().signed_in().unwrap();
    assert_eq!(moved.client, Some(Client::at(node_name(1), ConnectionNumber(2))));
    world.play(&gone(1));
    world.check();
    let left = world.client(0).unwrap();
    assert_eq!(left.unavailable_since(), Some(world.now));
    world.play(&Action::Clock(60));
    assert_eq!(ended(world.session(0).unwrap()), Some(FORCED));
}

#[test]
fn dsk_04_a_sign_in_again_is_not_undone_by_the_absence_before_it() {
    for agent in 0..AGENTS {
        for at in [At::Client { connection: 2 }, At::Phone, At::Nowhere] {
            let mut world = with_client(agent);
            world.play(&news(agent, 0, 1, Unavailable));
            world.play(&Action::Clock(59));
            world.play(&Action::SignIn { agent, node: 1, at });
            world.check();
            let session = world.session(agent).cloned();
            world.play(&Action::Due(0));
            world.play(&Action::Clock(600));
            world.play(&Action::Due(0));
            assert_eq!(world.session(agent).cloned(), session, "{at:?}");
            assert_eq!(world.promises, []);
        }
    }
}

/// One holder for each session (PHN-22): a phone's silence is the phone's affair.
#[test]
fn dsk_03_a_session_that_a_phone_holds_ends_with_no_client() {
    let mut world = World::new();
    world.play(&Action::SignIn { agent: 0, node: 0, at: At::Phone });
    let before = world.picture();
    world.play(&news(0, 0, 1, Available));
    world.play(&news(0, 0, 1, Unavailable));
    assert_eq!(world.picture(), before);
}

#[test]
fn dsk_03_a_clock_that_was_set_back_gives_a_client_a_minute_from_then() {
    let mut world = with_client(0);
    world.play(&news(0, 0, 1, Unavailable));
    world.play(&Action::Clock(-3_600));
    let wake = world.session(0).unwrap().overlong_absence(world.now).unwrap();
    world.submit(InputBody::Report(domain::Report::WakeDue(wake)));
    world.check();
    world.play(&Action::Clock(59));
    assert!(world.session(0).unwrap().signed_in().is_some());
    world.play(&Action::Clock(1));
    assert_eq!(ended(world.session(0).unwrap()), Some(FORCED));
    assert_eq!(world.session(0).unwrap().overlong_absence(world.now), None);
}

#[test]
fn sessions_are_found_under_every_node_that_has_to_do_with_them() {
    let mut world = with_client(0);
    world.play(&news(0, 1, 2, Available));
    let document = Document::Session(world.session(0).unwrap().clone());
    let entries = document.index_entries();
    let nodes = entries.iter().filter(|it| it.index == Index::SessionByNode);
    let nodes: Vec<_> = nodes.map(|it| it.value.clone()).collect();
    assert_eq!(nodes, ["gw-0.example", "gw-1.example"]);
}

#[test]
fn a_client_is_kept_and_a_session_without_one_is_written_as_before() {
    let mut world = with_client(0);
    let mut check = |action: Option<Action>, part: &str| {
        action.map(|action| world.play(&action));
        let document = Document::Session(world.session(0).unwrap().clone());
        let text = document.encode().unwrap();
        assert!(text.contains(part), "{text}");
        let schema = Document::schema(Kind::Session);
        assert_eq!(Document::decode(Kind::Session, schema, &text).unwrap(), document);
    };
    let available = r#""client":{"presence":"available","connections":{"gw-0.example":1}}"#;
    check(None, available);
    check(Some(news(0, 0, u64::MAX, Available)), "18446744073709551615");
    check(
        Some(news(0, 0, u64::MAX, Unavailable)),
        r#""client":{"presence":"unavailable","since":"#,
    );
    let signs_in = Action::SignIn { agent: 0, node: 0, at: At::Nowhere };
    check(Some(signs_in), r#""proof":null,"voice""#);
}

/// Nothing above means anything unless the random lives get somewhere.
#[test]
fn random_lives_get_somewhere() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut several, mut returned, mut forced, mut anew, mut gone) = (0, 0, 0, 0, 0);
    for _ in 0..500 {
        let life = any_life().new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        for action in life {
            let since = |world: &World, agent| -> Option<Timestamp> {
                world.client(agent).and_then(Client::unavailable_since)
            };
            let before = [since(&world, 0), since(&world, 1)];
            world.play(&action);
            for (agent, before) in before.into_iter().enumerate() {
                let is_forced = world.session(agent).and_then(ended) == Some(FORCED);
                let nodes = world.client(agent).map_or(0, |client| client.nodes().count());
                several += u32::from(nodes > 1);
                let was_away = before.is_some();
                let is_away = since(&world, agent).is_some();
                let to = world.session(agent).is_some_and(|it| it.signed_in().is_some());
                match action {
                    Action::Presence { .. } => returned += u32::from(was_away && !is_away),
                    Action::SignIn { .. } => anew += u32::from(was_away && !is_away && to),
                    Action::NodeGone { .. } => gone += u32::from(!was_away && is_away),
                    Action::Clock(_) => forced += u32::from(was_away && is_forced),
                    _ => {}
                }
            }
        }
    }
    let counts = [several, returned, forced, anew, gone];
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}
