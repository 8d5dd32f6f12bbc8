//! Big bodies, in rows of pieces.
//!
//! Whoever writes one blob holds its lock, so a piece never changes under a body that is finished. What is
//! not finished may be in another node's hands, so it stays for a day.

use domain::Timestamp;

use super::fault::Fault;
use super::link::{Bound, Link, pipelined};
use super::locks::of_blob;
use super::statements as own;
use crate::numbers::{from_sql, to_sql};
use crate::{BlobHead, StoreError, sql};

/// After what time without a new piece a body counts as given up.
const UNFINISHED_MICROSECONDS: i64 = 24 * 3600 * 1_000_000;

pub(super) async fn put_piece(
    link: &Link,
    id: &str,
    number: u32,
    body: &[u8],
) -> Result<(), Fault> {
    begin(link, id).await?;
    let put = async {
        if head(link, id).await?.is_some() {
            return Err(StoreError::BlobFinished { id: id.to_owned() }.into());
        }
        link.execute(&own::NOTE_UNFINISHED, &[&id]).await?;
        link.execute(&sql::PUT_PIECE, &[&id, &i64::from(number), &body]).await.map(|_| ())
    };
    end(link, put.await).await
}

pub(super) async fn finish(link: &Link, blob: &BlobHead) -> Result<(), Fault> {
    let (bytes, pieces) = (to_sql(blob.bytes), i64::from(blob.pieces));
    let at = blob.at.microseconds();
    begin(link, &blob.id).await?;
    let finish = async {
        if let Some(finished) = head(link, &blob.id).await? {
            return Ok(finished.is_the_body_of(blob)?);
        }
        let bound: Bound<'_> = &[&blob.id, &bytes, &pieces, &blob.digest, &at];
        link.execute(&sql::ADD_BLOB, bound).await?;
        link.execute(&own::FORGET_UNFINISHED, &[&blob.id]).await?;
        link.execute(&sql::SURPLUS_PIECES, &[&blob.id, &pieces]).await.map(|_| ())
    };
    end(link, finish.await).await
}

pub(super) async fn head(link: &Link, id: &str) -> Result<Option<BlobHead>, Fault> {
    let Some(row) = link.row(&sql::BLOB, &[&id]).await? else { return Ok(None) };
    Ok(Some(BlobHead {
        id: id.to_owned(),
        bytes: from_sql(row.try_get(0)?),
        pieces: u32::try_from(row.try_get::<_, i64>(1)?).unwrap_or(u32::MAX),
        digest: row.try_get(2)?,
        at: Timestamp::from_microseconds(row.try_get(3)?),
    }))
}

pub(super) async fn piece(link: &Link, id: &str, number: u32) -> Result<Option<Vec<u8>>, Fault> {
    let row = link.row(&sql::PIECE, &[&id, &i64::from(number)]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

pub(super) async fn delete(link: &Link, id: &str) -> Result<(), Fault> {
    begin(link, id).await?;
    let delete = async {
        link.execute(&sql::DELETE_BLOB, &[&id]).await?;
        link.execute(&own::FORGET_UNFINISHED, &[&id]).await?;
        link.execute(&sql::DELETE_PIECES, &[&id]).await.map(|_| ())
    };
    end(link, delete.await).await
}

/// Removes bodies that nobody will finish, at most `limit`.
pub(super) async fn sweep(link: &Link, limit: u32) -> Result<(), Fault> {
    let bound: Bound<'_> = &[&UNFINISHED_MICROSECONDS, &i64::from(limit)];
    for row in link.rows(&own::LEFT_UNFINISHED, bound).await? {
        let id: String = row.try_get(0)?;
        begin(link, &id).await?;
        let remove = async {
            let bound: Bound<'_> = &[&id, &UNFINISHED_MICROSECONDS];
            // Somebody may have gone on with it meanwhile.
            if link.execute(&own::FORGET_LEFT_UNFINISHED, bound).await? == 1 {
                link.execute(&sql::DELETE_PIECES, &[&id]).await?;
            }
            Ok(())
        };
        end(link, remove.await).await?;
    }
    Ok(())
}

/// Begins a transaction that nobody else concerned with that blob is in.
async fn begin(link: &Link, id: &str) -> Result<(), Fault> {
    let (key, alone) = (vec![of_blob(id)], vec![false]);
    let locks: Bound<'_> = &[&key, &alone];
    let begun = pipelined(vec![
        Box::pin(link.execute(&own::BEGIN, &[])),
        Box::pin(link.execute(&own::LOCK, locks)),
    ]);
    for step in begun.await {
        step?;
    }
    Ok(())
}

/// Ends it; what is refused leaves the connection in no transaction.
async fn end(link: &Link, done: Result<(), Fault>) -> Result<(), Fault> {
    match done {
        Ok(()) => link.execute(&own::COMMIT, &[]).await.map(|_| ()),
        Err(Fault::Store(error)) => {
            link.execute(&own::ROLLBACK, &[]).await?;
            Err(error.into())
        }
        Err(fault) => Err(fault),
    }
}
