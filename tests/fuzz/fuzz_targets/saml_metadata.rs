//! Feeds the reader of identity providers' metadata; the function itself lives beside it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::saml::fuzz_metadata(data));
