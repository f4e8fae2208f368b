"""Open interest of a coin: over all its contracts, or of the one that an original followed."""

from cryptopipe_assets.core.single_contract import QUOTE_PREFERENCE, VENUE_PREFERENCE
from cryptopipe_assets.storage.catalog.view import View

_COIN_HOUR = {
    "coin": "Coin, e.g. PEPE. [id]",
    "ts": "Open of the hour. [UTC]",
    "available_at": "When the last part of the sum was known. [UTC]",
}

# A contract belongs to its coin for 23 hours after its last value: in hours in which others have
# values and it has none, that last value is what is missing.
_PARTS = """
    parts AS (
        SELECT coin, venue, symbol, ts, available_at, open_interest_usd AS usd,
            lead(ts) OVER (PARTITION BY coin, venue, symbol ORDER BY ts) AS next_ts
        FROM open_interest WHERE open_interest_usd IS NOT NULL
    ),
    hours AS (SELECT DISTINCT coin, ts FROM parts),
    every AS (
        SELECT coin, venue, symbol, ts, available_at, usd, false AS is_absent FROM parts
        UNION ALL
        SELECT h.coin, p.venue, p.symbol, h.ts, p.available_at, p.usd, true
        FROM (
            SELECT * FROM parts
            WHERE next_ts IS NULL OR epoch_ms(next_ts) - epoch_ms(ts) > 3600000
        ) AS p
        JOIN hours AS h ON h.coin = p.coin AND h.ts > p.ts
            AND epoch_ms(h.ts) - epoch_ms(p.ts) <= 23 * 3600000
            AND (p.next_ts IS NULL OR h.ts < p.next_ts)
    )
"""

OPEN_INTEREST_TOTALS = View(
    name="open_interest_totals",
    tables=("open_interest",),
    comment="Open interest of a coin in an hour, over all its perpetual contracts and venues.",
    columns={
        **_COIN_HOUR,
        "open_interest_usd": "Sum of the contracts that have a value in the hour. [USD]",
        "oi_venues": "Venues in the sum. [count]",
        "oi_contracts": "Contracts in the sum. [count]",
        "oi_coverage": "The sum over itself and the last values of the contracts that had one in "
        "the 23 hours before and have none now. [fraction]",
    },
    query=f"""
        WITH {_PARTS}
        SELECT coin, ts, max(available_at) AS available_at,
            fsum(usd) FILTER (NOT is_absent) AS open_interest_usd,
            count(DISTINCT venue) FILTER (NOT is_absent) AS oi_venues,
            count(*) FILTER (NOT is_absent) AS oi_contracts,
            fsum(usd) FILTER (NOT is_absent) / nullif(fsum(usd), 0) AS oi_coverage
        FROM every GROUP BY coin, ts HAVING oi_contracts > 0
    """,
)

OPEN_INTEREST_SINGLE_CONTRACT = View(
    name="open_interest_single_contract",
    tables=("open_interest",),
    comment="Open interest of the one contract of a coin that the original system would follow.",
    columns={
        **_COIN_HOUR,
        "venue": "Exchange of the contract: Binance before Bybit, OKX, BitMEX, Deribit. [id]",
        "symbol": "The contract: against USD before USDT, USDC. [id]",
        "open_interest_usd": "Its open interest. [USD]",
    },
    query=f"""
        WITH {_PARTS},
        placed AS (
            SELECT *,
                list_position({list(VENUE_PREFERENCE)}, venue) AS venue_at,
                list_position({list(QUOTE_PREFERENCE)}, split_part(symbol, '-', 2)) AS quote_at
            FROM every
        ),
        chosen AS (
            SELECT * FROM placed WHERE venue_at > 0 AND quote_at > 0
            QUALIFY row_number() OVER (
                PARTITION BY coin, ts ORDER BY venue_at, quote_at, symbol
            ) = 1
        )
        SELECT coin, ts, available_at, venue, symbol, usd AS open_interest_usd
        FROM chosen WHERE NOT is_absent
    """,
)

OPEN_INTEREST_VIEWS = (OPEN_INTEREST_TOTALS, OPEN_INTEREST_SINGLE_CONTRACT)
