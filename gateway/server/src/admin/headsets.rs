//! The inventory of headsets on the admin socket.

use std::collections::BTreeSet;

use console::Failure;
use domain::settings::Reader;
use domain::{HEADSET_TEXT_CHARACTERS_MAX, HeadsetSerial, KnownHeadset, Timestamp};
use serde_json::{Value, json};

use crate::node::Shared;

/// The most headsets in one answer.
const PAGE_MAX: u64 = 1_000;
/// Those in an answer where nothing is said.
const PAGE_USUAL: u64 = 100;
/// How many are loaded at once while those that are asked for are looked for.
const LOADED: u32 = 500;

/// Which headsets are wanted.
pub(super) struct WantedHeadsets {
    limit: usize,
    after: Option<HeadsetSerial>,
    serial: Option<String>,
    device: Option<String>,
    owner: Option<String>,
    model: Option<String>,
}

impl WantedHeadsets {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let limit = reader.number("limit", 1..=PAGE_MAX).unwrap_or(PAGE_USUAL);
        let after = reader.parsed("after");
        let mut holding = |name: &str| {
            let text = reader.short_text(name, HEADSET_TEXT_CHARACTERS_MAX);
            text.map(|text| text.to_lowercase())
        };
        Some(Self {
            limit: usize::try_from(limit).ok()?,
            after,
            serial: holding("serial"),
            device: holding("device"),
            owner: holding("owner"),
            model: holding("model"),
        })
    }

    fn wants(&self, headset: &KnownHeadset) -> bool {
        let holds = |wanted: &Option<String>, text: Option<&str>| match wanted {
            Some(wanted) => text.is_some_and(|text| text.to_lowercase().contains(wanted)),
            None => true,
        };
        holds(&self.serial, Some(headset.serial.as_str()))
            && holds(&self.device, Some(headset.device.as_str()))
            && holds(&self.owner, headset.owner())
            && holds(&self.model, headset.facts.model.as_deref())
    }
}

/// A page of the inventory, by serial number.
pub(super) async fn list(shared: &Shared, wanted: WantedHeadsets) -> Result<Value, Failure> {
    let mut found: Vec<KnownHeadset> = Vec::new();
    let mut after = wanted.after.clone();
    // One more than are wanted tells whether there is another page.
    while found.len() <= wanted.limit {
        let loaded = shared.engine.headsets(after.as_ref(), LOADED).await?;
        let Some(last) = loaded.last() else { break };
        after = Some(last.serial.clone());
        found.extend(loaded.into_iter().filter(|headset| wanted.wants(headset)));
    }
    let more = found.len() > wanted.limit;
    found.truncate(wanted.limit);
    let next = found.last().filter(|_| more).map(|last| last.serial.as_str());
    let owners = found.iter().filter_map(KnownHeadset::owner).map(str::to_owned);
    let owners = shared.engine.owners_of_too_many(owners.collect()).await?;
    let now = shared.engine.now();
    let told: Vec<_> = found.iter().map(|headset| told(headset, &owners, now)).collect();
    Ok(json!({"headsets": told, "next": next}))
}

fn told(headset: &KnownHeadset, owners: &BTreeSet<String>, now: Timestamp) -> Value {
    let facts = &headset.facts;
    json!({
        "serial": headset.serial,
        "model": facts.model,
        "vendor": facts.vendor,
        "type": facts.connection.name(),
        "firmware": facts.firmware,
        "user": facts.user,
        "template": facts.template,
        "status": headset.presence.name(),
        "since_at": headset.since,
        "dock_model": facts.dock_model,
        "device": headset.device,
        "device_model": facts.device_model,
        "software_version": facts.software_version,
        "owner": facts.owner,
        "device_owner": facts.device_owner,
        "first_seen_at": headset.first_seen,
        "last_seen_at": headset.last_seen,
        "age_days": headset.age_days(now),
        "active": headset.is_active(now),
        "owner_has_too_many": headset.owner().is_some_and(|owner| owners.contains(owner)),
    })
}
