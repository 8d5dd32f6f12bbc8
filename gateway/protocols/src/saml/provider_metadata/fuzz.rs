//! What must hold for any bytes at all.

use super::{ProviderMetadata, TrustedKey, read_metadata, service_url};

/// Reads `data` as metadata. What is taken holds what was promised and is found again under its entity
/// id; what is refused says why in a line of its own. Panics where that does not hold, which is what a
/// fuzzer looks for.
#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
pub fn fuzz_metadata(data: &[u8]) {
    const NOW: i64 = 1_800_000_000;
    match read_metadata(data, None, NOW) {
        Ok(read) => {
            check(&read, NOW);
            let again = read_metadata(data, Some(&read.entity_id), NOW);
            let again = again.unwrap_or_else(|refused| panic!("not found again: {refused}"));
            assert_eq!(again, read, "read twice, and not the same");
        }
        Err(refused) => {
            let told = refused.to_string();
            assert!(!told.contains(char::is_control), "a refusal of several lines: {told:?}");
            assert!(told.len() < 20_000, "a refusal that nobody reads");
        }
    }
}

fn check(read: &ProviderMetadata, now: i64) {
    assert!(!read.entity_id.is_empty() && read.entity_id.chars().count() <= 1_024);
    assert_eq!(service_url::check(&read.sso_post_url), Ok(()));
    assert!(!read.keys.is_empty() && read.keys.len() <= read.certificates.len());
    assert!(read.keys.iter().all(|key| match key {
        TrustedKey::Rsa { pkcs1_der, bits } =>
            (2_048..=8_192).contains(bits) && !pkcs1_der.is_empty(),
        TrustedKey::EcdsaP256 { point } => point.len() == 65,
    }));
    assert!(read.certificates.iter().all(|one| one.sha256_hex.len() == 64));
    assert!(read.valid_until.is_none_or(|until| until >= now));
    assert!(read.warnings.iter().all(|warning| !warning.contains(char::is_control)));
}
