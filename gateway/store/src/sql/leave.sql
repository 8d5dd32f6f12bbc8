UPDATE node SET is_gone = 1 WHERE name = $1 AND run = $2
