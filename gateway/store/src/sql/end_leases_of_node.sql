-- A holder of before runs were told apart is the node's name alone.
UPDATE lease SET expires_at = 0, token = token + 1
WHERE (holder = $1 OR substr(holder, 1, length($1) + 1) = $1 || '/') AND holder <> $2
