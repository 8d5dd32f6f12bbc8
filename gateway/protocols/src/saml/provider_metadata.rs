//! What an identity provider tells of itself: its metadata file (SAML metadata 2.0), read before it is kept.
//!
//! The file is trusted because an administrator uploads it: a signature on it is not looked at, and
//! whatever it says beside the one role of an identity provider is passed over. What is read has to
//! conform to the schema, and every refusal names the element and what to do.

use super::refused::shown;
use super::tree::{Element, Limits, Tree};
use super::{PROTOCOL, SamlRefused, TrustedKey, instant};

mod certificate;
mod entities;
mod fuzz;
mod keys;
mod refused;
mod service_url;
mod structure;
#[cfg(test)]
mod tests;

pub use fuzz::fuzz_metadata;
pub use refused::{MetadataReason, MetadataRefused};

/// Namespace of metadata.
const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// What is known of an identity provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderMetadata {
    /// Who it is; the issuer of its messages, byte for byte.
    pub entity_id: String,
    /// Where requests are posted.
    pub sso_post_url: String,
    /// Keys that its signatures are checked with; at least one, each once.
    pub keys: Vec<TrustedKey>,
    /// The certificates these keys came in, each once.
    pub certificates: Vec<ProviderCertificate>,
    /// Until when the file is good, in seconds since 1970.
    pub valid_until: Option<i64>,
    /// What an administrator should know and may leave so, a sentence each.
    pub warnings: Vec<String>,
}

/// A certificate that an administrator compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderCertificate {
    /// All of it.
    pub der: Vec<u8>,
    /// SHA-256 of all of it, in hexadecimal.
    pub sha256_hex: String,
    /// Its last moment, in seconds since 1970.
    pub not_after: i64,
    /// Whose it is.
    pub subject: String,
}

/// Reads a provider's file. `entity_id` names the provider where the file has several; `now` is in
/// seconds since 1970.
pub fn read_metadata(
    bytes: &[u8],
    entity_id: Option<&str>,
    now: i64,
) -> Result<ProviderMetadata, MetadataRefused> {
    let tree = Tree::parse_within(bytes, Limits::METADATA);
    let tree = tree.map_err(|refused| unreadable(bytes, &refused))?;
    let root = tree.root().map_err(|refused| unreadable(bytes, &refused))?;
    let provider = entities::chosen(root, entity_id)?;
    structure::check_identifiers(root)?;
    if let Some(until) = provider.valid_until
        && until < now
    {
        let problem = format!("validUntil passed {} hours ago", (now - until) / 3_600);
        return Err(MetadataRefused::new(
            MetadataReason::Expired,
            provider.element.name(),
            problem,
        ));
    }
    let role = provider.role;
    let mut warnings = Vec::new();
    let sso_post_url = sign_on_url(role, &mut warnings)?;
    let (keys, certificates) = keys::signing(role, now, &mut warnings)?;
    let mut formats = named(role, "NameIDFormat").peekable();
    if formats.peek().is_some() && !formats.any(|format| text_of(format) == TRANSIENT) {
        warnings.push(format!(
            "NameIDFormat: {TRANSIENT} is not among them; let the identity provider send name ids \
             of that format to this service"
        ));
    }
    Ok(ProviderMetadata {
        entity_id: provider.entity_id.to_owned(),
        sso_post_url,
        keys,
        certificates,
        valid_until: provider.valid_until,
        warnings,
    })
}

/// Says what somebody uploaded instead, where that can be told.
fn unreadable(bytes: &[u8], refused: &SamlRefused) -> MetadataRefused {
    let begin = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let begin: Vec<u8> = begin.iter().take(14).map(u8::to_ascii_lowercase).collect();
    if begin.is_empty() {
        return MetadataRefused::new(MetadataReason::NotMetadata, "file", "is empty");
    }
    if begin == b"<!doctype html" || begin.starts_with(b"<html") {
        return MetadataRefused::new(MetadataReason::NotMetadata, "file", "is a web page");
    }
    MetadataRefused::new(MetadataReason::Unreadable, "file", refused.to_string())
}

/// The first address to which requests can be posted.
fn sign_on_url(role: Element<'_>, warnings: &mut Vec<String>) -> Result<String, MetadataRefused> {
    let mut first_problem = None;
    let name_of = |index: usize| format!("SingleSignOnService {}", index + 1);
    for (index, service) in named(role, "SingleSignOnService").enumerate() {
        structure::check(service, &name_of(index), &structure::ENDPOINT)?;
    }
    for (index, service) in named(role, "SingleSignOnService").enumerate() {
        if service.attribute("Binding").map(trimmed) != Some(HTTP_POST) {
            continue;
        }
        let url = service.attribute("Location").map(trimmed).unwrap_or_default();
        match service_url::check(url) {
            Ok(()) => {
                if let Some(problem) = first_problem {
                    warnings.push(format!("{problem} (another HTTP-POST service is used)"));
                }
                return Ok(url.to_owned());
            }
            Err(why) => {
                let problem = format!("the Location {} {why}", shown(url));
                let refused =
                    MetadataRefused::new(MetadataReason::BadServiceUrl, &name_of(index), problem);
                first_problem.get_or_insert(refused);
            }
        }
    }
    Err(first_problem.unwrap_or_else(|| {
        let problem = "none has the binding HTTP-POST";
        MetadataRefused::new(MetadataReason::NoPostService, "SingleSignOnService", problem)
    }))
}

/// The child elements of metadata with that name.
fn named<'t>(element: Element<'t>, name: &'static str) -> impl Iterator<Item = Element<'t>> {
    element.children().filter(move |child| child.is(METADATA, name))
}

fn text_of(element: Element<'_>) -> String {
    element.text().map(|text| trimmed(&text).to_owned()).unwrap_or_default()
}

/// Without the white space that the schema collapses.
fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// A time in UTC, as SAML has them all, in seconds since 1970.
fn seconds(text: &str) -> Option<i64> {
    Some(instant::milliseconds(trimmed(text))?.div_euclid(1_000))
}
