//! Feeds the reader of multiparts; the function itself lives beside it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::sip::body::fuzz_multipart(data));
