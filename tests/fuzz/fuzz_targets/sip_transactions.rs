//! Feeds the transactions of SIP with messages, times and losses; the function itself lives beside them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    protocols::sip::fuzz_transactions(data, std::time::Instant::now());
});
