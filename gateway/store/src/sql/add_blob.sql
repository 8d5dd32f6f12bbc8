INSERT INTO blob (id, bytes, pieces, digest, at) VALUES ($1, $2, $3, $4, $5)
