//! Signs of life: each process that serves writes one now and then, and reads those of the others.
//!
//! How old a sign is the store says, by its own clock where it has one: clocks of two nodes are never
//! compared. When a node counts as gone is the engine's affair.

use std::time::Duration;

use domain::Timestamp;

/// For how long the last sign of a node that is gone is kept, in seconds.
pub const NODE_SECONDS: u64 = 7 * 24 * 3600;

/// A sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The node's name.
    pub node: String,
    /// A number of this process alone: the same node started again has another one.
    pub run: u64,
    /// Whether it is the first one of this process. It takes the place of an earlier process of the same
    /// node, whose leases end with it. It comes before anything was read, so it makes the node no younger, and
    /// one that was not there counts as left: nothing may fall to it yet. After it, what
    /// [`crate::Store::leave`] noted stays, whatever is still on its way.
    pub first: bool,
    /// What the node says of itself, for whoever looks after it; JSON.
    pub status: String,
}

/// The last sign of one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRow {
    /// The node's name.
    pub node: String,
    /// Which of its processes wrote it.
    pub run: u64,
    /// What it said of itself; JSON.
    pub status: String,
    /// How old the sign is.
    pub age: Duration,
    /// Whether the node said that it leaves.
    pub left: bool,
}

/// The signs of all nodes, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beats {
    /// The store's own time, where it has a clock for all nodes.
    pub now: Option<Timestamp>,
    /// One for each node.
    pub nodes: Vec<NodeRow>,
}

/// Under which name that process of that node holds leases.
pub fn holder(node: &str, run: u64) -> String {
    format!("{node}/{run:016x}")
}
