//! The inventory of headsets, by random reports of phones against documents in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails loudly"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Ask, Command, DeviceName, Document, Entropy, HEADSET_TEXT_CHARACTERS_MAX, HEADSETS_MAX,
    HEADSETS_OF_DEVICE_MAX, HEADSETS_OF_REPORT_MAX, HeadsetEvent, HeadsetFacts, HeadsetPresence,
    HeadsetSerial, HeadsetTally, Index, Input, InputId, Key, Kind, KnownHeadset, Loaded, Reply,
    Report, SeenHeadset, Settings, Step, Timestamp, View, WriteBody, step,
};
use proptest::prelude::*;

const DAY: Duration = Duration::from_secs(86_400);

/// What a store would hold, without the store.
struct World {
    now: Timestamp,
    documents: BTreeMap<Key, Loaded>,
}

fn serial(number: usize) -> HeadsetSerial {
    format!("WTN{number:04}").parse().unwrap()
}

fn device(number: usize) -> DeviceName {
    format!("SEP{number:012}").parse().unwrap()
}

fn with_model(number: usize, model: &str) -> SeenHeadset {
    let facts = HeadsetFacts { model: Some(model.to_owned()), ..HeadsetFacts::default() };
    SeenHeadset { serial: serial(number), facts }
}

fn headset(number: usize) -> SeenHeadset {
    with_model(number, "CP-HS-562")
}

impl World {
    fn new() -> Self {
        Self { now: Timestamp::from_seconds(1_700_000_000), documents: BTreeMap::new() }
    }

    /// Carries an input to its end; gives how many documents were written and what was replied.
    fn submit(&mut self, input: &Input) -> (usize, Reply) {
        let mut view = View::new(Arc::new(Settings::default()));
        for _ in 0..16 {
            match step(self.now, Entropy([0; 16]), input, &view) {
                Step::Load(asks) => {
                    for ask in asks {
                        match ask {
                            Ask::Document(key) => {
                                view.add_document(key.clone(), self.documents.get(&key).cloned());
                            }
                            Ask::Range(range) => {
                                let mut found = self.indexed(range.index, &range.from, &range.to);
                                found.truncate(range.limit as usize);
                                view.add_range(range, found);
                            }
                        }
                    }
                }
                Step::Decide(decision) => {
                    for guard in &decision.guards {
                        let version = self.documents.get(&guard.key).map(|it| it.version);
                        assert_eq!(version, guard.version);
                    }
                    let guarded: BTreeSet<_> = decision.guards.iter().map(|it| &it.key).collect();
                    for write in &decision.writes {
                        assert!(guarded.contains(&write.key), "{:?} is not guarded", write.key);
                        let version = self.documents.get(&write.key).map_or(0, |it| it.version);
                        match &write.body {
                            WriteBody::Put(document) => {
                                let kept = (write.key.kind, document.encode().unwrap());
                                let schema = Document::schema(kept.0);
                                let read = Document::decode(kept.0, schema, &kept.1).unwrap();
                                assert_eq!(read, *document);
                                let loaded = Loaded { version: version + 1, document: read };
                                self.documents.insert(write.key.clone(), loaded);
                            }
                            WriteBody::Delete => {
                                self.documents.remove(&write.key);
                            }
                        }
                    }
                    return (decision.writes.len(), decision.reply);
                }
                Step::Refuse(refusal) => panic!("a report was refused: {refusal:?}"),
            }
        }
        panic!("it asks for ever more");
    }

    fn indexed(&self, index: Index, from: &str, to: &str) -> Vec<Key> {
        let mut found = BTreeSet::new();
        for (key, loaded) in &self.documents {
            for entry in loaded.document.index_entries() {
                if entry.index == index && (from..=to).contains(&entry.value.as_str()) {
                    found.insert((entry.value, key.clone()));
                }
            }
        }
        found.into_iter().map(|(_, key)| key).collect()
    }

    fn seen_at(
        &mut self,
        at: Timestamp,
        by: usize,
        event: HeadsetEvent,
        headsets: Vec<SeenHeadset>,
    ) -> (usize, Reply) {
        let report = Report::HeadsetSeen { device: device(by), event, headsets, at };
        self.submit(&Input::report(InputId::new("headset", "x"), report))
    }

    fn seen(&mut self, by: usize, event: HeadsetEvent, headsets: Vec<SeenHeadset>) -> usize {
        self.seen_at(self.now, by, event, headsets).0
    }

    fn forget(&mut self, before: Timestamp, serials: Vec<HeadsetSerial>) -> usize {
        let command = Command::ForgetHeadsets { before, serials };
        self.submit(&Input::command(InputId::new("forget", "x"), command)).0
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    fn known(&self) -> BTreeMap<HeadsetSerial, KnownHeadset> {
        let of = |loaded: &Loaded| match &loaded.document {
            Document::Headset(headset) => Some((headset.serial.clone(), (**headset).clone())),
            _ => None,
        };
        self.documents.values().filter_map(of).collect()
    }

    fn one(&self, number: usize) -> KnownHeadset {
        self.known().remove(&serial(number)).unwrap()
    }

    fn connected_at(&self, by: usize) -> BTreeSet<HeadsetSerial> {
        let value = device(by).to_string();
        let keys = self.indexed(Index::HeadsetByDevice, &value, &value);
        keys.into_iter().map(|key| key.id.parse().unwrap()).collect()
    }

    fn tally(&self) -> usize {
        match self.documents.get(&Key::headset_tally()).map(|it| &it.document) {
            Some(Document::HeadsetTally(tally)) => tally.count as usize,
            _ => 0,
        }
    }
}

#[test]
fn a_headset_is_known_once_and_moves_with_its_phone() {
    let mut world = World::new();
    let began = world.now;
    assert_eq!(world.seen(1, HeadsetEvent::Connected, vec![headset(7)]), 2);
    world.pass(Duration::from_secs(60));
    let moved = world.now;
    // It shows up elsewhere before the phone that it left says so, whose word counts no more.
    assert_eq!(world.seen(2, HeadsetEvent::Connected, vec![headset(7)]), 1);
    world.pass(Duration::from_secs(60));
    assert_eq!(world.seen(1, HeadsetEvent::Disconnected, vec![headset(7)]), 0);
    assert_eq!(world.seen(1, HeadsetEvent::Snapshot, Vec::new()), 0);
    let found = world.one(7);
    assert_eq!((found.device.clone(), found.presence), (device(2), HeadsetPresence::Connected));
    assert_eq!((found.first_seen, found.since), (began, moved));
    assert_eq!(world.seen(2, HeadsetEvent::Disconnected, vec![headset(7)]), 1);
    let found = world.one(7);
    assert_eq!((found.presence, found.since), (HeadsetPresence::Disconnected, world.now));
    assert_eq!((world.known().len(), world.tally()), (1, 1));
}

#[test]
fn a_repeat_writes_nothing_for_a_day_and_then_that_it_was_seen() {
    let mut world = World::new();
    for event in [HeadsetEvent::Connected, HeadsetEvent::Snapshot] {
        world.seen(1, event, vec![headset(1), headset(2)]);
        world.pass(Duration::from_secs(3_600));
        assert_eq!(world.seen(1, event, vec![headset(2), headset(1)]), 0, "{event:?}");
    }
    let since = world.one(1).since;
    world.pass(DAY);
    assert_eq!(world.seen(1, HeadsetEvent::Snapshot, vec![headset(1), headset(2)]), 2);
    let found = world.one(1);
    assert_eq!((found.since, found.last_seen), (since, world.now));
    // What is new of it is written at once, and what is not said stays.
    let firmware = HeadsetFacts { firmware: Some("2-1".to_owned()), ..HeadsetFacts::default() };
    let updated = SeenHeadset { serial: serial(1), facts: firmware };
    assert_eq!(world.seen(1, HeadsetEvent::Connected, vec![updated]), 1);
    let facts = world.one(1).facts;
    assert_eq!(
        (facts.model.as_deref(), facts.firmware.as_deref()),
        (Some("CP-HS-562"), Some("2-1"))
    );
}

#[test]
fn a_snapshot_takes_away_what_the_phone_does_not_list() {
    let mut world = World::new();
    world.seen(1, HeadsetEvent::Connected, vec![headset(1), headset(2), headset(3)]);
    world.seen(2, HeadsetEvent::Connected, vec![headset(4)]);
    world.pass(Duration::from_secs(5));
    assert_eq!(world.seen(1, HeadsetEvent::Snapshot, vec![headset(2), headset(5)]), 4);
    assert_eq!(world.connected_at(1), BTreeSet::from([serial(2), serial(5)]));
    assert_eq!(world.connected_at(2), BTreeSet::from([serial(4)]));
    assert_eq!(world.one(1).since, world.now);
}

#[test]
fn a_report_that_comes_late_changes_nothing() {
    let mut world = World::new();
    let old = world.now;
    world.pass(Duration::from_secs(10));
    world.seen(2, HeadsetEvent::Connected, vec![with_model(1, "new")]);
    let before = world.one(1);
    for event in [HeadsetEvent::Connected, HeadsetEvent::Disconnected, HeadsetEvent::Snapshot] {
        for by in [1, 2] {
            assert_eq!(world.seen_at(old, by, event, vec![with_model(1, "old")]).0, 0);
            assert_eq!(world.seen_at(old, by, event, Vec::new()).0, 0);
        }
    }
    assert_eq!(world.one(1), before);
}

#[test]
fn a_clock_that_ran_ahead_does_not_stop_what_comes_after_it() {
    let mut world = World::new();
    // A node whose clock is wrong says when: it counts as now.
    let ahead = world.now.after(DAY * 100);
    world.seen_at(ahead, 1, HeadsetEvent::Connected, vec![headset(1)]);
    assert_eq!(world.one(1).since, world.now);
    // The clock of all was wrong, and is set back.
    let right = world.now;
    world.pass(DAY * 100);
    world.seen(1, HeadsetEvent::Disconnected, vec![headset(1)]);
    world.now = right.after(Duration::from_secs(1));
    world.seen(2, HeadsetEvent::Connected, vec![with_model(1, "other")]);
    let found = world.one(1);
    assert_eq!((found.device.clone(), found.since), (device(2), world.now));
    assert_eq!((found.last_seen, found.facts.model.as_deref()), (world.now, Some("other")));
}

#[test]
fn a_report_has_fifty_headsets_and_the_inventory_fifty_thousand() {
    for (count, expected) in [(50, 0), (51, 1), (500, 450)] {
        let mut world = World::new();
        let all = (0..count).map(headset).collect();
        let (_, reply) = world.seen_at(world.now, 1, HeadsetEvent::Connected, all);
        assert_eq!((left_out(&reply), world.known().len()), (expected, 50));
    }
    for (count, room) in [(HEADSETS_MAX - 2, 2), (HEADSETS_MAX - 1, 1), (HEADSETS_MAX, 0)] {
        let mut world = World::new();
        let document = Document::HeadsetTally(HeadsetTally { count });
        world.documents.insert(Key::headset_tally(), Loaded { version: 1, document });
        let three = (0..3).map(headset).collect();
        let (_, reply) = world.seen_at(world.now, 1, HeadsetEvent::Connected, three);
        assert_eq!(left_out(&reply), 3 - room);
        assert_eq!(world.known().len(), room as usize);
        assert_eq!(world.tally(), HEADSETS_MAX as usize);
        // One that is known already goes on.
        if room > 0 {
            assert_eq!(world.seen(1, HeadsetEvent::Disconnected, vec![headset(0)]), 1);
        }
    }
}

fn left_out(reply: &Reply) -> u32 {
    match reply {
        Reply::HeadsetsSeen { left_out } => *left_out,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_phone_has_fifty_headsets_and_the_one_gone_longest_gives_way() {
    let mut world = World::new();
    world.seen(2, HeadsetEvent::Connected, vec![headset(900)]);
    world.seen(1, HeadsetEvent::Connected, (0..50).map(headset).collect());
    world.pass(Duration::from_secs(1));
    // None is gone, so there is no room.
    let (writes, reply) =
        world.seen_at(world.now, 1, HeadsetEvent::Connected, vec![headset(50), headset(900)]);
    assert_eq!((writes, left_out(&reply)), (0, 2));
    assert_eq!(world.one(900).device, device(2));
    for number in [7, 3, 9] {
        world.seen(1, HeadsetEvent::Disconnected, vec![headset(number)]);
        world.pass(Duration::from_secs(1));
    }
    // One that moves here needs room as one that is new does.
    world.seen(1, HeadsetEvent::Connected, vec![headset(900)]);
    assert!(!world.known().contains_key(&serial(7)));
    assert_eq!((world.one(900).device, world.tally()), (device(1), 50));
    // What the report itself names does not give way for it, though it is gone longer.
    world.seen(1, HeadsetEvent::Connected, vec![headset(50), headset(3)]);
    let known = world.known();
    assert!(known.contains_key(&serial(3)) && !known.contains_key(&serial(9)));
    assert_eq!((known.len(), world.tally()), (50, 50));
    // A snapshot of others takes all away, and they give way at once.
    world.pass(Duration::from_secs(1));
    let (_, reply) =
        world.seen_at(world.now, 1, HeadsetEvent::Snapshot, (100..150).map(headset).collect());
    assert_eq!((left_out(&reply), world.connected_at(1).len()), (0, 50));
    assert_eq!(
        world.known().into_keys().collect::<Vec<_>>(),
        (100..150).map(serial).collect::<Vec<_>>()
    );
    assert_eq!(world.tally(), 50);
}

#[test]
fn a_phone_that_invents_headsets_fills_the_inventory_with_fifty() {
    let mut world = World::new();
    world.seen(2, HeadsetEvent::Connected, vec![headset(9_000)]);
    for round in 0..24 {
        let invented = (round * 50..(round + 1) * 50).map(headset).collect();
        let event = match round % 3 {
            0 => HeadsetEvent::Snapshot,
            1 => HeadsetEvent::Disconnected,
            _ => HeadsetEvent::Connected,
        };
        world.seen(1, event, invented);
        world.pass(Duration::from_secs(1));
    }
    assert_eq!((world.known().len(), world.tally()), (HEADSETS_OF_DEVICE_MAX + 1, 51));
    assert_eq!(world.one(9_000).presence, HeadsetPresence::Connected);
}

#[test]
fn where_the_inventory_is_full_the_one_gone_longest_gives_way() {
    let mut world = World::new();
    for by in 0..4 {
        world.seen(by, HeadsetEvent::Connected, vec![headset(by)]);
    }
    for by in [2, 1] {
        world.pass(Duration::from_secs(1));
        world.seen(by, HeadsetEvent::Disconnected, vec![headset(by)]);
    }
    let document = Document::HeadsetTally(HeadsetTally { count: HEADSETS_MAX });
    world.documents.insert(Key::headset_tally(), Loaded { version: 9, document });
    world.seen(7, HeadsetEvent::Connected, vec![headset(10)]);
    assert_eq!(world.known().into_keys().collect::<Vec<_>>(), [0, 1, 3, 10].map(serial));
    let (_, reply) =
        world.seen_at(world.now, 7, HeadsetEvent::Connected, vec![headset(11), headset(12)]);
    assert_eq!(left_out(&reply), 1);
    assert_eq!(world.known().into_keys().collect::<Vec<_>>(), [0, 3, 10, 11].map(serial));
    assert_eq!(world.tally(), HEADSETS_MAX as usize);
}

#[test]
fn a_headset_that_is_connected_elsewhere_is_taken_only_by_whoever_has_it() {
    let mut world = World::new();
    world.seen(1, HeadsetEvent::Connected, vec![headset(1)]);
    assert_eq!(world.seen(2, HeadsetEvent::Disconnected, vec![headset(1)]), 0);
    assert_eq!(world.one(1).device, device(1));
    world.seen(2, HeadsetEvent::Connected, vec![headset(1)]);
    assert_eq!(world.one(1).device, device(2));
    world.seen(2, HeadsetEvent::Disconnected, vec![headset(1)]);
    world.seen(3, HeadsetEvent::Disconnected, vec![headset(1)]);
    assert_eq!(world.one(1).device, device(3));
}

#[test]
fn a_serial_number_has_1_to_64_printable_characters() {
    for good in ["1", "FCH 2243-X/7", &"x".repeat(64)] {
        assert!(good.parse::<HeadsetSerial>().is_ok(), "{good:?}");
    }
    for bad in ["", "a\n", "\u{7f}", "ä", &"x".repeat(65)] {
        assert!(bad.parse::<HeadsetSerial>().is_err(), "{bad:?}");
    }
}

#[test]
fn texts_are_cut_between_characters() {
    let cut = |text: &str| {
        let facts = HeadsetFacts { owner: Some(text.to_owned()), ..HeadsetFacts::default() };
        facts.bounded().owner
    };
    assert_eq!(cut(&"ä".repeat(64)), Some("ä".repeat(64)));
    assert_eq!(cut(&"代".repeat(65)), Some("代".repeat(64)));
    assert_eq!(cut(" \u{7}a\r\nb "), Some("ab".to_owned()));
    assert_eq!((cut(""), cut("\t \u{0}")), (None, None));
}

#[test]
fn active_is_what_was_connected_in_the_last_thirty_days() {
    let mut world = World::new();
    world.seen(1, HeadsetEvent::Connected, vec![headset(1)]);
    world.pass(DAY * 90);
    let found = world.one(1);
    assert!(found.is_active(world.now));
    assert_eq!(found.age_days(world.now), 90);
    world.seen(1, HeadsetEvent::Disconnected, vec![headset(1)]);
    world.pass(DAY * 30);
    assert!(world.one(1).is_active(world.now));
    world.pass(Duration::from_secs(1));
    assert!(!world.one(1).is_active(world.now));
}

#[test]
fn ops_13_only_headsets_that_were_not_seen_since_are_forgotten() {
    let mut world = World::new();
    world.seen(1, HeadsetEvent::Connected, vec![headset(1), headset(2)]);
    world.pass(DAY * 2);
    world.seen(1, HeadsetEvent::Connected, vec![headset(2), headset(3)]);
    let all = || (0..5).map(serial).collect::<Vec<_>>();
    // The count is written with what is removed.
    assert_eq!(world.forget(world.now, all()), 2);
    assert_eq!(world.known().into_keys().collect::<Vec<_>>(), [serial(2), serial(3)]);
    assert_eq!(world.forget(world.now, all()), 0);
    assert_eq!(world.tally(), 2);
}

/// How many are known of that phone.
fn known_of(known: &BTreeMap<HeadsetSerial, KnownHeadset>, by: usize) -> usize {
    known.values().filter(|it| it.device == device(by)).count()
}

/// Texts of every sort, as words that many reports share.
fn any_facts() -> impl Strategy<Value = HeadsetFacts> {
    (0..6_usize, 0..6_usize).prop_map(|(model, owner)| {
        let text = |which: usize| match which {
            0 => None,
            1 => Some("ä".repeat(90)),
            2 => Some("\r\n \u{0}".to_owned()),
            3 => Some(" a\tb".repeat(40)),
            _ => Some(format!("one of {which}")),
        };
        HeadsetFacts { model: text(model), owner: text(owner), ..HeadsetFacts::default() }
    })
}

fn any_headsets() -> impl Strategy<Value = Vec<SeenHeadset>> {
    let one = || {
        (0..70_usize, any_facts())
            .prop_map(|(number, facts)| SeenHeadset { serial: serial(number), facts })
    };
    prop_oneof![proptest::collection::vec(one(), 0..6), proptest::collection::vec(one(), 45..60),]
}

fn any_event() -> impl Strategy<Value = HeadsetEvent> {
    prop_oneof![
        Just(HeadsetEvent::Connected),
        Just(HeadsetEvent::Disconnected),
        Just(HeadsetEvent::Snapshot),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_phones_report_the_inventory_stays_whole(
        reports in proptest::collection::vec(
            (0..3_usize, any_event(), any_headsets(), 0..200_000_u64, 0..90_000_u64),
            1..16,
        )
    ) {
        let mut world = World::new();
        for (by, event, headsets, passed, late) in reports {
            world.pass(Duration::from_secs(passed));
            let late = if late < 45_000 { 0 } else { late };
            let at = Timestamp::from_seconds(world.now.seconds() - i64::try_from(late).unwrap());
            let before = world.known();
            let (_, reply) = world.seen_at(at, by, event, headsets.clone());
            let listed: BTreeSet<_> =
                headsets.iter().take(HEADSETS_OF_REPORT_MAX).map(|it| it.serial.clone()).collect();
            let beyond = headsets.len().saturating_sub(HEADSETS_OF_REPORT_MAX);
            // What the phone has no room for is left out too.
            let beyond = u32::try_from(beyond).unwrap();
            let most = beyond + u32::try_from(listed.len()).unwrap();
            prop_assert!((beyond..=most).contains(&left_out(&reply)));
            let is_full = |by: usize| known_of(&world.known(), by) == HEADSETS_OF_DEVICE_MAX;
            prop_assert!(left_out(&reply) == beyond || is_full(by));
            // The same once more writes nothing.
            let after = world.known();
            prop_assert_eq!(world.seen_at(at, by, event, headsets).0, 0);
            prop_assert_eq!(&world.known(), &after);
            prop_assert_eq!(after.len(), world.tally());
            for by in 0..3 {
                prop_assert!(known_of(&after, by) <= HEADSETS_OF_DEVICE_MAX);
            }
            // What gave way was this phone's, is not in the report and not connected.
            for (serial, was) in before.iter().filter(|(serial, _)| !after.contains_key(*serial)) {
                prop_assert!(!listed.contains(serial) && was.device == device(by));
                let is_gone = was.presence == HeadsetPresence::Disconnected;
                prop_assert!(is_gone || event == HeadsetEvent::Snapshot);
                prop_assert_eq!(known_of(&after, by), HEADSETS_OF_DEVICE_MAX);
            }
            for (serial, found) in &after {
                let was = before.get(serial);
                // Nobody else's word moves it, and an older one does not at all.
                if was.is_some_and(|was| at < was.since) {
                    prop_assert_eq!(was, Some(found));
                }
                if !listed.contains(serial) {
                    let was = was.unwrap();
                    prop_assert_eq!((&was.device, &was.facts), (&found.device, &found.facts));
                    let is_taken_away = event == HeadsetEvent::Snapshot && was.device == device(by);
                    prop_assert!(is_taken_away || was == found);
                }
                prop_assert!(found.first_seen <= found.since);
                prop_assert!(found.since <= found.last_seen || found.presence == HeadsetPresence::Disconnected);
                for text in [&found.facts.model, &found.facts.owner] {
                    let length = text.as_ref().map_or(1, |text| text.chars().count());
                    prop_assert!((1..=HEADSET_TEXT_CHARACTERS_MAX).contains(&length));
                }
            }
            if event == HeadsetEvent::Snapshot && late == 0 {
                prop_assert_eq!(world.connected_at(by), listed);
            }
            let kinds = world.documents.keys().map(|key| key.kind);
            prop_assert!(kinds.into_iter().all(|it| matches!(it, Kind::Headset | Kind::HeadsetTally)));
        }
    }
}
