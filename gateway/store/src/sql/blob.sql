SELECT bytes, pieces, digest, at FROM blob WHERE id = $1
