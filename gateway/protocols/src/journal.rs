//! Fields of systemd's journal in the form of its native protocol: one datagram for each entry.
//!
//! A name is upper-case ASCII, digits and `_`, at most 64 bytes; one that begins with `_` would pass
//! for the journal's own word, one that begins with a digit is refused. A value with a line feed is
//! written with its length, any other up to the end of its line.
//!
//! Sources: "Native Journal Protocol" and systemd.journal-fields(7).

/// Bytes of a field's name.
pub const NAME_BYTES_MAX: usize = 64;
/// Bytes of an entry: well below what a datagram takes where nobody changed the limits of sockets.
pub const ENTRY_BYTES_MAX: usize = 64 * 1024;

/// What stands before a name that could not begin as it does.
const BEFORE_NAME: char = 'X';

/// Writes an entry; fields that do not fit any more are left out, so put the important ones first.
pub fn encode<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut entry = Vec::new();
    for (name, value) in fields {
        let name = field_name(name);
        // Name, two line feeds and a length of eight bytes at most.
        if entry.len() + name.len() + value.len() + 10 > ENTRY_BYTES_MAX {
            continue;
        }
        entry.extend_from_slice(name.as_bytes());
        if value.contains('\n') {
            entry.push(b'\n');
            // A length fits into 64 bits on every machine there is.
            entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
        } else {
            entry.push(b'=');
        }
        entry.extend_from_slice(value.as_bytes());
        entry.push(b'\n');
    }
    entry
}

/// A name the journal takes.
fn field_name(name: &str) -> String {
    let shown = |character: char| match character.to_ascii_uppercase() {
        upper if upper.is_ascii_uppercase() || upper.is_ascii_digit() => upper,
        _ => '_',
    };
    let mut name: String = name.chars().map(shown).collect();
    if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
        name.insert(0, BEFORE_NAME);
    }
    name.truncate(NAME_BYTES_MAX);
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_entry_has_exactly_these_bytes() {
        let entry = encode([("MESSAGE", "a = b"), ("jackfield_err.kind", "x\ny"), ("EMPTY", "")]);
        let expected: &[u8] =
            b"MESSAGE=a = b\nJACKFIELD_ERR_KIND\n\x03\0\0\0\0\0\0\0x\ny\nEMPTY=\n";
        assert_eq!(entry, expected);
    }

    #[test]
    fn no_name_passes_for_the_journals_own() {
        assert_eq!(field_name("_pid"), "X_PID");
        assert_eq!(field_name("9lives"), "X9LIVES");
        assert_eq!(field_name(""), "X");
        assert_eq!(field_name("größe"), "GR__E");
        assert_eq!(field_name(&"a".repeat(100)).len(), NAME_BYTES_MAX);
    }

    /// Reads as the journal does.
    fn decode(mut entry: &[u8]) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        while !entry.is_empty() {
            let end = entry.iter().position(|byte| matches!(byte, b'=' | b'\n')).unwrap();
            let name = String::from_utf8(entry[..end].to_vec()).unwrap();
            let (value, rest) = if entry[end] == b'=' {
                let line = entry.iter().position(|byte| *byte == b'\n').unwrap();
                (&entry[end + 1..line], &entry[line + 1..])
            } else {
                let length = entry[end + 1..end + 9].try_into().unwrap();
                let length = usize::try_from(u64::from_le_bytes(length)).unwrap();
                let value = &entry[end + 9..end + 9 + length];
                assert_eq!(entry[end + 9 + length], b'\n');
                (value, &entry[end + 10 + length..])
            };
            fields.push((name, String::from_utf8(value.to_vec()).unwrap()));
            entry = rest;
        }
        fields
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            fields in prop::collection::vec((any::<String>(), any::<String>()), 0..10)
        ) {
            let entry = encode(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            let expected: Vec<_> =
                fields.iter().map(|(name, value)| (field_name(name), value.clone())).collect();
            prop_assert_eq!(decode(&entry), expected);
        }

        #[test]
        fn an_entry_stays_within_its_bytes(lengths in prop::collection::vec(0..40_000_usize, 0..6)) {
            let values: Vec<_> = lengths.iter().map(|length| "v".repeat(*length)).collect();
            let entry = encode(values.iter().map(|value| ("NAME", value.as_str())));
            prop_assert!(entry.len() <= ENTRY_BYTES_MAX);
            let whole = decode(&entry);
            prop_assert!(whole.iter().all(|(_, value)| values.contains(value)));
        }
    }
}
