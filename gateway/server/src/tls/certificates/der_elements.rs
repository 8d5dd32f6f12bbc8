//! Elements of DER, one level at a time: enough for files whose parts nest in each other.

use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Decode, Reader, SliceReader, Tag, TagNumber, Tagged};

/// The most elements of one level; a hostile file has no more to say.
const ELEMENTS_MAX: usize = 256;

/// Bytes are not DER, or not the DER that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its DER is not as it should be")]
pub(super) struct Malformed;

/// The elements that stand side by side in `bytes`.
pub(super) fn elements(bytes: &[u8]) -> Result<Vec<AnyRef<'_>>, Malformed> {
    let mut reader = SliceReader::new(bytes).map_err(|_| Malformed)?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        if elements.len() == ELEMENTS_MAX {
            return Err(Malformed);
        }
        elements.push(AnyRef::decode(&mut reader).map_err(|_| Malformed)?);
    }
    Ok(elements)
}

/// The one element that `bytes` are.
pub(super) fn only(bytes: &[u8]) -> Result<AnyRef<'_>, Malformed> {
    AnyRef::from_der(bytes).map_err(|_| Malformed)
}

/// What an element of that tag holds.
pub(super) fn inside<'a>(element: Option<&AnyRef<'a>>, tag: Tag) -> Result<&'a [u8], Malformed> {
    element.filter(|it| it.tag() == tag).map(|it| it.value()).ok_or(Malformed)
}

/// What the context-specific element `number` holds: another element, or bytes where it is implicit.
pub(super) fn context<'a>(
    element: Option<&AnyRef<'a>>,
    number: u32,
    constructed: bool,
) -> Result<&'a [u8], Malformed> {
    inside(element, Tag::ContextSpecific { constructed, number: TagNumber(number) })
}

/// An object identifier.
pub(super) fn identifier(element: &AnyRef<'_>) -> Result<ObjectIdentifier, Malformed> {
    let bytes = inside(Some(element), Tag::ObjectIdentifier)?;
    ObjectIdentifier::from_bytes(bytes).map_err(|_| Malformed)
}

/// A whole number; one that is larger than any we take counts as the largest.
pub(super) fn number(element: &AnyRef<'_>) -> Result<u32, Malformed> {
    let bytes = inside(Some(element), Tag::Integer)?;
    match bytes {
        [] => Err(Malformed),
        [first, ..] if *first >= 0x80 => Err(Malformed),
        bytes => {
            let add =
                |sum: u64, byte: &u8| sum.saturating_mul(256).saturating_add(u64::from(*byte));
            Ok(u32::try_from(bytes.iter().fold(0_u64, add)).unwrap_or(u32::MAX))
        }
    }
}
