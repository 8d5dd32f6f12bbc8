//! Feeds forms, queries and redirect URLs; the function itself lives beside them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    protocols::oauth::fuzz::forms(data);
});
