//! Names of files: what a mail calls them, made fit to be one.

use std::collections::HashSet;

use super::NAME_BYTES_MAX;
use super::clean::{cut, one_line};
use super::mime::Part;

/// Names given so far in one mail, folded.
#[derive(Default)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// A name for the file of `part`, which is the `number`th.
    pub(super) fn of(&mut self, part: &Part<'_>, number: u32) -> String {
        let given = part.disposition.parameter("filename").or(part.content.parameter("name"));
        let cleaned = clean(given.unwrap_or_default());
        let name = if cleaned.is_empty() { made_up(&part.media_type, number) } else { cleaned };
        self.unique(&name)
    }

    fn unique(&mut self, name: &str) -> String {
        let (stem, ending) = split(name);
        let mut tried = shortened(stem, "", ending);
        let mut count = 1;
        while !self.0.insert(tried.to_lowercase()) {
            count += 1;
            tried = shortened(stem, &format!(" ({count})"), ending);
        }
        tried
    }
}

/// The last part of a path, without what systems do not take in a name.
fn clean(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .map(
            |each| if matches!(each, '"' | '<' | '>' | '|' | '*' | '?' | ':') { '_' } else { each },
        )
        .collect();
    let line = one_line(&kept, 4 * NAME_BYTES_MAX);
    line.trim_matches([' ', '.']).to_owned()
}

/// Stem and ending, with its dot.
fn split(name: &str) -> (&str, &str) {
    let at = name.rfind('.').filter(|at| *at > 0 && name.len() - at <= 20);
    at.and_then(|at| name.split_at_checked(at)).unwrap_or((name, ""))
}

fn shortened(stem: &str, count: &str, ending: &str) -> String {
    let room = NAME_BYTES_MAX.saturating_sub(count.len() + ending.len());
    format!("{}{count}{ending}", cut(stem, room))
}

fn made_up(media_type: &str, number: u32) -> String {
    let (kind, ending) = match media_type {
        "text/plain" => ("text", "txt"),
        "text/html" => ("text", "html"),
        "text/calendar" => ("invite", "ics"),
        "text/vcard" | "text/x-vcard" => ("contact", "vcf"),
        "text/csv" => ("table", "csv"),
        "image/jpeg" => ("image", "jpg"),
        "image/png" => ("image", "png"),
        "image/gif" => ("image", "gif"),
        "image/svg+xml" => ("image", "svg"),
        "application/pdf" => ("document", "pdf"),
        "application/zip" => ("archive", "zip"),
        "application/ms-tnef" | "application/vnd.ms-tnef" => ("winmail", "dat"),
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => ("smime", "p7m"),
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => ("smime", "p7s"),
        "application/pgp-signature" | "application/pgp-encrypted" => ("signature", "asc"),
        "message/rfc822" | "message/global" => ("message", "eml"),
        "message/delivery-status" | "message/disposition-notification" | "text/rfc822-headers" => {
            ("report", "txt")
        }
        _ => ("file", "bin"),
    };
    format!("{kind}-{number}.{ending}")
}
