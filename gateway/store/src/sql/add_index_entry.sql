INSERT INTO index_entry (name, value, kind, id) VALUES ($1, $2, $3, $4)
