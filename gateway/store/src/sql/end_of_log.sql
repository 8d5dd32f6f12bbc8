SELECT coalesce(max(number), 0) FROM log WHERE number < $1
