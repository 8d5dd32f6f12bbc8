//! Calls put together from events, and what agents see of them.

use domain::{CallDirection, CallState};
use proptest::prelude::*;
use protocols::cti::{
    BeginCallEvent, CallClearedEvent, CallDataUpdateEvent, CallDeliveredEvent, CallDeviceEvent,
    CallDivertedEvent, CallEstablishedEvent, CallOriginatedEvent, CallQueuedEvent,
    CallsJoinedEvent, ConnectionDeviceType, Device, EndCallEvent, NamedVariable, Outcome,
};

use super::*;

const NOT_READY: PresenceState = PresenceState::NotReady { reason: None };

fn agent(id: &str) -> AgentId {
    id.parse().unwrap()
}

fn text(text: &str) -> Text {
    Some(text.into())
}

fn device(id: &str) -> Device {
    Device { id: text(id), ..Device::default() }
}

fn connection(id: u32) -> Connection {
    connection_of(id, "x")
}

fn connection_of(id: u32, device: &str) -> Connection {
    Connection { call_id: id, device_type: ConnectionDeviceType::Dynamic, device_id: text(device) }
}

fn line(kind: LineType) -> Line {
    Line { handle: 0, kind }
}

fn begin(id: u32, ani: &str, gold: &str) -> Event {
    let mut event = BeginCallEvent { connection: connection(id), ..BeginCallEvent::default() };
    event.context.ani = text(ani);
    event.context.variables[0] = text(gold);
    Event::BeginCall(event)
}

fn delivered(id: u32, from: &str, to: &str, state: ConnectionState) -> Event {
    Event::CallDelivered(Box::new(CallDeliveredEvent {
        connection: connection(id),
        line: line(LineType::InboundAcd),
        alerting: device(to),
        calling: device(from),
        called: device(to),
        outcome: Outcome { state, ..Outcome::default() },
        ..CallDeliveredEvent::default()
    }))
}

fn rings(id: u32, from: &str, to: &str) -> Event {
    delivered(id, from, to, ConnectionState::Alerting)
}

fn answered(id: u32, from: &str, by: &str) -> Event {
    Event::CallEstablished(CallEstablishedEvent {
        connection: connection(id),
        answering: device(by),
        calling: device(from),
        ..CallEstablishedEvent::default()
    })
}

fn originated(id: u32, from: &str, to: &str) -> Event {
    Event::CallOriginated(CallOriginatedEvent {
        connection: connection(id),
        calling: device(from),
        called: device(to),
        ..CallOriginatedEvent::default()
    })
}

fn at_device(id: u32, at: &str) -> CallDeviceEvent {
    CallDeviceEvent { connection: connection(id), device: device(at), ..CallDeviceEvent::default() }
}

fn held(id: u32, by: &str) -> Event {
    Event::CallHeld(at_device(id, by))
}

fn retrieved(id: u32, by: &str) -> Event {
    Event::CallRetrieved(at_device(id, by))
}

fn leaves(id: u32, who: &str) -> Event {
    Event::CallConnectionCleared(at_device(id, who))
}

fn ended(id: u32) -> Event {
    Event::EndCall(EndCallEvent { connection: connection(id), ..EndCallEvent::default() })
}

fn joined(first: u32, second: u32, by: &str, parties: &[&str]) -> CallsJoinedEvent {
    let party = |id: &&str| Party {
        call_id: first,
        device_type: ConnectionDeviceType::Dynamic,
        device_id: text(id),
    };
    CallsJoinedEvent {
        primary: connection(first),
        secondary: connection(second),
        by: device(by),
        parties: parties.iter().map(party).collect(),
        ..CallsJoinedEvent::default()
    }
}

struct Play {
    calls: Calls,
    second: i64,
}

impl Play {
    /// Agents `1001` at `2001` and `1002` at `2002`.
    fn new() -> Self {
        let mut play = Self { calls: Calls::default(), second: 0 };
        play.place("1001", "2001", &[]);
        play.place("1002", "2002", &[]);
        play
    }

    fn place(&mut self, id: &str, line: &str, others: &[&str]) -> bool {
        let line: Extension = line.parse().unwrap();
        let others: Vec<Extension> = others.iter().map(|it| it.parse().unwrap()).collect();
        self.calls.place(&agent(id), Some(&line), Some(line.as_str()), &others)
    }

    fn event(&mut self, event: &Event) -> Vec<String> {
        self.second += 1;
        let touched = self.calls.event(event, Timestamp::from_seconds(self.second));
        touched.iter().map(|agent| agent.as_str().to_owned()).collect()
    }

    fn events(&mut self, events: &[Event]) {
        for event in events {
            self.event(event);
        }
    }

    fn of(&self, id: &str) -> Vec<Call> {
        self.calls.of(&agent(id))
    }

    fn states(&self, id: &str) -> Vec<CallState> {
        self.of(id).iter().map(|call| call.state).collect()
    }

    fn state(&mut self, id: &str, state: PresenceState) -> bool {
        self.calls.state(&agent(id), state)
    }

    fn is_empty(&self) -> bool {
        self.calls.calls.is_empty()
            && self.calls.by_id.is_empty()
            && self.calls.by_device.is_empty()
    }
}

#[test]
fn cti_01_a_call_from_ringing_to_its_end() {
    let mut play = Play::new();
    play.event(&begin(7, "5551234", "Gold"));
    assert_eq!(play.event(&rings(7, "5551234", "2001")), ["1001"]);
    let call = play.of("1001").remove(0);
    assert_eq!((call.state, call.direction), (CallState::Alerting, CallDirection::Inbound));
    assert_eq!((call.number.as_str(), call.other_line), ("5551234", None));
    assert!(call.variables.iter().any(|it| it.name == "callVariable1" && it.value == "Gold"));
    play.event(&answered(7, "5551234", "2001"));
    let began = play.of("1001")[0].began_at;
    for (event, state) in
        [(held(7, "2001"), CallState::Held), (retrieved(7, "2001"), CallState::Active)]
    {
        play.event(&event);
        let call = play.of("1001").remove(0);
        assert_eq!((call.state, call.began_at), (state, began), "it lasts since the answer");
    }
    play.events(&[leaves(7, "2001"), ended(7)]);
    assert_eq!(play.states("1001"), [CallState::Over], "it is wrapped up");
    assert!(!play.state("1001", PresenceState::WrapUp { ready_afterwards: true }));
    assert!(play.state("1001", PresenceState::Ready));
    assert!(play.of("1001").is_empty() && play.is_empty());
}

#[test]
fn cti_01_a_seized_trunk_rings_nowhere_and_a_late_ring_does_not_undo_an_answer() {
    let mut play = Play::new();
    play.event(&delivered(7, "5551234", "2001", ConnectionState::Initiate));
    assert!(play.of("1001").is_empty());
    play.events(&[answered(7, "5551234", "2001"), rings(7, "5551234", "2001")]);
    assert_eq!(play.states("1001"), [CallState::Active]);
}

#[test]
fn cti_01_an_agent_who_dials_is_in_the_call_and_sees_who_was_dialled() {
    let mut play = Play::new();
    play.event(&originated(7, "2001", "5559"));
    let call = play.of("1001").remove(0);
    assert_eq!((call.state, call.direction), (CallState::Dialling, CallDirection::Outbound));
    assert_eq!(call.number, "5559");
    play.event(&answered(7, "2001", "5559"));
    assert_eq!(play.states("1001"), [CallState::Active]);
    play.events(&[leaves(7, "2001"), ended(7)]);
    play.state("1001", NOT_READY);
    assert!(play.is_empty(), "whoever was outside keeps nothing");
}

#[test]
fn cti_01_a_call_between_two_agents_is_shown_to_both() {
    let mut play = Play::new();
    assert_eq!(play.event(&rings(7, "2001", "2002")), ["1001", "1002"]);
    assert_eq!(play.of("1001")[0].direction, CallDirection::Outbound);
    assert_eq!(play.of("1002")[0].direction, CallDirection::Inbound);
    assert_eq!(
        (play.of("1001")[0].number.as_str(), play.of("1002")[0].number.as_str()),
        ("2002", "2001")
    );
}

#[test]
fn cti_01_a_diverted_call_leaves_no_trace() {
    let mut play = Play::new();
    play.event(&rings(7, "5551234", "2001"));
    let touched = play.event(&Event::CallDiverted(CallDivertedEvent {
        connection: connection(7),
        diverting: device("2001"),
        ..CallDivertedEvent::default()
    }));
    assert_eq!((touched, play.of("1001").len()), (vec!["1001".to_owned()], 0));
}

#[test]
fn cti_01_a_cleared_call_is_over_for_everybody_in_it() {
    let mut play = Play::new();
    play.events(&[rings(7, "2001", "2002"), answered(7, "2001", "2002")]);
    play.event(&Event::CallCleared(CallClearedEvent {
        connection: connection(7),
        ..CallClearedEvent::default()
    }));
    assert_eq!(play.states("1001"), [CallState::Over]);
    assert_eq!(play.states("1002"), [CallState::Over]);
    play.event(&ended(7));
    play.state("1001", PresenceState::Ready);
    assert_eq!(play.states("1002"), [CallState::Over], "the other still wraps up");
    play.state("1002", PresenceState::SignedOut { reason: None });
    assert!(play.is_empty());
}

#[test]
fn cti_01_a_consultation_may_share_the_calls_id_and_is_transferred() {
    let mut play = Play::new();
    let second = |event: &Event| match event.clone() {
        Event::CallOriginated(it) => {
            Event::CallOriginated(CallOriginatedEvent { connection: connection_of(7, "y"), ..it })
        }
        Event::CallEstablished(it) => {
            Event::CallEstablished(CallEstablishedEvent { connection: connection_of(7, "y"), ..it })
        }
        other => other,
    };
    let consult = Event::BeginCall(BeginCallEvent {
        connection: connection_of(7, "y"),
        ..BeginCallEvent::default()
    });
    play.events(&[
        begin(7, "5551234", "Gold"),
        rings(7, "5551234", "2001"),
        answered(7, "5551234", "2001"),
        held(7, "2001"),
        consult,
        second(&originated(7, "2001", "2002")),
        second(&answered(7, "2001", "2002")),
    ]);
    assert_eq!(play.states("1001"), [CallState::Active, CallState::Held]);
    assert_eq!(play.of("1002")[0].number, "2001");
    let transfer = CallsJoinedEvent {
        secondary: connection_of(7, "y"),
        ..joined(7, 7, "2001", &["5551234", "2002"])
    };
    play.event(&Event::CallTransferred(transfer));
    assert_eq!(play.states("1001"), [CallState::Over]);
    let call = play.of("1002").remove(0);
    assert_eq!((call.state, call.number.as_str()), (CallState::Active, "5551234"));
    assert!(call.variables.iter().any(|it| it.value == "Gold"), "data goes with the call");
    assert_eq!(play.calls.count(), 1);
}

#[test]
fn cti_01_a_conference_makes_one_call_of_two() {
    let mut play = Play::new();
    play.events(&[
        rings(7, "5551234", "2001"),
        answered(7, "5551234", "2001"),
        held(7, "2001"),
        originated(8, "2001", "2002"),
        answered(8, "2001", "2002"),
        Event::CallConferenced(joined(7, 8, "2001", &["5551234", "2001", "2002"])),
    ]);
    assert_eq!(
        (play.states("1001"), play.states("1002")),
        (vec![CallState::Active], vec![CallState::Active])
    );
    assert_eq!(
        (play.of("1001")[0].id.clone(), play.calls.count()),
        (play.of("1002")[0].id.clone(), 1)
    );
    // The second call's end is about nothing.
    play.event(&ended(8));
    assert_eq!(play.states("1002"), [CallState::Active]);
}

fn named(name: &str, value: &str) -> NamedVariable {
    NamedVariable { name: name.into(), value: value.into() }
}

fn update(id: u32, change: impl FnOnce(&mut CallDataUpdateEvent)) -> Event {
    let mut event = CallDataUpdateEvent { connection: connection(id), ..Default::default() };
    event.new_connection.call_id = NULL;
    change(&mut event);
    Event::CallDataUpdate(event)
}

fn shown(call: &Call) -> Vec<(&str, &str)> {
    call.variables.iter().map(|it| (it.name.as_str(), it.value.as_str())).collect()
}

#[test]
fn cti_01_an_update_tells_what_changed_but_all_named_variables() {
    let mut play = Play::new();
    let mut first = BeginCallEvent { connection: connection(7), ..BeginCallEvent::default() };
    first.context.variables[0] = text("Gold");
    first.context.named_variables = vec![named("user_a", "1"), named("user_b", "2")];
    play.events(&[Event::BeginCall(first), rings(7, "5551234", "2001")]);
    play.event(&update(7, |it| it.context.variables[1] = text("Berlin")));
    let expected =
        [("callVariable1", "Gold"), ("callVariable2", "Berlin"), ("user_a", "1"), ("user_b", "2")];
    assert_eq!(shown(&play.of("1001")[0]), expected);
    play.event(&update(7, |it| it.context.named_variables = vec![named("user_b", "3")]));
    assert_eq!(shown(&play.of("1001")[0])[2..], [("user_b", "3")]);
    play.event(&update(7, |it| it.context.wrapup = text("Sale")));
    assert_eq!(play.of("1001")[0].wrap_up_text.as_deref(), Some("Sale"));
}

#[test]
fn cti_01_a_call_keeps_what_is_known_under_its_new_id() {
    let mut play = Play::new();
    play.events(&[begin(7, "5551234", "Gold"), rings(7, "5551234", "2001")]);
    play.event(&update(7, |it| it.new_connection = connection(9)));
    play.event(&answered(9, "5551234", "2001"));
    assert_eq!((play.states("1001"), play.calls.count()), (vec![CallState::Active], 1));
    let id = play.of("1001")[0].id.clone();
    assert_eq!(play.calls.connection(&id), Some(connection(9)));
    play.events(&[leaves(9, "2001"), ended(9)]);
    play.state("1001", PresenceState::Ready);
    assert!(play.is_empty());
}

#[test]
fn cti_01_a_queue_is_shown_with_the_call_it_gave() {
    let mut play = Play::new();
    play.event(&Event::CallQueued(CallQueuedEvent {
        connection: connection(7),
        queue: device("Sales"),
        ..CallQueuedEvent::default()
    }));
    play.event(&rings(7, "5551234", "2001"));
    assert_eq!(play.of("1001")[0].queue.as_deref(), Some("Sales"));
}

#[test]
fn cti_09_a_call_on_another_line_is_shown_as_such_and_comes_last() {
    let mut play = Play::new();
    play.place("1001", "2001", &["3001"]);
    play.event(&rings(8, "5559", "3001"));
    let call = play.of("1001").remove(0);
    assert_eq!(call.other_line, Some("3001".parse().unwrap()));
    play.events(&[answered(8, "5559", "3001"), rings(7, "5551234", "2001")]);
    let calls = play.of("1001");
    assert_eq!(calls.len(), 2);
    assert_eq!((calls[0].other_line.is_none(), calls[1].other_line.is_some()), (true, true));
    // It has no wrap-up.
    play.event(&leaves(8, "3001"));
    assert_eq!(play.of("1001").len(), 1);
}

#[test]
fn cti_09_a_line_of_one_agents_phone_may_be_anothers_own() {
    let mut play = Play::new();
    play.place("1001", "2001", &["2002"]);
    assert_eq!(play.event(&rings(7, "5551234", "2002")), ["1001", "1002"]);
    assert!(play.of("1001")[0].other_line.is_some() && play.of("1002")[0].other_line.is_none());
    play.events(&[answered(7, "5551234", "2002"), leaves(7, "2002")]);
    play.state("1001", PresenceState::Ready);
    assert_eq!(play.states("1002"), [CallState::Over], "1002 wraps up whatever 1001 does");
}

#[test]
fn cti_09_what_the_phone_is_called_does_not_make_another_line_the_agents_own() {
    let mut play = Play::new();
    // The instrument is the extension, so the other line is the second device.
    play.place("1001", "2001", &["3001"]);
    play.event(&rings(7, "5551234", "3001"));
    assert!(play.of("1001")[0].other_line.is_some());
}

#[test]
fn who_signs_on_at_a_line_takes_it_from_whoever_was_there() {
    let mut play = Play::new();
    play.event(&rings(7, "5551234", "2001"));
    assert!(play.place("1002", "2001", &[]));
    assert_eq!((play.of("1001").len(), play.of("1002").len()), (0, 1));
    assert!(play.place("1002", "2002", &[]), "it has a call less");
    assert_eq!(play.of("1002").len(), 0);
}

#[test]
fn a_call_that_came_before_its_agent_is_the_agents_once_placed() {
    let mut play = Play { calls: Calls::default(), second: 0 };
    assert_eq!(play.event(&rings(7, "5551234", "2001")), Vec::<String>::new());
    assert!(play.place("1001", "2001", &[]));
    assert_eq!(play.states("1001"), [CallState::Alerting]);
    assert!(!play.place("1001", "2001", &[]), "nothing new");
}

#[test]
fn calls_parties_and_shared_ids_are_bounded() {
    let mut play = Play::new();
    for number in 0..200u32 {
        let connection = connection_of(7, &number.to_string());
        play.event(&Event::BeginCall(BeginCallEvent { connection, ..Default::default() }));
        play.event(&rings(8, "5551234", &number.to_string()));
    }
    assert_eq!(play.calls.by_id[&7].len(), PARTIES_MAX);
    let shared: usize = play.calls.by_id[&7].len();
    assert_eq!(play.calls.count(), shared + 1);
    assert!(play.calls.calls.values().all(|call| call.parties.len() <= PARTIES_MAX));
    // Calls that agents are in go like others when there are too many.
    for id in 0..u32::try_from(CALLS_MAX).unwrap() + 100 {
        play.event(&rings(id + 100, "5551234", "2001"));
    }
    assert_eq!(play.calls.count(), CALLS_MAX);
    assert_eq!(play.calls.by_id.len(), CALLS_MAX);
    assert_eq!(play.of("1001").len(), PARTIES_MAX);
}

#[test]
fn cti_02_an_agents_call_outlives_the_link_until_the_agent_is_seen_at_rest() {
    for goes_on in [true, false] {
        let mut play = Play::new();
        play.events(&[begin(7, "5551234", "Gold"), rings(7, "5551234", "2001")]);
        play.events(&[answered(7, "5551234", "2001"), rings(8, "5551", "5552")]);
        play.calls.lost();
        assert_eq!((play.calls.count(), play.of("1001").len()), (1, 0), "nobody is placed");
        assert!(play.place("1001", "2001", &[]));
        if goes_on {
            assert!(!play.state("1001", PresenceState::Talking));
            assert!(shown(&play.of("1001")[0]).contains(&("callVariable1", "Gold")));
            play.event(&held(7, "2001"));
            assert_eq!(play.states("1001"), [CallState::Held]);
            play.events(&[leaves(7, "2001"), ended(7)]);
        }
        assert!(play.state("1001", PresenceState::Ready));
        assert!(play.of("1001").is_empty() && play.is_empty());
    }
}

#[test]
fn cti_02_a_call_of_two_agents_outlives_the_link_until_both_rest() {
    let mut play = Play::new();
    play.events(&[rings(7, "2001", "2002"), answered(7, "2001", "2002")]);
    play.calls.lost();
    play.place("1001", "2001", &[]);
    play.state("1001", PresenceState::Ready);
    play.place("1002", "2002", &[]);
    assert_eq!(play.states("1002"), [CallState::Active]);
    play.state("1002", PresenceState::Ready);
    assert!(play.is_empty());
}

#[test]
fn cti_02_an_id_that_begins_anew_is_another_call_than_before_the_loss() {
    let mut play = Play::new();
    play.events(&[begin(7, "5551234", "Gold"), answered(7, "5551234", "2001")]);
    play.calls.lost();
    play.place("1001", "2001", &[]);
    play.events(&[begin(7, "5559", "Silver"), rings(7, "5559", "2001")]);
    let call = play.of("1001").remove(0);
    assert_eq!((call.number.as_str(), call.state), ("5559", CallState::Alerting));
    assert_eq!((shown(&call)[0].1, play.calls.count()), ("Silver", 1));
}

const DEVICES: [&str; 6] = ["2001", "2002", "2003", "3001", "5551", "x"];

fn any_event() -> impl Strategy<Value = Event> {
    let id = || 0u32..4;
    let place = || prop::sample::select(&DEVICES[..]);
    prop_oneof![
        (id(), place()).prop_map(|(id, ani)| begin(id, ani, "Gold")),
        (id(), place(), place()).prop_map(|(id, from, to)| rings(id, from, to)),
        (id(), place(), place()).prop_map(|(id, from, by)| answered(id, from, by)),
        (id(), place(), place()).prop_map(|(id, from, to)| originated(id, from, to)),
        (id(), place()).prop_map(|(id, at)| held(id, at)),
        (id(), place()).prop_map(|(id, at)| retrieved(id, at)),
        (id(), place()).prop_map(|(id, at)| leaves(id, at)),
        id().prop_map(ended),
        (id(), id()).prop_map(|(id, new)| update(id, |it| it.new_connection = connection(new))),
        (id(), id(), place(), prop::collection::vec(place(), 0..4), any::<bool>()).prop_map(
            |(one, two, by, parties, transfer)| {
                let event = joined(one, two, by, &parties);
                if transfer { Event::CallTransferred(event) } else { Event::CallConferenced(event) }
            }
        ),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Event(Event),
    Place(usize, &'static str),
    State(usize, PresenceState),
    Lost,
}

fn any_step() -> impl Strategy<Value = Step> {
    let state = prop_oneof![
        Just(PresenceState::Ready),
        Just(PresenceState::Talking),
        Just(PresenceState::SignedOut { reason: None }),
    ];
    prop_oneof![
        8 => any_event().prop_map(Step::Event),
        1 => (0usize..3, prop::sample::select(&DEVICES[..4])).prop_map(|(it, at)| Step::Place(it, at)),
        2 => (0usize..3, state).prop_map(|(it, state)| Step::State(it, state)),
        1 => Just(Step::Lost),
    ]
}

proptest! {
    /// Whatever comes in whatever order: nobody sees a call without being in it, whoever's calls
    /// changed is named, and the indexes hold what there is and nothing else.
    #[test]
    fn cti_01_nobody_sees_a_call_they_are_not_in(steps in prop::collection::vec(any_step(), 1..80)) {
        let ids = ["1001", "1002", "1003"];
        let mut play = Play::new();
        play.place("1001", "2001", &["3001"]);
        for step in steps {
            let before: Vec<_> = ids.iter().map(|id| play.of(id)).collect();
            let touched = match step {
                Step::Event(event) => Some(play.event(&event)),
                Step::Lost => {
                    play.calls.lost();
                    None
                }
                Step::Place(at, line) => {
                    play.place(ids[at], line, &[]);
                    None
                }
                Step::State(at, state) => {
                    play.state(ids[at], state);
                    let is_over = |call: &Call| call.state == CallState::Over;
                    let own = play.of(ids[at]).into_iter().filter(|it| it.other_line.is_none());
                    prop_assert!(state == PresenceState::Talking || !own.into_iter().any(|it| is_over(&it)));
                    None
                }
            };
            for (id, before) in ids.iter().zip(before) {
                let now = play.of(id);
                if let Some(touched) = &touched {
                    prop_assert!(now == before || touched.iter().any(|it| it == id));
                }
                for call in now {
                    let known = &play.calls.calls[&call.id.parse().unwrap()];
                    let placed = play.calls.lines.of(&agent(id));
                    prop_assert!(placed.iter().any(|it| known.parties.contains_key(&it.device)));
                }
            }
            prop_assert!(play.calls.count() <= 64);
            for (device, numbers) in &play.calls.by_device {
                for number in numbers {
                    prop_assert!(play.calls.calls[number].parties.contains_key(device));
                }
            }
            let indexed: usize = play.calls.by_id.values().map(Vec::len).sum();
            prop_assert_eq!(indexed, play.calls.count());
        }
    }
}
