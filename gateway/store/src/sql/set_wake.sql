INSERT INTO wake (id, due_at, kind, subject, generation)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (id) DO UPDATE
SET due_at = excluded.due_at, kind = excluded.kind, subject = excluded.subject,
    generation = excluded.generation
