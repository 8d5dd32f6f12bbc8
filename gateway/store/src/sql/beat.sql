INSERT INTO node (name, run, status, beat_at, is_gone)
VALUES ($1, $2, $3, coalesce($4, DATABASE_CLOCK), 0)
ON CONFLICT (name) DO UPDATE
SET run = excluded.run, status = excluded.status, beat_at = excluded.beat_at, is_gone = 0
WHERE node.run = excluded.run OR CAST($5 AS BIGINT) = 1
