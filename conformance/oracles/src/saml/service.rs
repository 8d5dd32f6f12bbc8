//! A service provider made of samael, set as strictly as samael can be.

use std::path::Path;

use chrono::TimeDelta;
use samael::crypto::{AllowedSignatureAlgorithm, ReduceMode};
use samael::metadata::EntityDescriptor;
use samael::schema::Assertion;
use samael::service_provider::ServiceProvider;

use crate::saml::{Parties, read};

/// How old a message may be, and how far clocks may differ: what the gateway has when nobody sets it.
const AGE: TimeDelta = TimeDelta::minutes(5);
const SKEW: TimeDelta = TimeDelta::minutes(1);

/// Whom samael takes a message to prove, or why it refuses in its own words; an error is about the metadata.
pub(super) fn judge(
    message: &Path,
    parties: &Parties<'_>,
) -> Result<Result<String, String>, String> {
    let metadata = read(&parties.metadata)?;
    let idp_metadata: EntityDescriptor =
        metadata.parse().map_err(|error| format!("{}: {error}", parties.metadata.display()))?;
    let provider = ServiceProvider {
        entity_id: Some(parties.service.to_owned()),
        acs_url: Some(parties.consumer.to_owned()),
        idp_metadata,
        allowed_signature_algorithms: Some(vec![AllowedSignatureAlgorithm::RsaSha256]),
        max_issue_delay: AGE,
        max_clock_skew: SKEW,
        ..ServiceProvider::default()
    };
    // Without a key it would check no signature at all.
    if provider.idp_signing_certs().map_err(|error| error.to_string())?.is_none() {
        return Err(format!("{} has no key that signs", parties.metadata.display()));
    }
    let bytes = std::fs::read(message).map_err(|error| error.to_string())?;
    let Ok(text) = String::from_utf8(bytes) else { return Ok(Err("is not UTF-8".to_owned())) };
    let request = [parties.request_id];
    let judged =
        provider.parse_xml_response_with_mode(&text, Some(&request), ReduceMode::PreDigest);
    Ok(judged.map(|assertion| uids(&assertion)).map_err(|error| error.to_string()))
}

/// Every value of every attribute `uid`.
fn uids(assertion: &Assertion) -> String {
    let statements = assertion.attribute_statements.iter().flatten();
    let attributes = statements.flat_map(|statement| &statement.attributes);
    let uids = attributes.filter(|attribute| attribute.name.as_deref() == Some("uid"));
    let values = uids.flat_map(|uid| uid.values.iter().filter_map(|it| it.value.as_deref()));
    values.collect::<Vec<_>>().join(", ")
}
