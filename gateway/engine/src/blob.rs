//! Big bodies: cut into pieces on the way in, checked and joined on the way out.

use futures_util::future::try_join_all;
use ring::digest::{SHA256, digest};
use store::{BlobHead, PIECE_BYTES_MAX, StoreError};

use crate::SubmitError;
use crate::engine::Engine;

/// Pieces of one body that are written side by side.
const PIECES_AT_ONCE: usize = 8;

impl Engine {
    /// Keeps `body` under `id`; it exists once all of it is durable. The same body again is kept
    /// already; another one under the same id is refused.
    pub async fn put_blob(&self, id: &str, body: &[u8]) -> Result<(), SubmitError> {
        // Pieces are written over until the last one is there: two bodies at once would be mixed.
        let _turn = self.lanes.enter(lane(id)).await.ok_or(SubmitError::Busy)?;
        let digest = hexadecimal(digest(&SHA256, body).as_ref());
        let put = self.put_pieces(id, body, &digest).await;
        if let Err(StoreError::BlobFinished { .. }) = put {
            let head = self.noting(self.store.blob(id).await)?;
            if head.is_some_and(|head| head.digest == digest) {
                return Ok(());
            }
        }
        Ok(self.noting(put)?)
    }

    async fn put_pieces(&self, id: &str, body: &[u8], digest: &str) -> Result<(), StoreError> {
        let bytes = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let pieces = u32::try_from(body.len().div_ceil(PIECE_BYTES_MAX)).unwrap_or(u32::MAX);
        let head = || {
            let (id, digest) = (id.to_owned(), digest.to_owned());
            BlobHead { id, bytes, pieces, digest, at: self.clock.now() }
        };
        if pieces == 1 {
            return self.store.put_small_blob(head(), body.to_vec()).await;
        }
        // Side by side, so that they share syncs; all of them are durable before the body exists.
        let mut number = 0;
        for some in body.chunks(PIECE_BYTES_MAX * PIECES_AT_ONCE) {
            let mut putting = Vec::with_capacity(PIECES_AT_ONCE);
            for piece in some.chunks(PIECE_BYTES_MAX) {
                putting.push(self.store.put_piece(id, number, piece.to_vec()));
                number += 1;
            }
            try_join_all(putting).await?;
        }
        self.store.finish_blob(head()).await
    }

    /// The whole body under `id`, where there is one.
    pub async fn blob(&self, id: &str) -> Result<Option<Vec<u8>>, SubmitError> {
        let Some(head) = self.noting(self.store.blob(id).await)? else { return Ok(None) };
        let mut body = Vec::new();
        for number in 0..head.pieces {
            let piece = self.noting(self.store.piece(id, number).await)?;
            body.extend(piece.unwrap_or_default());
        }
        if hexadecimal(digest(&SHA256, &body).as_ref()) != head.digest {
            let source = format!("blob {id} does not match its digest").into();
            return Err(StoreError::Unreadable { source }.into());
        }
        Ok(Some(body))
    }

    /// Removes the body under `id`.
    pub async fn delete_blob(&self, id: &str) -> Result<(), SubmitError> {
        let _turn = self.lanes.enter(lane(id)).await.ok_or(SubmitError::Busy)?;
        Ok(self.noting(self.store.delete_blob(id).await)?)
    }
}

fn lane(id: &str) -> String {
    format!("blob/{id}")
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
