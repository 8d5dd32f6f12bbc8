//! Leases: one node at a time does a thing, and one that lost its lease can do no harm.

use domain::Timestamp;

/// Orders holders of a lease; a write under an older fence is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence {
    /// The store's epoch when the lease was taken.
    pub epoch: u64,
    /// Rises with every change of holder.
    pub number: u64,
}

/// A lease that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who holds it.
    pub holder: String,
    /// Goes with every write done under it.
    pub fence: Fence,
    /// When it ends unless renewed, by the store's clock.
    pub expires_at: Timestamp,
}
