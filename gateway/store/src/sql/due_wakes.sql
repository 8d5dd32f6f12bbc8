SELECT id, due_at, kind, subject, generation FROM wake
WHERE due_at <= $1
ORDER BY due_at, id
LIMIT $2
