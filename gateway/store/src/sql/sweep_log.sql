-- The last line stays, whatever its age: numbers go on from it.
DELETE FROM log
WHERE number IN (
    SELECT number FROM log
    WHERE at < $1 AND number < (SELECT max(number) FROM log)
    ORDER BY at LIMIT $2
)
