//! SAML 2.0 as a service provider reads and writes it.
