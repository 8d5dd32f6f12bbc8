//! Which side is connected when, played with a clock of our own.

use std::time::{Duration, Instant};

use super::SideOutput::{ActiveChanged, Connect, Disconnect};
use super::*;
use crate::cti::Status;

struct Play {
    sides: Sides,
    start: Instant,
}

impl Play {
    fn new(keeps_standby: bool, dialect: Dialect, reconnect: u64) -> Self {
        let start = Instant::now();
        let settings = SidesSettings {
            has_second: true,
            reconnect: Duration::from_secs(reconnect),
            dialect,
            keeps_standby,
        };
        Self { sides: Sides::new(settings, start), start }
    }

    fn enterprise() -> Self {
        Self::new(false, Dialect::Enterprise, 300)
    }

    fn outputs(&mut self) -> Vec<SideOutput> {
        std::iter::from_fn(|| self.sides.poll()).collect()
    }

    /// Milliseconds after the start.
    fn at(&self, milliseconds: u64) -> Instant {
        self.start + Duration::from_millis(milliseconds)
    }

    fn opened(&mut self, at: u64, side: Side, session_type: SessionType) -> Vec<SideOutput> {
        self.sides.handle(self.at(at), &SideInput::Opened { side, session_type }, 0);
        self.outputs()
    }

    fn closed(&mut self, at: u64, side: Side, reason: &CloseReason) -> Vec<SideOutput> {
        self.sides.handle(self.at(at), &SideInput::Closed { side, reason }, 0);
        self.outputs()
    }

    fn timer(&mut self, at: u64) -> Vec<SideOutput> {
        self.sides.handle(self.at(at), &SideInput::Timer, 0);
        self.outputs()
    }

    fn due(&self) -> Option<u128> {
        self.sides.deadline().map(|at| at.saturating_duration_since(self.start).as_millis())
    }
}

const LOST: CloseReason = CloseReason::LinkClosed;

#[test]
fn cti_02_sides_alternate_until_one_opens() {
    for status in [Status::SERVER_OFFLINE, Status::SERVER_NOT_MASTER, Status::STANDBY] {
        let mut play = Play::enterprise();
        assert_eq!(play.outputs(), [Connect(Side::A)]);
        assert_eq!(play.closed(10, Side::A, &CloseReason::Refused(status)), [Connect(Side::B)]);
        let opened = play.opened(20, Side::B, SessionType::Unknown);
        assert_eq!(opened, [ActiveChanged(Some(Side::B))]);
        assert_eq!((play.due(), play.sides.active()), (None, Some(Side::B)));
    }
}

#[test]
fn cti_02_when_the_active_side_is_lost_the_other_is_tried_at_once() {
    let mut play = Play::enterprise();
    play.outputs();
    play.opened(10, Side::A, SessionType::Unknown);
    let outputs = play.closed(60_000, Side::A, &LOST);
    assert_eq!(outputs, [ActiveChanged(None), Connect(Side::B)]);
}

#[test]
fn cti_02_pauses_double_up_to_the_ceiling_when_both_are_down() {
    for (reconnect, last) in [(0, 1_000), (120, 120_000)] {
        let mut play = Play::new(false, Dialect::Enterprise, reconnect);
        play.outputs();
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..12 {
            assert_eq!(play.closed(now, Side::A, &LOST), [Connect(Side::B)]);
            assert_eq!(play.closed(now, Side::B, &LOST), []);
            let due = u64::try_from(play.due().unwrap()).unwrap();
            pauses.push(due - now);
            assert_eq!(play.timer(due - 1), []);
            now = due;
            assert_eq!(play.timer(now), [Connect(Side::A)]);
        }
        assert_eq!(pauses[0], 1_000);
        assert_eq!(pauses[11], last);
        if reconnect > 0 {
            assert_eq!(pauses[..4], [1_000, 2_000, 4_000, 8_000]);
        }
    }
}

#[test]
fn chance_shortens_a_pause_by_a_quarter_at_most() {
    let mut play = Play::enterprise();
    play.sides.settings.has_second = false;
    play.outputs();
    let input = SideInput::Closed { side: Side::A, reason: &LOST };
    play.sides.handle(play.start, &input, u32::MAX);
    assert_eq!((play.outputs(), play.due()), (vec![], Some(750)));
}

#[test]
fn cti_02_a_session_that_does_not_last_is_a_failure_like_others() {
    let mut play = Play::enterprise();
    play.outputs();
    play.opened(0, Side::A, SessionType::Unknown);
    assert_eq!(play.closed(10, Side::A, &LOST), [ActiveChanged(None), Connect(Side::B)]);
    play.opened(20, Side::B, SessionType::Unknown);
    assert_eq!(play.closed(30, Side::B, &LOST), [ActiveChanged(None)]);
    assert_eq!(play.due(), Some(1_010));
}

#[test]
fn cti_02_express_is_left_alone_for_ten_seconds_after_a_refusal() {
    let mut play = Play::new(false, Dialect::Express, 0);
    play.outputs();
    let refused = CloseReason::Refused(Status::SERVER_NOT_MASTER);
    assert_eq!(play.closed(0, Side::A, &refused), [Connect(Side::B)]);
    play.opened(10, Side::B, SessionType::Unknown);
    assert_eq!(play.closed(5_000, Side::B, &LOST), [ActiveChanged(None)]);
    // A is held until 10 s; B may be tried before.
    assert_eq!(play.timer(6_000), [Connect(Side::B)]);
    assert_eq!(play.closed(6_500, Side::B, &refused), []);
    assert_eq!(play.timer(9_999), []);
    assert_eq!(play.timer(10_000), [Connect(Side::A)]);
}

#[test]
fn cti_02_the_standby_side_is_kept_open_and_promoted() {
    let mut play = Play::new(true, Dialect::Enterprise, 300);
    assert_eq!(play.outputs(), [Connect(Side::A), Connect(Side::B)]);
    assert_eq!(play.opened(5, Side::B, SessionType::Standby), []);
    assert_eq!(play.opened(6, Side::A, SessionType::Active), [ActiveChanged(Some(Side::A))]);
    assert_eq!(play.due(), None);
    assert_eq!(play.closed(60_000, Side::A, &LOST), [ActiveChanged(None)]);
    play.sides.handle(play.at(60_100), &SideInput::Promoted { side: Side::B }, 0);
    assert_eq!(play.outputs(), [ActiveChanged(Some(Side::B))]);
    assert_eq!(play.timer(61_000), [Connect(Side::A)]);
    assert_eq!(play.opened(61_100, Side::A, SessionType::Standby), []);
}

#[test]
fn cti_02_where_both_sides_claim_to_be_active_the_first_stays() {
    let mut play = Play::new(true, Dialect::Enterprise, 300);
    play.outputs();
    play.opened(5, Side::B, SessionType::Active);
    assert_eq!(play.opened(6, Side::A, SessionType::Active), [Disconnect(Side::A)]);
    assert_eq!((play.sides.active(), play.sides.both_active()), (Some(Side::B), 1));
    assert_eq!(play.closed(50, Side::A, &CloseReason::Asked), []);
    assert_eq!(play.timer(1_005), []);
    assert_eq!(play.timer(1_006), [Connect(Side::A)]);
}

#[test]
fn cti_02_a_promotion_wins_over_a_side_that_still_counts_as_active() {
    let mut play = Play::new(true, Dialect::Enterprise, 300);
    play.outputs();
    play.opened(5, Side::A, SessionType::Active);
    play.opened(6, Side::B, SessionType::Standby);
    play.sides.handle(play.at(60_000), &SideInput::Promoted { side: Side::B }, 0);
    assert_eq!(play.outputs(), [Disconnect(Side::A), ActiveChanged(Some(Side::B))]);
    assert_eq!((play.sides.active(), play.sides.both_active()), (Some(Side::B), 1));
    // The old side's end changes nothing any more; it is tried again as the standby.
    assert_eq!(play.closed(60_010, Side::A, &CloseReason::Asked), []);
    assert_eq!(play.timer(61_000), [Connect(Side::A)]);
    assert_eq!(play.opened(61_010, Side::A, SessionType::Standby), []);
    // Said again, or by a side that is not on standby, it means nothing.
    play.sides.handle(play.at(61_020), &SideInput::Promoted { side: Side::B }, 0);
    assert_eq!((play.outputs(), play.sides.both_active()), (vec![], 1));
}

#[test]
fn cti_02_a_standby_session_nobody_wanted_means_not_this_side() {
    let mut play = Play::enterprise();
    play.outputs();
    let outputs = play.opened(5, Side::A, SessionType::Standby);
    assert_eq!(outputs, [Disconnect(Side::A), Connect(Side::B)]);
}

#[test]
fn a_pair_with_one_side_never_connects_the_other() {
    let mut play = Play::enterprise();
    play.sides.settings.has_second = false;
    play.outputs();
    assert_eq!(play.closed(0, Side::A, &LOST), []);
    assert_eq!(play.timer(1_000), [Connect(Side::A)]);
    // What is told of a side that is not connected changes nothing.
    assert_eq!(play.opened(1_000, Side::B, SessionType::Active), []);
}
