//! Metadata of identity providers, judged before they are taken (IDS-01).
//!
//! What is in force was judged when it was taken and is left alone: a file that expired since must not
//! keep administrators from changing something else.

use domain::Problems;
use domain::settings::{METADATA_BYTES_MAX, Settings};
use protocols::saml::read_metadata;
use serde_json::Value;

/// Metadata that settings give, under their key.
#[derive(Debug)]
pub(super) struct WrittenMetadata {
    key: String,
    text: String,
    entity_id: Option<String>,
}

impl WrittenMetadata {
    /// All that a settings file gives.
    pub(super) fn all_in(value: &Value) -> Vec<Self> {
        let providers = value.get("identity_providers").and_then(Value::as_array);
        let providers = providers.into_iter().flatten().enumerate();
        let text = |provider: &Value, name: &str| {
            provider.get(name).and_then(Value::as_str).map(str::to_owned)
        };
        let written = providers.filter_map(|(position, provider)| {
            Some(Self {
                key: format!("identity_providers[{position}].metadata"),
                text: text(provider, "metadata")?,
                entity_id: text(provider, "entity_id"),
            })
        });
        written.collect()
    }

    /// Notes what is wrong with them at `now`, in seconds since 1970.
    pub(super) fn judge(&self, in_force: &Settings, now: i64, problems: &mut Problems) {
        let mut known = in_force.identity_providers.values();
        let is_known = known
            .any(|it| it.metadata.as_ref() == Some(&self.text) && it.entity_id == self.entity_id);
        // None at all, and too many, are the reader's to tell.
        let is_read = !self.text.trim().is_empty() && self.text.len() <= METADATA_BYTES_MAX;
        if !is_known && is_read {
            let read = read_metadata(self.text.as_bytes(), self.entity_id.as_deref(), now);
            problems.keep(self.key.clone(), read);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use domain::settings::IdentityProvider;
    use serde_json::json;

    use super::*;

    const GOOD: &str = include_str!("../../../protocols/corpus/saml_metadata/curve.xml");
    const EXPIRED: &str = include_str!("../../../protocols/corpus/saml_metadata/expired.xml");
    /// In the year 2026.
    const NOW: i64 = 1_795_824_000;

    fn judged(provider: Value, in_force: &Settings) -> Vec<(String, String)> {
        let mut problems = Problems::default();
        let file = json!({"identity_providers": [{"name": "other"}, provider]});
        for written in WrittenMetadata::all_in(&file) {
            written.judge(in_force, NOW, &mut problems);
        }
        problems.as_slice().iter().map(|it| (it.key.clone(), it.message.clone())).collect()
    }

    #[test]
    fn ids_01_metadata_are_validated_before_they_are_taken() {
        let nothing = Settings::default();
        assert_eq!(judged(json!({"metadata": GOOD}), &nothing), []);
        for (bad, words) in [
            ("<!DOCTYPE html><html>", "is a web page"),
            ("<EntityDescriptor", ""),
            (EXPIRED, "validUntil"),
        ] {
            let told = judged(json!({"metadata": bad}), &nothing);
            let [(key, message)] = told.as_slice() else { panic!("{told:?}") };
            assert_eq!(key, "identity_providers[1].metadata");
            assert!(message.contains(words), "{message}");
        }
        let other = json!({"metadata": GOOD, "entity_id": "https://other.example"});
        assert_eq!(judged(other, &nothing).len(), 1);
    }

    #[test]
    fn ids_01_metadata_that_expired_in_force_hinder_no_other_change() {
        let provider = IdentityProvider {
            name: "adfs".to_owned(),
            metadata: Some(EXPIRED.to_owned()),
            entity_id: None,
            metadata_url: None,
            metadata_refresh_hours: 24,
            take_changes: false,
        };
        let providers = BTreeMap::from([(provider.name.clone(), Arc::new(provider))]);
        let in_force = Settings { identity_providers: Arc::new(providers), ..Settings::default() };
        assert_eq!(judged(json!({"metadata": EXPIRED}), &in_force), []);
        let other = json!({"metadata": EXPIRED, "entity_id": "a"});
        assert_eq!(judged(other, &in_force).len(), 1);
    }
}
