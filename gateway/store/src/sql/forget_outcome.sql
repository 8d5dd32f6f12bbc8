DELETE FROM outcome WHERE input = $1
