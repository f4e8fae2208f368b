-- What did a decision at noon of the day before the newest one know of each contract?
WITH decision AS (
    SELECT max(date)::TIMESTAMP AT TIME ZONE 'UTC' - INTERVAL 12 HOUR AS at FROM ohlcv_1m
)
SELECT symbol,
    max(ts) AS last_bar,
    max(available_at) AS known_at,
    arg_max(close, ts) AS close
FROM ohlcv_1m, decision
WHERE available_at <= decision.at
GROUP BY symbol
ORDER BY symbol;
