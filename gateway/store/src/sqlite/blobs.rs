//! Big bodies in their own file.

use domain::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::reading::{from_sql, to_sql};
use crate::{BlobHead, StoreError};

pub(super) fn put_piece(
    connection: &Connection,
    id: &str,
    number: u32,
    body: &[u8],
) -> Result<(), StoreError> {
    if head(connection, id)?.is_some() {
        return Err(StoreError::BlobFinished { id: id.to_owned() });
    }
    let sql = "INSERT INTO piece (id, number, body) VALUES (?1, ?2, ?3)
               ON CONFLICT (id, number) DO UPDATE SET body = excluded.body";
    connection.prepare_cached(sql)?.execute(params![id, number, body])?;
    Ok(())
}

pub(super) fn finish(connection: &Connection, blob: &BlobHead) -> Result<(), StoreError> {
    if let Some(finished) = head(connection, &blob.id)? {
        return finished.is_the_body_of(blob);
    }
    let sql = "INSERT INTO blob (id, bytes, pieces, digest, at) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (bytes, at) = (to_sql(blob.bytes), blob.at.microseconds());
    let bound = params![blob.id, bytes, blob.pieces, blob.digest, at];
    connection.prepare_cached(sql)?.execute(bound)?;
    // A longer body may have been begun under the same id before.
    let surplus = "DELETE FROM piece WHERE id = ?1 AND number >= ?2";
    connection.prepare_cached(surplus)?.execute(params![blob.id, blob.pieces])?;
    Ok(())
}

pub(super) fn head(connection: &Connection, id: &str) -> Result<Option<BlobHead>, StoreError> {
    let sql = "SELECT bytes, pieces, digest, at FROM blob WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
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
    let sql = "SELECT piece.body FROM piece JOIN blob ON blob.id = piece.id
               WHERE piece.id = ?1 AND piece.number = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![id, number], |row| row.get(0)).optional()?)
}

pub(super) fn delete(connection: &Connection, id: &str) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM blob WHERE id = ?1")?.execute([id])?;
    connection.prepare_cached("DELETE FROM piece WHERE id = ?1")?.execute([id])?;
    Ok(())
}
