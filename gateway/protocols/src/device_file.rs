//! Device files of Cisco IP phones (`SEP….cnf.xml`), and what of ours is merged into them.
//!
//! ```text
//!   bytes --DeviceFile::read--> where each element stands --merge(ours)--> the same bytes, ours in place
//! ```
//!
//! A phone's file belongs to whoever runs its call manager: nothing is written anew, and every byte
//! outside our elements stays as it was, comments, line ends and character set included. An element of
//! ours takes the place of the one of that name, whichever its attributes were; else it comes last
//! below the root. Where that is not plain (two of a name, one with elements inside), the file is refused
//! rather than guessed at, since a phone would go by the copy that we did not see.
//!
//! Sources: the pages "SEPMAC.cnf.xml" and "HTTP Provisioning" of usecallmanager.nz. Knows nothing of
//! folders, names of files or of what our elements mean.

mod error;
mod fuzz;
mod merge;
mod read;
#[cfg(test)]
mod tests;

use std::ops::Range;

use bytes::Bytes;

pub use error::DeviceFileError;
pub use fuzz::fuzz;
pub use merge::{is_writable, line};

/// Bytes of a file that is read.
pub const BYTES_MAX: usize = 1024 * 1024;
/// How deep elements may be nested; those of call managers have some eight levels.
pub const DEPTH_MAX: usize = 32;
/// Elements and attributes of a file that is read.
pub const NODES_MAX: usize = 50_000;
/// Characters of a URL in a device file.
pub const VALUE_CHARACTERS_MAX: usize = 255;
/// The root of the file of one phone; that of the file for all others is `Default`.
pub const ROOT: &str = "device";

/// An element to be merged in: its name, and its text.
pub type Element = (&'static str, String);

/// A device file that was read, with the place of each of its elements.
#[derive(Debug)]
pub struct DeviceFile {
    bytes: Bytes,
    /// In the order of their ends.
    elements: Vec<Place>,
    /// Where the root's end tag stands; for a root without one (`<device/>`) its `/>`.
    end: Range<usize>,
    /// Whether the root has no end tag.
    is_empty: bool,
}

/// Where an element below the root stands.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    name: String,
    /// From its first tag's `<` to its last one's `>`.
    range: Range<usize>,
    /// 1 directly below the root.
    depth: usize,
    /// Whether it holds text alone.
    is_plain: bool,
}
