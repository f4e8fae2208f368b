-- Which minutes are missing, and why?
SELECT symbol, ts AS first_minute, minutes, cause, status, attempts
FROM data_gaps
ORDER BY status = 'open' DESC, ts DESC
LIMIT 10;
