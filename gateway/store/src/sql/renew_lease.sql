UPDATE lease SET expires_at = coalesce($5, DATABASE_CLOCK) + $6
WHERE name = $1 AND holder = $2 AND token = $3
    AND (SELECT value FROM meta WHERE name = 'epoch') = $4
RETURNING expires_at
