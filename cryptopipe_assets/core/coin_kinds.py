"""Coins that stand for another one: stable, wrapped, staked and bridged; a maintained list.

In a prior over market caps each of them would count something a second time, or count dollars.

Where the list comes from: the exclusion lists of the pipelines that this platform replaces (USDT,
USDC, DAI, USDD, TUSD, BUSD), the vendors' categories of stablecoins, wrapped, liquid-staking and
bridged tokens, and the issuers' own announcements. A start is the month of the launch: before it
the ticker was somebody else's or nobody's. An end is when the token stopped being one (TerraUSD
lost its peg) or its ticker passed to another coin (FRAX). A token that is merely being wound down,
such as BUSD, stays what it is. Bridged copies often keep the ticker of the original, so those are
listed by the vendor's id, which goes before the ticker.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

KINDS = ("coin", "stable", "wrapped", "staked", "bridged")


@dataclass(frozen=True)
class CoinKind:
    """One entry of the list.

    Attributes
    ----------
    of
        Ticker in upper case, or a vendor's id such as ``coingecko:weth``.
    kind
        One of ``KINDS`` but the first.
    since, until
        First day on which it holds, and the first on which it no longer does; null if it does.
    """

    of: str
    kind: str
    since: date
    until: date | None = None


KINDS_OF = (
    CoinKind("USDT", "stable", date(2014, 10, 1)),
    CoinKind("USDC", "stable", date(2018, 9, 1)),
    CoinKind("DAI", "stable", date(2017, 12, 1)),
    CoinKind("TUSD", "stable", date(2018, 3, 1)),
    CoinKind("GUSD", "stable", date(2018, 9, 1)),
    CoinKind("PAX", "stable", date(2018, 9, 1), date(2021, 9, 1)),
    CoinKind("USDP", "stable", date(2021, 8, 1)),
    CoinKind("SUSD", "stable", date(2018, 6, 1)),
    CoinKind("EURS", "stable", date(2018, 6, 1)),
    CoinKind("HUSD", "stable", date(2018, 10, 1), date(2022, 9, 1)),
    CoinKind("SAI", "stable", date(2019, 11, 1), date(2020, 6, 1)),
    CoinKind("BUSD", "stable", date(2019, 9, 1)),
    CoinKind("USDN", "stable", date(2020, 1, 1), date(2022, 12, 1)),
    CoinKind("UST", "stable", date(2020, 9, 1), date(2022, 5, 10)),
    CoinKind("FRAX", "stable", date(2020, 12, 1), date(2025, 5, 1)),
    CoinKind("LUSD", "stable", date(2021, 4, 1)),
    CoinKind("ALUSD", "stable", date(2021, 2, 1)),
    CoinKind("FEI", "stable", date(2021, 4, 1)),
    CoinKind("MIM", "stable", date(2021, 6, 1)),
    CoinKind("OUSD", "stable", date(2020, 9, 1)),
    CoinKind("USDX", "stable", date(2024, 7, 1)),
    CoinKind("EUROC", "stable", date(2022, 6, 1), date(2023, 8, 1)),
    CoinKind("EURC", "stable", date(2023, 8, 1)),
    CoinKind("USDD", "stable", date(2022, 5, 1)),
    CoinKind("FDUSD", "stable", date(2023, 6, 1)),
    CoinKind("CRVUSD", "stable", date(2023, 5, 1)),
    CoinKind("GHO", "stable", date(2023, 7, 1)),
    CoinKind("PYUSD", "stable", date(2023, 8, 1)),
    CoinKind("USDY", "stable", date(2023, 8, 1)),
    CoinKind("AEUR", "stable", date(2023, 12, 1)),
    CoinKind("USDE", "stable", date(2023, 11, 1)),
    CoinKind("USD0", "stable", date(2024, 5, 1)),
    CoinKind("EURI", "stable", date(2024, 8, 1)),
    CoinKind("USDS", "stable", date(2024, 9, 1)),
    CoinKind("USDG", "stable", date(2024, 11, 1)),
    CoinKind("BFUSD", "stable", date(2024, 11, 1)),
    CoinKind("USDTB", "stable", date(2024, 12, 1)),
    CoinKind("RLUSD", "stable", date(2024, 12, 1)),
    CoinKind("USDF", "stable", date(2025, 2, 1)),
    CoinKind("USD1", "stable", date(2025, 3, 1)),
    CoinKind("USDAI", "stable", date(2025, 5, 1)),
    CoinKind("USDH", "stable", date(2025, 9, 1)),
    CoinKind("FRXUSD", "stable", date(2025, 1, 1)),
    CoinKind("LISUSD", "stable", date(2024, 4, 1)),
    CoinKind("DEUSD", "stable", date(2024, 7, 1), date(2025, 11, 1)),
    CoinKind("BUIDL", "stable", date(2024, 3, 1)),
    CoinKind("USYC", "stable", date(2023, 7, 1)),
    CoinKind("USDA", "stable", date(2024, 1, 1)),
    CoinKind("WETH", "wrapped", date(2017, 12, 1)),
    CoinKind("WBTC", "wrapped", date(2019, 1, 1)),
    CoinKind("HBTC", "wrapped", date(2020, 2, 1)),
    CoinKind("WBNB", "wrapped", date(2020, 9, 1)),
    CoinKind("WAVAX", "wrapped", date(2020, 11, 1)),
    CoinKind("WMATIC", "wrapped", date(2020, 6, 1)),
    CoinKind("WPOL", "wrapped", date(2024, 9, 1)),
    CoinKind("WSOL", "wrapped", date(2020, 11, 1)),
    CoinKind("WTRX", "wrapped", date(2020, 10, 1)),
    CoinKind("TBTC", "wrapped", date(2020, 9, 1)),
    CoinKind("SOLVBTC", "wrapped", date(2024, 4, 1)),
    CoinKind("FBTC", "wrapped", date(2024, 7, 1)),
    CoinKind("CBBTC", "wrapped", date(2024, 9, 1)),
    CoinKind("KBTC", "wrapped", date(2024, 10, 1)),
    CoinKind("WHYPE", "wrapped", date(2025, 2, 1)),
    CoinKind("STETH", "staked", date(2020, 12, 1)),
    CoinKind("WSTETH", "staked", date(2021, 2, 1)),
    CoinKind("BETH", "staked", date(2020, 12, 1)),
    CoinKind("ANKRETH", "staked", date(2020, 12, 1)),
    CoinKind("RETH", "staked", date(2021, 11, 1)),
    CoinKind("SFRXETH", "staked", date(2022, 10, 1)),
    CoinKind("FRXETH", "staked", date(2022, 10, 1)),
    CoinKind("CBETH", "staked", date(2022, 8, 1)),
    CoinKind("WBETH", "staked", date(2023, 4, 1)),
    CoinKind("SWETH", "staked", date(2023, 4, 1)),
    CoinKind("ETHX", "staked", date(2023, 7, 1)),
    CoinKind("OSETH", "staked", date(2023, 11, 1)),
    CoinKind("EETH", "staked", date(2023, 11, 1)),
    CoinKind("WEETH", "staked", date(2023, 11, 1)),
    CoinKind("EZETH", "staked", date(2023, 12, 1)),
    CoinKind("RSETH", "staked", date(2023, 12, 1)),
    CoinKind("METH", "staked", date(2023, 12, 1)),
    CoinKind("LSETH", "staked", date(2022, 10, 1)),
    CoinKind("RSWETH", "staked", date(2024, 1, 1)),
    CoinKind("MSOL", "staked", date(2021, 8, 1)),
    CoinKind("STSOL", "staked", date(2021, 9, 1)),
    CoinKind("JITOSOL", "staked", date(2022, 11, 1)),
    CoinKind("BSOL", "staked", date(2022, 11, 1)),
    CoinKind("JUPSOL", "staked", date(2024, 4, 1)),
    CoinKind("BNSOL", "staked", date(2024, 9, 1)),
    CoinKind("SAVAX", "staked", date(2022, 2, 1)),
    CoinKind("STMATIC", "staked", date(2022, 3, 1)),
    CoinKind("SLISBNB", "staked", date(2023, 8, 1)),
    CoinKind("LBTC", "staked", date(2024, 8, 1)),
    CoinKind("KHYPE", "staked", date(2025, 7, 1)),
    CoinKind("STHYPE", "staked", date(2024, 12, 1)),
    CoinKind("SDAI", "staked", date(2023, 5, 1)),
    CoinKind("SUSDE", "staked", date(2023, 11, 1)),
    CoinKind("SUSDS", "staked", date(2024, 9, 1)),
    CoinKind("BTCB", "bridged", date(2019, 6, 1)),
    CoinKind("RENBTC", "bridged", date(2020, 5, 1)),
    CoinKind("BTC.B", "bridged", date(2022, 6, 1)),
    CoinKind("USDC.E", "bridged", date(2020, 5, 1)),
    CoinKind("USDT.E", "bridged", date(2021, 7, 1)),
    CoinKind("WETH.E", "bridged", date(2021, 7, 1)),
    CoinKind("AXLUSDC", "bridged", date(2022, 3, 1)),
    CoinKind("BSC-USD", "bridged", date(2020, 9, 1)),
    CoinKind("USDT0", "bridged", date(2025, 1, 1)),
    CoinKind("WBTC.E", "bridged", date(2021, 7, 1)),
    CoinKind("DAI.E", "bridged", date(2021, 7, 1)),
    CoinKind("USDBC", "bridged", date(2023, 7, 1)),
    CoinKind("coingecko:wrapped-bitcoin", "wrapped", date(2019, 1, 1)),
    CoinKind("coingecko:weth", "wrapped", date(2017, 12, 1)),
    CoinKind("cmc:3717", "wrapped", date(2019, 1, 1)),
    CoinKind("cmc:2396", "wrapped", date(2017, 12, 1)),
    CoinKind("coingecko:staked-ether", "staked", date(2020, 12, 1)),
    CoinKind("coingecko:wrapped-steth", "staked", date(2021, 2, 1)),
    CoinKind("cmc:8085", "staked", date(2020, 12, 1)),
    CoinKind("cmc:12409", "staked", date(2021, 2, 1)),
    CoinKind("coingecko:binance-peg-weth", "bridged", date(2020, 9, 1)),
    CoinKind("coingecko:binance-bridged-usdt-bnb-smart-chain", "bridged", date(2020, 9, 1)),
    CoinKind("coingecko:arbitrum-bridged-wbtc-arbitrum-one", "bridged", date(2021, 8, 1)),
    CoinKind("coingecko:l2-standard-bridged-weth-base", "bridged", date(2023, 7, 1)),
    CoinKind("coingecko:binance-peg-busd", "bridged", date(2020, 9, 1)),
    CoinKind("coingecko:bridged-usdc-polygon-pos-bridge", "bridged", date(2020, 5, 1)),
    CoinKind("coingecko:polygon-bridged-usdt-polygon", "bridged", date(2020, 5, 1)),
)


def with_kind(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``kind``, one of ``KINDS``, as it was on the day of each row.

    Parameters
    ----------
    rows
        coin_id, coin (ticker in upper case), ts; in any order, which is kept.
    """
    listed = pl.DataFrame(
        [(each.of, each.kind, each.since, each.until) for each in KINDS_OF],
        schema={"of": pl.String, "kind": pl.String, "since": pl.Date, "until": pl.Date},
        orient="row",
    )
    day = pl.col("ts").dt.date()
    found = rows
    for name in ("coin_id", "coin"):
        valid = (
            rows.select(name, "ts")
            .unique()
            .join(listed, left_on=name, right_on="of")
            .filter(day >= pl.col("since"), (day < pl.col("until")).fill_null(value=True))
            .select(name, "ts", pl.col("kind").alias(f"kind_by_{name}"))
        )
        found = found.join(valid, on=[name, "ts"], how="left", maintain_order="left")
    kind = pl.coalesce("kind_by_coin_id", "kind_by_coin", pl.lit(KINDS[0]))
    return found.with_columns(kind=kind).drop("kind_by_coin_id", "kind_by_coin")
