//! What must hold for any bytes at all.

use super::{Charset, decode, encode};

/// Reads `data`; what could be read is written and must then be read as the same object. Panics
/// where that does not hold, which is what a fuzzer looks for.
#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
pub fn fuzz(data: &[u8]) {
    let Ok(first) = decode(data) else { return };
    let again = |bytes: &[u8]| {
        let read = decode(bytes);
        read.unwrap_or_else(|error| panic!("what was written cannot be read: {error}"))
    };
    let second = again(&encode(&first.object, Charset::Utf8));
    assert_eq!(second.object, first.object, "an object changed on its way");
    assert_eq!((second.ignored, second.shortened), (0, 0), "what was written breaks the limits");
    // In Latin-1 characters may change, but only the first time.
    let latin1 = again(&encode(&first.object, Charset::Latin1)).object;
    let twice = again(&encode(&latin1, Charset::Latin1)).object;
    assert_eq!(twice, latin1, "an object changed twice in Latin-1");
}
