//! Bindings that are looked at because events about them were missed.

use std::net::Ipv4Addr;

use domain::settings::Settings;
use engine::testing::{PlainAuthenticator, memory_port};
use engine::{Registered, SystemClock};
use protocols::sip::Flow;
use protocols::sip::registrar::{Asked, AskedContact, Registration};

use super::*;
use crate::{Limits, Sip};

const DEVICE: &str = "SEP001122334455";

fn flow(number: u64) -> Flow {
    Flow::Stream { number, peer: (Ipv4Addr::LOCALHOST, 50_000).into(), secure: false }
}

/// A REGISTER for one of the phone's lines, in that conversation.
fn register(line: &str, call_id: &str, cseq: u32, flow: Flow) -> Registration {
    let uri = format!("sip:{line}@127.0.0.1:50000;transport=tcp");
    Registration {
        aor: format!("sip:{line}@voice.example.com"),
        contacts: Asked::Contacts(vec![AskedContact { uri, ..AskedContact::default() }]),
        expires: None,
        call_id: call_id.to_owned(),
        cseq,
        path: Vec::new(),
        flow,
        hop: None,
        supports_outbound: false,
        has_many_vias: false,
        device: Some(DEVICE.to_owned()),
        fixed_expires: Some(120),
        user_agent: None,
        remotecc: (cseq == 1).then_some(true),
        combine_max: None,
    }
}

async fn offered() -> Offered {
    let settings = Settings::default();
    let port = memory_port(&settings, Arc::new(PlainAuthenticator), Arc::new(SystemClock)).await;
    let limits = Limits::default();
    let state = Sip::new(port.clone()).state(&settings, &limits).unwrap();
    Offered {
        element: Element::new(port, "gw-a.example".to_owned(), limits, state),
        requests: mpsc::channel(1).0,
        channels: HashMap::new(),
        behind: BTreeMap::new(),
        seen: None,
    }
}

#[tokio::test]
async fn hst_14_a_phone_that_began_anew_while_events_were_missed_counts_as_new() {
    let mut offered = offered().await;
    let mut registrations = offered.element.port.channels().registrations();
    let start = crate::time::now();
    let device: DeviceName = DEVICE.parse().unwrap();
    let mut step = |seconds: u64, does: &dyn Fn(&mut State, Instant)| {
        does(&mut locked(&offered.element.state), start + Duration::from_secs(seconds));
        offered.look();
        let told: Vec<_> = std::iter::from_fn(|| registrations.try_recv().ok()).collect();
        assert!(told.iter().all(|it: &Registered| it.device == device));
        told.into_iter().map(|it| it.is_fresh).collect::<Vec<_>>()
    };
    let registers = |line: &'static str, call_id: &'static str, cseq, flow| {
        move |state: &mut State, now| {
            state.registrar.register(now, &register(line, call_id, cseq, flow)).unwrap();
        }
    };
    assert_eq!(step(0, &registers("1001", "a", 1, flow(1))), [true]);
    // What began later may be the phone, or a line of it.
    assert_eq!(step(1, &registers("1002", "b", 1, flow(1))), [true]);
    assert!(step(2, &|_, _| {}).is_empty());
    // Both are refreshed, in whatever order.
    assert!(step(100, &registers("1002", "b", 2, flow(1))).is_empty());
    assert!(step(101, &registers("1001", "a", 2, flow(1))).is_empty());
    // It was away; whether it shows anything nobody knows. Its second line is back in the same conversation.
    assert!(step(102, &|state, now| state.registrar.lost(now, flow(1))).is_empty());
    assert_eq!(step(103, &registers("1001", "a", 3, flow(2))), [true]);
    assert!(step(104, &registers("1002", "b", 3, flow(2))).is_empty());
    // It restarted; nobody told us.
    assert_eq!(step(110, &registers("1001", "c", 1, flow(3))), [true]);
    assert!(step(111, &|_, _| {}).is_empty());
    assert_eq!(step(112, &registers("1002", "d", 1, flow(3))), [true]);
}
