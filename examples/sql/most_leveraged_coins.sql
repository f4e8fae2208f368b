-- Which coins are most leveraged: open interest on all venues against market cap?
SELECT coin,
    round(open_interest_usd / 1e6) AS open_interest_musd,
    round(market_cap_usd / 1e6) AS market_cap_musd,
    round(oi_to_market_cap, 4) AS oi_to_market_cap,
    round(leverage_score, 1) AS leverage_score
FROM leverage_ratios
WHERE ts = (SELECT max(ts) FROM leverage_ratios) AND oi_to_market_cap IS NOT NULL
ORDER BY oi_to_market_cap DESC
LIMIT 10;
