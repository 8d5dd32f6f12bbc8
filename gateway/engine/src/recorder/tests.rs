use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;

use super::words::masked;
use super::{Bounds, CLAIMED, Link, Record, Recorder, Value, Wanted, Way, Whose};
use crate::Metrics;
use crate::testing::ManualClock;

const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

struct Bench {
    recorder: Recorder,
    clock: Arc<ManualClock>,
    metrics: Metrics,
}

fn bench() -> Bench {
    let clock = Arc::new(ManualClock::new(START));
    let metrics = Metrics::new();
    Bench { recorder: Recorder::new(&metrics, clock.clone()), clock, metrics }
}

impl Bench {
    fn all(&self) -> Vec<Record> {
        self.wanted(&Wanted::default())
    }

    fn wanted(&self, wanted: &Wanted) -> Vec<Record> {
        let wanted = Wanted { limit: 10_000, ..wanted.clone() };
        self.recorder.timeline(&wanted, &[]).records
    }

    fn kinds(&self, wanted: &Wanted) -> Vec<String> {
        self.wanted(wanted).into_iter().map(|record| record.kind).collect()
    }

    fn value(&self, name: &str) -> u64 {
        let text = String::from_utf8(self.metrics.text()).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

/// Ends a row of what is told.
fn said(_: &mut super::Note) {}

fn of_agent(agent: &str) -> Wanted {
    Wanted { agent: Some(agent.to_owned()), ..Wanted::default() }
}

#[test]
fn byd_02_what_a_message_said_is_read_back_in_its_parts() {
    let bench = bench();
    bench.recorder.note(Link::Cti, Way::In, "AGENT_STATE_EVENT", |note| {
        note.peer("east a").agent("1001").line("2001").call("east/7").call("east/8");
        note.text("state", "not ready").number("reason", 3u32);
    });
    let [record] = bench.all().try_into().unwrap();
    assert_eq!((record.number, record.at, record.link, record.way), (1, START, Link::Cti, Way::In));
    assert_eq!(record.calls, ["east/7", "east/8"]);
    let values = [
        ("state".to_owned(), Value::Text("not ready".to_owned())),
        ("reason".to_owned(), Value::Number(3)),
    ];
    assert_eq!(record.values, values);
    let line = record.to_string();
    let expected = "cti          <- AGENT_STATE_EVENT  east a, agent 1001, line 2001, call east/7, \
                    call east/8: state=\"not ready\" reason=3";
    assert_eq!(line, expected);
}

#[test]
fn byd_02_bytes_are_bounded_and_the_oldest_go_first() {
    let bench = bench();
    let bounds = Bounds { bytes: 1024 * 1024, lasting: Duration::from_secs(600) };
    bench.recorder.set_bounds(bounds);
    for number in 0..50_000u32 {
        bench.recorder.note(Link::Sip, Way::In, "REGISTER", |note| {
            note.device("SEP001122334455").number("sequence", number);
        });
        assert!(bench.recorder.ring().bytes() <= bounds.bytes);
    }
    let all: Vec<_> = bench.recorder.kept().records().collect();
    let held = all.len();
    assert!(bench.recorder.ring().bytes() > bounds.bytes * 8 / 10, "room is used");
    let first = 50_001 - held as u64;
    assert!(all.iter().map(|record| record.number).eq(first..=50_000));
    bench.recorder.sweep();
    let records = bench.value("jackfield_flight_recorder_records_total{link=\"sip\"}");
    let evicted = bench.value("jackfield_flight_recorder_evicted_total");
    assert_eq!((records, evicted), (50_000, 50_000 - held as u64));
    let bytes = bench.value("jackfield_flight_recorder_bytes");
    assert_eq!(bytes, bench.recorder.ring().bytes() as u64);
}

#[test]
fn byd_02_what_is_older_than_the_minutes_is_gone_without_anybody_noting_more() {
    let bench = bench();
    bench.recorder.note(Link::Phone, Way::In, "first", |_| {});
    bench.clock.advance(Duration::from_secs(400));
    bench.recorder.note(Link::Phone, Way::In, "second", |_| {});
    bench.clock.advance(Duration::from_secs(201));
    assert_eq!(bench.kinds(&Wanted::default()), ["second"]);
    bench.clock.advance(Duration::from_secs(400));
    bench.recorder.sweep();
    assert_eq!(bench.recorder.ring().bytes(), 0);
    assert_eq!(bench.value("jackfield_flight_recorder_evicted_total"), 2);
}

#[test]
fn byd_02_where_nothing_is_kept_nothing_is_put_together() {
    let bench = bench();
    bench.recorder.note(Link::Phone, Way::In, "before", |_| {});
    bench.recorder.set_bounds(Bounds { bytes: 0, ..Bounds::default() });
    bench.recorder.note(Link::Phone, Way::In, "after", |_| panic!("nobody asks for it"));
    assert_eq!(bench.all(), []);
    assert_eq!(bench.recorder.ring().bytes(), 0);
}

#[test]
fn byd_02_records_that_are_too_long_are_cut_and_say_so() {
    let bench = bench();
    let long = "ü".repeat(4_000);
    bench.recorder.note(Link::Sip, Way::In, &long, |note| {
        note.device(&long).agent(&long).text(&long, "x").words("words", &long);
        for _ in 0..100 {
            note.call(&long).text("more", &long).number("number", 1u32);
        }
    });
    let [record] = bench.all().try_into().unwrap();
    assert!(record.is_cut);
    assert!(record.device.unwrap().starts_with("üüü"));
    assert!(bench.recorder.ring().bytes() <= 1_026);
}

#[test]
fn byd_02_texts_of_others_neither_break_a_line_nor_turn_it_round() {
    let bench = bench();
    bench.recorder.note(Link::Sip, Way::In, "INVITE\n2", |note| {
        note.text("reason", "a\r\n\u{1b}[2J\u{202e}\\").peer("\u{7}");
    });
    let [record] = bench.all().try_into().unwrap();
    let line = record.to_string();
    assert!(!line.chars().any(char::is_control) && !line.contains('\u{202e}'), "{line}");
    assert!(line.contains(r"a\r\n\u{1b}[2J\u{202e}\\"), "{line}");
}

#[test]
fn byd_02_words_of_others_tell_no_password_and_no_token() {
    for (words, shown) in [
        ("the agent is signed on already", "the agent is signed on already"),
        ("wrong password: hunter2", "wrong password: ***"),
        ("password=hunter2&name=x", "password=***&name=x"),
        ("the Password is hunter2 here", "the Password is *** here"),
        ("Authorization: Basic aHVudGVyMg==", "Authorization: Basic ***=="),
        ("Bearer abc", "Bearer ***"),
        ("at https://gw/p?token=ab", "at https://gw/p?token=***"),
        ("0123456789abcdef01234567 is gone", "*** is gone"),
        ("user_password=a", "user_password=***"),
    ] {
        assert_eq!(masked(words), shown);
    }
}

#[test]
fn byd_02_what_names_no_agent_is_found_by_whose_device_line_or_call_it_is() {
    let bench = bench();
    let note = |kind: &str, tell: &dyn Fn(&mut super::Note)| {
        bench.clock.advance(Duration::from_secs(1));
        bench.recorder.note(Link::Phone, Way::In, kind, |note| tell(note));
    };
    note("form", &|note| said(note.device("SEP1")));
    note("sign_in", &|note| said(note.agent("1001").device("SEP1").line("2001")));
    note("page", &|note| said(note.device("SEP1")));
    note("call", &|note| said(note.line("2001").call("7")));
    note("data", &|note| said(note.call("7")));
    note("other", &|note| said(note.device("SEP2").line("2002").call("8")));
    note("sign_in_2", &|note| said(note.agent("1002").device("SEP1").line("2002")));
    note("page_2", &|note| said(note.device("SEP1")));
    note("elsewhere", &|note| said(note.agent("1001").device("SEP3")));
    assert_eq!(
        bench.kinds(&of_agent("1001")),
        ["form", "sign_in", "page", "call", "data", "elsewhere"]
    );
    let inferred: Vec<_> =
        bench.wanted(&of_agent("1001")).iter().map(|record| record.is_inferred).collect();
    assert_eq!(inferred, [true, false, true, true, true, false]);
    assert_eq!(bench.kinds(&of_agent("1002")), ["other", "sign_in_2", "page_2"]);
    let at_device = Wanted { device: Some("SEP1".to_owned()), ..Wanted::default() };
    assert_eq!(
        bench.kinds(&at_device),
        ["form", "sign_in", "page", "call", "data", "sign_in_2", "page_2"]
    );
    // Where no record says it, sessions do.
    let whose = Whose { agent: "1003".to_owned(), line: None, devices: vec!["SEP2".to_owned()] };
    let wanted = Wanted { limit: 10, ..of_agent("1003") };
    let told = bench.recorder.timeline(&wanted, &[whose]);
    assert_eq!(told.records.len(), 1);
}

#[test]
fn byd_02_who_claims_to_be_an_agent_is_found_and_takes_nobodys_device_away() {
    let bench = bench();
    let note = |kind: &str, tell: &dyn Fn(&mut super::Note)| {
        bench.clock.advance(Duration::from_secs(1));
        bench.recorder.note(Link::Phone, Way::In, kind, |note| tell(note));
    };
    note("form", &|note| said(note.device("SEP1").text(CLAIMED, "1001")));
    note("wrong", &|note| said(note.device("SEP1")));
    note("sign_in", &|note| said(note.agent("1002").device("SEP2")));
    note("claim", &|note| said(note.device("SEP2").text(CLAIMED, "1001")));
    note("page", &|note| said(note.device("SEP2")));
    assert_eq!(bench.kinds(&of_agent("1001")), ["form", "wrong", "claim"]);
    assert_eq!(bench.kinds(&of_agent("1002")), ["sign_in", "page"]);
}

#[test]
fn byd_02_the_story_of_a_call_has_what_its_agents_links_said_meanwhile() {
    let bench = bench();
    let note = |kind: &str, tell: &dyn Fn(&mut super::Note)| {
        bench.clock.advance(Duration::from_secs(4));
        bench.recorder.note(Link::Cti, Way::In, kind, |note| tell(note));
    };
    note("long_before", &|note| said(note.agent("1001").device("SEP1").line("2001")));
    note("before", &|note| said(note.device("SEP1")));
    note("delivered", &|note| said(note.line("2001").call("7")));
    note("another", &|note| said(note.line("2001").call("8")));
    note("somebody_elses", &|note| said(note.agent("1002")));
    note("shown", &|note| said(note.device("SEP1")));
    note("cleared", &|note| said(note.call("7")));
    note("after", &|note| said(note.device("SEP1")));
    note("long_after", &|note| said(note.device("SEP1")));
    let wanted = Wanted { contact: Some("7".to_owned()), ..Wanted::default() };
    assert_eq!(bench.kinds(&wanted), ["before", "delivered", "shown", "cleared", "after"]);
    let unknown = Wanted { contact: Some("9".to_owned()), ..Wanted::default() };
    assert_eq!(bench.kinds(&unknown), Vec::<String>::new());
}

#[test]
fn byd_02_a_timeline_is_of_a_window_a_link_and_the_newest() {
    let bench = bench();
    for number in 0..10u32 {
        bench.clock.advance(Duration::from_secs(1));
        let link = if number % 2 == 0 { Link::Sip } else { Link::Cti };
        bench.recorder.note(link, Way::Out, &number.to_string(), |_| {});
    }
    let at = |seconds| Some(START.after(Duration::from_secs(seconds)));
    let window = Wanted { from: at(3), to: at(6), ..Wanted::default() };
    assert_eq!(bench.kinds(&window), ["2", "3", "4", "5"]);
    let link = Wanted { link: Some(Link::Cti), ..window.clone() };
    assert_eq!(bench.kinds(&link), ["3", "5"]);
    let told = bench.recorder.timeline(&Wanted { limit: 3, ..window }, &[]);
    assert_eq!((told.left_out, told.since), (1, at(1)));
    assert_eq!(told.records.first().unwrap().kind, "3");
}

#[test]
fn byd_02_notes_of_many_at_once_are_all_there() {
    let bench = bench();
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            let recorder = bench.recorder.clone();
            scope.spawn(move || {
                for number in 0..1_000u32 {
                    recorder.note(Link::Sip, Way::In, "x", |note| {
                        note.number("thread", thread).number("number", number);
                    });
                }
            });
        }
    });
    assert_eq!(bench.all().len(), 4_000);
}
