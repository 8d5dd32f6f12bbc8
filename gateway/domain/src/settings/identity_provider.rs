//! Identity providers: who proves people to us by SAML, as their metadata describes them (IDS-01).

use serde::{Deserialize, Serialize};

use super::Reader;
use super::web_address::https_problem;

/// The most identity providers.
pub const IDENTITY_PROVIDERS_MAX: usize = 8;
/// The most bytes of a provider's metadata.
pub const METADATA_BYTES_MAX: usize = 262_144;

/// An identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityProvider {
    /// Its name, which no directory has.
    pub name: String,
    /// Its metadata as XML; nobody signs in by it without.
    pub metadata: Option<String>,
    /// Which entity of the metadata it is, where those describe several.
    pub entity_id: Option<String>,
    /// Where its metadata are fetched from, where they are.
    pub metadata_url: Option<String>,
    /// How often they are fetched: every 1 to 168 hours.
    pub metadata_refresh_hours: u32,
    /// Whether fetched changes are taken without an administrator's word.
    pub take_changes: bool,
}

impl IdentityProvider {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let name = reader.named("name", 64);
        let metadata = reader.text("metadata");
        if let Some(length) = metadata.as_ref().map(String::len)
            && length > METADATA_BYTES_MAX
        {
            let message = format_args!(
                "has {length} bytes, at most {METADATA_BYTES_MAX}; take metadata of this provider alone"
            );
            reader.problem("metadata", message);
        }
        let entity_id = reader.short_text("entity_id", 1_024);
        let metadata_url = reader.text("metadata_url");
        if let Some(why) = metadata_url.as_deref().and_then(https_problem) {
            reader.problem("metadata_url", why);
        }
        let metadata_refresh_hours = reader.count("metadata_refresh_hours", 1..=168, 24);
        let take_changes = reader.switch("take_changes").unwrap_or(false);
        if take_changes && metadata_url.is_none() {
            let message = "is on, and metadata_url names no place to fetch changes from; give one or \
                           switch it off";
            reader.problem("take_changes", message);
        }
        Some(Self {
            name: name?,
            metadata: metadata.filter(|text| !text.trim().is_empty()),
            entity_id,
            metadata_url,
            metadata_refresh_hours,
            take_changes,
        })
    }
}
