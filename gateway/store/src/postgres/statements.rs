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
    /// All that decides about a commit, by parts: epoch and first number, documents, timers, entries of
    /// indexes. Numbers are above all that transactions of before have.
    CHECK = "
        SELECT 0::int8, 0::int8,
               (SELECT value FROM meta WHERE name = 'epoch')::int8,
               (SELECT value FROM meta WHERE name = 'origin')::int8
                   + pg_current_xact_id_if_assigned()::text::int8 * 4096, NULL::text, NULL::text
        UNION ALL
        SELECT 1, wanted.place, document.version, document.schema, NULL, NULL
        FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted(kind, id, place)
        JOIN document ON document.kind = wanted.kind AND document.id = wanted.id
        UNION ALL
        SELECT 2, wanted.place, wake.generation, NULL, NULL, NULL
        FROM unnest($3::text[]) WITH ORDINALITY AS wanted(id, place)
        JOIN wake ON wake.id = wanted.id
        UNION ALL
        SELECT 3, wanted.place, NULL, NULL, index_entry.name, index_entry.value
        FROM unnest($4::text[], $5::text[]) WITH ORDINALITY AS wanted(kind, id, place)
        JOIN index_entry ON index_entry.kind = wanted.kind AND index_entry.id = wanted.id";
    /// Gives those that were not there.
    NOTE_OUTCOMES = "
        INSERT INTO outcome (input, reply, at)
        SELECT input, reply, at FROM unnest($1::text[], $2::text[], $3::int8[])
            AS noted(input, reply, at)
        ON CONFLICT (input) DO NOTHING
        RETURNING input";
    OUTCOMES = "SELECT input, reply FROM outcome WHERE input = ANY($1::text[])";
    FORGET_OUTCOMES = "DELETE FROM outcome WHERE input = ANY($1::text[])";
    PUT_DOCUMENTS = "
        INSERT INTO document (kind, id, version, schema, body)
        SELECT kind, id, 1, schema, body
        FROM unnest($1::text[], $2::text[], $3::int8[], $4::text[])
            AS put(kind, id, schema, body)
        ON CONFLICT (kind, id) DO UPDATE
        SET version = document.version + 1, schema = excluded.schema, body = excluded.body
        WHERE document.schema <= excluded.schema";
    DELETE_DOCUMENTS = "
        DELETE FROM document
        USING unnest($1::text[], $2::text[], $3::int8[]) AS gone(kind, id, schema)
        WHERE document.kind = gone.kind AND document.id = gone.id
            AND document.schema <= gone.schema";
    REMOVE_INDEX_ENTRIES = "
        DELETE FROM index_entry
        USING unnest($1::text[], $2::text[], $3::text[], $4::text[])
            AS removed(name, value, kind, id)
        WHERE index_entry.name = removed.name AND index_entry.value = removed.value
            AND index_entry.kind = removed.kind AND index_entry.id = removed.id";
    ADD_INDEX_ENTRIES = "
        INSERT INTO index_entry (name, value, kind, id)
        SELECT name, value, kind, id FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
            AS added(name, value, kind, id)";
    APPEND_LINES = "
        INSERT INTO log (number, at, event)
        SELECT number, at, event FROM unnest($1::int8[], $2::int8[], $3::text[])
            AS line(number, at, event)";
    /// A promise that is open still stays as it is: its input came again after its outcome was forgotten.
    ADD_PROMISES = "
        INSERT INTO outbox (number, id, topic, payload, at, kind, subject, generation, deadline)
        SELECT number, id, topic, payload, at, kind, subject, generation, deadline
        FROM unnest($1::int8[], $2::text[], $3::text[], $4::text[], $5::int8[], $6::text[],
                    $7::text[], $8::int8[], $9::int8[])
            AS promise(number, id, topic, payload, at, kind, subject, generation, deadline)
        ON CONFLICT (id) DO NOTHING";
    SET_WAKES = "
        INSERT INTO wake (id, due_at, kind, subject, generation)
        SELECT id, due_at, kind, subject, generation
        FROM unnest($1::text[], $2::int8[], $3::text[], $4::text[], $5::int8[])
            AS timer(id, due_at, kind, subject, generation)
        ON CONFLICT (id) DO UPDATE
        SET due_at = excluded.due_at, kind = excluded.kind, subject = excluded.subject,
            generation = excluded.generation";
    CLEAR_WAKES = "DELETE FROM wake WHERE id = ANY($1::text[])";
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
