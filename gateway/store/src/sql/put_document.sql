INSERT INTO document (kind, id, version, schema, body)
VALUES ($1, $2, 1, $3, $4)
ON CONFLICT (kind, id) DO UPDATE
SET version = document.version + 1, schema = excluded.schema, body = excluded.body
WHERE document.schema <= excluded.schema
