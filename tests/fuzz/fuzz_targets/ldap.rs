//! Feeds the LDAP codec and its filters; the function itself lives beside the codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::ldap::fuzz(data));
