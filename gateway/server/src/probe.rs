//! Tests of peers that an administrator asks for (OPS-15): what there is to test, and one test of it.

use std::sync::Arc;

use ::console::Failure;
use domain::settings::{Channel, HeadsetMode, Reader};
use domain::{DeviceName, PairName};
use engine::SystemClock;
use engine::probe::{Probe, StepOutcome};
use serde_json::{Value, json};
use sip::Sip;

use crate::node::Shared;

mod idp;
mod proxy;

/// From here on a certificate counts as good in a test.
const DAYS_LEFT_MIN: u64 = 30;

/// So many phones with SIP, or with headsets, are listed; any can be tested.
const DEVICES_MAX: usize = 100;

/// Which peer is to be tested.
pub(crate) enum Peer {
    /// A pair of contact-centre servers.
    Cti(PairName),
    /// A phone that is in use.
    Phone(DeviceName),
    /// A directory.
    Directory(String),
    /// A receiver of the log.
    Syslog(String),
    /// A receiver of alarms.
    Alarm(String),
    /// A proxy on the way out, `http` or `socks`.
    Proxy(String),
    /// The store.
    Store,
    /// Our own certificates.
    Certificate,
    /// A phone that speaks SIP.
    SipDevice(DeviceName),
    /// A next hop of SIP.
    SipNextHop(String),
    /// The headset of a phone.
    Headset(DeviceName),
    /// An identity provider.
    Idp(String),
    /// The mailbox of a CSQ, and the ways to read and to send.
    Mail(String),
}

/// The kind and the name of what is to be tested.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Peer> {
    let kinds = [
        ("cti", 0),
        ("phone", 1),
        ("directory", 2),
        ("syslog", 3),
        ("store", 4),
        ("certificate", 5),
        ("proxy", 6),
        ("sip_device", 7),
        ("sip_next_hop", 8),
        ("headset", 9),
        ("alarm", 10),
        ("idp", 11),
        ("mail", 12),
    ];
    if !reader.has("kind") {
        reader.problem("kind", "is missing");
    }
    match reader.choice("kind", &kinds)? {
        0 => reader.required("name").map(Peer::Cti),
        1 => reader.required("name").map(Peer::Phone),
        2 => reader.required("name").map(Peer::Directory),
        3 => reader.required("name").map(Peer::Syslog),
        4 => Some(Peer::Store),
        6 => reader.required("name").map(Peer::Proxy),
        7 => reader.required("name").map(Peer::SipDevice),
        8 => reader.required("name").map(Peer::SipNextHop),
        9 => reader.required("name").map(Peer::Headset),
        10 => reader.required("name").map(Peer::Alarm),
        11 => reader.required("name").map(Peer::Idp),
        12 => reader.required("name").map(Peer::Mail),
        _ => Some(Peer::Certificate),
    }
}

/// What can be tested here, by the settings in force.
pub(crate) fn list(shared: &Shared) -> Value {
    let settings = shared.engine.settings();
    let mut peers = vec![json!({"kind": "store"}), json!({"kind": "certificate"})];
    let named = |kind: &str, name: &str| json!({"kind": kind, "name": name});
    peers.extend(settings.cti_pairs.keys().map(|name| named("cti", name.as_str())));
    peers.extend(settings.directories.keys().map(|name| named("directory", name)));
    peers.extend(settings.identity_providers.keys().map(|name| named("idp", name)));
    let mailboxes = settings.csqs_of(Channel::Email).map(|csq| csq.name.as_str());
    peers.extend(mailboxes.map(|name| named("mail", name)));
    let receivers = shared.log.syslog().states().into_iter();
    peers.extend(receivers.map(|receiver| named("syslog", &receiver.name)));
    let receivers = settings.alarms.receivers.iter();
    peers.extend(receivers.map(|receiver| named("alarm", &receiver.name)));
    let proxies = [("http", &settings.proxies.http), ("socks", &settings.proxies.socks)];
    let proxies = proxies.into_iter().filter(|(_, proxy)| proxy.is_some());
    peers.extend(proxies.map(|(name, _)| named("proxy", name)));
    peers.extend(settings.sip.next_hops.iter().map(|hop| named("sip_next_hop", &hop.name)));
    let with_sip = settings.devices.values().filter(|device| device.sip.is_some());
    let with_sip = with_sip.take(if settings.sip.is_on() { DEVICES_MAX } else { 0 });
    peers.extend(with_sip.map(|device| named("sip_device", device.name.as_str())));
    if let Some(headset) = &shared.headset
        && settings.headset.mode != HeadsetMode::Disabled
    {
        let seen = headset.seen().into_iter().take(DEVICES_MAX);
        peers.extend(seen.map(|phone| named("headset", phone.device.as_str())));
    }
    // Only of phones in use it is known where they are.
    let mut phones: Vec<_> = shared
        .port
        .signed_in()
        .iter()
        .filter_map(|session| session.signed_in()?.screen.clone())
        .collect();
    phones.sort_unstable();
    phones.dedup();
    peers.extend(phones.iter().map(|name| named("phone", name.as_str())));
    json!({"peers": peers})
}

/// Tests one peer.
pub(crate) async fn run(shared: &Arc<Shared>, peer: Peer) -> Result<Probe, Failure> {
    match peer {
        Peer::Cti(name) => {
            let settings = shared.engine.settings();
            let unknown = || Failure::new("not_found", format!("there is no pair {name}"));
            let pair = settings.cti_pairs.get(&name).ok_or_else(unknown)?;
            Ok(cti::probe(&shared.port, pair).await)
        }
        Peer::Phone(device) => Ok((shared.probe_phone)(device).await),
        Peer::Directory(name) => {
            if !shared.engine.settings().directories.contains_key(&name) {
                let message = format!("there is no directory {name:?}");
                return Err(Failure::new("not_found", message));
            }
            Ok(shared.directories.probe(&name).await)
        }
        Peer::Alarm(name) => shared.alarms.probe(&name).await.ok_or_else(|| {
            let message = format!("there is no receiver {name:?} in alarms.receivers");
            Failure::new("not_found", message)
        }),
        Peer::Syslog(name) => {
            if !shared.log.syslog().states().iter().any(|receiver| receiver.name == name) {
                let message = format!("there is no receiver {name:?}");
                return Err(Failure::new("not_found", message));
            }
            let mut probe = Probe::new(format!("syslog {name}"));
            let unknown = || format!("no receiver is named {name:?}");
            let sending = async {
                let sent = shared.log.syslog().probe_named(&name, &SystemClock).await;
                sent.ok_or_else(unknown)?.map(|words| ((), words))
            };
            probe.step("a test message", sending).await;
            Ok(probe)
        }
        Peer::Proxy(name) => {
            let settings = shared.engine.settings();
            let found = match name.as_str() {
                "http" => settings.proxies.http.as_ref(),
                "socks" => settings.proxies.socks.as_ref(),
                _ => None,
            };
            let message =
                format!("there is no proxy {name:?}; it is http or socks, where it is set");
            let found = found.ok_or_else(|| Failure::new("not_found", message))?;
            Ok(proxy::proxy(&shared.port, found, name == "socks").await)
        }
        Peer::SipDevice(device) => Ok(sip(shared)?.probe_device(&device).await),
        Peer::SipNextHop(name) => {
            if shared.engine.settings().sip.next_hop(&name).is_none() {
                let message = format!("there is no next hop {name:?} in sip.next_hops");
                return Err(Failure::new("not_found", message));
            }
            Ok(sip(shared)?.probe_next_hop(&name).await)
        }
        Peer::Headset(device) => match &shared.headset {
            Some(headset) => Ok(headset.probe(&device).await),
            None => Err(Failure::new("unavailable", "this node has no headsets")),
        },
        Peer::Idp(name) => {
            let settings = shared.engine.settings();
            let unknown =
                || Failure::new("not_found", format!("there is no identity provider {name:?}"));
            let provider = settings.identity_providers.get(&name).ok_or_else(unknown)?;
            Ok(idp::idp(&shared.port, provider).await)
        }
        Peer::Mail(name) => {
            let mailboxes = shared.mailboxes.as_ref();
            let mailboxes = mailboxes
                .ok_or_else(|| Failure::new("unavailable", "this node reads no mailboxes"))?;
            mailboxes.probe(&name).await.ok_or_else(|| {
                let message = format!("there is no CSQ {name:?} for email in csqs");
                Failure::new("not_found", message)
            })
        }
        Peer::Store => Ok(store(shared).await),
        Peer::Certificate => Ok(certificate(shared)),
    }
}

fn sip(shared: &Shared) -> Result<&Sip, Failure> {
    let sip = shared.sip.as_deref();
    sip.ok_or_else(|| Failure::new("unavailable", "this node has no SIP"))
}

/// Writes something small, reads it and removes it.
async fn store(shared: &Shared) -> Probe {
    let mut probe = Probe::new("store");
    let port = &shared.port;
    let Some(random) = port.random::<16>() else {
        probe.note("random numbers", StepOutcome::Failed, "the machine gives none");
        return probe;
    };
    let id = format!("probe-{:032x}", u128::from_be_bytes(random));
    let writing = async {
        port.put_blob(&id, &random).await.map_err(|error| error.to_string())?;
        Ok(((), "written, for good".to_owned()))
    };
    if probe.step("write", writing).await.is_none() {
        return probe;
    }
    let reading = async {
        match port.blob(&id).await.map_err(|error| error.to_string())? {
            Some(found) if found == random => Ok(((), "read as it was written".to_owned())),
            Some(_) => Err("it is not what was written".to_owned()),
            None => Err("it is not there".to_owned()),
        }
    };
    probe.step("read", reading).await;
    let removing = async {
        port.delete_blob(&id).await.map_err(|error| error.to_string())?;
        Ok(((), "removed".to_owned()))
    };
    probe.step("remove", removing).await;
    probe
}

fn certificate(shared: &Shared) -> Probe {
    let mut probe = Probe::new("certificate");
    for (name, ends_at) in shared.certificates.ends() {
        let days = ends_at.since(shared.engine.now()).as_secs() / 86_400;
        let outcome = if days >= DAYS_LEFT_MIN { StepOutcome::Ok } else { StepOutcome::Failed };
        probe.note(format!("end of {name}"), outcome, format!("good for {days} days"));
    }
    match shared.certificates.pem() {
        Ok(pem) => {
            let count = pem.matches("-----BEGIN CERTIFICATE-----").count();
            let words = format!("{count} certificates are shown");
            probe.note("chain", StepOutcome::Ok, words);
        }
        Err(error) => probe.note("chain", StepOutcome::Failed, error),
    }
    probe
}
