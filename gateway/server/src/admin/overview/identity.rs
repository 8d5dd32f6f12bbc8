//! Single sign-on as a part: this node's service, certificates that end, metadata that changed.

use console::{Part, PartCode, PartKind, PartState};
use domain::settings::Settings;
use domain::{IdentityState, Timestamp};
use serde_json::Value;

use super::own::CERTIFICATE_DAYS_MIN;
use crate::metadata_keeper::Found;
use crate::node::Shared;

const DAY_SECONDS: u64 = 86_400;
const KIND: PartKind = PartKind::Identity;

pub(super) fn parts(shared: &Shared, settings: &Settings) -> Vec<Part> {
    let Some(identity) = shared.identity.as_ref().filter(|_| !settings.identity.hosts.is_empty())
    else {
        return vec![Part::not_ok(KIND, PartState::Off, PartCode::IdentityOff)];
    };
    let (state, reasons) = identity.state();
    let mut parts = vec![service(state, reasons.first().map(|reason| reason.words()))];
    let (now, told) = (shared.engine.now(), identity.overview());
    let ends = |place: &str| told.pointer(place).and_then(Value::as_i64);
    parts.extend(ends("/keys/saml/0/not_after").map(|end| own_certificate(end, now)));
    if let Some(provider) = settings.identity_provider() {
        let listed = told.get("providers").and_then(Value::as_array).into_iter().flatten();
        let used = listed.filter(|it| it.get("name") == Some(&Value::from(provider.name.as_str())));
        let certificates = used.filter_map(|it| it.get("certificates")?.as_array()).flatten();
        let end = certificates.filter_map(|it| it.get("not_after")?.as_i64()).max();
        parts.extend(end.map(|end| provider_certificate(&provider.name, end, now)));
    }
    for provider in settings.identity_providers.values() {
        let found = shared.metadata.found(provider);
        parts.extend(found.map(|(found, at)| metadata(&provider.name, found, at)));
    }
    parts
}

fn service(state: IdentityState, why: Option<&'static str>) -> Part {
    match state {
        IdentityState::InService => Part::ok(KIND),
        IdentityState::PartialService => {
            Part::not_ok(KIND, PartState::Partial, PartCode::IdentityAmiss).because(why)
        }
        IdentityState::OutOfService => {
            Part::not_ok(KIND, PartState::Missing, PartCode::IdentityDown).because(why)
        }
        IdentityState::NotConfigured => {
            Part::not_ok(KIND, PartState::Off, PartCode::IdentityOff).because(why)
        }
    }
}

/// Days until then, where they are few; what has ended is told by the service's own state.
fn few_days(end: i64, now: Timestamp) -> Option<u64> {
    let days = Timestamp::from_seconds(end).since(now).as_secs() / DAY_SECONDS;
    (days < CERTIFICATE_DAYS_MIN).then_some(days)
}

fn own_certificate(end: i64, now: Timestamp) -> Part {
    let part = match few_days(end, now) {
        None => Part::ok(KIND),
        Some(days) => Part::not_ok(KIND, PartState::Partial, PartCode::IdentityCertificateExpires)
            .with("days", days),
    };
    part.named("certificate")
}

fn provider_certificate(name: &str, end: i64, now: Timestamp) -> Part {
    let part = match few_days(end, now) {
        None => Part::ok(KIND),
        Some(days) => Part::not_ok(KIND, PartState::Partial, PartCode::ProviderCertificateExpires)
            .with("provider", name)
            .with("days", days),
    };
    part.named(format!("{name}/certificate"))
}

fn metadata(name: &str, found: Found, at: Timestamp) -> Part {
    let amiss = |code| Part::not_ok(KIND, PartState::Partial, code).with("provider", name);
    let part = match found {
        Found::Same => Part::ok(KIND),
        Found::Offered => amiss(PartCode::ProviderMetadataChanged),
        Found::Failed(why) => amiss(PartCode::ProviderMetadataAway).because(Some(why)),
    };
    part.named(format!("{name}/metadata")).since(Some(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn ids_11_the_service_of_a_node_is_a_part_with_its_reason() {
        assert_eq!(service(IdentityState::InService, None).state(), PartState::Ok);
        let partial = service(IdentityState::PartialService, Some("the store does not work"));
        assert_eq!(partial.state(), PartState::Partial);
        assert!(partial.reason().is_some_and(|it| it.contains("the store does not work")));
        let down = service(IdentityState::OutOfService, Some("keys are missing"));
        assert_eq!((down.state(), down.code()), (PartState::Missing, Some(PartCode::IdentityDown)));
    }

    #[test]
    fn ids_11_certificates_of_both_sides_are_told_of_before_their_end() {
        let days = |days: i64| NOW.seconds() + days * 86_400;
        let code = |part: Part| part.code();
        assert_eq!(code(own_certificate(days(31), NOW)), None);
        let own = Some(PartCode::IdentityCertificateExpires);
        assert_eq!(code(own_certificate(days(29), NOW)), own);
        assert_eq!(code(own_certificate(days(-1), NOW)), own);
        assert_eq!(code(provider_certificate("main", days(31), NOW)), None);
        let part = provider_certificate("main", days(3), NOW);
        assert_eq!(part.name(), Some("main/certificate"));
        assert!(part.reason().is_some_and(|it| it.contains("main ends in 3 days")));
    }

    #[test]
    fn ids_01_metadata_that_changed_at_their_address_are_told_of() {
        assert_eq!(metadata("main", Found::Same, NOW).state(), PartState::Ok);
        let offered = metadata("main", Found::Offered, NOW);
        assert_eq!(offered.code(), Some(PartCode::ProviderMetadataChanged));
        let away = metadata("main", Found::Failed("no answer in time".to_owned()), NOW);
        assert!(away.reason().is_some_and(|it| it.contains("no answer in time")));
    }
}
