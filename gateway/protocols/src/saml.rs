//! SAML 2.0 as a service provider reads and writes it.

#[cfg(test)]
mod schema;
mod service_metadata;

pub use service_metadata::ServiceMetadata;
