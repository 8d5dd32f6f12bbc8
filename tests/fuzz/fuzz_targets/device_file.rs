//! Feeds the merging into device files of phones; the function itself lives beside it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protocols::device_file::fuzz(data));
