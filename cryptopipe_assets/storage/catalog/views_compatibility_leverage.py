"""The files of the original leverage and dilution updater, under its names and in percent.

For people who move over, and to compare. Differences that are meant: open interest is of all
contracts, windows are of calendar days and not of rows, supplies are measured by the cap that was
known then, and what is unknown is null.
"""

from cryptopipe_assets.storage.catalog.view import View

_NAMES = """
    names AS (
        SELECT coin_id, arg_max(name, ts) AS name, arg_max(rank, ts) AS rank
        FROM market_cap WHERE coin_id IN (SELECT DISTINCT coin_id FROM leverage_ratios)
        GROUP BY coin_id
    )
"""
_COIN = {
    "coin_name": "Name of the coin. [label]",
    "coin_symbol": "Ticker of the coin. [id]",
}
_RATIO = {"oi_to_mcap_ratio": "Open interest over market cap. [percent]"}

LEVERAGE_RATIOS_TOP50 = View(
    name="leverage_ratios_top50",
    tables=("leverage_ratios", "market_cap"),
    comment="Compatibility: the 50 most leveraged coins of the newest day, the most first.",
    columns={
        "rank": "Rank by market cap, where it is given. [count]",
        **_COIN,
        **_RATIO,
        "leverage_score": "Weighted percentile among the day's coins. [points of 100]",
        "latest_oi": "Open interest at the day's end. [USD]",
        "market_cap": "Price times circulating supply. [USD]",
        "volume_24h": "Value traded on spot markets in 24 hours. [USD]",
        "avg_funding_7d": "Mean funding of 7 days. [percent per 8 h]",
        "avg_funding_30d": "Mean funding of 30 days. [percent per 8 h]",
        "oi_growth_30d": "Change of the open interest over 30 days. [percent]",
        "oi_volatility_30d": "Sample deviation of its daily changes over 30 days. [percent]",
        "oi_to_volume_ratio": "Mean open interest of 7 days over the volume of a day. [percent]",
        "funding_volatility_30d": "Sample deviation of funding over 30 days. [percent per 8 h]",
        "positive_funding_pct": "Share of 30 days on which longs paid. [percent]",
    },
    query=f"""
        WITH {_NAMES}
        SELECT n.rank, n.name AS coin_name, coin AS coin_symbol,
            100 * oi_to_market_cap AS oi_to_mcap_ratio, leverage_score,
            open_interest_usd AS latest_oi, market_cap_usd AS market_cap,
            volume_24h_usd AS volume_24h,
            100 * avg_funding_7d AS avg_funding_7d, 100 * avg_funding_30d AS avg_funding_30d,
            100 * oi_growth_30d AS oi_growth_30d, 100 * oi_volatility_30d AS oi_volatility_30d,
            100 * oi_to_volume AS oi_to_volume_ratio,
            100 * funding_volatility_30d AS funding_volatility_30d,
            100 * positive_funding_share_30d AS positive_funding_pct
        FROM leverage_ratios AS l LEFT JOIN names AS n USING (coin_id)
        WHERE oi_to_market_cap IS NOT NULL AND date = (
            SELECT max(date) FROM leverage_ratios WHERE oi_to_market_cap IS NOT NULL
        )
        ORDER BY oi_to_market_cap DESC, coin LIMIT 50
    """,
)

HISTORICAL_LEVERAGE_WEEKLY = View(
    name="historical_leverage_weekly",
    tables=("leverage_ratios", "market_cap"),
    comment="Compatibility: leverage of Mondays; each uses its own close, so from Tuesday on.",
    columns={
        "date": "The Monday, UTC. [UTC]",
        **dict(reversed(_COIN.items())),
        "oi_close": "Open interest at the day's end. [USD]",
        "market_cap": "Price times circulating supply. [USD]",
        **_RATIO,
        "oi_to_mcap_ma30": "Mean of the ratio over 30 days. [percent]",
        "funding_rate_pct": "Funding of the day; called percent by the original. [basis points per "
        "8 h]",
        "available_at": "First instant at which the row could have been used. [UTC]",
    },
    query=f"""
        WITH {_NAMES}
        SELECT date, coin AS coin_symbol, n.name AS coin_name, open_interest_usd AS oi_close,
            market_cap_usd AS market_cap, 100 * oi_to_market_cap AS oi_to_mcap_ratio,
            100 * oi_to_market_cap_ma30 AS oi_to_mcap_ma30, funding_8h_bp AS funding_rate_pct,
            available_at
        FROM leverage_weekly LEFT JOIN names AS n USING (coin_id)
        WHERE oi_to_market_cap IS NOT NULL ORDER BY date, coin
    """,
)

HISTORICAL_LEVERAGE_DAILY_AGGREGATE = View(
    name="historical_leverage_daily_aggregate",
    tables=("leverage_ratios",),
    comment="Compatibility: leverage of the market by day.",
    columns={
        "date": "The UTC day. [UTC]",
        "total_oi": "Open interest of all coins. [USD]",
        "total_mcap": "Market cap of all coins. [USD]",
        "avg_oi_mcap_ratio": "Mean of the coins' ratios, all of the same weight. [percent]",
        "num_coins": "Coins in the sums. [count]",
        "aggregate_oi_mcap_ratio": "Total open interest over total market cap. [percent]",
        "aggregate_ratio_ma30": "Mean of that over 30 days. [percent]",
        "aggregate_ratio_ma90": "Mean of that over 90 days. [percent]",
    },
    query="""
        SELECT date, total_open_interest_usd AS total_oi, total_market_cap_usd AS total_mcap,
            100 * mean_oi_to_market_cap AS avg_oi_mcap_ratio, coins AS num_coins,
            100 * aggregate_oi_to_market_cap AS aggregate_oi_mcap_ratio,
            100 * aggregate_ma30 AS aggregate_ratio_ma30,
            100 * aggregate_ma90 AS aggregate_ratio_ma90
        FROM leverage_market_daily
    """,
)

HISTORICAL_LEVERAGE_COIN_AVERAGES = View(
    name="historical_leverage_coin_averages",
    tables=("leverage_ratios",),
    comment="Compatibility: leverage of a coin over all days, the highest mean first.",
    columns={
        "coin_symbol": "Ticker of the coin. [id]",
        "avg_oi_mcap_ratio": "Mean ratio. [percent]",
        "median_oi_mcap_ratio": "Median ratio. [percent]",
        "std_oi_mcap_ratio": "Sample deviation of the ratio. [percent]",
        "max_oi_mcap_ratio": "Highest ratio. [percent]",
        "avg_oi": "Mean open interest. [USD]",
    },
    query="""
        SELECT coin AS coin_symbol, 100 * oi_to_market_cap_mean AS avg_oi_mcap_ratio,
            100 * oi_to_market_cap_median AS median_oi_mcap_ratio,
            100 * oi_to_market_cap_std AS std_oi_mcap_ratio,
            100 * oi_to_market_cap_max AS max_oi_mcap_ratio, open_interest_mean_usd AS avg_oi
        FROM leverage_coin_averages ORDER BY avg_oi_mcap_ratio DESC, coin
    """,
)

LEVERAGE_COMPATIBILITY = (
    LEVERAGE_RATIOS_TOP50,
    HISTORICAL_LEVERAGE_WEEKLY,
    HISTORICAL_LEVERAGE_DAILY_AGGREGATE,
    HISTORICAL_LEVERAGE_COIN_AVERAGES,
)
