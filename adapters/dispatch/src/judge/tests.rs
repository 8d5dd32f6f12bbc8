//! Lives of parts, second by second.

use domain::settings::AlarmRule;
use proptest::prelude::*;

use super::*;

fn key(name: &str) -> PartKey {
    PartKey { part: "cti_pair".to_owned(), name: Some(name.to_owned()) }
}

fn seen(name: &str, found: Found) -> Seen {
    Seen { key: key(name), found }
}

fn amiss(state: AlarmState) -> Found {
    Found::Amiss { state, code: "cti_down".to_owned(), reason: "no side answers".to_owned() }
}

fn down() -> Found {
    amiss(AlarmState::Missing)
}

/// What is told at each look, one every `step` seconds.
fn told(judge: &mut Judge, from: i64, step: i64, life: &[Found]) -> Vec<(i64, Event)> {
    let mut told = Vec::new();
    for (count, found) in (0_i64..).zip(life) {
        let now = from + count * step;
        let notices = judge.look(now, &Alarms::default(), &[seen("a", found.clone())]);
        told.extend(notices.into_iter().map(|notice| (now, notice.event)));
    }
    told
}

fn rule(part: &str) -> AlarmRule {
    AlarmRule {
        part: part.to_owned(),
        name: None,
        state: None,
        enabled: true,
        severity: None,
        after_seconds: None,
        again_minutes: None,
        from: None,
        until: None,
    }
}

#[test]
fn what_is_missing_is_told_after_a_minute_once_an_hour_and_when_it_is_over() {
    let mut judge = Judge::default();
    let mut life = vec![down(); 121];
    life.extend(vec![Found::Well; 3]);
    let told = told(&mut judge, 0, 60, &life);
    let expected = [(60, Event::Raised), (3_660, Event::Repeated), (7_200 + 120, Event::Cleared)];
    assert_eq!(told, expected);
}

#[test]
fn what_lasts_for_less_than_its_time_is_never_told() {
    let mut judge = Judge::default();
    let life = [down(), down(), Found::Well, Found::Well, Found::Well, Found::Well];
    assert_eq!(told(&mut judge, 0, 20, &life), []);
    assert_eq!(told(&mut judge, 120, 60, &[Found::Well, down()]), []);
    assert_eq!(judge.parts.len(), 1, "the second time counts from its own beginning");
    assert_eq!(told(&mut judge, 239, 1, &[down(), down()]), [(240, Event::Raised)]);
}

#[test]
fn what_comes_and_goes_is_told_once_and_over_later_each_time() {
    let mut judge = Judge::default();
    // Well for 20 s of each 40.
    let life: Vec<_> = [down(), Found::Well].into_iter().cycle().take(91).collect();
    let first = told(&mut judge, 0, 20, &life);
    assert_eq!(first, [(80, Event::Raised)]);
    // It really is over, and comes back twice within the hour: each end takes longer to be told.
    let mut now = 1_820;
    let mut waits = Vec::new();
    for _ in 0..3 {
        let end = told(&mut judge, now, 10, &vec![Found::Well; 60]);
        let Some((at, Event::Cleared)) = end.first().copied() else { panic!("{end:?}") };
        waits.push(at - now);
        now += 600;
        let again =
            told(&mut judge, now, 10, &[down(), down(), down(), down(), down(), down(), down()]);
        assert_eq!(again, [(now + 60, Event::Raised)]);
        now += 70;
    }
    assert_eq!(waits, [60, 120, 240]);
}

#[test]
fn a_restart_tells_nothing_twice_and_tells_what_ended_meanwhile() {
    let mut judge = Judge::default();
    assert_eq!(told(&mut judge, 0, 60, &[down(), down()]), [(60, Event::Raised)]);
    let kept = serde_json::to_vec(&judge).unwrap();
    let mut judge: Judge = serde_json::from_slice(&kept).unwrap();
    let unknown = vec![Found::Unknown; 5];
    assert_eq!(told(&mut judge, 120, 60, &unknown), []);
    assert_eq!(told(&mut judge, 500, 60, &[down(), down()]), []);
    assert_eq!(told(&mut judge, 700, 60, &[Found::Well, Found::Well]), [(760, Event::Cleared)]);
}

#[test]
fn what_gets_worse_is_told_again_and_what_gets_better_is_not() {
    let mut judge = Judge::default();
    let partly = amiss(AlarmState::Partial);
    let mut life = vec![partly.clone(); 6];
    life.extend([down(), down(), partly.clone(), partly]);
    let told = told(&mut judge, 0, 60, &life);
    assert_eq!(told, [(300, Event::Raised), (420, Event::Raised)]);
}

#[test]
fn a_part_that_the_settings_no_longer_have_is_over() {
    let mut judge = Judge::default();
    told(&mut judge, 0, 60, &[down(), down()]);
    assert!(judge.look(120, &Alarms::default(), &[]).is_empty());
    let notices = judge.look(180, &Alarms::default(), &[]);
    assert_eq!(notices.iter().map(|it| it.event).collect::<Vec<_>>(), [Event::Cleared]);
}

#[test]
fn rules_change_how_long_how_often_and_when() {
    let look = |judge: &mut Judge, now, rule: AlarmRule| {
        let alarms = Alarms { rules: vec![rule], ..Alarms::default() };
        judge.look(now, &alarms, &[seen("a", down())]).into_iter().map(|it| it.event).collect()
    };
    let mut judge = Judge::default();
    let never: Vec<Event> = look(&mut judge, 0, AlarmRule { enabled: false, ..rule("cti_pair") });
    assert_eq!(never, []);
    let by_day = AlarmRule {
        from: "08:00".parse().ok(),
        until: "18:00".parse().ok(),
        after_seconds: Some(0),
        again_minutes: Some(0),
        ..rule("cti_pair")
    };
    assert_eq!(look(&mut judge, 7 * 3_600, by_day.clone()), []);
    assert_eq!(look(&mut judge, 8 * 3_600, by_day.clone()), [Event::Raised]);
    assert_eq!(look(&mut judge, 17 * 3_600, by_day), []);
}

#[test]
fn a_clock_that_jumps_back_neither_repeats_nor_stops_an_alarm() {
    let mut judge = Judge::default();
    assert_eq!(told(&mut judge, 100_000, 60, &[down(), down()]), [(100_060, Event::Raised)]);
    assert_eq!(told(&mut judge, 0, 60, &[down(), down(), down()]), []);
    assert_eq!(told(&mut judge, 600, 60, &vec![Found::Well; 3]), [(660, Event::Cleared)]);
}

proptest! {
    /// Whatever happens: what is told of a part is raised first, and nothing comes behind its end but a new beginning.
    #[test]
    fn events_of_a_part_come_in_order(steps in prop::collection::vec((1_i64..400, 0_u8..4), 1..200)) {
        let mut judge = Judge::default();
        let (mut now, mut is_open) = (0, false);
        for (step, found) in steps {
            now += step;
            let found = match found {
                0 => Found::Well,
                1 => Found::Unknown,
                2 => amiss(AlarmState::Partial),
                _ => down(),
            };
            for notice in judge.look(now, &Alarms::default(), &[seen("a", found)]) {
                match notice.event {
                    Event::Raised => is_open = true,
                    Event::Repeated => prop_assert!(is_open),
                    Event::Cleared => {
                        prop_assert!(is_open);
                        is_open = false;
                    }
                    Event::Test => prop_assert!(false, "nobody asked for a test"),
                }
                prop_assert!(notice.since <= notice.at);
            }
        }
    }
}

#[test]
fn what_a_peer_says_without_end_is_kept_and_told_in_part() {
    let mut judge = Judge::default();
    let (code, reason) = ("cti_down".to_owned(), "ü".repeat(1_000_000));
    let found = Found::Amiss { state: AlarmState::Missing, code, reason };
    judge.look(0, &Alarms::default(), &[seen("a", found.clone())]);
    let notices = judge.look(60, &Alarms::default(), &[seen("a", found)]);
    assert_eq!(notices[0].reason.chars().count(), REASON_CHARACTERS_MAX);
}
