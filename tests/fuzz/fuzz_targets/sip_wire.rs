//! Feeds SIP's framing, checks and writing; the function itself lives beside the codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::sip::fuzz_wire(data));
