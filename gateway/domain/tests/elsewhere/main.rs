//! The rules of agents whose voice state a contact-centre server owns, by random lives over documents in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

mod world;

use world::*;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::settings::Documents;
use domain::{
    AgentSession, Command, Entropy, Input, InputBody, InputId, Key, LEAVING_SECONDS, PairName,
    PresenceState, ReasonCode, Refusal, SignedOutBy, Step, Timestamp, View, Wish, step,
};
use proptest::prelude::*;

fn any_state() -> impl Strategy<Value = PresenceState> {
    prop_oneof![
        2 => Just(PresenceState::SignedOut { reason: None }),
        2 => Just(PresenceState::NotReady { reason: None }),
        1 => Just(PresenceState::Ready),
        1 => Just(PresenceState::Talking),
        1 => Just(PresenceState::Unknown),
    ]
}

fn any_wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        1 => Just(Wish::Ready),
        1 => Just(Wish::NotReady(None)),
        1 => Just(Wish::SignOut(None)),
        4 => Just(Wish::ForceSignOut { reason: Some(ReasonCode(255)), by: SignedOutBy::System }),
        1 => Just(Wish::CallEnds { id: None }),
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    let holder = || {
        prop_oneof![
            2 => Just(Holder::Nobody),
            3 => Just(Holder::Now),
            2 => any::<usize>().prop_map(Holder::Once),
        ]
    };
    let pairs = prop::sample::select(&[Pairs::None, Pairs::East, Pairs::West, Pairs::Both][..]);
    prop_oneof![
        6 => (0..AGENTS, 0usize..2, prop::option::of(0..SCREENS))
            .prop_map(|(agent, line, screen)| Action::SignIn { agent, line, screen }),
        8 => (0..AGENTS, any_wish(), holder())
            .prop_map(|(agent, wish, holder)| Action::Wish { agent, wish, holder }),
        4 => (0..AGENTS, any_state()).prop_map(|(agent, state)| Action::Heard { agent, state }),
        3 => (0..AGENTS, holder())
            .prop_map(|(agent, holder)| Action::VoiceSignedOut { agent, holder }),
        3 => (0..AGENTS, holder()).prop_map(|(agent, holder)| Action::Left { agent, holder }),
        3 => any::<usize>().prop_map(Action::Due),
        1 => pairs.prop_map(Action::Settings),
        3 => (0u64..40).prop_map(Action::Clock),
    ]
}

fn any_life() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(any_action(), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn generations_never_fall_and_lines_of_servers_are_claimed_by_nobody(life in any_life()) {
        let mut world = World::new();
        world.check();
        for action in life {
            let before = world.generations();
            let came = world.play(&action);
            world.check();
            let after = world.generations();
            let fell = before.iter().zip(&after).any(|(before, after)| after < before);
            prop_assert!(!fell, "{action:?}: {before:?}, {after:?}");
            let is_report = world.input(&action).is_some_and(|it| matches!(it.body, InputBody::Report(_)));
            if is_report {
                prop_assert!(matches!(came, None | Some(Came::Done)), "{action:?}: {came:?}");
            }
        }
    }

    /// An owed sign-out alone is sent while it is owed, and nobody signs in before it is over.
    #[test]
    fn dsk_04_a_sign_in_waits_for_an_owed_sign_out_and_nothing_else_signs_out_meanwhile(
        life in any_life(),
    ) {
        let mut world = World::new();
        for action in life {
            let (Action::SignIn { agent, .. } | Action::Wish { agent, .. }) = action else {
                world.play(&action);
                continue;
            };
            let leaving = world.session(agent).and_then(|it| it.leaving()).cloned();
            let before = world.picture();
            let came = world.play(&action);
            let Some(leaving) = leaving.filter(|leaving| world.now < leaving.until) else { continue };
            prop_assert!(!matches!(came, Some(Came::Asked(_))), "{action:?}: {came:?}");
            if let Action::SignIn { screen, .. } = &action {
                let refused = Some(Came::Refused(Refusal::Leaving { until: leaving.until }));
                let screen = screen.map(|it| format!("SEP00000000000{it}").parse().unwrap());
                let in_use = matches!((&came, screen),
                    (Some(Came::Refused(Refusal::DeviceInUse { device, .. })), Some(screen))
                        if *device == screen);
                prop_assert!(came == refused || in_use, "{action:?}: {came:?}");
            }
            prop_assert_eq!(before, world.picture(), "{:?}", action);
        }
    }

    #[test]
    fn cti_03_a_sign_out_that_is_owed_always_ends(life in any_life()) {
        let mut world = World::new();
        for action in life {
            world.play(&action);
        }
        world.play(&Action::Clock(LEAVING_SECONDS));
        for place in 0..world.set.len() {
            world.play(&Action::Due(place));
        }
        world.check();
        let leaving: Vec<_> = world.sessions().filter(|it| it.leaving().is_some()).collect();
        prop_assert!(leaving.is_empty(), "{leaving:?}");
        prop_assert!(world.wakes.is_empty());
    }

    #[test]
    fn dsk_04_news_of_an_older_session_changes_nothing(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let about = match &action {
                Action::VoiceSignedOut { agent, holder } | Action::Left { agent, holder } => {
                    world.holder(*agent, *holder).map(|named| (*agent, named))
                }
                _ => None,
            };
            let present = about.and_then(|(agent, _)| world.session(agent).map(AgentSession::holder));
            let before = world.picture();
            world.play(&action);
            if let Some((_, named)) = about
                && Some(named.generation) != present.map(|present| present.generation)
            {
                prop_assert_eq!(before, world.picture(), "{:?}", action);
            }
        }
    }

    #[test]
    fn a_report_or_forced_sign_out_repeated_is_a_no_op(life in any_life()) {
        let mut world = World::new();
        for action in life {
            // Reports and wishes name what they were about when they were made first.
            let Some(input) = world.input(&action) else {
                world.play(&action);
                continue;
            };
            world.play(&action);
            let repeats = match (&input.body, &action) {
                (InputBody::Report(_), Action::VoiceSignedOut { holder, .. } | Action::Left { holder, .. }) => {
                    !matches!(holder, Holder::Now)
                }
                (_, Action::Due(_) | Action::Settings(_)) => true,
                (_, Action::Wish { holder: Holder::Nobody, .. }) => true,
                _ => false,
            };
            if repeats {
                let before = world.picture();
                world.play(&action);
                prop_assert_eq!(before, world.picture(), "{:?}", action);
            }
        }
    }

    /// The owner of an agent's voice state changes only with nobody signed in.
    #[test]
    fn settings_that_take_an_occupied_pair_away_are_refused(life in any_life()) {
        let mut world = World::new();
        for action in life {
            let occupied = world.occupied();
            let before = world.picture();
            let came = world.play(&action);
            let Action::Settings(pairs) = action else { continue };
            let takes_away = matches!(pairs, Pairs::None | Pairs::West);
            if occupied.contains(&east()) && takes_away && !settings_are(&world, pairs) {
                let in_use = matches!(came, Some(Came::Refused(Refusal::SettingsInUse { .. })));
                prop_assert!(in_use, "{pairs:?}: {came:?}");
                prop_assert_eq!(before, world.picture());
            } else {
                prop_assert_eq!(came, Some(Came::Done));
                prop_assert!(settings_are(&world, pairs));
            }
        }
    }
}

fn settings_are(world: &World, pairs: Pairs) -> bool {
    world.settings.cti_pairs.keys().eq(settings(pairs).cti_pairs.keys())
}

/// Voice state that the gateway owns goes over to servers with nobody signed in.
#[test]
fn pairs_are_refused_while_agents_of_our_own_voice_state_are_signed_in() {
    let mut view = View::new(Arc::new(settings(Pairs::None)));
    view.occupied = BTreeSet::from([PairName::owned()]);
    view.add_document(Key::settings_head(), None);
    view.add_document(Key::set_up_link(), None);
    let apply = |pairs, view: &View| {
        let documents = Documents(settings(pairs).documents());
        let command = Command::ApplySettings { documents, source: None };
        let input = Input::command(InputId::new("test", "any"), command);
        step(Timestamp::from_seconds(1), Entropy([0; 16]), &input, view)
    };
    let refused = apply(Pairs::East, &view);
    assert!(matches!(refused, Step::Refuse(Refusal::SettingsInUse { .. })), "{refused:?}");
    assert!(matches!(apply(Pairs::None, &view), Step::Decide(_)));
    view.occupied.clear();
    assert!(matches!(apply(Pairs::East, &view), Step::Decide(_)));
}

#[test]
fn a_pair_that_allows_one_session_is_refused_while_two_nodes_are_there() {
    let mut one = settings(Pairs::East);
    let pairs = one.cti_pairs.iter().map(|(name, pair)| {
        let pair = domain::settings::CtiPair {
            sessions: domain::settings::CtiSessions::One,
            ..(**pair).clone()
        };
        (name.clone(), Arc::new(pair))
    });
    one.cti_pairs = Arc::new(pairs.collect());
    let apply = |nodes| {
        let mut view = View::new(Arc::new(settings(Pairs::East)));
        view.nodes = nodes;
        view.add_document(Key::settings_head(), None);
        view.add_document(Key::set_up_link(), None);
        let command =
            Command::ApplySettings { documents: Documents(one.documents()), source: None };
        let input = Input::command(InputId::new("test", "any"), command);
        step(Timestamp::from_seconds(1), Entropy([0; 16]), &input, &view)
    };
    assert!(matches!(apply(1), Step::Decide(_)));
    let Step::Refuse(Refusal::SettingsInUse { why }) = apply(2) else { panic!("it is taken") };
    assert!(why.contains("east") && why.contains("per_node"), "{why}");
}

/// One session over phone and desktop: another screen takes it over, and the old page's holder no
/// longer speaks for it.
#[test]
fn phn_22_signing_in_elsewhere_takes_the_session_over() {
    let mut world = World::new();
    let sign_in = |screen| Action::SignIn { agent: 0, line: 0, screen };
    assert_eq!(world.play(&sign_in(Some(0))), Some(Came::Done));
    let old = world.session(0).unwrap().holder();
    assert_eq!(world.play(&sign_in(Some(1))), Some(Came::Done));
    world.check();
    let new = world.session(0).unwrap().holder();
    assert_eq!((new.number, new.generation), (old.number, old.generation + 1));
    let force = Wish::ForceSignOut { reason: None, by: SignedOutBy::System };
    let by_old = Action::Wish { agent: 0, wish: force, holder: Holder::Once(0) };
    assert_eq!(world.play(&by_old), Some(Came::Refused(Refusal::NotSignedIn)));
    assert!(world.session(0).unwrap().signed_in().is_some());
}

/// Whoever the server says is signed out is so here, with its reason, on every screen.
#[test]
fn cti_07_who_is_signed_out_by_the_server_is_signed_out_here_with_the_reason() {
    let mut world = World::new();
    world.play(&Action::SignIn { agent: 0, line: 0, screen: Some(0) });
    world.play(&Action::VoiceSignedOut { agent: 0, holder: Holder::Now });
    world.check();
    let domain::Status::SignedOut(ended) = &world.session(0).unwrap().status else {
        panic!("signed in")
    };
    assert_eq!((ended.reason, ended.by), (Some(ReasonCode(999)), SignedOutBy::Supervisor));
}

/// Nothing above means anything unless the random lives get somewhere.
#[test]
fn random_lives_get_somewhere() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut left, mut over, mut ended, mut waited, mut in_use) = (0, 0, 0, 0, 0);
    for _ in 0..300 {
        let life = any_life().new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        for action in life {
            let leaving = world.sessions().filter(|it| it.leaving().is_some()).count();
            let signed_in = world.sessions().filter(|it| it.signed_in().is_some()).count();
            let came = world.play(&action);
            let fewer = world.sessions().filter(|it| it.leaving().is_some()).count() < leaving;
            let gone = world.sessions().filter(|it| it.signed_in().is_some()).count() < signed_in;
            match (action, came) {
                (Action::Left { .. }, _) => left += u32::from(fewer),
                (Action::Due(_), _) => over += u32::from(fewer),
                (Action::VoiceSignedOut { .. }, _) => ended += u32::from(gone),
                (_, Some(Came::Refused(Refusal::Leaving { .. }))) => waited += 1,
                (_, Some(Came::Refused(Refusal::SettingsInUse { .. }))) => in_use += 1,
                _ => {}
            }
        }
    }
    let counts = [left, over, ended, waited, in_use];
    assert!(counts.iter().all(|count| *count > 50), "{counts:?}");
}
