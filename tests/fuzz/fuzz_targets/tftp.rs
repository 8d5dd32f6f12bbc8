//! Feeds TFTP's packets and transfers; the function itself lives beside them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    protocols::tftp::fuzz_tftp(data, std::time::Instant::now());
});
