//! Whose headset it is, over random sites: one candidate, or none with the reason.

use std::collections::BTreeSet;

use domain::{AgentKey, DeviceName, Settings};
use proptest::prelude::*;

use super::site::device;
use crate::roster::{Place, Roster, Whose};

fn agent(number: u8) -> AgentKey {
    format!("east:{number}").parse().unwrap()
}

fn phone(number: u8) -> DeviceName {
    format!("SEP{number:012}").parse().unwrap()
}

fn line(number: u8) -> domain::Extension {
    format!("20{number}").parse().unwrap()
}

fn settings(lines: &[(u8, Vec<u8>)]) -> Settings {
    let devices = lines.iter().map(|(number, lines)| {
        let lines: Vec<_> = lines.iter().map(|it| line(*it).to_string()).collect();
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let device = device(phone(*number).as_str(), &lines);
        (device.name.clone(), std::sync::Arc::new(device))
    });
    Settings { devices: std::sync::Arc::new(devices.collect()), ..Settings::default() }
}

proptest! {
    #[test]
    fn hst_14_a_headset_is_the_agents_who_is_named_or_alone_on_the_line(
        phones in prop::collection::vec(prop::collection::vec(0_u8..4, 0..3), 1..4),
        moves in prop::collection::vec((0_u8..4, prop::option::of((prop::option::of(0_u8..4), prop::option::of(0_u8..4)))), 0..30),
    ) {
        let phones: Vec<(u8, Vec<u8>)> = (0..).zip(phones).collect();
        let mut roster = Roster::default();
        roster.set_lines(&settings(&phones));
        let mut places: std::collections::BTreeMap<u8, (Option<u8>, Option<u8>)> = Default::default();
        for (who, place) in moves {
            let before: Vec<_> = phones.iter().map(|(number, _)| roster.agent_of(&phone(*number))).collect();
            let place = place.filter(|it| *it != (None, None));
            match place {
                Some(place) => { places.insert(who, place); }
                None => { places.remove(&who); }
            }
            let new = place.map(|(device, on)| Place { device: device.map(phone), line: on.map(line) });
            let touched: BTreeSet<_> = roster.place(&agent(who), new).into_iter().collect();
            for ((number, lines), before) in phones.iter().zip(before) {
                let named: Vec<_> = places.iter().filter(|(_, it)| it.0 == Some(*number)).map(|(who, _)| *who).collect();
                let mut alone = BTreeSet::new();
                let mut shared = false;
                for on in lines {
                    let count = phones.iter().map(|(_, all)| all.iter().filter(|it| *it == on).count().min(1)).sum::<usize>();
                    let here = places.iter().filter(|(_, it)| it.0.is_none() && it.1 == Some(*on)).map(|(who, _)| *who);
                    if count == 1 { alone.extend(here); } else { shared |= here.count() > 0; }
                }
                let found = roster.agent_of(&phone(*number));
                let all: Vec<_> = if named.is_empty() { alone.into_iter().collect() } else { named };
                match (&found, all.as_slice()) {
                    (Whose::Agent(found), [one]) => prop_assert_eq!(found, &agent(*one)),
                    (Whose::Several(found), many) => {
                        prop_assert!(many.len() > 1);
                        prop_assert_eq!(found.len(), many.len());
                        prop_assert!(found.iter().all(|it| many.iter().any(|one| agent(*one) == *it)));
                    }
                    (Whose::SharedLine(_), []) => prop_assert!(shared),
                    (Whose::Nobody, []) => prop_assert!(!shared),
                    other => prop_assert!(false, "{:?}", other),
                }
                prop_assert_eq!(found.problem().is_some(), matches!(found, Whose::Several(_) | Whose::SharedLine(_)));
                // Whatever changed was said to be touched.
                prop_assert!(found == before || touched.contains(&phone(*number)));
            }
        }
    }
}
