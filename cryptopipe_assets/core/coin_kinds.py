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
class Twin:
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


TWINS = (
    Twin("USDT", "stable", date(2014, 10, 1)),
    Twin("USDC", "stable", date(2018, 9, 1)),
    Twin("DAI", "stable", date(2017, 12, 1)),
    Twin("TUSD", "stable", date(2018, 3, 1)),
    Twin("GUSD", "stable", date(2018, 9, 1)),
    Twin("PAX", "stable", date(2018, 9, 1), date(2021, 9, 1)),
    Twin("USDP", "stable", date(2021, 8, 1)),
    Twin("SUSD", "stable", date(2018, 6, 1)),
    Twin("EURS", "stable", date(2018, 6, 1)),
    Twin("HUSD", "stable", date(2018, 10, 1), date(2022, 9, 1)),
    Twin("SAI", "stable", date(2019, 11, 1), date(2020, 6, 1)),
    Twin("BUSD", "stable", date(2019, 9, 1)),
    Twin("USDN", "stable", date(2020, 1, 1), date(2022, 12, 1)),
    Twin("UST", "stable", date(2020, 9, 1), date(2022, 5, 10)),
    Twin("FRAX", "stable", date(2020, 12, 1), date(2025, 5, 1)),
    Twin("LUSD", "stable", date(2021, 4, 1)),
    Twin("ALUSD", "stable", date(2021, 2, 1)),
    Twin("FEI", "stable", date(2021, 4, 1)),
    Twin("MIM", "stable", date(2021, 6, 1)),
    Twin("OUSD", "stable", date(2020, 9, 1)),
    Twin("USDX", "stable", date(2024, 7, 1)),
    Twin("EUROC", "stable", date(2022, 6, 1), date(2023, 8, 1)),
    Twin("EURC", "stable", date(2023, 8, 1)),
    Twin("USDD", "stable", date(2022, 5, 1)),
    Twin("FDUSD", "stable", date(2023, 6, 1)),
    Twin("CRVUSD", "stable", date(2023, 5, 1)),
    Twin("GHO", "stable", date(2023, 7, 1)),
    Twin("PYUSD", "stable", date(2023, 8, 1)),
    Twin("USDY", "stable", date(2023, 8, 1)),
    Twin("AEUR", "stable", date(2023, 12, 1)),
    Twin("USDE", "stable", date(2023, 11, 1)),
    Twin("USD0", "stable", date(2024, 5, 1)),
    Twin("EURI", "stable", date(2024, 8, 1)),
    Twin("USDS", "stable", date(2024, 9, 1)),
    Twin("USDG", "stable", date(2024, 11, 1)),
    Twin("BFUSD", "stable", date(2024, 11, 1)),
    Twin("USDTB", "stable", date(2024, 12, 1)),
    Twin("RLUSD", "stable", date(2024, 12, 1)),
    Twin("USDF", "stable", date(2025, 2, 1)),
    Twin("USD1", "stable", date(2025, 3, 1)),
    Twin("USDAI", "stable", date(2025, 5, 1)),
    Twin("USDH", "stable", date(2025, 9, 1)),
    Twin("FRXUSD", "stable", date(2025, 1, 1)),
    Twin("LISUSD", "stable", date(2024, 4, 1)),
    Twin("DEUSD", "stable", date(2024, 7, 1), date(2025, 11, 1)),
    Twin("BUIDL", "stable", date(2024, 3, 1)),
    Twin("USYC", "stable", date(2023, 7, 1)),
    Twin("USDA", "stable", date(2024, 1, 1)),
    Twin("WETH", "wrapped", date(2017, 12, 1)),
    Twin("WBTC", "wrapped", date(2019, 1, 1)),
    Twin("HBTC", "wrapped", date(2020, 2, 1)),
    Twin("WBNB", "wrapped", date(2020, 9, 1)),
    Twin("WAVAX", "wrapped", date(2020, 11, 1)),
    Twin("WMATIC", "wrapped", date(2020, 6, 1)),
    Twin("WPOL", "wrapped", date(2024, 9, 1)),
    Twin("WSOL", "wrapped", date(2020, 11, 1)),
    Twin("WTRX", "wrapped", date(2020, 10, 1)),
    Twin("TBTC", "wrapped", date(2020, 9, 1)),
    Twin("SOLVBTC", "wrapped", date(2024, 4, 1)),
    Twin("FBTC", "wrapped", date(2024, 7, 1)),
    Twin("CBBTC", "wrapped", date(2024, 9, 1)),
    Twin("KBTC", "wrapped", date(2024, 10, 1)),
    Twin("WHYPE", "wrapped", date(2025, 2, 1)),
    Twin("STETH", "staked", date(2020, 12, 1)),
    Twin("WSTETH", "staked", date(2021, 2, 1)),
    Twin("BETH", "staked", date(2020, 12, 1)),
    Twin("ANKRETH", "staked", date(2020, 12, 1)),
    Twin("RETH", "staked", date(2021, 11, 1)),
    Twin("SFRXETH", "staked", date(2022, 10, 1)),
    Twin("FRXETH", "staked", date(2022, 10, 1)),
    Twin("CBETH", "staked", date(2022, 8, 1)),
    Twin("WBETH", "staked", date(2023, 4, 1)),
    Twin("SWETH", "staked", date(2023, 4, 1)),
    Twin("ETHX", "staked", date(2023, 7, 1)),
    Twin("OSETH", "staked", date(2023, 11, 1)),
    Twin("EETH", "staked", date(2023, 11, 1)),
    Twin("WEETH", "staked", date(2023, 11, 1)),
    Twin("EZETH", "staked", date(2023, 12, 1)),
    Twin("RSETH", "staked", date(2023, 12, 1)),
    Twin("METH", "staked", date(2023, 12, 1)),
    Twin("LSETH", "staked", date(2022, 10, 1)),
    Twin("RSWETH", "staked", date(2024, 1, 1)),
    Twin("MSOL", "staked", date(2021, 8, 1)),
    Twin("STSOL", "staked", date(2021, 9, 1)),
    Twin("JITOSOL", "staked", date(2022, 11, 1)),
    Twin("BSOL", "staked", date(2022, 11, 1)),
    Twin("JUPSOL", "staked", date(2024, 4, 1)),
    Twin("BNSOL", "staked", date(2024, 9, 1)),
    Twin("SAVAX", "staked", date(2022, 2, 1)),
    Twin("STMATIC", "staked", date(2022, 3, 1)),
    Twin("SLISBNB", "staked", date(2023, 8, 1)),
    Twin("LBTC", "staked", date(2024, 8, 1)),
    Twin("KHYPE", "staked", date(2025, 7, 1)),
    Twin("STHYPE", "staked", date(2024, 12, 1)),
    Twin("SDAI", "staked", date(2023, 5, 1)),
    Twin("SUSDE", "staked", date(2023, 11, 1)),
    Twin("SUSDS", "staked", date(2024, 9, 1)),
    Twin("BTCB", "bridged", date(2019, 6, 1)),
    Twin("RENBTC", "bridged", date(2020, 5, 1)),
    Twin("BTC.B", "bridged", date(2022, 6, 1)),
    Twin("USDC.E", "bridged", date(2020, 5, 1)),
    Twin("USDT.E", "bridged", date(2021, 7, 1)),
    Twin("WETH.E", "bridged", date(2021, 7, 1)),
    Twin("AXLUSDC", "bridged", date(2022, 3, 1)),
    Twin("BSC-USD", "bridged", date(2020, 9, 1)),
    Twin("USDT0", "bridged", date(2025, 1, 1)),
    Twin("WBTC.E", "bridged", date(2021, 7, 1)),
    Twin("DAI.E", "bridged", date(2021, 7, 1)),
    Twin("USDBC", "bridged", date(2023, 7, 1)),
    Twin("coingecko:wrapped-bitcoin", "wrapped", date(2019, 1, 1)),
    Twin("coingecko:weth", "wrapped", date(2017, 12, 1)),
    Twin("cmc:3717", "wrapped", date(2019, 1, 1)),
    Twin("cmc:2396", "wrapped", date(2017, 12, 1)),
    Twin("coingecko:staked-ether", "staked", date(2020, 12, 1)),
    Twin("coingecko:wrapped-steth", "staked", date(2021, 2, 1)),
    Twin("cmc:8085", "staked", date(2020, 12, 1)),
    Twin("cmc:12409", "staked", date(2021, 2, 1)),
    Twin("coingecko:binance-peg-weth", "bridged", date(2020, 9, 1)),
    Twin("coingecko:binance-bridged-usdt-bnb-smart-chain", "bridged", date(2020, 9, 1)),
    Twin("coingecko:arbitrum-bridged-wbtc-arbitrum-one", "bridged", date(2021, 8, 1)),
    Twin("coingecko:l2-standard-bridged-weth-base", "bridged", date(2023, 7, 1)),
    Twin("coingecko:binance-peg-busd", "bridged", date(2020, 9, 1)),
    Twin("coingecko:bridged-usdc-polygon-pos-bridge", "bridged", date(2020, 5, 1)),
    Twin("coingecko:polygon-bridged-usdt-polygon", "bridged", date(2020, 5, 1)),
)


def with_kind(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``kind``, one of ``KINDS``, as it was on the day of each row.

    Parameters
    ----------
    rows
        coin_id, coin (ticker in upper case), ts; in any order, which is kept.
    """
    listed = pl.DataFrame(
        [(each.of, each.kind, each.since, each.until) for each in TWINS],
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
