//! Phones as sections C2 to C4 of their reference describe them.

use super::*;

/// A REGISTER of a desk phone: its Contact has a new user part after each start.
fn desk(start: u32, cseq: u32, flow: Flow) -> Registration {
    let parameters = ";+sip.instance=\"<urn:uuid:00000000-0000-0000-0000-0021ccddeeff>\"\
                      ;+u.sip!devicename.ccm.cisco.com=\"SEP0021CCDDEEFF\"\
                      ;+u.sip!model.ccm.cisco.com=\"621\"";
    let mut asked = contact(&uri(start));
    asked.parameters = parameters.to_owned();
    asked.instance = Some("<urn:uuid:00000000-0000-0000-0000-0021ccddeeff>".to_owned());
    Registration {
        flow,
        expires: Some(3600),
        call_id: format!("call-{start}"),
        device: Some("SEP0021CCDDEEFF".to_owned()),
        fixed_expires: Some(120),
        user_agent: Some("Cisco-CP7821/12.1.1".to_owned()),
        remotecc: Some(true),
        combine_max: Some(6),
        ..asking(cseq, vec![asked])
    }
}

fn uri(start: u32) -> String {
    format!("sip:0000000{start}-1111-2222-3333-444444444444@192.0.2.21:50211;transport=tcp")
}

#[test]
fn a_phone_is_granted_120_s_and_kept_15_s_longer() {
    let mut scene = Scene::with(RegistrarSettings::default());
    let first = scene.registrar.register(scene.now, &desk(1, 101, tls(1))).unwrap();
    assert_eq!((first.contacts[0].expires, first.contacts[0].is_new), (120, true));
    assert!(first.contacts[0].parameters.contains(";+u.sip!model.ccm.cisco.com=\"621\""));
    for cseq in 102..110 {
        scene.pass(115);
        let refreshed = scene.registrar.register(scene.now, &desk(1, cseq, tls(1))).unwrap();
        assert_eq!((refreshed.contacts[0].expires, refreshed.contacts[0].is_new), (120, false));
    }
    assert_eq!(scene.changes(), ["SEP0021CCDDEEFF new"]);
    assert_eq!(scene.registrar.deadline(), Some(scene.now + Duration::from_secs(135)));
    scene.pass(134);
    assert_eq!(scene.reached().len(), 1);
    // For everyone else it has lapsed.
    scene.expect(&asking(1, vec![]), &[]);
    scene.pass(1);
    assert_eq!(scene.changes(), ["SEP0021CCDDEEFF Expired"]);
    let binding_gone = scene.registrar.reach_device("SEP0021CCDDEEFF").is_empty();
    assert!(binding_gone);
}

#[test]
fn sip_trap_2_a_restarted_phone_is_reached_at_its_new_contact_at_once() {
    let mut scene = Scene::new();
    scene.register(&desk(1, 101, tls(1))).unwrap();
    let again = scene.registrar.register(scene.now, &desk(2, 101, tls(2))).unwrap();
    assert_eq!(again.contacts.len(), 1);
    assert!(again.contacts[0].is_new);
    assert_eq!(scene.reached(), [(&*uri(2), tls(2))]);
    assert_eq!(
        scene.changes(),
        ["SEP0021CCDDEEFF new", "SEP0021CCDDEEFF moved", "SEP0021CCDDEEFF new"]
    );
    assert!(!scene.registrar.is_used(&tls(1)) && scene.registrar.is_used(&tls(2)));
    // The old connection ends later, which is nobody's loss.
    scene.lost(tls(1));
    assert!(scene.changes().is_empty());
}

#[test]
fn a_device_is_known_without_an_instance_too() {
    let mut scene = Scene::new();
    let plain = |start, flow| {
        let mut desk = desk(start, 101, flow);
        if let Asked::Contacts(contacts) = &mut desk.contacts {
            contacts[0].instance = None;
        }
        desk
    };
    scene.register(&plain(1, tls(1))).unwrap();
    scene.register(&plain(2, tls(2))).unwrap();
    assert_eq!(scene.reached(), [(&*uri(2), tls(2))]);
    // Another device at a shared line stays.
    let other = Registration { device: Some("SEP2".to_owned()), ..plain(3, tls(3)) };
    scene.register(&other).unwrap();
    assert_eq!(scene.reached(), [(&*uri(3), tls(3)), (&*uri(2), tls(2))]);
}

#[test]
fn sip_trap_3_a_keep_alive_touches_nothing() {
    let mut scene = Scene::new();
    scene.register(&desk(1, 101, tls(1))).unwrap();
    scene.changes();
    let mut asks = desk(1, 102, tls(9));
    asks.expires = Some(0);
    if let Asked::Contacts(contacts) = &mut asks.contacts {
        contacts[0].expires = Some(0);
        contacts[0].keep_alive = true;
    }
    assert!(asks.is_keep_alive() && !desk(1, 1, tls(1)).is_keep_alive());
    assert!(!asking(1, vec![]).is_keep_alive());
    // It comes before any proof, so it is told nothing either.
    scene.expect(&asks, &[]);
    assert_eq!(scene.reached(), [(&*uri(1), tls(1))]);
    assert_eq!(reach(&scene.registrar, AOR)[0].cseq, 101);
    assert!(scene.changes().is_empty());
    // With a lifetime it is no such question.
    let mut registers = desk(1, 102, tls(9));
    if let Asked::Contacts(contacts) = &mut registers.contacts {
        contacts[0].keep_alive = true;
    }
    assert!(!registers.is_keep_alive());
    scene.expect(&registers, &[(&uri(1), 120)]);
    assert_eq!(scene.changes(), ["SEP0021CCDDEEFF moved"]);
    let unknown = Registration { aor: "sip:6009@voice.example.com".to_owned(), ..asks };
    scene.expect(&unknown, &[]);
    assert_eq!(scene.registrar.counts().aors, 1);
}

#[test]
fn sip_trap_4_expires_zero_removes_whatever_the_contact_says() {
    for contact_expires in [None, Some(0), Some(3600)] {
        for start in [1, 2] {
            let mut scene = Scene::new();
            scene.register(&desk(1, 101, tls(1))).unwrap();
            let mut resets = desk(start, 102, tls(u64::from(start)));
            resets.expires = Some(0);
            if let Asked::Contacts(contacts) = &mut resets.contacts {
                contacts[0].expires = contact_expires;
            }
            scene.expect(&resets, &[]);
            assert_eq!(scene.changes(), ["SEP0021CCDDEEFF new", "SEP0021CCDDEEFF Removed"]);
            assert_eq!(scene.registrar.counts().bindings, 0);
        }
    }
}

#[test]
fn sip_trap_12_the_call_id_is_that_of_the_current_registration() {
    let mut scene = Scene::new();
    scene.register(&desk(1, 101, tls(1))).unwrap();
    scene.register(&desk(2, 101, tls(2))).unwrap();
    let [binding] = &scene.registrar.reach_device("SEP0021CCDDEEFF")[..] else {
        panic!("not one binding")
    };
    assert_eq!(&*binding.call_id, "call-2");
    assert!(binding.remotecc && binding.combine_max == 6);
    assert_eq!(binding.user_agent.as_deref(), Some("Cisco-CP7821/12.1.1"));
}

#[test]
fn a_refresh_that_says_nothing_of_what_the_phone_takes_leaves_that_as_it_was() {
    let takes = |scene: &Scene| {
        let [binding] = &scene.registrar.reach_device("SEP0021CCDDEEFF")[..] else {
            panic!("not one binding")
        };
        (binding.remotecc, binding.combine_max)
    };
    let silent = |start, cseq, flow| Registration {
        remotecc: None,
        combine_max: None,
        ..desk(start, cseq, flow)
    };
    let mut scene = Scene::new();
    scene.register(&desk(1, 101, tls(1))).unwrap();
    for cseq in 102..105 {
        scene.pass(115);
        scene.register(&silent(1, cseq, tls(1))).unwrap();
        assert_eq!(takes(&scene), (true, 6));
    }
    // Over another connection, and in another conversation.
    scene.register(&silent(1, 105, tls(2))).unwrap();
    scene.register(&silent(2, 101, tls(3))).unwrap();
    assert_eq!(takes(&scene), (true, 6));
    // What it says counts, and what is gone is not asked.
    let less = Registration { remotecc: Some(false), combine_max: Some(0), ..desk(2, 102, tls(3)) };
    scene.register(&less).unwrap();
    scene.register(&silent(2, 103, tls(3))).unwrap();
    assert_eq!(takes(&scene), (false, 0));
    scene.registrar.remove_device("SEP0021CCDDEEFF");
    scene.register(&silent(2, 104, tls(3))).unwrap();
    assert_eq!(takes(&scene), (false, 0));
}

#[test]
fn a_phone_whose_connection_died_is_back_with_its_next_refresh() {
    let mut scene = Scene::new();
    scene.register(&desk(1, 101, tls(1))).unwrap();
    scene.lost(tls(1));
    assert_eq!(scene.changes(), ["SEP0021CCDDEEFF new", "SEP0021CCDDEEFF Lost"]);
    assert!(scene.reached().is_empty());
    assert_eq!(scene.registrar.counts(), RegistrarCounts { bindings: 1, live: 0, aors: 1 });
    scene.pass(60);
    scene.register(&desk(1, 102, tls(2))).unwrap();
    assert_eq!(scene.changes(), ["SEP0021CCDDEEFF back"]);
    assert_eq!(scene.reached(), [(&*uri(1), tls(2))]);
    // One that stays away has been told of already.
    scene.lost(tls(2));
    scene.pass(135);
    assert_eq!(scene.changes(), ["SEP0021CCDDEEFF Lost"]);
    assert_eq!(scene.registrar.counts(), RegistrarCounts::default());
}
