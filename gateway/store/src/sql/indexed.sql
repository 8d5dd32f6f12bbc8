SELECT kind, id, value FROM index_entry
WHERE name = $1 AND value >= $2 AND value <= $3
ORDER BY value, kind, id
LIMIT $4
