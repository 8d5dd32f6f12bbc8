//! Feeds signed and sealed tokens; the function itself lives beside them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    protocols::jose::fuzz::token(data);
});
