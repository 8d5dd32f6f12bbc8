//! Which nodes serve a phone's headset, as discovery says; pure (HST-01, HST-06, HST-13).
//!
//! The device's pair names them, else the only pair there is, else the pair of the agent who is signed in
//! there. Where none names a node, the node that is asked comes first, and another one that is there second.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::settings::{CtiPair, HeadsetMode, Settings};
use domain::{DeviceName, NodeName, PairName};
use engine::{NodeSeen, SAID_HEADSET, SAID_HOPS};

/// A node without a sign of life for so long does not come back.
const GONE: Duration = Duration::from_secs(86_400);

/// The nodes, as far as headsets find them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nodes {
    /// This node's address: scheme, host and port.
    pub(crate) own: String,
    name: NodeName,
    others: BTreeMap<NodeName, Other>,
    /// The live nodes and the next hops that each can use: by these it follows who tells phones behind them.
    hops: BTreeMap<NodeName, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Other {
    base: String,
    live: bool,
    /// Whether it did not say that it leaves.
    is_there_or_back: bool,
}

/// Who serves a headset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Services {
    pub(crate) mode: HeadsetMode,
    pub(crate) primary: String,
    pub(crate) secondary: Option<String>,
}

/// What phones must hear of when it changes: who comes second by chance is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basis {
    mode: HeadsetMode,
    primary: Option<String>,
    secondary: Option<String>,
    has_other: bool,
    /// Whether headsets are set up by templates.
    has_templates: bool,
    /// Another one makes tokens void.
    generation: u16,
}

impl Nodes {
    pub(crate) fn of(seen: &[NodeSeen], name: &NodeName, own: &str) -> Self {
        let others = seen.iter().filter(|it| it.node != *name && it.age < GONE);
        let others = others.filter_map(|it| {
            let base = it.said.get(SAID_HEADSET)?.clone();
            let is_there_or_back = it.live || !it.left;
            Some((it.node.clone(), Other { base, live: it.live, is_there_or_back }))
        });
        let live = seen.iter().filter(|it| it.live);
        let hops = live.map(|it| {
            let hops = it.said.get(SAID_HOPS).cloned().unwrap_or_default();
            (it.node.clone(), hops)
        });
        let (others, hops) = (others.collect(), hops.collect());
        Self { own: own.to_owned(), name: name.clone(), others, hops }
    }

    /// Where a node's service is: what it says, else at its name and at our port.
    fn base(&self, node: &NodeName) -> String {
        if *node == self.name {
            return self.own.clone();
        }
        match self.others.get(node) {
            Some(other) => other.base.clone(),
            None => {
                let port = self.own.rsplit(':').next().filter(|it| it.parse::<u16>().is_ok());
                format!("https://{node}:{}", port.unwrap_or("9444"))
            }
        }
    }

    /// Whether another node is there that was not before.
    pub(crate) fn has_back(&self, before: &Self) -> bool {
        let is_live =
            |nodes: &Self, name: &NodeName| nodes.others.get(name).is_some_and(|other| other.live);
        self.others.keys().any(|name| is_live(self, name) && !is_live(before, name))
    }

    /// Whether the deployment has other nodes that serve headsets.
    pub(crate) fn has_others(&self) -> bool {
        !self.others.is_empty()
    }

    /// Whether another node is neither there nor gone for good.
    pub(crate) fn is_any_away(&self) -> bool {
        self.others.values().any(|other| !other.live)
    }

    /// Another node that is there, for that phone, so that phones spread over several.
    fn other_for(&self, device: &DeviceName) -> Option<&Other> {
        let live: Vec<_> = self.others.values().filter(|it| it.live).collect();
        let sum: usize = device.as_str().bytes().map(usize::from).sum();
        live.get(sum.checked_rem(live.len())?).copied()
    }
}

/// Who serves the headset of that device, whose agent belongs to that pair where one is signed in.
pub(crate) fn services(
    settings: &Settings,
    nodes: &Nodes,
    device: &DeviceName,
    agents_pair: Option<&PairName>,
) -> Services {
    let pair = pair_of(settings, device).or_else(|| pair_named(settings, agents_pair?));
    let named = |node: Option<&NodeName>| node.map(|node| nodes.base(node));
    let primary = named(pair.and_then(|it| it.primary_node.as_ref()));
    let secondary = named(pair.and_then(|it| it.secondary_node.as_ref()));
    let (primary, secondary) = match (primary, secondary) {
        (Some(primary), secondary) => (primary, secondary),
        (None, Some(secondary)) if secondary != nodes.own => (nodes.own.clone(), Some(secondary)),
        (None, _) => (nodes.own.clone(), nodes.other_for(device).map(|other| other.base.clone())),
    };
    let secondary = secondary.filter(|it| *it != primary);
    Services { mode: settings.headset.mode, primary, secondary }
}

/// What of this a phone must hear of when it changes.
pub(crate) fn basis(settings: &Settings, nodes: &Nodes, device: &DeviceName) -> Basis {
    let pair = pair_of(settings, device);
    let named = |node: Option<&NodeName>| node.map(|node| nodes.base(node));
    Basis {
        mode: settings.headset.mode,
        primary: named(pair.and_then(|it| it.primary_node.as_ref())),
        secondary: named(pair.and_then(|it| it.secondary_node.as_ref())),
        has_other: nodes.others.values().any(|other| other.is_there_or_back),
        generation: settings.headset.token_generation,
        has_templates: !settings.headset.templates.is_empty(),
    }
}

fn pair_of<'a>(settings: &'a Settings, device: &DeviceName) -> Option<&'a CtiPair> {
    let own = settings.devices.get(device).and_then(|device| device.pair.as_ref());
    match own {
        Some(own) => pair_named(settings, own),
        None if settings.cti_pairs.len() == 1 => settings.cti_pairs.values().next().map(|it| &**it),
        None => None,
    }
}

fn pair_named<'a>(settings: &'a Settings, name: &PairName) -> Option<&'a CtiPair> {
    settings.cti_pairs.get(name).map(|it| &**it)
}
