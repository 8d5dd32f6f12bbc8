DELETE FROM document WHERE kind = $1 AND id = $2 AND schema <= $3
