//! Feeds the CTI protocol's codec, session and sides; the function itself lives beside the codec.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::cti::fuzz(data, std::time::Instant::now()));
