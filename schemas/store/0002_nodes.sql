-- The last sign of life of each node.
CREATE TABLE node (
    name    TEXT    PRIMARY KEY,
    run     INTEGER NOT NULL,
    status  TEXT    NOT NULL,
    beat_at INTEGER NOT NULL,
    is_gone INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
