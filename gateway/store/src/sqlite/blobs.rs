//! Big bodies in their own file.

use domain::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::numbers::{from_sql, to_sql};
use crate::{BlobHead, StoreError, sql};

pub(super) fn put_piece(
    connection: &Connection,
    id: &str,
    number: u32,
    body: &[u8],
) -> Result<(), StoreError> {
    if head(connection, id)?.is_some() {
        return Err(StoreError::BlobFinished { id: id.to_owned() });
    }
    connection.prepare_cached(sql::PUT_PIECE.sqlite())?.execute(params![id, number, body])?;
    Ok(())
}

pub(super) fn finish(connection: &Connection, blob: &BlobHead) -> Result<(), StoreError> {
    if let Some(finished) = head(connection, &blob.id)? {
        return finished.is_the_body_of(blob);
    }
    let (bytes, at) = (to_sql(blob.bytes), blob.at.microseconds());
    let bound = params![blob.id, bytes, blob.pieces, blob.digest, at];
    connection.prepare_cached(sql::ADD_BLOB.sqlite())?.execute(bound)?;
    connection
        .prepare_cached(sql::SURPLUS_PIECES.sqlite())?
        .execute(params![blob.id, blob.pieces])?;
    Ok(())
}

pub(super) fn head(connection: &Connection, id: &str) -> Result<Option<BlobHead>, StoreError> {
    let mut statement = connection.prepare_cached(sql::BLOB.sqlite())?;
    let head = statement.query_row([id], |row| {
        Ok(BlobHead {
            id: id.to_owned(),
            bytes: from_sql(row.get(0)?),
            pieces: row.get(1)?,
            digest: row.get(2)?,
            at: Timestamp::from_microseconds(row.get(3)?),
        })
    });
    Ok(head.optional()?)
}

pub(super) fn piece(
    connection: &Connection,
    id: &str,
    number: u32,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached(sql::PIECE.sqlite())?;
    Ok(statement.query_row(params![id, number], |row| row.get(0)).optional()?)
}

pub(super) fn delete(connection: &Connection, id: &str) -> Result<(), StoreError> {
    connection.prepare_cached(sql::DELETE_BLOB.sqlite())?.execute([id])?;
    connection.prepare_cached(sql::DELETE_PIECES.sqlite())?.execute([id])?;
    Ok(())
}
