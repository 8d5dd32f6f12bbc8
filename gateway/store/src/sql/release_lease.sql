UPDATE lease SET expires_at = 0
WHERE name = $1 AND holder = $2 AND token = $3
    AND (SELECT value FROM meta WHERE name = 'epoch') = $4
