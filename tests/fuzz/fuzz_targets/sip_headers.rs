//! Feeds SIP's typed header fields and URIs; the function itself lives beside the codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::sip::fuzz_headers(data));
