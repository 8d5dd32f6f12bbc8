//! What this node says of itself for the other nodes and whoever asks one of them.

use std::sync::{Arc, Weak};
use std::time::Duration;

use domain::settings::CtiSessions;
use engine::surface::Readiness;
use engine::{
    Engine, NodeSeen, SAID_CONSOLE, SAID_HEADSET, SAID_HOPS, SAID_PHONE, SAID_SEALING_KEYS, Said,
    StoreState, said_hops,
};

use super::{NodeError, Shared};
use crate::tls::certificates::SAID_CERTIFICATES;

/// From now on each sign of life says how the node is. It does not keep the node alive.
pub(super) fn describe(shared: &Arc<Shared>, serves_headsets: bool) {
    let headset = serves_headsets.then(|| shared.config.headset.base());
    let node: Weak<Shared> = Arc::downgrade(shared);
    shared.engine.describe(Arc::new(move || {
        let said = node.upgrade().map(|it| said(&it, headset.clone()));
        said.unwrap_or_default()
    }));
}

/// A pair of servers that allows one session leaves none for a second node.
pub(super) fn refuse_second_session(engine: &Engine) -> Result<(), NodeError> {
    let settings = engine.settings();
    let mut pairs = settings.cti_pairs.values();
    let Some(pair) = pairs.find(|pair| pair.sessions == CtiSessions::One) else { return Ok(()) };
    // One that begins at this moment has not said yet that it is there.
    let is_there = |it: &NodeSeen| it.live || it.age < Duration::from_secs(2);
    let other = engine.nodes().into_iter().find(|it| is_there(it) && it.node != *engine.node());
    match other {
        Some(other) => Err(NodeError::OneSession { pair: pair.name.clone(), node: other.node }),
        None => Ok(()),
    }
}

fn said(shared: &Shared, headset: Option<String>) -> Said {
    let certificates = shared.certificates.published().map(|it| (SAID_CERTIFICATES, it));
    let values = [
        (SAID_PHONE, shared.config.phone.base()),
        (SAID_CONSOLE, shared.config.console.base.clone()),
        ("version", crate::VERSION.to_owned()),
        ("started_at", shared.started_at.seconds().to_string()),
        ("state", state(shared).to_owned()),
        ("agents", agents(shared).to_string()),
        ("settings", shared.engine.settings().number.to_string()),
        (SAID_SEALING_KEYS, shared.sealing.ids().join(" ")),
    ];
    let headset = headset.map(|base| (SAID_HEADSET, base));
    let hops = shared.sip.as_ref().and_then(|sip| said_hops(sip.usable_hops()));
    let hops = hops.map(|hops| (SAID_HOPS, hops));
    let identity = shared.identity.as_ref().map(|it| (identity::SAID_IDENTITY, it.said()));
    let mailboxes = shared.mailboxes.as_ref().and_then(|mailboxes| mailboxes.said());
    let mailboxes = mailboxes.map(|said| (mail::SAID_MAILBOXES, said));
    let values = values.into_iter().chain(certificates).chain(headset).chain(hops).chain(identity);
    let values = values.chain(mailboxes);
    values.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The worst that is so, in one word.
fn state(shared: &Shared) -> &'static str {
    let surfaces = shared.health.surfaces();
    let is = |wanted: fn(&Readiness) -> bool| surfaces.iter().any(|(_, it)| wanted(it));
    if shared.health.is_draining() {
        "draining"
    } else if is(|it| matches!(it, Readiness::Failing(_))) {
        "failing"
    } else if shared.engine.store_state() != StoreState::Working
        || is(|it| matches!(it, Readiness::Degraded(_)))
    {
        "degraded"
    } else if shared.engine.in_maintenance() {
        "maintenance"
    } else {
        "ready"
    }
}

/// How many sessions this node answers for.
fn agents(shared: &Shared) -> usize {
    let sessions = shared.port.signed_in();
    sessions.iter().filter(|it| shared.port.answers_for(it)).count()
}
