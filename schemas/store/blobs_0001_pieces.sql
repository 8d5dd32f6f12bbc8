-- Big bodies in pieces, in a file of their own: a big mail holds up nobody.
CREATE TABLE blob (
    id     TEXT    PRIMARY KEY,
    bytes  INTEGER NOT NULL,
    pieces INTEGER NOT NULL,
    digest TEXT    NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE piece (
    id     TEXT    NOT NULL,
    number INTEGER NOT NULL,
    body   BLOB    NOT NULL,
    PRIMARY KEY (id, number)
) STRICT;
