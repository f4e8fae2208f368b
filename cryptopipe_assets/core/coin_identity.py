"""One coin under its names of all times: what joins of contracts and market caps go by. Pure.

The identity of a row is the newest name of the coin that its name meant at its time. It is a word
for joins and is stored nowhere: MATIC of 2023 and POL of 2025 have the identity POL, LUNA of 2021
has LUNC, LUNA of 2023 has LUNA.
"""

from datetime import date
from functools import reduce

import polars as pl

from cryptopipe_assets.core.coin_names import CoinName, CoinNames
from cryptopipe_assets.core.time import midnight

IDENTITY = "identity"
TIMESTAMP = pl.Datetime("ms", "UTC")


def with_identity(rows: pl.DataFrame, names: CoinNames) -> pl.DataFrame:
    """Add ``identity`` to rows of contracts, or of coins and days.

    Parameters
    ----------
    rows
        ts and coin, and any other columns.
    """
    return rows.with_columns(_by_name(names, pl.col("ts")).alias(IDENTITY))


AT_CLOSE = pl.col("ts").dt.offset_by("-1ms")
"""The close of a day is stamped with the first instant of the next one."""


def with_identity_of_caps(
    rows: pl.DataFrame, names: CoinNames, *, at: pl.Expr = AT_CLOSE
) -> pl.DataFrame:
    """Add ``identity`` to rows of a vendor of market caps: by its id where one is known.

    Of rows without a known id the ticker counts.

    Parameters
    ----------
    rows
        ts, coin and coin_id, and any other columns.
    at
        Instant at which a row has its name.
    """
    by_id = [
        (_holds_id(each, at) & (pl.col("coin_id") == known), _identity(each, names))
        for each in names.lines
        for known in each.ids
    ]
    return rows.with_columns(_first_of(by_id, _by_name(names, at)).alias(IDENTITY))


def one_name_a_day(rows: pl.DataFrame, names: CoinNames) -> pl.DataFrame:
    """Give rows of one coin and day one name, where contracts have it under several.

    It is the one that the coin had on the day. Where all contracts of a day have one name, that
    stays.

    Parameters
    ----------
    rows
        ts, coin and identity, and any other columns.

    Returns
    -------
    DataFrame of the same rows in the same order.
    """
    concerned = rows.filter(_is_known(names))
    day = pl.col("ts").dt.truncate("1d")
    several = (
        concerned.group_by(IDENTITY, day.alias("_day"))
        .agg(pl.col("coin").n_unique().alias("_names"))
        .filter(pl.col("_names") > 1)
    )
    if several.is_empty():
        return rows
    return (
        rows.with_columns(_day=day)
        .join(several, on=[IDENTITY, "_day"], how="left", maintain_order="left")
        .with_columns(coin=pl.when(pl.col("_names").is_null()).then("coin").otherwise(_name(names)))
        .drop("_day", "_names")
    )


def contract_names(prices: pl.DataFrame, coins: pl.Series, names: CoinNames) -> pl.DataFrame:
    """Pair coin-days with the names, out of ``coins``, that mean the same coin on that day.

    Parameters
    ----------
    prices
        ts, coin and identity.
    coins
        Names that contracts have.

    Returns
    -------
    DataFrame of ts, coin, identity and contract_coin; a coin-day has a row for each name.
    """
    key = prices.select("ts", "coin", IDENTITY).unique()
    listed = coins.unique().to_list()
    plain = key.filter(~_is_known(names), pl.col("coin").is_in(listed))
    known = pl.DataFrame({"coin": sorted(names.known & set(listed))}, schema={"coin": pl.String})
    paired = (
        key.filter(_is_known(names))
        .rename({"coin": "_coin", IDENTITY: "_identity"})
        .join(known, how="cross")
        .with_columns(_by_name(names, pl.col("ts")).alias(IDENTITY))
        .filter(pl.col(IDENTITY) == pl.col("_identity"))
        .select("ts", IDENTITY, coin="_coin", contract_coin="coin")
    )
    order = ("ts", "coin", IDENTITY, "contract_coin")
    return pl.concat([plain.with_columns(contract_coin="coin").select(order), paired.select(order)])


def _is_known(names: CoinNames) -> pl.Expr:
    """Whether any line is about a row's coin."""
    known = sorted(names.known)
    return pl.col("coin").is_in(known) | pl.col(IDENTITY).is_in(known)


def _by_name(names: CoinNames, ts: pl.Expr) -> pl.Expr:
    """Identity of the name in the column coin at an instant."""
    steps = [
        (_within(each, ts) & (pl.col("coin") == each.name), _identity(each, names))
        for each in names.lines
        if _is_found_by_name(each)
    ]
    return _first_of(steps, pl.col("coin"))


def _is_found_by_name(line: CoinName) -> bool:
    if line.kind == "redenomination":
        return line.name == line.coin  # another name is told apart by itself
    return line.kind in ("alias", "rename", "coin") or (
        line.kind == "namesake" and line.until is not None
    )


def _identity(line: CoinName, names: CoinNames) -> str:
    if line.kind == "namesake":
        return line.ids[0]
    if line.kind == "redenomination" and line.name == line.coin:
        return f"{line.name} before {line.since}"
    return line.name if line.kind in ("merger", "redenomination") else names.newest(line.coin)


def _within(line: CoinName, ts: pl.Expr) -> pl.Expr:
    """Whether the name or id of the line means its coin at an instant."""
    first: date | None = line.since if line.kind in ("alias", "coin") else None
    end = line.until
    if line.kind == "redenomination" and line.name == line.coin:
        end = line.since
    inside = pl.lit(value=True)
    if first is not None:
        inside &= ts >= pl.lit(midnight(first), TIMESTAMP)
    if end is not None:
        inside &= ts < pl.lit(midnight(end), TIMESTAMP)
    return inside


def _holds_id(line: CoinName, ts: pl.Expr) -> pl.Expr:
    """Whether an id means the line's coin at an instant; what is gone keeps its id for ever."""
    is_gone = line.kind in ("namesake", "redenomination")
    return pl.lit(value=True) if is_gone else _within(line, ts)


def _name(names: CoinNames) -> pl.Expr:
    """Name that the coin of an identity had at ``ts``."""
    ts, renames = pl.col("ts"), [each for each in names.lines if each.kind == "rename"]
    dated = sorted((each.since, each) for each in renames if each.since is not None)
    steps = [
        (
            (pl.col(IDENTITY) == names.newest(each.coin))
            & (ts < pl.lit(midnight(since), TIMESTAMP)),
            each.name,
        )
        for since, each in dated
    ]
    return _first_of(steps, pl.col(IDENTITY))


def _first_of(steps: list[tuple[pl.Expr, str]], otherwise: pl.Expr) -> pl.Expr:
    """Word of the first condition that holds."""
    return reduce(
        lambda rest, step: pl.when(step[0]).then(pl.lit(step[1])).otherwise(rest),
        reversed(steps),
        otherwise,
    )
