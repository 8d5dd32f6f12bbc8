//! Objects of Cisco IP phone services: what a phone is given to show, and what it answers a push.
//!
//! [`encode()`] writes an object in the order of the published schema (version 3.3.4), cut to its
//! limits, in a character set the phone reads. [`decode()`] reads whatever a phone sent: it takes
//! children in any order and counts what it does not know, since phones and their schema disagree
//! (a real `CiscoIPPhoneResponse` carries attributes where the schema has elements).
//!
//! Sources: Cisco's "IP Phone Services Application Development Notes" and the schema that goes with
//! them. Knows nothing of HTTP, sessions or models.

mod charset;
mod cut;
mod decode;
mod encode;
mod fuzz;
mod object;
#[cfg(test)]
mod tests;
pub(crate) mod tree;

pub use charset::{Charset, shown};
pub use cut::cut;
pub use decode::{DecodeError, Decoded, decode};
pub use encode::encode;
pub use fuzz::fuzz;
pub use object::{
    Execute, ExecuteItem, Input, InputFlags, InputItem, Kind, Menu, MenuItem, Object, PhoneError,
    Priority, Response, ResponseItem, Screen, SoftKey, Text,
};

/// Characters of a `Title`, `Prompt`, soft key name or field of an input.
pub const WORD_CHARACTERS_MAX: usize = 32;
/// Characters of a menu item's name.
pub const MENU_NAME_CHARACTERS_MAX: usize = 64;
/// Characters of a URL, counted after unescaping.
pub const URL_CHARACTERS_MAX: usize = 256;
/// Characters of the text of a `CiscoIPPhoneText`.
pub const TEXT_CHARACTERS_MAX: usize = 4_000;
/// Characters of `appId`.
pub const APPLICATION_ID_CHARACTERS_MAX: usize = 64;
/// Soft keys of one object.
pub const SOFT_KEYS_MAX: usize = 8;
/// Items of a `CiscoIPPhoneMenu`.
pub const MENU_ITEMS_MAX: usize = 100;
/// Fields of a `CiscoIPPhoneInput`.
pub const INPUT_ITEMS_MAX: usize = 5;
/// Items of a `CiscoIPPhoneExecute` or `CiscoIPPhoneResponse`.
pub const EXECUTE_ITEMS_MAX: usize = 3;
/// Bytes of an object that [`decode()`] reads; above a menu of 100 items at full length.
pub const BYTES_MAX: usize = 128 * 1024;
/// How deep elements may be nested; the deepest object has three levels.
pub const DEPTH_MAX: usize = 8;
/// Elements and attributes of one object that [`decode()`] reads.
pub const NODES_MAX: usize = 2_000;
