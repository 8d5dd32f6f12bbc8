//! Feeds the digest proofs of SIP, server and client; the function itself lives beside them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    protocols::sip::digest::fuzz_digest(data, std::time::Instant::now());
});
