//! Big bodies, kept in pieces.

use domain::Timestamp;

use crate::StoreError;

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

impl BlobHead {
    /// Whether `again` would finish the same body a second time; refused where it is another one.
    pub(crate) fn is_the_body_of(&self, again: &Self) -> Result<(), StoreError> {
        let same = (self.bytes, &self.digest) == (again.bytes, &again.digest);
        if same { Ok(()) } else { Err(StoreError::BlobFinished { id: again.id.clone() }) }
    }
}
