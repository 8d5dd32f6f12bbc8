//! HTML that may be shown or sent, made of HTML that anybody may have written.
//!
//! ```text
//!   HTML --events--> tags and text, without what nobody sees
//!                      |--cleaner--> elements and attributes of our lists, closed --> Cleaned
//!                      `--text-----> lines ----------------------------------------> html_to_text
//! ```
//!
//! Only what stands in our lists is written, never a piece of what came in: each tag anew, each attribute
//! quoted, all text escaped, each element closed. No element of the lists holds raw text or changes how a
//! browser reads what follows, so it reads the same as was written. The effort grows with the length alone;
//! what is deeper than a limit is shown as text. Cleaning what is clean changes nothing.

mod attributes;
mod cleaner;
mod elements;
mod events;
mod pictures;
mod plain;
mod style;
mod text;
mod url;

use std::collections::BTreeMap;

use super::{Cleaned, Remote};
use attributes::Images;
pub use pictures::{pictures, pictures_within};
pub use plain::text_to_html;
pub use text::html_to_text;

/// Cleans HTML: of a mail, and what an agent wrote before it is stored or sent. Images may come from the web
/// (as `remote` says), from a part (`cid:`), from a file of the mail (`attachments/` and its number) or of the
/// answer being written (`files/` and its identifier).
pub fn clean_html(html: &str, remote: Remote) -> Cleaned {
    clean_with(html, remote, &|_| None)
}

/// The same, with places for what `cid:` names.
pub(super) fn clean_with(
    html: &str,
    remote: Remote,
    of_content_id: &dyn Fn(&str) -> Option<String>,
) -> Cleaned {
    cleaner::clean(html, &Images { remote, of_content_id }, false)
}

/// What an agent sees of cleaned HTML: `pictures` stand in the places of the files with their numbers, other files in
/// none, and earlier mails that it ends with are folded, to be opened without a script.
pub fn for_display(html: &str, remote: Remote, pictures: &BTreeMap<u32, String>) -> Cleaned {
    let mut shown = cleaner::clean(html, &Images { remote, of_content_id: &|_| None }, true);
    // They have limits of their own.
    shown.html = pictures::put(&shown.html, pictures);
    shown
}

/// Appends `text` so that it is no markup.
fn escape_into(html: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            _ => html.push(character),
        }
    }
}
