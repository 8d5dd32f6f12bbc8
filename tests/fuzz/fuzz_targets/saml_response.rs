//! Feeds the reader of SAML responses; the function itself lives beside it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::saml::fuzz::response(data));
