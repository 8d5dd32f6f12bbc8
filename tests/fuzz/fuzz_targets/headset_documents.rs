//! Feeds the documents of the headset service; the function itself lives beside them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::headset::fuzz_headset_documents(data));
