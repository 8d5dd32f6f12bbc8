//! Pictures that a mail brings, written into the page that shows it.
//!
//! The page's frame can do nothing and is of no origin, so that no request of it reaches what a session may read: what
//! it is to show comes with it. Each place of a picture counts by itself, so that a small mail makes no large page.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::{
    ATTACHMENTS_AT, Attachment, PICTURE_BYTES_MAX, PICTURES_BYTES_MAX, Read, attachments,
};

/// Kinds of pictures that browsers show, and that are nothing but pictures.
const TYPES: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// Before the source of an image. Text and values have no quotation mark, so it stands nowhere else.
const SOURCE: &str = " src=\"";

/// The numbers of the files that a mail's text shows as pictures: of kinds that browsers show, and within
/// [`PICTURE_BYTES_MAX`] and [`PICTURES_BYTES_MAX`]; the first ones where there are more.
pub fn pictures(read: &Read) -> Vec<u32> {
    let Some(html) = &read.html else { return Vec::new() };
    let mut places: BTreeMap<u32, u64> = BTreeMap::new();
    for (_, rest) in sources(html) {
        if let Some((number, _)) = file(rest) {
            *places.entry(number).or_default() += 1;
        }
    }
    let mut room = PICTURES_BYTES_MAX;
    let mut fits = |file: &&Attachment| {
        let count = places.get(&file.number).copied().unwrap_or(0);
        let all = file.bytes.saturating_mul(count);
        let is_shown = count > 0
            && TYPES.contains(&file.media_type.as_str())
            && file.bytes <= PICTURE_BYTES_MAX
            && all <= room;
        room -= if is_shown { all } else { 0 };
        is_shown
    };
    read.attachments.iter().filter(|file| fits(file)).map(|file| file.number).collect()
}

/// The pictures of a mail's text as `data:` addresses, by the numbers of their files; `is_cut` as in
/// [`ReadOptions`](super::super::ReadOptions).
pub fn pictures_within(raw: &[u8], read: &Read, is_cut: bool) -> BTreeMap<u32, String> {
    let wanted = pictures(read);
    if wanted.is_empty() {
        return BTreeMap::new();
    }
    let written = |(file, bytes): (Attachment, Vec<u8>)| {
        (file.number, format!("data:{};base64,{}", file.media_type, STANDARD.encode(bytes)))
    };
    attachments(raw, &wanted, is_cut).into_iter().map(written).collect()
}

/// Cleaned HTML with pictures in the places of files; a file that is none of them leaves its text alone.
pub(super) fn put(html: &str, pictures: &BTreeMap<u32, String>) -> String {
    let mut put = String::with_capacity(html.len());
    let mut at = 0;
    for (place, rest) in sources(html) {
        let Some((number, bytes)) = file(rest) else { continue };
        put.push_str(html.get(at..place).unwrap_or_default());
        if let Some(picture) = pictures.get(&number) {
            put.push_str(SOURCE);
            put.push_str(picture);
            put.push('"');
        }
        at = place + SOURCE.len() + bytes;
    }
    put.push_str(html.get(at..).unwrap_or_default());
    put
}

/// Where sources of images stand in cleaned HTML, and what follows their quotation mark.
fn sources(html: &str) -> impl Iterator<Item = (usize, &str)> {
    let places = html.match_indices(SOURCE);
    places.filter_map(|(place, found)| Some((place, html.get(place + found.len()..)?)))
}

/// The number of the file that a source names, and the bytes of the source with its last quotation mark.
fn file(source: &str) -> Option<(u32, usize)> {
    let (value, _) = source.split_once('"')?;
    let number = value.strip_prefix(ATTACHMENTS_AT)?.parse().ok()?;
    Some((number, value.len() + 1))
}
