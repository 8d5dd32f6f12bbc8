-- A longer body may have been begun under the same id before.
DELETE FROM piece WHERE id = $1 AND number >= $2
