//! What registrations do, as RFC 3261, 3327 and 5626 and Cisco phones have it; limits; random lives.

mod cisco;
mod flows;
mod life;
mod limits;

use super::*;

const AOR: &str = "sip:6001@voice.example.com";

fn udp(peer: &str) -> Flow {
    Flow::Datagram { socket: 0, peer: peer.parse().unwrap() }
}

fn tls(number: u64) -> Flow {
    Flow::Stream { number, peer: "192.0.2.21:50211".parse().unwrap(), secure: true }
}

fn contact(uri: &str) -> AskedContact {
    AskedContact { uri: uri.to_owned(), ..AskedContact::default() }
}

fn expiring(uri: &str, seconds: u32) -> AskedContact {
    AskedContact { expires: Some(seconds), ..contact(uri) }
}

/// One without device, instance or anything else, over a flow of its own.
fn asking(cseq: u32, contacts: Vec<AskedContact>) -> Registration {
    Registration {
        aor: AOR.to_owned(),
        contacts: if contacts.is_empty() { Asked::Query } else { Asked::Contacts(contacts) },
        expires: None,
        call_id: "call-1".to_owned(),
        cseq,
        path: Vec::new(),
        flow: tls(1),
        hop: None,
        supports_outbound: false,
        has_many_vias: false,
        device: None,
        fixed_expires: None,
        user_agent: None,
        remotecc: None,
        combine_max: None,
    }
}

/// The bindings of an address that are live, newest first.
fn reach<'a>(registrar: &'a Registrar, aor: &str) -> Vec<&'a Binding> {
    let is_reached = |binding: &&Binding| &*binding.aor == aor && binding.is_live;
    let mut reached: Vec<_> = registrar.bindings().filter(is_reached).collect();
    reached.sort_by_key(|binding| std::cmp::Reverse(binding.order));
    reached
}

/// A registrar that grants what is asked for, and a moment.
struct Scene {
    registrar: Registrar,
    now: Instant,
}

impl Scene {
    fn new() -> Self {
        Self::with(RegistrarSettings { spread_percent: 0, ..RegistrarSettings::default() })
    }

    fn with(settings: RegistrarSettings) -> Self {
        Self { registrar: Registrar::new(settings), now: Instant::now() }
    }

    fn register(
        &mut self,
        registration: &Registration,
    ) -> Result<Vec<(String, u32)>, RegistrarRefusal> {
        let registered = self.registrar.register(self.now, registration)?;
        Ok(registered
            .contacts
            .into_iter()
            .map(|contact| (contact.uri.into(), contact.expires))
            .collect())
    }

    #[track_caller]
    fn expect(&mut self, registration: &Registration, contacts: &[(&str, u32)]) {
        let listed = self.register(registration).unwrap();
        let listed: Vec<_> = listed.iter().map(|(uri, seconds)| (uri.as_str(), *seconds)).collect();
        assert_eq!(listed, contacts);
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.registrar.elapse(self.now);
    }

    fn lost(&mut self, flow: Flow) {
        self.registrar.lost(self.now, flow);
    }

    /// Where the phones are reached, the newest first.
    fn reached(&self) -> Vec<(&str, Flow)> {
        let all = reach(&self.registrar, AOR);
        all.into_iter().map(|binding| (&*binding.uri, binding.flow)).collect()
    }

    /// The changes since the last time, in short.
    fn changes(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.registrar.poll()).map(|change| brief(&change)).collect()
    }
}

fn brief(change: &BindingChange) -> String {
    let name = |device: &Option<Arc<str>>| device.clone().unwrap_or_else(|| "-".into());
    match change {
        BindingChange::Reachable { device, is_fresh: true, .. } => format!("{} new", name(device)),
        BindingChange::Reachable { device, .. } => format!("{} back", name(device)),
        BindingChange::Moved { device, .. } => format!("{} moved", name(device)),
        BindingChange::Unreachable { device, why, .. } => format!("{} {why:?}", name(device)),
    }
}

#[test]
fn sip_accept_26_register_refresh_shorten_query_remove() {
    let mut scene = Scene::new();
    let (a, b) = ("sip:a@192.0.2.1", "sip:b@192.0.2.2");
    scene.expect(&asking(1, vec![]), &[]);
    scene.expect(&asking(2, vec![contact(a)]), &[(a, 3600)]);
    assert_eq!(scene.changes(), ["- new"]);
    scene.pass(100);
    scene.expect(&asking(3, vec![]), &[(a, 3500)]);
    scene.expect(&asking(4, vec![expiring(a, 3600)]), &[(a, 3600)]);
    let header = Registration { expires: Some(600), ..asking(5, vec![contact(b)]) };
    scene.expect(&header, &[(b, 600), (a, 3600)]);
    scene.expect(&asking(6, vec![expiring(a, 60)]), &[(a, 60), (b, 600)]);
    scene.expect(&asking(7, vec![expiring(b, 999_999)]), &[(b, 3600), (a, 60)]);
    assert_eq!(scene.changes(), ["- new"]);
    scene.expect(&asking(8, vec![expiring("sip:c@192.0.2.3", 0)]), &[(a, 60), (b, 3600)]);
    scene.expect(&asking(9, vec![expiring("SIP:b@192.0.2.2;x=y", 0)]), &[(a, 60)]);
    assert!(scene.changes().is_empty());
    assert_eq!(scene.registrar.deadline(), Some(scene.now + Duration::from_secs(60)));
    scene.pass(59);
    scene.expect(&asking(10, vec![]), &[(a, 1)]);
    scene.pass(1);
    scene.expect(&asking(11, vec![]), &[]);
    assert_eq!(scene.changes(), ["- Expired"]);
    assert_eq!(scene.registrar.deadline(), None);
}

#[test]
fn sip_accept_26_removal_of_all_needs_expires_zero() {
    let mut scene = Scene::new();
    let (a, b) = ("sip:a@192.0.2.1", "sip:b@192.0.2.2");
    scene.expect(&asking(1, vec![contact(a), contact(b)]), &[(a, 3600), (b, 3600)]);
    let all = |cseq, expires| Registration {
        contacts: Asked::RemoveAll,
        expires,
        ..asking(cseq, vec![])
    };
    assert_eq!(scene.register(&all(2, None)), Err(RegistrarRefusal::WildcardMisused));
    assert_eq!(scene.register(&all(2, Some(60))), Err(RegistrarRefusal::WildcardMisused));
    assert_eq!(scene.register(&all(1, Some(0))), Err(RegistrarRefusal::OutOfOrder));
    assert_eq!(scene.registrar.counts().bindings, 2);
    scene.expect(&all(2, Some(0)), &[]);
    assert_eq!(scene.changes(), ["- new", "- Removed"]);
    assert_eq!(scene.registrar.counts(), RegistrarCounts::default());
    scene.expect(&all(2, Some(0)), &[]);
    assert!(scene.changes().is_empty());
}

#[test]
fn sip_accept_26_too_brief_is_refused_and_all_contacts_or_none_are_taken() {
    let mut scene = Scene::new();
    let (a, b) = ("sip:a@192.0.2.1", "sip:b@192.0.2.2");
    let brief = Err(RegistrarRefusal::TooBrief { min: 60 });
    assert_eq!(scene.register(&asking(1, vec![expiring(a, 59)])), brief);
    scene.expect(&asking(2, vec![expiring(a, 60)]), &[(a, 60)]);
    scene.changes();
    assert_eq!(scene.register(&asking(3, vec![expiring(a, 0), expiring(b, 5)])), brief);
    assert_eq!(scene.register(&asking(3, vec![expiring(b, 600), expiring(a, 1)])), brief);
    scene.expect(&asking(4, vec![]), &[(a, 60)]);
    assert!(scene.changes().is_empty());
    scene.expect(&asking(5, vec![expiring(b, 600), expiring(a, 0)]), &[(b, 600)]);
    // Of two that mean the same the last one counts.
    let twice = vec![expiring(b, 0), expiring("sip:b@192.0.2.2;x=1", 700)];
    scene.expect(&asking(6, twice), &[("sip:b@192.0.2.2;x=1", 700)]);
}

#[test]
fn sip_accept_27_the_texts_of_a_contact_come_back_as_they_were_written() {
    let mut scene = Scene::new();
    let mut asked = contact("sip:%00a%2Fb;c@192.0.2.1;transport=tcp?X-A=b%0D%0Ac");
    asked.parameters = r#";+u.sip!devicename.ccm.cisco.com="SEP00";q=0.5;x="a;b""#.to_owned();
    let registered = scene.registrar.register(scene.now, &asking(1, vec![asked.clone()])).unwrap();
    let [granted] = &registered.contacts[..] else { panic!("not one contact") };
    assert_eq!((&*granted.uri, &*granted.parameters), (&*asked.uri, &*asked.parameters));
    assert!(granted.is_new && !registered.outbound_used);
    assert_eq!(&*reach(&scene.registrar, AOR)[0].uri, asked.uri);
}

#[test]
fn sip_accept_28_an_earlier_request_of_a_conversation_changes_nothing() {
    let mut scene = Scene::new();
    let a = "sip:a@192.0.2.1";
    scene.expect(&asking(7, vec![expiring(a, 600)]), &[(a, 600)]);
    scene.changes();
    scene.pass(10);
    let late = asking(6, vec![expiring(a, 0)]);
    assert_eq!(scene.register(&late), Err(RegistrarRefusal::OutOfOrder));
    let elsewhere = Registration { flow: tls(2), ..asking(7, vec![expiring(a, 600)]) };
    assert_eq!(scene.register(&elsewhere), Err(RegistrarRefusal::OutOfOrder));
    // The same request once more is no news, as if its answer had been kept.
    scene.expect(&asking(7, vec![expiring(a, 600)]), &[(a, 590)]);
    assert_eq!(scene.reached(), [(a, tls(1))]);
    assert!(scene.changes().is_empty());
    // A restarted phone counts anew, in another conversation.
    let anew = Registration { call_id: "call-2".to_owned(), ..asking(1, vec![expiring(a, 600)]) };
    scene.expect(&anew, &[(a, 600)]);
    assert_eq!(scene.changes(), ["- new"]);
}

#[test]
fn contacts_are_compared_as_uris() {
    for (one, other) in [
        ("sip:%61@192.0.2.1;transport=TCP", "sip:a@192.0.2.1;Transport=tcp"),
        ("sip:a@phone.example.com;x=1", "sip:a@PHONE.example.com;y=2"),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0::1]"),
    ] {
        let mut scene = Scene::new();
        scene.expect(&asking(1, vec![contact(one)]), &[(one, 3600)]);
        scene.expect(&asking(2, vec![contact(other)]), &[(other, 3600)]);
    }
    for (one, other) in [
        ("sip:a@192.0.2.1", "sip:A@192.0.2.1"),
        ("sip:a@192.0.2.1", "sip:a@192.0.2.1:5060"),
        ("sip:a@192.0.2.1", "sips:a@192.0.2.1"),
        ("sip:a@192.0.2.1;transport=udp", "sip:a@192.0.2.1;transport=tcp"),
        ("sip:a%00@192.0.2.1", "sip:a@192.0.2.1"),
        ("sip:a@[::1]:5060", "sip:a@[::1]:50600"),
        ("tel:1", "tel:01"),
    ] {
        let mut scene = Scene::new();
        scene.expect(&asking(1, vec![contact(one)]), &[(one, 3600)]);
        scene.expect(&asking(2, vec![contact(other)]), &[(other, 3600), (one, 3600)]);
    }
}

#[test]
fn phones_that_wrote_the_same_private_address_are_told_apart() {
    let mut scene = Scene::new();
    let at_home = |instance: &str, flow| Registration {
        flow,
        call_id: instance.to_owned(),
        ..asking(
            1,
            vec![AskedContact {
                instance: Some(instance.to_owned()),
                ..contact("sip:6001@192.168.1.10:5060")
            }],
        )
    };
    scene.register(&at_home("one", tls(1))).unwrap();
    scene.register(&at_home("two", tls(2))).unwrap();
    let flows: Vec<_> = scene.reached().iter().map(|(_, flow)| *flow).collect();
    assert_eq!(flows, [tls(2), tls(1)]);
}

#[test]
fn a_phone_that_is_not_there_is_removed_by_its_contact_and_a_device_by_its_name() {
    let mut scene = Scene::new();
    let a = "sip:a@192.0.2.1";
    scene.register(&asking(1, vec![contact(a)])).unwrap();
    scene.registrar.remove(AOR, None, "sip:A@192.0.2.1");
    assert_eq!(scene.changes(), ["- new"]);
    scene.registrar.remove(AOR, None, a);
    assert_eq!(scene.changes(), ["- Removed"]);
    let desk = Registration { device: Some("desk".to_owned()), ..asking(2, vec![contact(a)]) };
    scene.register(&desk).unwrap();
    assert_eq!(scene.registrar.reach_device("desk").len(), 1);
    scene.lost(tls(1));
    scene.registrar.remove_device("desk");
    assert_eq!(scene.changes(), ["desk new", "desk Lost"]);
    assert_eq!(scene.registrar.counts(), RegistrarCounts::default());
}
