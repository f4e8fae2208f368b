-- How leveraged was a coin, as far as was known, when each hour of its factors ended?
SELECT f.symbol, f.ts, round(f.returns_24h, 4) AS returns_24h,
    round(l.oi_to_market_cap, 4) AS oi_to_market_cap, l.ts AS leverage_of
FROM factors_1h AS f
JOIN (SELECT DISTINCT symbol, coin FROM instruments WHERE tier IS NOT NULL) AS i USING (symbol)
ASOF JOIN leverage_ratios AS l ON l.coin = i.coin AND f.available_at >= l.available_at
ORDER BY f.ts DESC, f.symbol
LIMIT 10;
