INSERT INTO piece (id, number, body) VALUES ($1, $2, $3)
ON CONFLICT (id, number) DO UPDATE SET body = excluded.body
