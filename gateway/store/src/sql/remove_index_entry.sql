DELETE FROM index_entry WHERE name = $1 AND value = $2 AND kind = $3 AND id = $4
