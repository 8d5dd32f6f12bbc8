//! Big bodies, kept in pieces.

use domain::Timestamp;

/// The most bytes of one piece.
pub const PIECE_BYTES_MAX: usize = 256 * 1024;

/// What is known of a whole blob. It exists once this was written, after its last piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobHead {
    /// Its id.
    pub id: String,
    /// Its size.
    pub bytes: u64,
    /// How many pieces it has.
    pub pieces: u32,
    /// SHA-256 of the whole, in hexadecimal.
    pub digest: String,
    /// When it was finished.
    pub at: Timestamp,
}
