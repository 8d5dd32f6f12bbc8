SELECT number, id, payload, at, kind, subject, generation, deadline FROM outbox
WHERE topic = $1 AND number > $2
ORDER BY number
LIMIT $3
