-- 1 is a node to which nothing may fall yet, 2 one that left for good.
INSERT INTO node (name, run, status, beat_at, is_gone)
VALUES ($1, $2, $3, coalesce($4, DATABASE_CLOCK), 1)
ON CONFLICT (name) DO UPDATE
SET run = excluded.run, status = excluded.status,
    beat_at = CASE WHEN CAST($5 AS BIGINT) = 1 THEN node.beat_at ELSE excluded.beat_at END,
    is_gone = CASE WHEN CAST($5 AS BIGINT) = 1 AND node.is_gone <> 0 THEN 1
                   WHEN CAST($5 AS BIGINT) = 1 THEN 0
                   WHEN node.is_gone = 2 THEN 2
                   ELSE 0 END
WHERE node.run = excluded.run OR CAST($5 AS BIGINT) = 1
