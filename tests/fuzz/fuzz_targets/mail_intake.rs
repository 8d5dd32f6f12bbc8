//! Feeds the reader of mails and the cleaner of HTML; the function itself lives beside them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::mail::fuzz::intake(data));
