//! Feeds mails that we write; the function itself lives beside what writes them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    mail::compose::fuzz::reply(data);
});
