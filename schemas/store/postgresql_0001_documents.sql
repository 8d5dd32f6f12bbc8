-- What the files of SQLite hold, for PostgreSQL. Times are microseconds since 1970. Texts are sorted by
-- their bytes, whatever the database's own collation is: so SQLite and the program sort them.
CREATE TABLE meta (
    name  TEXT COLLATE "C" PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);
-- Numbers of the log and the outbox are this one's, plus 4096 times a transaction's, plus a place in it.
INSERT INTO meta (name, value) VALUES ('epoch', '1'), ('origin', '0');

CREATE TABLE document (
    kind    TEXT COLLATE "C" NOT NULL,
    id      TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    schema  BIGINT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITH (fillfactor = 70); -- Room for the next version beside the last one.

CREATE TABLE index_entry (
    name  TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    kind  TEXT COLLATE "C" NOT NULL,
    id    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (name, value, kind, id)
);
CREATE INDEX index_entry_by_document ON index_entry (kind, id);

-- What became of an input, so that a repeat gets the same answer.
CREATE TABLE outcome (
    input TEXT COLLATE "C" PRIMARY KEY,
    reply TEXT NOT NULL,
    at    BIGINT NOT NULL
);
CREATE INDEX outcome_by_time ON outcome (at);

CREATE TABLE log (
    number BIGINT PRIMARY KEY,
    at     BIGINT NOT NULL,
    event  TEXT NOT NULL
);
CREATE INDEX log_by_time ON log (at);

CREATE TABLE wake (
    id         TEXT COLLATE "C" PRIMARY KEY,
    due_at     BIGINT NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL
);
CREATE INDEX wake_by_time ON wake (due_at, id);

-- What was promised to the outside and is not done yet. An owed command names what it is meant for.
CREATE TABLE outbox (
    number     BIGINT PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL UNIQUE,
    topic      TEXT COLLATE "C" NOT NULL,
    payload    TEXT NOT NULL,
    at         BIGINT NOT NULL,
    kind       TEXT COLLATE "C",
    subject    TEXT COLLATE "C",
    generation BIGINT,
    deadline   BIGINT
);
CREATE INDEX outbox_by_topic ON outbox (topic, number);

CREATE TABLE lease (
    name       TEXT COLLATE "C" PRIMARY KEY,
    holder     TEXT COLLATE "C" NOT NULL,
    token      BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) WITH (fillfactor = 50);

-- The last sign of life of each node.
CREATE TABLE node (
    name    TEXT COLLATE "C" PRIMARY KEY,
    run     BIGINT NOT NULL,
    status  TEXT NOT NULL,
    beat_at BIGINT NOT NULL,
    is_gone BIGINT NOT NULL
) WITH (fillfactor = 50);

-- Big bodies in pieces.
CREATE TABLE blob (
    id     TEXT COLLATE "C" PRIMARY KEY,
    bytes  BIGINT NOT NULL,
    pieces BIGINT NOT NULL,
    digest TEXT NOT NULL,
    at     BIGINT NOT NULL
);

CREATE TABLE piece (
    id     TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    body   BYTEA NOT NULL,
    PRIMARY KEY (id, number)
);
-- They are ciphertext or compressed already, mostly: trying again costs time.
ALTER TABLE piece ALTER COLUMN body SET STORAGE EXTERNAL;

-- Bodies of which some piece is there and not the head yet. One that nobody went on with for a day goes.
CREATE TABLE unfinished (
    id    TEXT COLLATE "C" PRIMARY KEY,
    since BIGINT NOT NULL
);
CREATE INDEX unfinished_by_time ON unfinished (since);
