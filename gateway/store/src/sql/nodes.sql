SELECT name, run, status, beat_at, is_gone, coalesce($1, DATABASE_CLOCK) FROM node ORDER BY name
