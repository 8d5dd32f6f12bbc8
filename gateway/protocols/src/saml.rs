//! SAML 2.0 as a service provider reads and writes it.
//!
//! A message is parsed once into a strict tree; every later step works on that tree, and what is
//! acted on can only be reached through what a signature of the identity provider covers. Nothing
//! here fetches anything, reads a clock or keeps state: outstanding requests and the memory of used
//! messages belong to the caller.
//!
//! Sources: the OASIS standards saml-core-2.0, saml-bindings-2.0, saml-profiles-2.0; W3C "XML
//! Signature Syntax and Processing", "Exclusive XML Canonicalization 1.0", "Namespaces in XML".

mod assertion;
mod c14n;
mod form;
pub mod fuzz;
mod ids;
mod instant;
mod provider_metadata;
mod refused;
mod request;
mod response;
#[cfg(test)]
mod schema;
mod service_metadata;
mod signature;
pub mod tree;

#[cfg(test)]
mod tests;

pub use assertion::VALUE_CHARACTERS_MAX;
pub use c14n::CANONICAL_BYTES_MAX;
pub use form::{FORM_BYTES_MAX, PostedResponse, RELAY_STATE_BYTES_MAX, read_form};
pub use provider_metadata::{
    MetadataReason, MetadataRefused, ProviderCertificate, ProviderMetadata, fuzz_metadata,
    read_metadata,
};
pub use refused::{SamlReason, SamlRefused};
pub use request::{AuthnRequest, post_form};
pub use response::{Expected, Proven, judge};
pub use service_metadata::ServiceMetadata;
pub use signature::{TrustedKey, verify_only};

/// Namespace of protocol messages.
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// Namespace of assertions.
pub const ASSERTION: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Namespace of XML signatures.
pub const SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#";
