//! Mail as it arrives: bytes to what an agent sees and routing needs, never failing and within bounds.
//!
//! ```text
//!   raw --fields--> header fields, mended --addresses, ids, date, subject--> Read
//!    |                                    `--automatic, authentication-----> Read
//!    `--mime--> parts --decode--> texts --html::clean, flowed--------------> Read.html, Read.text
//!                         `-----> files --names--------------------------> Read.attachments, attachments()
//!                         `-----> report ---------------------------------> Read.bounce
//! ```
//!
//! A mail has no states here: each function takes all it needs and keeps nothing. Nothing a mail says is
//! trusted: a name proves nobody, a media type nothing about bytes, and `Authentication-Results` count only
//! where the server that wrote them is named by the caller. What comes out is safe to show and to put into a
//! header: values are on one line without control or bidi characters, addresses are valid as targets, HTML has
//! elements and attributes of our lists only. Where a limit is met, what is over it is left out and
//! [`Read::is_cut`] says so; the raw bytes, which the caller keeps, have everything.
//!
//! Encrypted parts, invitations, `winmail.dat`, pieces of mails and bodies kept elsewhere are offered as files
//! with a [`Notice`]; nothing is decrypted, answered, unpacked, put together or fetched.

mod address;
mod authentication;
mod automatic;
mod body;
mod clean;
mod decode;
mod fields;
mod files;
pub mod fuzz;
mod html;
mod mime;
mod model;
mod names;
mod notice;
mod read;
mod recipients;
mod report;
mod subject;
#[cfg(test)]
mod tests;
mod thread;

pub use address::{InvalidAddress, address};
pub use html::{clean_html, for_display, html_to_text, pictures, pictures_within, text_to_html};
pub use model::{
    Action, Address, Attachment, Authentication, Automatic, BaseSubject, Bounce, BounceKind,
    BounceRecipient, Cleaned, Notice, Read, ReadOptions, Recipients, Remote,
};
pub use read::{attachment, attachments, read};
pub use recipients::{reply, reply_all};
pub use subject::base_subject;
pub use thread::references;

/// Bytes of the headers that are read.
pub const HEADER_BYTES_MAX: usize = 256 * 1024;
/// Header fields that are read.
pub const FIELDS_MAX: usize = 1_000;
/// Bytes of one field's value that are read.
pub const FIELD_BYTES_MAX: usize = 32 * 1024;
/// Addresses kept of one mail.
pub const ADDRESSES_MAX: usize = 500;
/// Parts that are read.
pub const PARTS_MAX: usize = 500;
/// How deep parts stand in one another.
pub const DEPTH_MAX: usize = 50;
/// Bytes of HTML that is cleaned.
pub const HTML_BYTES_MAX: usize = 1024 * 1024;
/// How deep elements of HTML stand in one another; beyond, only its text is shown.
pub const HTML_DEPTH_MAX: usize = 500;
/// Bytes of text that is kept.
pub const TEXT_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a file's name.
pub const NAME_BYTES_MAX: usize = 150;
/// Bytes of a subject.
pub const SUBJECT_BYTES_MAX: usize = 2_000;
/// Bytes of a name beside an address.
pub const DISPLAY_NAME_BYTES_MAX: usize = 500;
/// Bytes of an identifier.
pub const ID_BYTES_MAX: usize = 998;
/// The field of our mails that holds a number of ours, which no server changes.
pub const OWN_FIELD: &str = "x-jackfield-id";
/// The most bytes of that number.
const NUMBER_BYTES_MAX: usize = 64;
/// Identifiers kept of one header.
pub const IDS_MAX: usize = 100;
/// Recipients in each field of an answer.
pub const RECIPIENTS_MAX: usize = 20;
/// Bytes of one file that comes in; a mail with a larger one says so.
pub const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Bytes of all files that come in with a mail.
pub const FILES_BYTES_MAX: u64 = 20 * 1024 * 1024;
/// Bytes of a picture that is shown within a text; a larger one is a file like others.
pub const PICTURE_BYTES_MAX: u64 = 5 * 1024 * 1024;
/// Bytes of all pictures that are shown within a text, each as often as it is shown.
pub const PICTURES_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// What stands before the number of a file in HTML, relative to the page of the mail.
pub const ATTACHMENTS_AT: &str = "attachments/";
