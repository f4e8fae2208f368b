-- What does each strategy hold for the newest day, and on which side?
SELECT strategy, leg, count(*) AS coins, round(sum(weight), 3) AS weight,
    string_agg(coin, ', ' ORDER BY abs(weight) DESC) AS held
FROM signals
WHERE weight IS NOT NULL AND ts = (SELECT max(ts) FROM signals)
GROUP BY strategy, leg
ORDER BY strategy, leg;
