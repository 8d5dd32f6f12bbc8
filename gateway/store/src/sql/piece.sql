SELECT piece.body FROM piece JOIN blob ON blob.id = piece.id
WHERE piece.id = $1 AND piece.number = $2
