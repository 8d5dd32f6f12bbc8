//! Random lives of registrations, compared with what must hold at every moment.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Register(Registration),
    Lost(Flow),
    Pass(u64),
    Remove(usize),
    RemoveDevice(usize),
}

const DEVICES: [&str; 3] = ["a", "b", "c"];

fn flows() -> impl Strategy<Value = Flow> {
    prop_oneof![
        (0u64..5).prop_map(tls),
        (0u16..2).prop_map(|port| udp(&format!("192.0.2.1:{}", 5060 + port))),
    ]
}

fn asked() -> impl Strategy<Value = AskedContact> {
    let uri = (0u8..5, any::<bool>()).prop_map(|(user, has_port)| {
        format!("sip:{user}@192.0.2.1{}", if has_port { ":5060" } else { "" })
    });
    let instance = prop::option::of((0u8..3).prop_map(|number| format!("<urn:uuid:{number}>")));
    let expires = prop_oneof![Just(None), Just(Some(0)), (1u32..200).prop_map(Some)];
    let reg_id = prop::option::of(1u32..3);
    (uri, instance, expires, reg_id, prop::bool::weighted(0.05)).prop_map(
        |(uri, instance, expires, reg_id, keep_alive)| AskedContact {
            parameters: format!(";x=\"{uri}\""),
            uri,
            instance,
            reg_id,
            expires,
            keep_alive,
        },
    )
}

fn registrations() -> impl Strategy<Value = Registration> {
    let contacts = prop_oneof![
        1 => Just(Asked::Query),
        1 => Just(Asked::RemoveAll),
        8 => prop::collection::vec(asked(), 1..4).prop_map(Asked::Contacts),
    ];
    let who = (0u8..3, prop::option::of(0usize..3), 0u8..4, 1u32..9);
    let how = (any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.2));
    let expires = prop_oneof![3 => Just(None), 1 => Just(Some(0)), 1 => (1u32..200).prop_map(Some)];
    (contacts, who, how, flows(), expires).prop_map(
        |(contacts, (aor, device, call, cseq), (outbound, has_path, is_fixed), flow, expires)| {
            Registration {
                aor: format!("sip:{aor}@voice.example.com"),
                expires,
                call_id: format!("call-{call}"),
                path: if has_path { vec!["<sip:edge;lr;ob>".to_owned()] } else { Vec::new() },
                flow,
                supports_outbound: outbound,
                device: device.map(|device| DEVICES[device].to_owned()),
                fixed_expires: is_fixed.then_some(120),
                contacts,
                ..asking(cseq, vec![])
            }
        },
    )
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => registrations().prop_map(Step::Register),
        2 => flows().prop_map(Step::Lost),
        2 => (0u64..150).prop_map(Step::Pass),
        1 => (0usize..9).prop_map(Step::Remove),
        1 => (0usize..3).prop_map(Step::RemoveDevice),
    ]
}

const SETTINGS: RegistrarSettings = RegistrarSettings {
    expires_min: 60,
    expires_default: 100,
    expires_max: 150,
    bindings_per_phone_max: 2,
    bindings_per_device_max: 3,
    bindings_per_aor_max: 4,
    bindings_max: 9,
    spread_percent: 10,
    grace: Duration::from_secs(15),
};

/// Who is reached, as told by changes alone.
#[derive(Default)]
struct Told(BTreeSet<Phone>);

impl Told {
    fn hear(&mut self, change: BindingChange) {
        match change {
            BindingChange::Reachable { aor, device, is_fresh, .. } => {
                let is_news = self.0.insert((aor, device));
                assert!(is_news || is_fresh, "told twice that a phone is reached");
            }
            BindingChange::Moved { aor, device, from, to } => {
                assert_ne!(from, to);
                // Who moved was reached, if perhaps as another device's binding.
                assert!(
                    self.0.iter().any(|(known, _)| *known == aor),
                    "{device:?} moved from nowhere"
                );
            }
            BindingChange::Unreachable { aor, device, .. } => {
                assert!(self.0.remove(&(aor, device)), "told twice that a phone is not reached");
            }
        }
    }
}

fn all_of(registrar: &Registrar) -> Vec<String> {
    registrar.bindings().map(|binding| format!("{binding:?}")).collect()
}

fn check(registrar: &Registrar, now: Instant, told: &Told) {
    let counts = registrar.counts();
    let all: Vec<_> = registrar.bindings().collect();
    assert_eq!(counts.bindings, all.len());
    assert!(all.len() <= SETTINGS.bindings_max);
    assert_eq!(counts.live, all.iter().filter(|binding| binding.is_live).count());
    let mut by_aor: BTreeMap<&str, Vec<&Binding>> = BTreeMap::new();
    for binding in &all {
        by_aor.entry(&binding.aor).or_default().push(binding);
        assert!(binding.expires_at <= now + Duration::from_secs(150));
        assert!(binding.gone_at > now, "a binding is overdue");
        assert!(binding.is_live || binding.depends_on_flow());
        let is_linked = registrar.is_used(&binding.flow);
        assert!(is_linked || !binding.is_live || !binding.depends_on_flow());
    }
    assert_eq!(counts.aors, by_aor.len());
    for (aor, bindings) in by_aor {
        assert!(bindings.len() <= SETTINGS.bindings_per_aor_max);
        for (place, one) in bindings.iter().enumerate() {
            let own = bindings.iter().filter(|other| other.device == one.device);
            assert!(own.count() <= SETTINGS.bindings_per_phone_max);
            for other in &bindings[place + 1..] {
                let same = one.uri == other.uri && one.instance == other.instance;
                let same_device = one.device == other.device;
                assert!(!(same && same_device && one.reg_id == other.reg_id), "{one:?} {other:?}");
            }
        }
        let reached = reach(registrar, aor);
        assert_eq!(reached.is_empty(), !bindings.iter().any(|binding| binding.is_live));
        assert!(reached.iter().all(|binding| binding.is_live));
        assert!(reached.is_sorted_by(|one, other| one.order > other.order));
    }
    for device in DEVICES {
        let own = || all.iter().filter(|it| it.device.as_deref() == Some(device));
        assert!(own().count() <= SETTINGS.bindings_per_device_max);
        assert_eq!(registrar.is_reached(device), own().any(|binding| binding.is_live));
    }
    assert_eq!(registrar.deadline(), all.iter().map(|binding| binding.gone_at).min());
    let live = all.iter().filter(|binding| binding.is_live);
    let live: BTreeSet<_> =
        live.map(|binding| (binding.aor.clone(), binding.device.clone())).collect();
    assert_eq!(told.0, live, "changes and bindings say different things");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Limits hold, every change is told exactly once, the deadline is the first end, and what is refused
    /// leaves everything as it was.
    #[test]
    fn a_life_of_registrations(steps in prop::collection::vec(steps(), 1..60)) {
        let mut registrar = Registrar::new(SETTINGS);
        let mut now = Instant::now();
        let mut told = Told::default();
        for step in steps {
            match step {
                Step::Register(registration) => {
                    let before = all_of(&registrar);
                    match registrar.register(now, &registration) {
                        Ok(registered) => {
                            let listed = registered.contacts.len();
                            let here = registrar.bindings();
                            let here = here.filter(|binding| *binding.aor == *registration.aor);
                            prop_assert!(registration.is_keep_alive() || listed <= here.count());
                        }
                        Err(_) => {
                            prop_assert_eq!(all_of(&registrar), before);
                            prop_assert_eq!(registrar.poll(), None);
                        }
                    }
                }
                Step::Lost(flow) => {
                    registrar.lost(now, flow);
                    prop_assert!(!registrar.is_used(&flow));
                }
                Step::Pass(seconds) => {
                    now += Duration::from_secs(seconds);
                    registrar.elapse(now);
                }
                Step::Remove(place) => {
                    let all: Vec<_> = registrar.bindings().collect();
                    let chosen = all.get(place);
                    let chosen = chosen.map(|it| (it.aor.clone(), it.device.clone(), it.uri.clone()));
                    if let Some((aor, device, uri)) = chosen {
                        registrar.remove(&aor, device.as_deref(), &uri);
                        let here = registrar.bindings();
                        let mut here = here.filter(|it| it.aor == aor && it.device == device);
                        prop_assert!(here.all(|it| it.uri != uri));
                    }
                }
                Step::RemoveDevice(device) => {
                    registrar.remove_device(DEVICES[device]);
                    prop_assert!(registrar.reach_device(DEVICES[device]).is_empty());
                }
            }
            while let Some(change) = registrar.poll() {
                told.hear(change);
            }
            check(&registrar, now, &told);
        }
        registrar.elapse(now + Duration::from_secs(1000));
        while let Some(change) = registrar.poll() {
            told.hear(change);
        }
        check(&registrar, now, &told);
        prop_assert_eq!(registrar.counts(), RegistrarCounts::default());
    }
}
