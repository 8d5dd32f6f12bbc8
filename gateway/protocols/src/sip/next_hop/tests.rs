//! Servers of a next hop, with a clock and chances of our own.

use proptest::prelude::*;

use super::*;

struct Play {
    hop: NextHop,
    start: Instant,
}

impl Play {
    fn new(settings: NextHopSettings) -> Self {
        let start = Instant::now();
        Self { hop: NextHop::new(start, settings), start }
    }

    fn two() -> Self {
        Self::new(NextHopSettings { servers: 2, ..NextHopSettings::default() })
    }

    fn without_pings() -> Self {
        let ping = Duration::ZERO;
        Self::new(NextHopSettings { servers: 2, ping, ..NextHopSettings::default() })
    }

    fn at(&self, milliseconds: u64) -> Instant {
        self.start + Duration::from_millis(milliseconds)
    }

    fn outputs(&mut self) -> Vec<NextHopOutput> {
        std::iter::from_fn(|| self.hop.poll()).collect()
    }

    fn elapse(&mut self, milliseconds: u64) -> Vec<NextHopOutput> {
        let now = self.at(milliseconds);
        self.hop.elapse(now, u64::MAX);
        assert!(self.hop.deadline().is_none_or(|due| due > now));
        self.outputs()
    }

    fn choose(&mut self, milliseconds: u64, call_id: &str) -> Option<usize> {
        let now = self.at(milliseconds);
        self.hop.choose(now, call_id, &[])
    }

    fn answered(&mut self, milliseconds: u64, place: usize) {
        let now = self.at(milliseconds);
        self.hop.answered(now, place, 0);
    }

    fn failed(&mut self, milliseconds: u64, place: usize, why: HopFailure) {
        let now = self.at(milliseconds);
        self.hop.failed(now, place, why, 0);
    }

    /// Plays on and gives the milliseconds at which the server is pinged, without answers.
    fn pings_of(&mut self, place: usize, until: u64) -> Vec<u64> {
        let end = self.at(until);
        let mut pings = Vec::new();
        while let Some(due) = self.hop.deadline().filter(|due| *due <= end) {
            self.hop.elapse(due, 0);
            let milliseconds = (due - self.start).as_millis() as u64;
            let all = self.outputs();
            pings.extend(all.contains(&Ping(place)).then_some(milliseconds));
        }
        pings
    }
}

use NextHopOutput::{Down, Ping, Up};

fn unavailable(retry_after_seconds: Option<u32>) -> HopFailure {
    HopFailure::Unavailable { retry_after_seconds }
}

#[test]
fn servers_are_tried_in_their_order() {
    let mut play = Play::new(NextHopSettings { servers: 3, ..NextHopSettings::default() });
    assert_eq!(play.choose(0, "a"), Some(0));
    let now = play.at(0);
    assert_eq!(play.hop.choose(now, "a", &[0]), Some(1));
    assert_eq!(play.hop.choose(now, "a", &[0, 1]), Some(2));
    assert_eq!(play.hop.choose(now, "a", &[0, 1, 2]), None);
    assert_eq!(
        Play::new(NextHopSettings { servers: 0, ..NextHopSettings::default() }).choose(0, "a"),
        None
    );
}

#[test]
fn three_missed_pings_one_after_the_other_mean_down_and_an_answer_up() {
    let mut play = Play::two();
    assert_eq!(play.elapse(0), [Ping(0), Ping(1)]);
    play.answered(10, 1);
    assert_eq!(play.elapse(4_999), []);
    assert_eq!(play.elapse(5_000), [Ping(0)]);
    assert_eq!(play.elapse(10_000), [Ping(0)]);
    assert_eq!(play.choose(14_999, "a"), Some(0));
    assert_eq!(play.elapse(15_000), [Down(0)]);
    assert_eq!(play.hop.standings(play.at(15_000)), [Standing::Down, Standing::Up]);
    assert_eq!(play.choose(15_000, "a"), Some(1));
    play.answered(16_000, 0);
    assert_eq!(play.outputs(), [Up(0)]);
    assert_eq!(play.choose(16_000, "b"), Some(0));
    assert_eq!(play.choose(16_000, "a"), Some(1), "what was begun there stays there");
    // Misses that are not one after the other are none.
    let mut play = Play::two();
    for round in 0..5 {
        let begin = round * 60_000;
        play.elapse(begin);
        play.elapse(begin + 5_000);
        play.elapse(begin + 10_000);
        play.answered(begin + 11_000, 0);
        play.answered(begin + 11_000, 1);
    }
    let now = play.at(300_000);
    assert_eq!(play.hop.standings(now), [Standing::Up, Standing::Up]);
}

#[test]
fn an_answer_to_anything_puts_the_next_ping_off() {
    let mut play = Play::two();
    play.elapse(0);
    play.answered(10, 0);
    play.answered(10, 1);
    // Three quarters of 30 seconds, or more as chance has it.
    play.answered(20_000, 0);
    assert_eq!(play.elapse(22_510), [Ping(1)]);
    play.answered(22_600, 1);
    assert_eq!(play.elapse(42_499), []);
    assert_eq!(play.elapse(42_500), [Ping(0)]);
}

#[test]
fn a_lost_connection_means_down_and_pauses_grow_to_their_ceiling() {
    let mut play = Play::two();
    play.elapse(0);
    play.answered(0, 0);
    for _ in 0..10 {
        // However many requests fail with it.
        play.failed(1_000, 0, HopFailure::Lost);
    }
    assert_eq!(play.outputs(), [Down(0)]);
    assert_eq!(play.choose(1_000, "a"), Some(1));
    let pings = play.pings_of(0, 600_000);
    let pauses: Vec<_> = pings.windows(2).map(|two| two[1] - two[0]).collect();
    assert_eq!(pings[0], 2_500);
    // Each pause comes after five seconds without an answer.
    assert_eq!(&pauses[..6], [8_000, 11_000, 17_000, 29_000, 50_000, 50_000]);
    // A refused connection says it at once.
    let mut play = Play::two();
    play.failed(0, 0, HopFailure::Lost);
    play.outputs();
    assert_eq!(play.elapse(2_000), [Ping(0), Ping(1)]);
    play.failed(2_001, 0, HopFailure::Lost);
    play.answered(2_001, 1);
    let again = play.hop.deadline().unwrap();
    assert_eq!(again, play.at(5_001));
}

#[test]
fn pauses_have_some_chance_in_them() {
    let pause = |random: u64| {
        let mut play = Play::new(NextHopSettings::default());
        let now = play.at(0);
        play.hop.failed(now, 0, HopFailure::Lost, random);
        (play.hop.deadline().unwrap() - play.start).as_millis()
    };
    assert_eq!((pause(0), pause(255)), (1_500, 1_998));
    assert!(pause(128) > pause(0) && pause(128) < pause(255));
    assert_ne!(chance(0x0102_0304_0506_0708, 0), chance(0x0102_0304_0506_0708, 1));
}

#[test]
fn who_says_503_is_left_alone_for_as_long_as_it_says() {
    let mut play = Play::two();
    play.elapse(0);
    play.answered(0, 0);
    play.answered(0, 1);
    play.failed(1_000, 0, unavailable(Some(120)));
    assert_eq!(play.outputs(), [], "it is there");
    let until = play.at(121_000);
    assert_eq!(play.hop.standings(play.at(1_000))[0], Standing::Held { until });
    assert_eq!(play.choose(120_999, "a"), Some(1));
    assert_eq!(play.choose(121_000, "b"), Some(0));
    // Pings ask it but rarely.
    assert_eq!(play.pings_of(0, 120_999).first(), Some(&61_000));
    // A shorter time later does not shorten it, and none at all is a short one.
    let mut play = Play::without_pings();
    play.failed(0, 0, unavailable(Some(100)));
    play.failed(1_000, 0, unavailable(Some(1)));
    play.answered(2_000, 0);
    assert_eq!(play.choose(99_999, "a"), Some(1));
    play.failed(0, 1, unavailable(None));
    assert_eq!(play.choose(1_999, "b"), None);
    assert_eq!(play.choose(2_000, "b"), Some(1));
    // Nobody holds us off for ever.
    play.failed(100_000, 1, unavailable(Some(u32::MAX)));
    assert_eq!(play.choose(100_000 + 3_600_000, "c"), Some(0));
    let now = play.at(100_000 + 3_600_000);
    assert_eq!(play.hop.standings(now)[1], Standing::Up);
}

#[test]
fn an_answered_ping_ends_what_a_503_began() {
    let mut play = Play::two();
    play.failed(0, 0, unavailable(Some(3_600)));
    play.answered(1_000, 0);
    assert_eq!(play.choose(1_000, "a"), Some(1), "other answers say nothing of it");
    let now = play.at(61_000);
    play.hop.well(now, 0, 0);
    assert_eq!(play.choose(61_000, "b"), Some(0));
}

#[test]
fn a_503_of_somebody_behind_a_server_only_has_the_server_asked() {
    let mut play = Play::two();
    play.elapse(0);
    play.answered(0, 0);
    play.answered(0, 1);
    play.failed(1_000, 0, HopFailure::Elsewhere);
    assert_eq!(play.choose(1_000, "a"), Some(0));
    assert_eq!(play.elapse(1_000), [Ping(0)]);
    let mut play = Play::without_pings();
    play.failed(1_000, 0, HopFailure::Elsewhere);
    assert_eq!((play.choose(1_000, "a"), play.elapse(1_000)), (Some(0), vec![]));
    // Whoever passes it on is there.
    play.failed(1_000, 0, HopFailure::Lost);
    play.outputs();
    play.failed(2_000, 0, HopFailure::Elsewhere);
    assert_eq!(play.outputs(), [Up(0)]);
}

#[test]
fn a_silent_request_has_the_server_asked() {
    let mut play = Play::two();
    play.elapse(0);
    play.answered(0, 0);
    play.answered(0, 1);
    for _ in 0..20 {
        play.failed(1_000, 0, HopFailure::Silent);
    }
    assert_eq!(play.choose(1_000, "a"), Some(0), "a phone behind it may be silent");
    let now = play.at(1_000);
    play.hop.elapse(now, 0);
    assert_eq!(play.outputs(), [Ping(0)]);
    play.answered(1_100, 0);
    assert_eq!(play.hop.standings(now), [Standing::Up, Standing::Up]);
}

#[test]
fn without_pings_requests_find_out() {
    let mut play = Play::without_pings();
    assert_eq!(play.hop.deadline(), None);
    play.failed(0, 0, HopFailure::Silent);
    play.failed(0, 0, HopFailure::Silent);
    play.answered(0, 0);
    play.failed(0, 0, HopFailure::Silent);
    play.failed(0, 0, HopFailure::Silent);
    assert_eq!((play.choose(0, "a"), play.outputs()), (Some(0), vec![]));
    play.failed(0, 0, HopFailure::Silent);
    assert_eq!((play.choose(0, "a"), play.outputs()), (Some(1), vec![Down(0)]));
    // After its pause it is tried, and the next pause is longer.
    assert_eq!(play.choose(1_499, "b"), Some(1));
    assert_eq!(play.choose(1_500, "c"), Some(0));
    play.failed(1_500, 0, HopFailure::Lost);
    play.failed(1_500, 0, HopFailure::Lost);
    assert_eq!(play.choose(4_499, "d"), Some(1));
    assert_eq!(play.choose(4_500, "e"), Some(0));
    play.answered(4_600, 0);
    assert_eq!((play.hop.deadline(), play.outputs()), (None, vec![Up(0)]));
}

#[test]
fn requests_with_the_same_call_id_stay_on_one_server_within_bounds() {
    let settings =
        NextHopSettings { servers: 2, conversations_max: 3, ..NextHopSettings::default() };
    let mut play = Play::new(settings);
    play.failed(0, 0, HopFailure::Lost);
    for call_id in ["a", "b", "c"] {
        assert_eq!(play.choose(0, call_id), Some(1));
    }
    play.answered(1, 0);
    assert_eq!(play.choose(1, "a"), Some(1));
    assert_eq!(play.choose(1, "d"), Some(0), "the fourth lets go of the second");
    assert_eq!(play.choose(1, "a"), Some(1));
    assert_eq!(play.choose(1, "c"), Some(1));
    assert_eq!(play.choose(1, "b"), Some(0));
    play.hop.finished("a");
    assert_eq!(play.choose(1, "a"), Some(0));
    // It moves where its server cannot be used, and stays there.
    play.failed(2, 1, HopFailure::Lost);
    assert_eq!(play.choose(2, "c"), Some(0));
    play.answered(3, 1);
    assert_eq!(play.choose(3, "c"), Some(0));
    for _ in 0..100_000 {
        play.choose(4, "c");
    }
    let (conversations, uses) = play.hop.conversations.size();
    assert!(conversations <= 3 && uses <= 1_100, "{conversations} {uses}");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Choose(u8),
    Answer(usize),
    Fail(usize, HopFailure),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let failure = prop_oneof![
        Just(HopFailure::Silent),
        Just(HopFailure::Lost),
        Just(HopFailure::Elsewhere),
        proptest::option::of(any::<u32>()).prop_map(unavailable),
    ];
    prop_oneof![
        any::<u8>().prop_map(Step::Choose),
        (0..5_usize).prop_map(Step::Answer),
        (0..5_usize, failure).prop_map(|(place, failure)| Step::Fail(place, failure)),
        (0..100_000_u64).prop_map(Step::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_only_servers_that_stand_are_chosen_and_pings_end(
        steps in proptest::collection::vec(step(), 0..200),
        servers in 1..5_usize,
        has_pings: bool,
        random: u64,
    ) {
        let ping = if has_pings { Duration::from_secs(30) } else { Duration::ZERO };
        let mut play = Play::new(NextHopSettings { servers, ping, ..NextHopSettings::default() });
        let mut milliseconds = 0;
        let mut are_up = vec![true; servers];
        for step in steps {
            let now = play.at(milliseconds);
            match step {
                Step::Choose(call_id) => {
                    let chosen = play.hop.choose(now, &call_id.to_string(), &[]);
                    let standings = play.hop.standings(now);
                    match chosen {
                        Some(place) => {
                            let is_up = standings[place] == Standing::Up;
                            prop_assert!(is_up || (!has_pings && standings[place] == Standing::Down));
                        }
                        None => prop_assert!(!standings.contains(&Standing::Up)),
                    }
                    prop_assert!(chosen.is_none_or(|place| play.hop.choose(now, &call_id.to_string(), &[place]) != chosen));
                }
                Step::Answer(place) => play.hop.answered(now, place, random),
                Step::Fail(place, why) => play.hop.failed(now, place, why, random),
                Step::Wait(wait) => {
                    milliseconds += wait;
                    let now = play.at(milliseconds);
                    play.hop.elapse(now, random);
                    prop_assert!(play.hop.deadline().is_none_or(|due| due > now));
                }
            }
            for output in play.outputs() {
                match output {
                    Up(place) => prop_assert!(!std::mem::replace(&mut are_up[place], true)),
                    Down(place) => prop_assert!(std::mem::replace(&mut are_up[place], false)),
                    Ping(_) => prop_assert!(has_pings),
                }
            }
            let standings = play.hop.standings(play.at(milliseconds));
            for (is_up, standing) in are_up.iter().zip(standings) {
                prop_assert_eq!(!is_up, standing == Standing::Down);
            }
            prop_assert_eq!(play.hop.deadline().is_some(), has_pings);
        }
    }
}
