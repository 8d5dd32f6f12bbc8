-- Documents, their indexes, and all that is committed with them. Times are microseconds since 1970.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE document (
    kind    TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    version INTEGER NOT NULL,
    schema  INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE index_entry (
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    kind  TEXT NOT NULL,
    id    TEXT NOT NULL,
    PRIMARY KEY (name, value, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX index_entry_by_document ON index_entry (kind, id);

-- What became of an input, so that a repeat gets the same answer.
CREATE TABLE outcome (
    input TEXT    PRIMARY KEY,
    reply TEXT    NOT NULL,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX outcome_by_time ON outcome (at);

CREATE TABLE log (
    number INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    event  TEXT    NOT NULL
) STRICT;
CREATE INDEX log_by_time ON log (at);

CREATE TABLE wake (
    id         TEXT    PRIMARY KEY,
    due_at     INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX wake_by_time ON wake (due_at);

-- What was promised to the outside and is not done yet. An owed command names what it is meant for.
CREATE TABLE outbox (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    topic      TEXT    NOT NULL,
    payload    TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    kind       TEXT,
    subject    TEXT,
    generation INTEGER,
    deadline   INTEGER
) STRICT;
CREATE INDEX outbox_by_topic ON outbox (topic, number);

CREATE TABLE lease (
    name       TEXT    PRIMARY KEY,
    holder     TEXT    NOT NULL,
    token      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
