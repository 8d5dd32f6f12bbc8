INSERT INTO outcome (input, reply, at) VALUES ($1, $2, $3)
ON CONFLICT (input) DO NOTHING
