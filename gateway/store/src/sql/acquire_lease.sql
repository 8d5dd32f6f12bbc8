-- The number rises with every change of holder, also where the same one takes it anew after its end.
INSERT INTO lease (name, holder, token, expires_at)
VALUES ($1, $2, 1, coalesce($3, DATABASE_CLOCK) + $4)
ON CONFLICT (name) DO UPDATE
SET token = lease.token + CASE
        WHEN lease.expires_at <= coalesce($3, DATABASE_CLOCK)
            OR lease.holder <> excluded.holder THEN 1
        ELSE 0
    END,
    holder = excluded.holder, expires_at = excluded.expires_at
WHERE lease.expires_at <= coalesce($3, DATABASE_CLOCK) OR lease.holder = excluded.holder
RETURNING token, expires_at, (SELECT value FROM meta WHERE name = 'epoch')
