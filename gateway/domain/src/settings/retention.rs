//! How long what we keep is kept (OPS-13).

use serde::{Deserialize, Serialize};

use super::Reader;

/// How long each kind of record is kept, in days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    /// Entries of the audit log: 30 to 3,650.
    pub audit_days: u32,
    /// Headsets that no phone reports any more: 30 to 3,650.
    pub headset_days: u32,
    /// Contacts that are over, with their mails and answers: 30 to 3,650.
    pub contact_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { audit_days: 400, headset_days: 400, contact_days: 400 }
    }
}

impl Retention {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let usual = Self::default();
        let audit_days = reader.count("audit_days", 30..=3_650, usual.audit_days);
        let headset_days = reader.count("headset_days", 30..=3_650, usual.headset_days);
        let contact_days = reader.count("contact_days", 30..=3_650, usual.contact_days);
        Some(Self { audit_days, headset_days, contact_days })
    }
}
