//! Parts that are the node's own: itself, its store, its settings, its listeners, its certificates.

use console::{Failure, Part, PartCode, PartKind, PartState};
use domain::Timestamp;
use domain::settings::{HeadsetMode, Settings};
use engine::surface::Readiness;
use engine::{StoreGrowth, StoreState};

use crate::node::{DriftTold, Shared};

/// A backup older than that is told of.
const BACKUP_DAYS_MAX: u64 = 7;
/// A certificate that ends sooner is told of.
pub(super) const CERTIFICATE_DAYS_MIN: u64 = 30;
/// By so much the machine's clock may differ from the database's.
const CLOCK_SECONDS_MAX: i64 = 5;
const DAY_SECONDS: u64 = 86_400;
const MEBIBYTE: u64 = 1024 * 1024;

/// The node itself, and whether it takes sign-ins.
pub(super) fn node(shared: &Shared) -> Vec<Part> {
    let (kind, missing) = (PartKind::Node, PartState::Missing);
    let node = if shared.health.is_draining() {
        Part::not_ok(kind, missing, PartCode::NodeDrains)
    } else if shared.port.is_replaced() {
        Part::not_ok(kind, missing, PartCode::NodeReplaced)
    } else if shared.port.is_cut_off() {
        Part::not_ok(kind, PartState::Partial, PartCode::NodeCutOff)
    } else {
        Part::ok(kind).since(Some(shared.started_at))
    };
    let maintenance = match shared.engine.in_maintenance() {
        true => Part::not_ok(PartKind::Maintenance, PartState::Partial, PartCode::MaintenanceOn),
        false => Part::ok(PartKind::Maintenance),
    };
    vec![node.named(shared.config.name.to_string()), maintenance]
}

pub(super) fn store(state: StoreState) -> Part {
    match state {
        StoreState::Working => Part::ok(PartKind::Store),
        StoreState::Failing { since, why } => {
            Part::not_ok(PartKind::Store, PartState::Missing, PartCode::StoreFailing)
                .because(Some(why))
                .since(Some(since))
        }
    }
}

pub(super) fn disk(growth: StoreGrowth) -> Part {
    let kind = PartKind::Disk;
    match growth.sizes.free_bytes {
        None => Part::not_ok(kind, PartState::Off, PartCode::DiskElsewhere),
        Some(free) if growth.is_low => {
            Part::not_ok(kind, PartState::Partial, PartCode::DiskFillsUp)
                .with("free_mebibytes", free / MEBIBYTE)
                .with("store_mebibytes", growth.sizes.bytes / MEBIBYTE)
        }
        Some(_) => Part::ok(kind),
    }
}

pub(super) fn backups(newest: Result<Option<i64>, Failure>, now: Timestamp) -> Part {
    let kind = PartKind::Backups;
    match newest {
        Err(failure) => Part::not_ok(kind, PartState::Unknown, PartCode::BackupsUnreadable)
            .because(Some(failure.message)),
        Ok(None) => Part::not_ok(kind, PartState::Partial, PartCode::BackupsNone),
        Ok(Some(at)) => {
            let at = Timestamp::from_seconds(at);
            let days = now.since(at).as_secs() / DAY_SECONDS;
            let part = match days > BACKUP_DAYS_MAX {
                true => {
                    Part::not_ok(kind, PartState::Partial, PartCode::BackupsOld).with("days", days)
                }
                false => Part::ok(kind),
            };
            part.since(Some(at))
        }
    }
}

pub(super) fn settings_file(drift: &DriftTold) -> Part {
    let kind = PartKind::SettingsFile;
    match drift {
        DriftTold::NoFile => Part::not_ok(kind, PartState::Off, PartCode::SettingsWithoutFile),
        DriftTold::BeingCompared => {
            Part::not_ok(kind, PartState::Unknown, PartCode::SettingsBeingCompared)
        }
        DriftTold::Differs(0) => Part::ok(kind),
        DriftTold::Differs(changes) => {
            Part::not_ok(kind, PartState::Partial, PartCode::SettingsDrift)
                .with("changes", *changes)
        }
        DriftTold::Wrong(why) => {
            Part::not_ok(kind, PartState::Missing, PartCode::SettingsFileWrong)
                .because(Some(why.as_str()))
        }
    }
}

pub(super) fn secrets(shut: usize) -> Part {
    match shut {
        0 => Part::ok(PartKind::Secrets),
        count => Part::not_ok(PartKind::Secrets, PartState::Partial, PartCode::SecretsShut)
            .with("count", count),
    }
}

pub(super) fn clock(ahead_seconds: i64) -> Part {
    match ahead_seconds.abs() <= CLOCK_SECONDS_MAX {
        true => Part::ok(PartKind::Clock),
        false => Part::not_ok(PartKind::Clock, PartState::Partial, PartCode::ClockApart)
            .with("seconds", ahead_seconds.abs()),
    }
}

pub(super) fn surface(name: &str, readiness: &Readiness) -> Part {
    let kind = PartKind::Surface;
    let part = match readiness {
        Readiness::Ready => Part::ok(kind),
        Readiness::Degraded(why) => {
            Part::not_ok(kind, PartState::Partial, PartCode::SurfaceDegraded)
                .because(Some(why.as_str()))
        }
        Readiness::Failing(why) => Part::not_ok(kind, PartState::Missing, PartCode::SurfaceFailing)
            .because(Some(why.as_str())),
    };
    part.named(name)
}

/// Where peers reach the node. Most listeners are there as long as the node is, since it does not start
/// without them.
pub(super) fn listeners(shared: &Shared, settings: &Settings) -> Vec<Part> {
    let config = &shared.config;
    let sip = shared.sip.as_ref().map(|sip| sip.status());
    let sip_listens = sip.as_ref().is_some_and(|sip| !sip.listeners.is_empty());
    let headsets_listen = shared.headset.as_ref().is_some_and(|it| it.is_served());
    let wants_headsets = settings.headset.mode != HeadsetMode::Disabled;
    let identity_listens = shared.identity.as_ref().is_some_and(|it| it.is_served());
    let wants_identity = !settings.identity.hosts.is_empty();
    let listeners = [
        ("phone", !config.phone.addresses.is_empty(), true),
        ("console", !config.console.addresses.is_empty(), true),
        ("operations", !config.operations.addresses.is_empty(), false),
        ("headset", headsets_listen, wants_headsets),
        ("identity", identity_listens, wants_identity),
        ("sip", sip_listens, settings.sip.is_on()),
        ("provisioning", config.provisioning.folder.is_some(), false),
    ];
    listeners.map(|(name, listens, wanted)| listener(name, listens, wanted)).into()
}

fn listener(name: &str, listens: bool, wanted: bool) -> Part {
    let kind = PartKind::Listener;
    let part = match (listens, wanted) {
        (true, _) => Part::ok(kind),
        (false, false) => Part::not_ok(kind, PartState::Off, PartCode::ListenerOff),
        (false, true) => Part::not_ok(kind, PartState::Missing, PartCode::ListenerMissing),
    };
    part.named(name)
}

/// Each certificate, what signs it, and what the settings trust.
pub(super) fn certificates(shared: &Shared, settings: &Settings) -> Vec<Part> {
    let now = shared.engine.now();
    let ends = shared.certificates.ends().into_iter();
    let mut parts: Vec<_> = ends.map(|(name, end)| certificate(&name, end, now)).collect();
    if let Some(acme) = shared.certificates.acme_state() {
        let kind = PartKind::Certificate;
        let part = match acme.problem {
            None => Part::ok(kind),
            Some(why) => Part::not_ok(kind, PartState::Partial, PartCode::CertificateNotRenewed)
                .with("failures", acme.failures)
                .because(Some(why)),
        };
        parts.push(part.named("acme"));
    }
    let useless = crate::node::useless_trust(settings, now);
    if useless > 0 {
        let part = Part::not_ok(PartKind::Certificate, PartState::Partial, PartCode::TrustUseless)
            .with("count", useless);
        parts.push(part.named("trust"));
    }
    parts
}

fn certificate(name: &str, end: Timestamp, now: Timestamp) -> Part {
    let kind = PartKind::Certificate;
    let left = end.since(now).as_secs();
    let part = match left / DAY_SECONDS {
        _ if left == 0 => {
            Part::not_ok(kind, PartState::Missing, PartCode::CertificateExpired).since(Some(end))
        }
        days if days < CERTIFICATE_DAYS_MIN => {
            Part::not_ok(kind, PartState::Partial, PartCode::CertificateExpires).with("days", days)
        }
        _ => Part::ok(kind),
    };
    part.named(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn shows(part: &Part) -> (PartState, Option<PartCode>) {
        (part.state(), part.code())
    }

    fn days(days: i64) -> Timestamp {
        Timestamp::from_seconds(NOW.seconds() + days * 86_400)
    }

    #[test]
    fn ccp_01_a_certificate_is_told_of_before_and_after_its_end() {
        let code = |end| certificate("server", end, NOW).code();
        assert_eq!(code(days(31)), None);
        assert_eq!(code(days(29)), Some(PartCode::CertificateExpires));
        assert_eq!(code(NOW), Some(PartCode::CertificateExpired));
        assert_eq!(code(days(-3)), Some(PartCode::CertificateExpired));
        assert_eq!(certificate("server", days(-3), NOW).state(), PartState::Missing);
    }

    #[test]
    fn ccp_01_backups_are_missed_and_grow_old() {
        let failure = || Failure::new("unavailable", "permission denied");
        assert_eq!(backups(Ok(None), NOW).code(), Some(PartCode::BackupsNone));
        assert_eq!(backups(Ok(Some(days(-7).seconds())), NOW).code(), None);
        assert_eq!(backups(Ok(Some(days(-8).seconds())), NOW).code(), Some(PartCode::BackupsOld));
        let unknown = (PartState::Unknown, Some(PartCode::BackupsUnreadable));
        assert_eq!(shows(&backups(Err(failure()), NOW)), unknown);
    }

    #[test]
    fn ccp_01_a_settings_file_that_differs_or_is_wrong_is_told_of() {
        let shown = |drift| shows(&settings_file(&drift));
        assert_eq!(shown(DriftTold::Differs(0)), (PartState::Ok, None));
        let drift = (PartState::Partial, Some(PartCode::SettingsDrift));
        assert_eq!(shown(DriftTold::Differs(2)), drift);
        let wrong = (PartState::Missing, Some(PartCode::SettingsFileWrong));
        assert_eq!(shown(DriftTold::Wrong("line 3".to_owned())), wrong);
        assert_eq!(shown(DriftTold::NoFile).0, PartState::Off);
        assert_eq!(shown(DriftTold::BeingCompared).0, PartState::Unknown);
    }

    #[test]
    fn ccp_01_a_listener_is_off_by_choice_and_missing_where_it_is_needed() {
        let code = |listens, wanted| listener("sip", listens, wanted).code();
        assert_eq!((code(true, false), code(true, true)), (None, None));
        assert_eq!(code(false, false), Some(PartCode::ListenerOff));
        assert_eq!(code(false, true), Some(PartCode::ListenerMissing));
    }

    #[test]
    fn ccp_01_store_disk_clock_and_secrets_have_their_reasons() {
        let failing = StoreState::Failing { since: NOW, why: "disk I/O error".to_owned() };
        assert_eq!(shows(&store(failing)), (PartState::Missing, Some(PartCode::StoreFailing)));
        assert_eq!(shows(&store(StoreState::Working)), (PartState::Ok, None));
        let mut growth = StoreGrowth::default();
        assert_eq!(disk(growth).code(), Some(PartCode::DiskElsewhere));
        (growth.sizes.free_bytes, growth.is_low) = (Some(5 * MEBIBYTE), true);
        assert_eq!(disk(growth).code(), Some(PartCode::DiskFillsUp));
        assert_eq!([-5, 0, 5].map(|it| clock(it).code()), [None; 3]);
        assert_eq!(clock(-6).code(), Some(PartCode::ClockApart));
        assert_eq!((secrets(0).code(), secrets(1).code()), (None, Some(PartCode::SecretsShut)));
    }
}
