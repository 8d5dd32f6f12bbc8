//! What must hold for any bytes at all.

use bytes::Bytes;

use super::{DeviceFile, Element};

/// What is merged in; one element is short, one as long as it may be, one needs escaping.
pub(super) fn ours() -> Vec<Element> {
    vec![
        (
            "discoveryURL",
            "https://gw-a.example:9444/headset/SEP001122334455?key=a&b=<\"'>".to_owned(),
        ),
        ("servicesURL", String::new()),
        ("secureAuthenticationURL", "x".repeat(super::VALUE_CHARACTERS_MAX)),
    ]
}

/// Reads `data`; where that can be merged into, merging twice is merging once, what results is read
/// again, and every byte outside what was exchanged is there. Panics where that does not hold, which is
/// what a fuzzer looks for.
#[expect(clippy::panic, reason = "a fuzz target tells what it found by panicking")]
pub fn fuzz(data: &[u8]) {
    let Ok(file) = DeviceFile::read(Bytes::copy_from_slice(data)) else { return };
    let ours = ours();
    let Ok(merged) = file.merge(&ours) else { return };
    let again = DeviceFile::read(merged.clone().into());
    let again = again.unwrap_or_else(|error| panic!("what was merged cannot be read: {error}"));
    assert_eq!(again.merge(&ours).as_deref(), Ok(&*merged), "merging twice is not merging once");
    if file.is_empty {
        let (before, after) = (data.get(..file.end.start), data.get(file.end.end..));
        assert!(merged.starts_with(before.unwrap_or_default()), "bytes before the end changed");
        assert!(merged.ends_with(after.unwrap_or_default()), "bytes after the end changed");
    } else {
        assert!(kept(&file, &ours) == kept(&again, &ours), "other bytes changed");
    }
}

/// The bytes beside our elements; what was put in took a line's end and its indent with it.
fn kept(file: &DeviceFile, ours: &[Element]) -> Vec<u8> {
    let mut kept = file.bytes.to_vec();
    for edit in file.edits(ours).unwrap_or_default().into_iter().rev() {
        kept.splice(edit.range, []);
    }
    kept.retain(|byte| !byte.is_ascii_whitespace());
    kept
}
