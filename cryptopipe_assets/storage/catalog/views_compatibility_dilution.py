"""The dilution files of the original updater, under its names and in percent."""

from cryptopipe_assets.storage.catalog.view import View

_SUPPLY = {
    "circulating_pct": "Circulating supply over the cap. [percent]",
    "potential_dilution_pct": "What is still to come over what circulates. [percent]",
    "locked_tokens": "Cap less circulating supply. [coins]",
}

CRYPTO_DILUTION_TOP50 = View(
    name="crypto_dilution_top50",
    tables=("dilution_metrics", "market_cap"),
    comment="Compatibility: supply of the 50 largest coins, by the newest list that gives caps.",
    columns={
        "rank": "Rank by market cap. [count]",
        "symbol": "Ticker of the coin. [id]",
        "name": "Name of the coin. [label]",
        "price": "Price of one coin. [USD]",
        "market_cap": "Price times circulating supply. [USD]",
        "circulating_supply": "Coins in circulation. [coins]",
        "total_supply": "Coins that exist, locked ones too. [coins]",
        "max_supply": "Coins that can ever exist; null without a cap. [coins]",
        "effective_max_supply": "The cap measured by: maximum, else total supply. [coins]",
        **_SUPPLY,
        "volume_24h": "Value traded in the 24 hours before. [USD]",
        "market_cap_dominance": "Market cap over that of all coins of the list. [percent]",
        "timestamp": "Instant of the snapshot. [UTC]",
    },
    query="""
        WITH of_day AS (
            SELECT *, split_part(coin_id, ':', 1) AS vendor FROM dilution_metrics
            WHERE rank IS NOT NULL AND date = (
                SELECT max(date) FROM dilution_metrics
                WHERE rank IS NOT NULL AND max_supply_effective IS NOT NULL
            )
        ),
        -- Where one vendor stood in for another, the day has two lists: the longer one is shown.
        newest AS (
            SELECT * FROM of_day WHERE vendor = (
                SELECT vendor FROM of_day GROUP BY vendor ORDER BY count(*) DESC, vendor LIMIT 1
            )
        )
        SELECT d.rank, d.coin AS symbol, d.name, d.price_usd AS price,
            d.market_cap_usd AS market_cap, d.circulating_supply, d.total_supply, d.max_supply,
            d.max_supply_effective AS effective_max_supply,
            100 * d.circulating_share AS circulating_pct,
            100 * d.potential_dilution AS potential_dilution_pct, d.locked_tokens,
            m.volume_24h_usd AS volume_24h,
            100 * d.market_cap_usd / fsum(d.market_cap_usd) OVER () AS market_cap_dominance,
            d.supply_asof AS timestamp
        FROM newest AS d
        LEFT JOIN market_cap AS m ON m.coin_id = d.coin_id AND m.ts = d.supply_asof
        ORDER BY d.rank, d.coin_id LIMIT 50
    """,
)

CRYPTO_DILUTION_HISTORICAL = View(
    name="crypto_dilution_historical",
    tables=("dilution_metrics",),
    comment="Compatibility: supply of a coin on a day with a snapshot, against its maximum.",
    columns={
        "date": "The UTC day. [UTC]",
        "Symbol": "Ticker of the coin. [id]",
        "Name": "Name of the coin. [label]",
        "Rank": "Rank by market cap. [count]",
        "Price": "Price of one coin. [USD]",
        "Market Cap": "Price times circulating supply. [USD]",
        "Circulating Supply": "Coins in circulation. [coins]",
        "max_supply": "Coins that can ever exist, as the snapshot gave it; null without. [coins]",
        **_SUPPLY,
    },
    query="""
        -- Where one vendor stood in for another, a coin has two ids: the one with a past is shown.
        WITH told AS (
            SELECT *, split_part(coin_id, ':', 1) AS vendor FROM dilution_metrics
        ),
        chosen AS (
            SELECT *, first_value(vendor) OVER (
                PARTITION BY date, coin
                ORDER BY dilution_velocity_share_per_year IS NULL, supply_asof DESC, vendor
            ) AS meant FROM told
        )
        SELECT date, coin AS "Symbol", name AS "Name", rank AS "Rank", price_usd AS "Price",
            market_cap_usd AS "Market Cap", circulating_supply AS "Circulating Supply", max_supply,
            CASE WHEN cap_kind = 'max' THEN 100 * circulating_share END AS circulating_pct,
            CASE WHEN cap_kind = 'max' THEN 100 * potential_dilution END AS potential_dilution_pct,
            CASE WHEN cap_kind = 'max' THEN locked_tokens END AS locked_tokens
        FROM chosen WHERE vendor = meant
    """,
)

DILUTION_COMPATIBILITY = (CRYPTO_DILUTION_TOP50, CRYPTO_DILUTION_HISTORICAL)
