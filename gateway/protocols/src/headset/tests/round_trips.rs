//! Whatever a document says, and however a profile says it, it comes back as it was.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::super::enumeration::{Enumeration, sections};
use super::super::member::{ITEMS, MEMBERS, ROOTS};
use super::*;

/// Words of a profile; each gets a number, so that no two names are one.
const WORDS: usize = 12;

/// A text that is taken as it is: printable, with no space around it and at most `characters_max` long.
fn any_text(characters_max: usize) -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => any::<char>(),
        3 => prop::char::range(' ', '~'),
        1 => prop::sample::select(vec!['&', '<', '>', '"', '\'', ']', '{', '}', '\\', 'ß', '\u{85}']),
    ];
    prop::collection::vec(character, 1..=characters_max).prop_map(|characters| {
        let plain = |one: &char| device::is_printable(*one);
        let text: String = characters.iter().filter(|one| plain(one)).collect();
        let text = text.trim();
        if text.is_empty() { "x".to_owned() } else { text.to_owned() }
    })
}

fn maybe_text(characters_max: usize) -> impl Strategy<Value = Option<String>> {
    prop::option::of(any_text(characters_max))
}

fn any_of<E: Enumeration + std::fmt::Debug>() -> impl Strategy<Value = E> {
    let all: Vec<E> = E::ALL.iter().map(|(value, ..)| *value).collect();
    prop::sample::select(all)
}

fn any_device() -> impl Strategy<Value = DeviceName> {
    "[A-Za-z][A-Za-z0-9._-]{0,14}".prop_map(|name| device(&name))
}

/// Whole seconds, which every format of times can tell.
fn any_moment() -> impl Strategy<Value = Moment> {
    (0_i64..253_402_300_800).prop_map(moment)
}

fn any_current() -> impl Strategy<Value = Option<Current>> {
    let current = (any_of(), prop::option::of(0..=REASON_CODE_MAX), prop::option::of(any_moment()))
        .prop_map(|(state, reason, since)| Current { state, reason, since });
    prop::option::of(current)
}

/// A profile whose names, values and formats are all its own. Some names stand in a table that they share.
fn any_profile() -> impl Strategy<Value = Profile> {
    let words = prop::collection::vec(("[A-Za-z_][A-Za-z0-9_-]{0,5}", 0_u8..4), WORDS);
    let times = prop::sample::select(vec!["iso8601", "epoch_seconds", "epoch_milliseconds"]);
    let formats = prop::sample::select(vec!["json", "xml"]);
    (words, times, formats).prop_map(|(words, time_format, format)| {
        let mut words = words.into_iter().cycle().enumerate();
        let mut next = || words.next().map(|(at, (word, choice))| (format!("{word}-{at}"), choice));
        let mut names = Map::new();
        for (_, section, key, _) in MEMBERS {
            let (word, choice) = next().unwrap();
            let name = match choice {
                0 => format!("in.{word}"),
                1 => format!("in.deep.{word}"),
                _ => word,
            };
            names.entry(section).or_insert_with(|| json!({}))[key] = json!(name);
        }
        let mut values = Map::new();
        for section in sections() {
            for (position, (key, _)) in section.rows.into_iter().enumerate() {
                let (word, choice) = next().unwrap();
                let value = if choice == 0 { json!(position) } else { json!(format!("{word} <&")) };
                values.entry(section.name).or_insert_with(|| json!({}))[key] = value;
            }
        }
        let roots: Map<_, _> =
            ROOTS.iter().map(|row| (row.1.to_owned(), json!(next().unwrap().0))).collect();
        let items: Map<_, _> =
            ITEMS.iter().map(|row| (row.1.to_owned(), json!(next().unwrap().0))).collect();
        Profile::read(&json!({
            "format": format, "time_format": time_format, "yes": "on", "no": "off",
            "names": names, "values": values, "roots": roots, "items": items,
        }))
        .unwrap()
    })
}

fn any_update() -> impl Strategy<Value = Update> {
    (
        prop::option::of(any_device()),
        prop::option::of("[!-~]{1,64}"),
        prop::sample::select(vec![AgentState::Ready, AgentState::NotReady]),
        prop::option::of(0..=REASON_CODE_MAX),
        prop::option::of(any_moment()),
    )
        .prop_map(|(device, request_id, state, reason, sent_at)| Update {
            device,
            request_id,
            state,
            reason,
            sent_at,
        })
}

fn any_headset() -> impl Strategy<Value = HeadsetSeen> {
    let texts = prop::collection::vec(maybe_text(64), 11);
    (
        any_text(64),
        texts,
        any_of(),
        prop::option::of(any_of()),
        prop::option::of(any_moment()),
        prop::option::of(0..=AGE_DAYS_MAX),
    )
        .prop_map(|(serial_number, mut texts, kind, status, since, age_days)| HeadsetSeen {
            serial_number,
            model: texts[0].take(),
            vendor: texts[1].take(),
            kind,
            firmware: texts[2].take(),
            user: texts[3].take(),
            template: texts[4].take(),
            status,
            since,
            dock_model: texts[5].take(),
            device_name: texts[6].take(),
            device_model: texts[7].take(),
            software_version: texts[8].take(),
            headset_owner: texts[9].take(),
            phone_owner: texts[10].take(),
            age_days,
        })
}

fn any_inventory() -> impl Strategy<Value = InventoryEvent> {
    let headsets = prop::collection::vec(any_headset(), 0..4);
    (prop::option::of(any_device()), any_of(), headsets)
        .prop_map(|(device, event, headsets)| InventoryEvent { device, event, headsets })
}

fn any_discovery() -> impl Strategy<Value = Discovery> {
    let service =
        (
            any_of(),
            any::<bool>(),
            prop::option::of(any_of()),
            any_text(99),
            maybe_text(99),
            maybe_text(99),
        )
            .prop_map(|(class, enabled, mode, primary, secondary, configuration_url)| {
                Service { class, enabled, mode, primary, secondary, configuration_url }
            });
    let services = prop::collection::vec(service, 0..4);
    (
        any_device(),
        any_text(64),
        services,
        prop::option::of(0..=RETRY_SECONDS_MAX),
        maybe_text(99),
        prop::option::of(any_moment()),
    )
        .prop_map(|(device, version, services, retry_after_seconds, token, token_expires)| {
            let token = token.map(Token::new);
            Discovery { device, version, services, retry_after_seconds, token, token_expires }
        })
}

fn any_configuration() -> impl Strategy<Value = Configuration> {
    let reason =
        (0..=REASON_CODE_MAX, any_text(100)).prop_map(|(code, label)| Reason { code, label });
    let lights = (any_of(), any_of(), any_of(), any_of()).prop_map(
        |(in_call, in_call_muted, ready, not_ready)| Lights {
            in_call,
            in_call_muted,
            ready,
            not_ready,
        },
    );
    (
        (any_of(), maybe_text(64), maybe_text(99), any_current()),
        prop::collection::vec(reason, 0..5),
        (prop::option::of(0..=REASON_CODE_MAX), any_of(), prop::option::of(lights)),
    )
        .prop_map(|((mode, agent, agent_problem, current), reasons, rest)| Configuration {
            mode,
            agent,
            agent_problem,
            current,
            reasons,
            default_reason: rest.0,
            mute_button: rest.1,
            lights: rest.2,
        })
}

fn any_answer() -> impl Strategy<Value = Answer> {
    let refused = prop::option::of((any_of(), any_text(99)));
    (refused, any_current(), prop::option::of(any_moment()))
        .prop_map(|(refused, current, now)| Answer { refused, current, now })
}

fn any_template() -> impl Strategy<Value = Template> {
    let words = prop::collection::vec(maybe_text(32), 6);
    let flags = any::<[Option<bool>; 3]>();
    let settings = (prop::option::of(0..=SPEAKER_VOLUME_MAX), words, flags).prop_map(
        |(speaker_volume, mut words, [bluetooth, conference, dock_behaviour])| HeadsetSettings {
            speaker_volume,
            microphone_gain: words[0].take(),
            sidetone: words[1].take(),
            equaliser: words[2].take(),
            audio_bandwidth: words[3].take(),
            bluetooth,
            conference,
            firmware_source: words[4].take(),
            dect_radio_range: words[5].take(),
            dock_behaviour,
        },
    );
    (any_text(64), any_text(16), prop::option::of(any_of()), settings).prop_map(
        |(model, version, firmware, settings)| Template { model, version, firmware, settings },
    )
}

proptest! {
    // A profile and six documents are much for one case.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn what_phones_send_comes_back(
        profile in any_profile(), update in any_update(), event in any_inventory(),
    ) {
        prop_assert_eq!(profile.read_update(&profile.write_update(&update)), Ok(update));
        prop_assert_eq!(profile.read_inventory(&profile.write_inventory(&event)), Ok(event));
    }

    #[test]
    fn what_phones_are_answered_comes_back(
        profile in any_profile(), discovery in any_discovery(), configuration in any_configuration(),
        answer in any_answer(), template in any_template(),
    ) {
        prop_assert_eq!(profile.read_discovery(&profile.write_discovery(&discovery)), Ok(discovery));
        let written = profile.write_configuration(&configuration);
        prop_assert_eq!(profile.read_configuration(&written), Ok(configuration));
        prop_assert_eq!(profile.read_answer(&profile.write_answer(&answer)), Ok(answer));
        prop_assert_eq!(profile.read_template(&profile.write_template(&template)), Ok(template));
    }

    #[test]
    fn moments_come_back(microseconds in 0..=253_402_300_799_999_999_i64) {
        let profile = Profile::default();
        let now = Some(Moment::from_microseconds(microseconds));
        let answer = Answer { now, ..Answer::default() };
        prop_assert_eq!(profile.read_answer(&profile.write_answer(&answer)), Ok(answer));
    }
}
