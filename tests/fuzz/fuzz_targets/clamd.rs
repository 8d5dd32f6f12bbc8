//! Feeds answers of virus scanners; the function itself lives beside their reader.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    protocols::clamd::fuzz_clamd(data);
});
