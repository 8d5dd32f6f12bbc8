//! What a receiver gets, and when.

use domain::settings::{AlarmSeverity, AlarmState};

use super::*;
use crate::judge::{Event, PartKey};

fn notice(number: usize) -> Notice {
    Notice {
        event: Event::Raised,
        key: PartKey { part: "listener".to_owned(), name: Some(number.to_string()) },
        severity: AlarmSeverity::Warning,
        state: AlarmState::Partial,
        code: "listener_missing".to_owned(),
        reason: String::new(),
        since: 0,
        at: 0,
    }
}

fn take(outgoing: &mut Outgoing, now: i64) -> Option<Letter> {
    outgoing.take(now, 5, || Some(format!("id-{now}")))
}

#[test]
fn few_notices_come_one_by_one_in_order() {
    let mut outgoing = Outgoing::default();
    (0..3).for_each(|number| outgoing.push(notice(number)));
    for number in 0..3 {
        let letter = take(&mut outgoing, 10).unwrap();
        assert_eq!(letter.notices, [notice(number)]);
        assert_eq!(take(&mut outgoing, 10), None, "one at a time");
        outgoing.sent();
    }
    assert_eq!(take(&mut outgoing, 10), None);
    assert!(!outgoing.is_idle(69) && outgoing.is_idle(70));
}

#[test]
fn a_storm_comes_as_digests_and_never_faster_than_is_allowed() {
    let mut outgoing = Outgoing::default();
    let (mut letters, mut told) = (Vec::new(), 0);
    for now in 0..600 {
        // Four more parts go every second.
        (0..4).for_each(|number| outgoing.push(notice(number)));
        if let Some(letter) = take(&mut outgoing, now) {
            told += letter.notices.len();
            letters.push(now);
            outgoing.sent();
        }
    }
    assert!(told >= 2_000, "{told} of 2400 were told");
    for minute in letters.windows(6) {
        assert!(minute[5] - minute[0] >= 60, "{minute:?}");
    }
}

#[test]
fn what_is_too_much_is_counted_and_the_newest_stay() {
    let mut outgoing = Outgoing::default();
    (0..WAITING_MAX + 7).for_each(|number| outgoing.push(notice(number)));
    let letter = take(&mut outgoing, 0).unwrap();
    assert_eq!((letter.notices.len(), letter.left_out), (WAITING_MAX, 7));
    assert_eq!(letter.notices.last(), Some(&notice(WAITING_MAX + 6)));
}

#[test]
fn a_failed_letter_comes_again_later_each_time_with_its_id() {
    let mut outgoing = Outgoing::default();
    outgoing.push(notice(0));
    let letter = take(&mut outgoing, 0).unwrap();
    let (mut now, mut waits) = (0, Vec::new());
    for _ in 0..9 {
        outgoing.failed(&Failure::new("away"), now);
        let next = (now..now + 2_000).find(|at| {
            let taken = take(&mut outgoing.clone(), *at);
            taken.is_some()
        });
        let next = next.unwrap();
        assert_eq!(take(&mut outgoing, next).as_ref(), Some(&letter));
        waits.push(next - now);
        now = next;
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
    assert_eq!(outgoing.failed(&Failure::new("away"), LETTER_SECONDS_MAX), Failed::GivenUp);
    assert_eq!(take(&mut outgoing, 200_000), None);
}

#[test]
fn ops_10_who_refused_us_is_asked_again_after_an_hour_or_when_the_settings_change() {
    let mut outgoing = Outgoing::default();
    outgoing.push(notice(0));
    take(&mut outgoing, 0).unwrap();
    let refused = Failure { words: "no".to_owned(), refused: true };
    outgoing.failed(&refused, 0);
    assert_eq!(take(&mut outgoing, 3_599), None);
    let mut corrected = outgoing.clone();
    corrected.begin_anew();
    assert!(take(&mut corrected, 1).is_some());
    assert!(take(&mut outgoing, 3_600).is_some());
}

#[test]
fn a_letter_that_was_under_way_at_a_restart_comes_again_with_its_id() {
    let mut outgoing = Outgoing::default();
    outgoing.push(notice(0));
    let letter = take(&mut outgoing, 0).unwrap();
    let kept = serde_json::to_vec(&outgoing).unwrap();
    let mut outgoing: Outgoing = serde_json::from_slice(&kept).unwrap();
    assert_eq!(take(&mut outgoing, 5), Some(letter));
    outgoing.sent();
    assert_eq!(take(&mut outgoing, 500), None);
}
