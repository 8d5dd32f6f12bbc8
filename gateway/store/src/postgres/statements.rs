//! What only PostgreSQL is asked: locks, numbers, arrays instead of a statement for each row.

use crate::sql::{self, Sql};

/// Every statement that is prepared.
pub(super) fn all() -> impl Iterator<Item = &'static Sql> {
    sql::ALL.iter().copied().chain(OWN.iter().copied())
}

macro_rules! own {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub(super) static $name: Sql = Sql::new($text);)*

        static OWN: &[&Sql] = &[$(&$name,)*];
    };
}

own! {
    BEGIN = "BEGIN";
    COMMIT = "COMMIT";
    ROLLBACK = "ROLLBACK";
    /// Locks that last as long as the transaction, one after the other in the order given.
    LOCK = "
        SELECT CASE WHEN shared THEN pg_advisory_xact_lock_shared(key)
                    ELSE pg_advisory_xact_lock(key) END
        FROM unnest($1::int8[], $2::bool[]) AS wanted(key, shared)";
    /// Notes inputs and gives what decides about their commits. At place 0 the epoch and the number of the
    /// first line, which is above all that transactions of before have; at -1 each input that was not known
    /// before; then versions and schema numbers of documents, by their place among those wanted. Inputs are
    /// noted in one order everywhere: two that note the same wait for each other.
    DECIDE = "
        WITH noted AS (
            INSERT INTO outcome (input, reply, at)
            SELECT * FROM unnest($1::text[], $2::text[], $3::int8[]) AS given(input, reply, at)
            ORDER BY input
            ON CONFLICT (input) DO NOTHING RETURNING input
        )
        SELECT 0::int8, (SELECT value FROM meta WHERE name = 'epoch')::int8,
               (SELECT value FROM meta WHERE name = 'origin')::int8
                   + pg_current_xact_id()::text::int8 * 4096, NULL::text
        UNION ALL
        SELECT -1, 0, 0, input FROM noted
        UNION ALL
        SELECT wanted.place, document.version, document.schema, NULL
        FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS wanted(kind, id, place)
        JOIN document ON document.kind = wanted.kind AND document.id = wanted.id";
    /// The same for one commit about one document, as most are where little is done.
    DECIDE_ONE = "
        WITH noted AS (
            INSERT INTO outcome (input, reply, at) VALUES ($1, $2, $3)
            ON CONFLICT (input) DO NOTHING RETURNING input
        )
        SELECT 0::int8, (SELECT value FROM meta WHERE name = 'epoch')::int8,
               (SELECT value FROM meta WHERE name = 'origin')::int8
                   + pg_current_xact_id()::text::int8 * 4096, NULL::text
        UNION ALL
        SELECT -1, 0, 0, input FROM noted
        UNION ALL
        SELECT 1, version, schema, NULL FROM document WHERE kind = $4 AND id = $5";
    FREE_INPUTS = "DELETE FROM outcome WHERE input = ANY($1::text[])";
    /// Generations of timers that are claimed.
    CLAIMED = "SELECT id, generation FROM wake WHERE id = ANY($1::text[])";
    /// Where documents stand in indexes, by their place among those wanted.
    ENTRIES = "
        SELECT wanted.place, index_entry.name, index_entry.value
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted(kind, id, place)
        JOIN index_entry ON index_entry.kind = wanted.kind AND index_entry.id = wanted.id";
    APPEND = "INSERT INTO log (number, at, event) VALUES ($1, $2, $3)";
    /// A promise that is open still stays as it is: its input came again after its outcome was forgotten.
    PROMISE = "
        INSERT INTO outbox (number, id, topic, payload, at, kind, subject, generation, deadline)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (id) DO NOTHING";
    /// The epoch at place 0, documents by their place among those wanted, outcomes by that of their
    /// inputs, below 0.
    DOCUMENTS = "
        SELECT 0::int8, (SELECT value FROM meta WHERE name = 'epoch')::int8, NULL::int8, NULL::text
        UNION ALL
        SELECT wanted.place, document.version, document.schema, document.body
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted(kind, id, place)
        JOIN document ON document.kind = wanted.kind AND document.id = wanted.id
        UNION ALL
        SELECT -wanted.place, NULL, NULL, outcome.reply
        FROM unnest($3::text[]) WITH ORDINALITY AS wanted(input, place)
        JOIN outcome ON outcome.input = wanted.input";
    BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    /// Every transaction that has ended has a lower number than this; with what holds for the content.
    HORIZON = "
        SELECT pg_snapshot_xmax(pg_current_snapshot())::text::int8,
               (SELECT value FROM meta WHERE name = 'epoch')::int8,
               (SELECT value FROM meta WHERE name = 'origin')::int8";
    /// The lower 32 bits of the transactions that are under way in this database. Those of another one
    /// write nothing here, nor do the server's own.
    UNDER_WAY = "
        SELECT coalesce(array_agg(backend_xid::text::int8), '{}')
        FROM pg_stat_activity
        WHERE backend_xid IS NOT NULL AND usesysid IS NOT NULL AND datname = current_database()";
    /// Where the log and the outbox end, whole or not.
    ENDS = "
        SELECT (SELECT coalesce(max(number), 0) FROM log),
               (SELECT coalesce(max(number), 0) FROM outbox)";
    /// Where they end below a number.
    ENDS_BELOW = "
        SELECT (SELECT coalesce(max(number), 0) FROM log WHERE number < $1),
               (SELECT coalesce(max(number), 0) FROM outbox WHERE number < $1)";
    /// Closes promises while the lease is held, and says whether it is.
    CLOSE_PROMISES = "
        WITH held AS (
            SELECT 1 FROM lease
            WHERE name = $2 AND holder = $3 AND token = $4
                AND (SELECT value FROM meta WHERE name = 'epoch') = $5
            FOR SHARE
        ), closed AS (
            DELETE FROM outbox WHERE id = ANY($1::text[]) AND EXISTS (SELECT 1 FROM held)
        )
        SELECT count(*) FROM held";
    /// Whether it takes no writes, and what stands about the content.
    GREETING = "
        SELECT pg_is_in_recovery(),
               (SELECT value FROM meta WHERE name = 'epoch')::int8,
               (SELECT value FROM meta WHERE name = 'identity')";
    NOTE_FIRST_IDENTITY = "
        INSERT INTO meta (name, value) VALUES ('identity', $1) ON CONFLICT (name) DO NOTHING";
    NOTE_IDENTITY = "UPDATE meta SET value = $1 WHERE name = 'identity' AND value <> $1";
    EPOCH = "SELECT value::int8 FROM meta WHERE name = 'epoch'";
    /// Some piece of a body is there now.
    NOTE_UNFINISHED = "
        INSERT INTO unfinished (id, since) VALUES ($1, DATABASE_CLOCK)
        ON CONFLICT (id) DO UPDATE SET since = excluded.since";
    FORGET_UNFINISHED = "DELETE FROM unfinished WHERE id = $1";
    /// Bodies that nobody went on with for some time.
    LEFT_UNFINISHED = "
        SELECT id FROM unfinished WHERE since < DATABASE_CLOCK - $1 ORDER BY since LIMIT $2";
    FORGET_LEFT_UNFINISHED = "DELETE FROM unfinished WHERE id = $1 AND since < DATABASE_CLOCK - $2";
    /// A new epoch above the present one and above one that was seen.
    RAISE_EPOCH = "
        UPDATE meta SET value = (greatest(value::int8, $1) + 1)::text
        WHERE name = 'epoch' RETURNING value::int8";
    /// The present epoch, raised unless somebody else raised it above one that was seen.
    RAISE_EPOCH_ONCE = "
        UPDATE meta SET value = ($1 + 1)::text
        WHERE name = 'epoch' AND value::int8 <= $1 RETURNING value::int8";
    /// Numbers go on above all that are there, whatever numbers the server's transactions have now.
    RAISE_ORIGIN = "
        UPDATE meta SET value = greatest(value::int8,
            greatest((SELECT coalesce(max(number), 0) FROM log),
                     (SELECT coalesce(max(number), 0) FROM outbox)) + 4096
            - pg_current_xact_id()::text::int8 * 4096)::text
        WHERE name = 'origin'";
}
