//! Feeds the readers of bodies that Cisco phones send; the function itself lives beside them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::sip::body::fuzz_remotecc(data));
