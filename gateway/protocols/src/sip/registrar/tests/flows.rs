//! Flows: outbound, loss, phones behind others, and the way through a Path.

use super::*;

/// A phone that keeps several flows.
fn outbound(reg_id: u32, cseq: u32, flow: Flow) -> Registration {
    let asked = AskedContact {
        instance: Some("<urn:uuid:0c67446e-f1a1-11d9-94d3-000a95a0e128>".to_owned()),
        reg_id: Some(reg_id),
        ..contact("sip:6001@192.0.2.2;transport=tcp")
    };
    Registration {
        flow,
        call_id: format!("call-{reg_id}"),
        supports_outbound: true,
        device: Some("soft".to_owned()),
        ..asking(cseq, vec![asked])
    }
}

#[test]
fn sip_accept_30_two_flows_stand_side_by_side_and_one_serves_for_the_other() {
    let mut scene = Scene::new();
    let first = scene.registrar.register(scene.now, &outbound(1, 1, tls(1))).unwrap();
    assert!(first.outbound_used);
    let second = scene.registrar.register(scene.now, &outbound(2, 1, tls(2))).unwrap();
    assert_eq!(second.contacts.len(), 2);
    assert_eq!(scene.registrar.counts().bindings, 2);
    // The newest comes first: what is sent goes over it.
    let flows: Vec<_> = scene.reached().iter().map(|(_, flow)| *flow).collect();
    assert_eq!(flows, [tls(2), tls(1)]);
    scene.changes();
    scene.lost(tls(2));
    assert_eq!(scene.reached().iter().map(|(_, flow)| *flow).collect::<Vec<_>>(), [tls(1)]);
    assert!(scene.changes().is_empty(), "it is still reached");
    scene.lost(tls(1));
    assert_eq!(scene.changes(), ["soft Lost"]);
    assert!(scene.reached().is_empty());
    // The same reg-id takes the place of the earlier one.
    scene.register(&outbound(2, 2, tls(3))).unwrap();
    assert_eq!(scene.registrar.counts(), RegistrarCounts { bindings: 2, live: 1, aors: 1 });
    scene.register(&outbound(2, 3, tls(4))).unwrap();
    assert_eq!(scene.changes(), ["soft back", "soft moved"]);
    assert_eq!(scene.reached().iter().map(|(_, flow)| *flow).collect::<Vec<_>>(), [tls(4)]);
    let gone = outbound(2, 2, tls(4));
    assert_eq!(scene.register(&gone), Err(RegistrarRefusal::OutOfOrder));
}

#[test]
fn a_reg_id_counts_only_with_an_instance_and_outbound_and_once() {
    let mut scene = Scene::new();
    for strip in [
        |registration: &mut Registration| registration.supports_outbound = false,
        |registration: &mut Registration| {
            if let Asked::Contacts(contacts) = &mut registration.contacts {
                contacts[0].instance = None;
            }
        },
    ] {
        let mut plain = outbound(1, 1, tls(1));
        strip(&mut plain);
        let registered = scene.registrar.register(scene.now, &plain).unwrap();
        assert!(!registered.outbound_used);
        assert_eq!(reach(&scene.registrar, AOR)[0].reg_id, None);
        let all =
            Registration { contacts: Asked::RemoveAll, expires: Some(0), ..asking(9, vec![]) };
        scene.register(&all).unwrap();
    }
    let mut two = outbound(1, 1, tls(1));
    if let Asked::Contacts(contacts) = &mut two.contacts {
        let second = AskedContact { reg_id: Some(2), ..contacts[0].clone() };
        contacts.push(AskedContact { uri: "sip:6001@192.0.2.3".to_owned(), ..second });
    }
    assert_eq!(scene.register(&two), Err(RegistrarRefusal::SeveralFlows));
    assert_eq!(scene.registrar.counts().bindings, 0);
}

#[test]
fn an_instance_that_another_device_writes_does_not_take_its_place() {
    let mut scene = Scene::new();
    let other = |registration| Registration { device: Some("other".to_owned()), ..registration };
    scene.register(&outbound(1, 1, tls(1))).unwrap();
    scene.register(&other(outbound(1, 2, tls(2)))).unwrap();
    let flows: Vec<_> = scene.reached().iter().map(|(_, flow)| *flow).collect();
    assert_eq!(flows, [tls(2), tls(1)]);
    let plain = |registration| Registration { supports_outbound: false, ..registration };
    let mut scene = Scene::new();
    scene.register(&plain(outbound(1, 1, tls(1)))).unwrap();
    scene.register(&other(plain(outbound(2, 1, tls(2))))).unwrap();
    assert_eq!(scene.reached().len(), 2);
    assert_eq!(scene.changes(), ["soft new", "other new"]);
}

#[test]
fn the_first_hop_must_keep_flows_where_there_is_one() {
    let mut scene = Scene::new();
    let through = |path: &[&str]| Registration {
        has_many_vias: true,
        path: path.iter().map(|each| (*each).to_owned()).collect(),
        ..outbound(1, 1, tls(1))
    };
    for lacks in [&[][..], &["<sip:edge.example.com;lr>"], &["<sip:ob@edge.example.com;lr>;ob"]] {
        let refusal = scene.register(&through(lacks));
        assert_eq!(refusal, Err(RegistrarRefusal::FirstHopLacksOutbound), "{lacks:?}");
    }
    let mut leaves = through(&[]);
    leaves.expires = Some(0);
    assert_eq!(scene.register(&leaves), Ok(Vec::new()), "whoever leaves needs no flow");
    let keeps = ["<sip:core.example.com;lr>", "<sip:token@edge.example.com;lr;OB>"];
    scene.register(&through(&keeps)).unwrap();
    assert_eq!(reach(&scene.registrar, AOR)[0].path.len(), 2);
}

#[test]
fn a_path_is_kept_and_does_not_depend_on_the_flow() {
    let mut scene = Scene::new();
    let path = vec!["<sip:edge.example.com;lr>".to_owned()];
    let behind = Registration { path, ..asking(1, vec![contact("sip:a@192.0.2.1")]) };
    scene.register(&behind).unwrap();
    assert_eq!(scene.changes(), ["- new"]);
    assert!(!scene.registrar.is_used(&tls(1)) && scene.reached().len() == 1);
    scene.lost(tls(1));
    assert!(scene.changes().is_empty());
    assert_eq!(&*reach(&scene.registrar, AOR)[0].path[0], "<sip:edge.example.com;lr>");
    scene.pass(3600);
    assert_eq!(scene.changes(), ["- Expired"]);
}

#[test]
fn sip_accept_31_phones_are_unreachable_as_soon_as_their_flow_is_lost() {
    let mut scene = Scene::new();
    for phone in 0..3 {
        let device = Some(format!("phone-{phone}"));
        let aor = format!("sip:600{phone}@voice.example.com");
        let asked = vec![contact(&format!("sip:{phone}@192.0.2.1"))];
        let flow = tls(phone / 2);
        let registration = Registration { device, aor, flow, ..asking(1, asked) };
        scene.register(&registration).unwrap();
    }
    scene.changes();
    let deadline = scene.registrar.deadline();
    scene.lost(tls(0));
    assert_eq!(scene.changes(), ["phone-0 Lost", "phone-1 Lost"]);
    assert!(reach(&scene.registrar, "sip:6000@voice.example.com").is_empty());
    assert_eq!(reach(&scene.registrar, "sip:6002@voice.example.com").len(), 1);
    assert_eq!(scene.registrar.deadline(), deadline, "the binding waits for its expiry");
    scene.lost(tls(0));
    assert!(scene.changes().is_empty());
}

#[test]
fn sip_accept_32_a_phone_behind_nat_is_reached_where_it_came_from() {
    let mut scene = Scene::new();
    let (outside, later) = (udp("203.0.113.9:40001"), udp("203.0.113.9:40002"));
    let inside = "sip:6001@192.168.1.10:5060";
    let behind = |cseq, flow| Registration { flow, ..asking(cseq, vec![contact(inside)]) };
    scene.register(&behind(1, outside)).unwrap();
    assert_eq!(scene.reached(), [(inside, outside)]);
    scene.changes();
    // The mapping changed.
    scene.register(&behind(2, later)).unwrap();
    assert_eq!(scene.reached(), [(inside, later)]);
    let moved = BindingChange::Moved { aor: AOR.into(), device: None, from: outside, to: later };
    assert_eq!(scene.registrar.poll(), Some(moved));
    assert_eq!(scene.registrar.poll(), None);
}

#[test]
fn sip_accept_43_one_register_may_hold_contacts_of_both_families() {
    let mut scene = Scene::new();
    let of_both = |cseq| {
        let both = ["sip:a@192.0.2.1", "sip:a@[2001:db8::1]:5060"];
        let instance = Some("<urn:uuid:1>".to_owned());
        let asked = both.map(|uri| AskedContact { instance: instance.clone(), ..contact(uri) });
        Registration { device: Some("soft".to_owned()), ..asking(cseq, asked.to_vec()) }
    };
    for cseq in 1..4 {
        assert_eq!(scene.register(&of_both(cseq)).unwrap().len(), 2);
    }
    // Over another flow both take the places of both.
    let elsewhere = Registration { flow: tls(2), ..of_both(4) };
    assert_eq!(scene.register(&elsewhere).unwrap().len(), 2);
    let restarted = Registration { call_id: "call-2".to_owned(), ..of_both(1) };
    assert_eq!(scene.register(&restarted).unwrap().len(), 2);
    assert_eq!(scene.registrar.counts().bindings, 2);
}
