//! Feeds the phone objects' codec; the function itself lives beside the codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::phone_xml::fuzz(data));
