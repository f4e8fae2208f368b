"""The history of leverage: the whole market by day, Mondays, coins on average (A3)."""

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS
from cryptopipe_assets.storage.catalog.view import View

_TWO_HOURS_MS = 2 * HOUR_MS

LEVERAGE_MARKET_DAILY = View(
    name="leverage_market_daily",
    tables=("leverage_ratios",),
    comment="Leverage of the market on a day: all coins whose market cap is known.",
    columns={
        "date": "The UTC day. [UTC]",
        "available_at": "First instant at which the row could have been used. [UTC]",
        "coins": "Coins in the sums. [count]",
        "total_open_interest_usd": "Open interest of all coins. [USD]",
        "total_market_cap_usd": "Market cap of all coins. [USD]",
        "mean_oi_to_market_cap": "Mean of the coins' ratios, all of the same weight. [fraction]",
        "aggregate_oi_to_market_cap": "Total open interest over total market cap. [fraction]",
        "aggregate_ma30": "Mean of that over 30 days; one known day is enough. [fraction]",
        "aggregate_ma90": "Mean of that over 90 days; one known day is enough. [fraction]",
    },
    query="""
        WITH days AS (
            SELECT date, max(available_at) AS available_at, count(*) AS coins,
                fsum(open_interest_usd) AS total_open_interest_usd,
                fsum(market_cap_usd) AS total_market_cap_usd,
                fsum(oi_to_market_cap) / count(*) AS mean_oi_to_market_cap,
                fsum(open_interest_usd) / fsum(market_cap_usd) AS aggregate_oi_to_market_cap
            FROM leverage_ratios WHERE oi_to_market_cap IS NOT NULL GROUP BY date
        )
        SELECT *,
            avg(aggregate_oi_to_market_cap) OVER (
                ORDER BY date RANGE BETWEEN INTERVAL 29 DAY PRECEDING AND CURRENT ROW
            ) AS aggregate_ma30,
            avg(aggregate_oi_to_market_cap) OVER (
                ORDER BY date RANGE BETWEEN INTERVAL 89 DAY PRECEDING AND CURRENT ROW
            ) AS aggregate_ma90
        FROM days ORDER BY date
    """,
)

LEVERAGE_WEEKLY = View(
    name="leverage_weekly",
    tables=("leverage_ratios",),
    comment="leverage_ratios of Mondays, not averaged: usable from Tuesday 00:00:00.001 UTC.",
    columns={},
    query="SELECT * FROM leverage_ratios WHERE isodow(date) = 1",
)

LEVERAGE_COIN_AVERAGES = View(
    name="leverage_coin_averages",
    tables=("leverage_ratios",),
    comment="Leverage of a coin over all days. A summary to read, not a feature: it sees them all.",
    columns={
        "coin": "Coin, e.g. PEPE. [id]",
        "days": "Days with a ratio. [count]",
        "first_day": "The first of them. [UTC]",
        "last_day": "The last of them. [UTC]",
        "oi_to_market_cap_mean": "Mean ratio. [fraction]",
        "oi_to_market_cap_median": "Median ratio. [fraction]",
        "oi_to_market_cap_std": "Sample deviation of the ratio; null for one day. [fraction]",
        "oi_to_market_cap_max": "Highest ratio. [fraction]",
        "open_interest_mean_usd": "Mean open interest of those days. [USD]",
    },
    query="""
        SELECT coin, count(*) AS days, min(date) AS first_day, max(date) AS last_day,
            avg(oi_to_market_cap) AS oi_to_market_cap_mean,
            median(oi_to_market_cap) AS oi_to_market_cap_median,
            stddev_samp(oi_to_market_cap) AS oi_to_market_cap_std,
            max(oi_to_market_cap) AS oi_to_market_cap_max,
            avg(open_interest_usd) AS open_interest_mean_usd
        FROM leverage_ratios WHERE oi_to_market_cap IS NOT NULL GROUP BY coin ORDER BY coin
    """,
)

LEVERAGE_SINGLE_CONTRACT = View(
    name="leverage_single_contract",
    tables=("open_interest", "leverage_ratios"),
    comment="A coin's leverage on a day by one contract, as the original measured it, beside ours.",
    columns={
        "coin": "Coin, e.g. PEPE. [id]",
        "date": "The UTC day. [UTC]",
        "available_at": "First instant at which the row could have been used. [UTC]",
        "venue": "Exchange of the contract. [id]",
        "symbol": "The contract that the original would follow. [id]",
        "single_open_interest_usd": "Open interest of it at the day's end. [USD]",
        "open_interest_usd": "Open interest of all contracts of the coin. [USD]",
        "market_cap_usd": "Price times circulating supply. [USD]",
        "single_oi_to_market_cap": "Open interest of the one over market cap. [fraction]",
        "oi_to_market_cap": "Open interest of all over market cap. [fraction]",
    },
    query=f"""
        WITH known AS (
            SELECT *, date_trunc('day', make_timestamp(epoch_ms(ts) * 1000))::DATE AS date
            FROM open_interest_single_contract
        ),
        closes AS (
            SELECT *, epoch_ms(date::TIMESTAMP) + {DAY_MS} - (epoch_ms(available_at) - 1) AS age_ms
            FROM known
            WHERE age_ms BETWEEN 0 AND {_TWO_HOURS_MS}
            QUALIFY row_number() OVER (PARTITION BY coin, date ORDER BY ts DESC) = 1
        )
        SELECT l.coin, l.date, l.available_at, c.venue, c.symbol,
            c.open_interest_usd AS single_open_interest_usd, l.open_interest_usd,
            l.market_cap_usd,
            c.open_interest_usd / nullif(l.market_cap_usd, 0) AS single_oi_to_market_cap,
            l.oi_to_market_cap
        FROM leverage_ratios AS l JOIN closes AS c USING (coin, date)
    """,
)

LEVERAGE_VIEWS = (
    LEVERAGE_MARKET_DAILY,
    LEVERAGE_WEEKLY,
    LEVERAGE_COIN_AVERAGES,
    LEVERAGE_SINGLE_CONTRACT,
)
