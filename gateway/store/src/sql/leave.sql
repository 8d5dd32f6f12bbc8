UPDATE node SET is_gone = 2 WHERE name = $1 AND run = $2
