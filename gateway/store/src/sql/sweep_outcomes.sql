DELETE FROM outcome
WHERE input IN (SELECT input FROM outcome WHERE at < $1 ORDER BY at LIMIT $2)
