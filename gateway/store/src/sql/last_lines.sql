SELECT number, at, event FROM log
WHERE number < $1
ORDER BY number DESC
LIMIT $2
