//! Limits, room, load that comes at once, and memory.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

#[test]
fn an_address_has_room_for_so_many_and_what_is_not_reached_makes_room() {
    let mut scene = Scene::new();
    let at = |place: u32| {
        let call_id = format!("call-{place}");
        let asked = vec![contact(&format!("sip:{place}@192.0.2.1"))];
        Registration { flow: tls(u64::from(place)), call_id, ..asking(1, asked) }
    };
    for place in 0..8 {
        scene.register(&at(place)).unwrap();
    }
    assert_eq!(scene.register(&at(8)), Err(RegistrarRefusal::TooMany { max: 8 }));
    let refreshed = Registration { cseq: 2, ..at(0) };
    assert_eq!(scene.register(&refreshed).unwrap().len(), 8);
    // One goes and one comes.
    let mut swap = Registration { cseq: 2, ..at(1) };
    swap.contacts =
        Asked::Contacts(vec![expiring("sip:1@192.0.2.1", 0), contact("sip:x@192.0.2.1")]);
    assert_eq!(scene.register(&swap).unwrap().len(), 8);
    scene.lost(tls(3));
    scene.lost(tls(2));
    scene.changes();
    scene.register(&at(8)).unwrap();
    assert_eq!(scene.registrar.counts(), RegistrarCounts { bindings: 8, live: 7, aors: 1 });
    let uris: Vec<_> = scene.registrar.bindings().map(|binding| &*binding.uri).collect();
    assert!(!uris.contains(&"sip:2@192.0.2.1"), "the oldest goes first");
    assert!(uris.contains(&"sip:3@192.0.2.1"));
    let two = vec![contact("sip:y@192.0.2.1"), contact("sip:z@192.0.2.1")];
    assert_eq!(scene.register(&asking(1, two)), Err(RegistrarRefusal::TooMany { max: 8 }));
    assert_eq!(scene.registrar.counts().bindings, 8);
}

/// A binding of that device at that address, over a flow of its own.
fn of_device(device: &str, aor: &str, place: u32) -> Registration {
    Registration {
        aor: aor.to_owned(),
        device: Some(device.to_owned()),
        call_id: format!("{device}-{place}"),
        flow: tls(u64::from(place)),
        supports_outbound: true,
        ..asking(
            1,
            vec![AskedContact {
                instance: Some(format!("<urn:uuid:{device}>")),
                reg_id: Some(place),
                ..contact(&format!("sip:{place}@192.0.2.1"))
            }],
        )
    }
}

#[test]
fn a_device_has_room_for_so_many_at_all_its_addresses() {
    let mut scene = Scene::new();
    let mut taken = 0;
    for place in 1..500 {
        let aor = format!("sip:6001@voice.example.com:{place}");
        taken += u32::from(scene.register(&of_device("one", &aor, place)).is_ok());
    }
    assert_eq!(taken, 32);
    assert_eq!(scene.registrar.counts().bindings, 32);
    scene.register(&of_device("two", AOR, 1)).unwrap();
    // What is not reached makes room, wherever it is.
    scene.lost(tls(5));
    scene.register(&of_device("one", "sip:6001@voice.example.com:900", 900)).unwrap();
    assert_eq!(scene.registrar.counts(), RegistrarCounts { bindings: 33, live: 33, aors: 33 });
}

#[test]
fn who_shares_an_address_neither_fills_nor_clears_it_for_others() {
    let mut scene = Scene::new();
    scene.register(&of_device("one", AOR, 1)).unwrap();
    for place in 1..=8 {
        scene.register(&of_device("two", AOR, place)).unwrap();
    }
    assert_eq!(
        scene.register(&of_device("two", AOR, 9)),
        Err(RegistrarRefusal::TooMany { max: 8 })
    );
    // There is room for another one, and for another binding of the first.
    scene.register(&of_device("three", AOR, 20)).unwrap();
    scene.register(&of_device("one", AOR, 2)).unwrap();
    let all =
        Registration { contacts: Asked::RemoveAll, expires: Some(0), ..of_device("two", AOR, 100) };
    scene.changes();
    scene.register(&all).unwrap();
    assert_eq!(scene.changes(), ["two Removed"]);
    assert_eq!(scene.registrar.reach_device("one").len(), 2);
    assert!(scene.registrar.is_reached("three") && !scene.registrar.is_reached("two"));
    // The second says that nobody is where the first is too.
    scene.register(&of_device("two", AOR, 1)).unwrap();
    scene.registrar.remove(AOR, Some("two"), "sip:1@192.0.2.1");
    assert!(scene.registrar.is_reached("one") && !scene.registrar.is_reached("two"));
    assert_eq!(scene.registrar.reach_device("one").len(), 2);
}

#[test]
fn there_is_room_for_so_many_in_all() {
    let mut scene =
        Scene::with(RegistrarSettings { bindings_max: 3, ..RegistrarSettings::default() });
    let at = |place: u32, cseq| Registration {
        aor: format!("sip:{place}@voice.example.com"),
        ..asking(cseq, vec![contact("sip:a@192.0.2.1")])
    };
    for place in 0..3 {
        scene.register(&at(place, 1)).unwrap();
    }
    assert_eq!(scene.register(&at(3, 1)), Err(RegistrarRefusal::Full { max: 3 }));
    scene.register(&at(2, 2)).unwrap();
    // Fewer than there are: those that are there may stay.
    scene.registrar.set(RegistrarSettings { bindings_max: 1, ..RegistrarSettings::default() });
    scene.register(&at(2, 3)).unwrap();
    assert_eq!(scene.register(&at(3, 1)), Err(RegistrarRefusal::Full { max: 1 }));
}

#[test]
fn texts_of_a_binding_have_a_limit() {
    let mut scene = Scene::new();
    let long = AskedContact { parameters: "x".repeat(4100), ..contact("sip:a@192.0.2.1") };
    let refusal = scene.register(&asking(1, vec![long]));
    assert_eq!(refusal, Err(RegistrarRefusal::TooLong { max: 4096 }));
    let asked = asking(1, vec![contact("sip:a@192.0.2.1")]);
    let named = Registration { user_agent: Some("ü".repeat(100)), ..asked };
    scene.register(&named).unwrap();
    let kept = reach(&scene.registrar, AOR)[0].user_agent.as_deref().unwrap().len();
    assert_eq!(kept, 128);
}

fn phone(number: u64, start: u32) -> Registration {
    let asked = AskedContact {
        parameters: format!(
            ";+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-{number:012x}>\"\
             ;+u.sip!devicename.ccm.cisco.com=\"SEP{number:012X}\";+u.sip!model.ccm.cisco.com=\"621\""
        ),
        instance: Some(format!("<urn:uuid:00000000-0000-0000-0000-{number:012x}>")),
        ..contact(&format!(
            "sip:{number:08x}-1111-2222-3333-44444444{start:04}@192.0.2.21:50211;transport=tls"
        ))
    };
    Registration {
        aor: format!("sip:{}@voice.example.com", 100_000 + number),
        flow: tls(u64::from(start) * 1_000_000 + number),
        call_id: format!("{number:08x}-{start:04}0000-00000000-5b2e9a01@192.0.2.21"),
        device: Some(format!("SEP{number:012X}")),
        expires: Some(3600),
        user_agent: Some("Cisco-CP7821/12.1.1".to_owned()),
        remotecc: Some(true),
        combine_max: Some(6),
        ..asking(101, vec![asked])
    }
}

#[test]
fn sip_accept_33_10000_phones_come_back_and_their_refreshes_are_spread() {
    let mut scene = Scene::with(RegistrarSettings::default());
    let start = scene.now;
    let mut second_of = BTreeMap::new();
    for number in 0..10_000 {
        scene.now = start + Duration::from_millis(number * 6);
        let granted = scene.register(&phone(number, 1)).unwrap();
        *second_of.entry(granted[0].1).or_insert(0) += 1;
    }
    assert_eq!(scene.registrar.counts().live, 10_000);
    // The node lost every connection, or the phones saw another one restart.
    for number in 0..10_000 {
        scene.lost(phone(number, 1).flow);
    }
    assert_eq!(scene.registrar.counts().live, 0);
    for number in 0..10_000 {
        scene.now = start + Duration::from_millis(60_000 + number * 6);
        assert_eq!(scene.register(&phone(number, 2)).unwrap().len(), 1);
    }
    let full = RegistrarCounts { bindings: 10_000, live: 10_000, aors: 10_000 };
    assert_eq!(scene.registrar.counts(), full);
    assert_eq!(scene.changes().len(), 30_000);
    // 3240 to 3600 s, and no second has more than a few times its share of 28.
    assert!(*second_of.keys().next().unwrap() >= 3240);
    assert!(*second_of.keys().last().unwrap() <= 3600);
    assert!(second_of.len() > 350, "{} different lifetimes", second_of.len());
    assert!(*second_of.values().max().unwrap() < 100);
    // All go in the end and leave nothing.
    scene.pass(7200);
    assert_eq!(scene.registrar.counts(), RegistrarCounts::default());
    assert_eq!(scene.changes().len(), 10_000);
    assert_eq!(scene.registrar.deadline(), None);
}

#[test]
fn a_granted_lifetime_is_never_longer_than_asked_nor_shorter_than_the_least() {
    let mut scene = Scene::with(RegistrarSettings::default());
    let mut lifetimes = BTreeSet::new();
    for cseq in 1..2000 {
        let asked = 60 + cseq % 7;
        let granted = scene.register(&asking(cseq, vec![expiring("sip:a@h", asked)])).unwrap();
        assert!((60..=asked).contains(&granted[0].1), "{granted:?} of {asked}");
        lifetimes.insert(granted[0].1);
    }
    assert!(lifetimes.len() > 4);
}

/// What a binding of an ordinary Cisco phone takes, counted by hand: its struct, its texts, its places in
/// the index. Trees are counted as half full, allocations with 16 bytes beside them.
#[test]
fn a_binding_takes_less_than_1500_bytes() {
    let mut scene = Scene::new();
    scene.register(&phone(7, 1)).unwrap();
    let binding = scene.registrar.reach_device("SEP000000000007")[0];
    let texts = [
        Some(&*binding.uri),
        Some(&*binding.parameters),
        binding.instance.as_deref(),
        Some(&*binding.call_id),
        binding.user_agent.as_deref(),
        // Shared, with their counts.
        Some(&*binding.aor),
        binding.device.as_deref(),
    ];
    let texts: usize = texts.into_iter().flatten().map(|text| text.len() + 16 + 16).sum();
    let places = [
        size_of::<(u64, Box<Binding>)>(),
        size_of::<(Arc<str>, Vec<u64>)>() + 16 + 8,
        size_of::<(Arc<str>, index::OfDevice)>() + 16 + 8,
        size_of::<(Flow, u64)>(),
        size_of::<(Instant, u64)>(),
    ];
    let bytes = size_of::<Binding>() + 16 + texts + 2 * places.iter().sum::<usize>();
    assert!(bytes <= 1500, "{bytes} bytes");
}
