-- What did a long pay over the last three days, scaled to a year?
SELECT symbol,
    count(*) AS settlements,
    any_value(interval_hours) AS interval_hours,
    round(sum(funding_rate) * 365 / 3, 4) AS paid_per_year
FROM funding_rate
WHERE ts > (SELECT max(ts) FROM funding_rate) - INTERVAL 3 DAY
GROUP BY symbol
ORDER BY paid_per_year DESC
LIMIT 10;
