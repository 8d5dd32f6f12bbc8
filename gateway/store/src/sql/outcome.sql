SELECT reply FROM outcome WHERE input = $1
