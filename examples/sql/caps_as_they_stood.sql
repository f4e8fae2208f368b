-- Which market caps stood in the table at an instant, with later rows and later corrections undone?
SELECT coin, source, price_usd, round(market_cap_usd / 1e9, 2) AS market_cap_busd, available_at
FROM market_cap_as_of((SELECT max(available_at) FROM market_cap) - INTERVAL 1 HOUR)
WHERE market_cap_usd IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY coin_id ORDER BY available_at DESC) = 1
ORDER BY market_cap_usd DESC
LIMIT 10;
