SELECT min(due_at) FROM wake WHERE due_at > $1
