//! What the phone service needs of the settings, ready for use.

use std::sync::Arc;

use domain::settings::{Push, Settings, Trust, TrustPurpose};
use domain::{DeviceName, Sealed, Secret};
use engine::Port;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::PushReason;

/// The purpose of the key that signs links.
pub(crate) const LINK_KEY_PURPOSE: &str = "phone_links";

/// How phones are pushed to.
pub(crate) struct PushAccount {
    pub(crate) user: String,
    pub(crate) password: Secret,
    pub(crate) port: u16,
}

/// What the outcome of pushes depends on; when it changes, all of them are tried anew.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PushBasis {
    push: Option<Push>,
    /// Opened, since one that is sealed anew is the same.
    password: Option<Secret>,
    trust: Vec<Arc<Trust>>,
    fingerprints: Vec<(DeviceName, String)>,
}

/// The account in the settings, opened.
pub(crate) fn push_account(port: &Port, settings: &Settings) -> Result<PushAccount, PushReason> {
    let push = settings.phone_service.push.as_ref().ok_or(PushReason::NotConfigured)?;
    match port.unseal(domain::settings::PUSH_PASSWORD_PURPOSE, &push.password) {
        Ok(password) => Ok(PushAccount { user: push.user.clone(), password, port: push.port }),
        Err(error) => {
            tracing::error!(%error, "the push password in the settings cannot be opened");
            Err(PushReason::NotConfigured)
        }
    }
}

/// What pushes depend on now.
pub(crate) fn push_basis(port: &Port, settings: &Settings) -> PushBasis {
    let mut push = settings.phone_service.push.clone();
    let mut password = None;
    if let Some(push) = &mut push
        && let Ok(opened) = port.unseal(domain::settings::PUSH_PASSWORD_PURPOSE, &push.password)
    {
        password = Some(opened);
        push.password = Sealed::from_text("");
    }
    let with_fingerprint = settings
        .devices
        .values()
        .filter_map(|device| Some((device.name.clone(), device.certificate_sha256.clone()?)));
    PushBasis {
        push,
        password,
        trust: settings.trust.values().cloned().collect(),
        fingerprints: with_fingerprint.collect(),
    }
}

/// The certificates that are trusted for phones. One that cannot be read is left out.
pub(crate) fn phone_authorities(settings: &Settings) -> Vec<CertificateDer<'static>> {
    let entries = settings.trust.values();
    let for_phones = entries.filter(|entry| entry.purposes.contains(&TrustPurpose::Phones));
    let certificates = for_phones.flat_map(|entry| {
        CertificateDer::pem_slice_iter(entry.certificates.as_bytes())
            .map(|certificate| certificate.ok().map(CertificateDer::into_owned))
    });
    certificates.flatten().collect()
}

/// SHA-256 of the certificate that a phone must show, where the settings give one.
pub(crate) fn fingerprint(settings: &Settings, device: &DeviceName) -> Option<[u8; 32]> {
    let text = settings.devices.get(device)?.certificate_sha256.as_ref()?;
    let mut bytes = [0; 32];
    let pairs = text.as_bytes().chunks_exact(2);
    if text.len() != bytes.len() * 2 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}
