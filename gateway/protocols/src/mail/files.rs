//! The files of a mail: every part that is not shown as text.

use super::clean::one_line;
use super::mime::{Part, Parts};
use super::names::Names;
use super::{Attachment, FILE_BYTES_MAX, FILES_BYTES_MAX, ID_BYTES_MAX};

/// All files, numbered from 1.
pub(super) fn files(parts: &Parts<'_>, is_cut: bool) -> Vec<Attachment> {
    described(parts, is_cut, |_| true).map(|(attachment, _)| attachment).collect()
}

/// The files whose numbers are wanted, with their bytes; no others are decoded. Of a mail of which only the beginning is
/// there, those that are whole.
pub(super) fn decoded<'p>(
    parts: &'p Parts<'_>,
    is_cut: bool,
    is_wanted: impl Fn(u32) -> bool + 'p,
) -> impl Iterator<Item = (Attachment, Vec<u8>)> + 'p {
    described(parts, is_cut, is_wanted).map(|(attachment, part)| (attachment, part.bytes()))
}

fn described<'p>(
    parts: &'p Parts<'_>,
    is_cut: bool,
    is_wanted: impl Fn(u32) -> bool + 'p,
) -> impl Iterator<Item = (Attachment, &'p Part<'p>)> + 'p {
    let mut names = Names::default();
    let mut number = 0;
    let with_place = parts.parts.iter().enumerate();
    let of_files = with_place.filter(move |(place, part)| {
        let is_whole = !(is_cut && part.within.is_open);
        is_whole && !is_shown(*place, part)
    });
    of_files.filter_map(move |(_, part)| {
        number += 1;
        // A name depends on those before it.
        let name = names.of(part, number);
        if !is_wanted(number) {
            return None;
        }
        let attachment = Attachment {
            number,
            name,
            media_type: part.media_type.clone(),
            bytes: u64::try_from(part.length()).unwrap_or(u64::MAX),
            content_id: content_id(part),
            is_inline: is_inline(part),
        };
        Some((attachment, part))
    })
}

/// Whether a part is shown as text: one without the name of a file, unless it is the first.
pub(super) fn is_shown(place: usize, part: &Part<'_>) -> bool {
    let is_named = part.disposition.parameter("filename").is_some()
        || part.content.parameter("name").is_some();
    matches!(part.media_type.as_str(), "text/plain" | "text/html")
        && part.disposition.kind != "attachment"
        && (place == 0 || !is_named)
}

/// Whether all files, or one of them, are larger than what is taken.
pub(super) fn is_over_limits(attachments: &[Attachment]) -> bool {
    attachments.iter().any(|attachment| attachment.bytes > FILE_BYTES_MAX)
        || attachments.iter().map(|attachment| attachment.bytes).sum::<u64>() > FILES_BYTES_MAX
}

fn is_inline(part: &Part<'_>) -> bool {
    let is_named_by_text = part.within.is_related || part.disposition.kind != "attachment";
    part.media_type.starts_with("image/")
        && (part.disposition.kind == "inline" || is_named_by_text && content_id(part).is_some())
}

fn content_id(part: &Part<'_>) -> Option<String> {
    let id = one_line(part.fields.first("content-id")?, ID_BYTES_MAX);
    let id = id.trim().trim_start_matches('<').trim_end_matches('>').trim();
    (!id.is_empty()).then(|| id.to_owned())
}
