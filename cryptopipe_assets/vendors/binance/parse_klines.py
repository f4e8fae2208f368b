"""Binance's kline rows, as both its archive and its REST answers carry them, made into bars.

Both transports are read by the same code from the same text, so that they cannot differ in a
bit. Rows that break what Binance promises are an error; nothing is repaired. Pure: no network.
"""

import io
from collections.abc import Iterable
from datetime import UTC, datetime

import polars as pl

from cryptopipe_assets.core.time import MINUTE_MS
from cryptopipe_assets.vendors.parsing.validation import TIMESTAMP, UnexpectedShape

MICROSECONDS_FROM = 10**14  # read as milliseconds, this would be the year 5138

BAR_SCHEMA = pl.Schema(
    {
        "ts": TIMESTAMP,
        "available_at": TIMESTAMP,
        "venue": pl.String(),
        "symbol": pl.String(),
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
        "volume_base": pl.Float64(),
        "volume_quote": pl.Float64(),
        "trades": pl.Int64(),
        "taker_buy_base": pl.Float64(),
        "taker_buy_quote": pl.Float64(),
    }
)
KLINE_SCHEMA = pl.Schema(
    {
        "open_time": pl.Int64(),
        "open": pl.Float64(),
        "high": pl.Float64(),
        "low": pl.Float64(),
        "close": pl.Float64(),
        "volume_base": pl.Float64(),
        "close_time": pl.Int64(),
        "volume_quote": pl.Float64(),
        "trades": pl.Int64(),
        "taker_buy_base": pl.Float64(),
        "taker_buy_quote": pl.Float64(),
        "ignore": pl.String(),
    }
)
HEADER = (
    b"open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    b"taker_buy_volume,taker_buy_quote_volume,ignore"
)
OUR_NAMES = dict(zip(HEADER.decode().split(","), KLINE_SCHEMA, strict=True))
ANOTHER_UNIT = 10
ALIKE_MINUTES = 10
TAKERS = ["taker_buy_base", "taker_buy_quote"]
"""What other vendors' bars lack: null in every row, or in none."""
BESIDE_TAKERS = ["volume_quote", "trades"]
"""What some of those that lack takers' volumes lack as well: null in every row, or in none."""
NUMBERS = [name for name in KLINE_SCHEMA if name != "ignore"]
PRICES = ["open", "high", "low", "close"]
AMOUNTS = ["volume_base", "volume_quote", "trades", "taker_buy_base", "taker_buy_quote"]

_ARE_WITHOUT_TAKERS = pl.all_horizontal(pl.col(name).is_null().all() for name in TAKERS)

# In this order: what is said of a row that has several faults is the first of them.
FAULTS = {
    "a number is missing": pl.any_horizontal(
        pl.col([name for name in NUMBERS if name not in TAKERS + BESIDE_TAKERS]).is_null()
    )
    | (pl.any_horizontal(pl.col(TAKERS).is_null()) & ~_ARE_WITHOUT_TAKERS)
    | pl.any_horizontal(
        pl.col(name).is_null() & ~(_ARE_WITHOUT_TAKERS & pl.col(name).is_null().all())
        for name in BESIDE_TAKERS
    ),
    "a number is not finite": pl.any_horizontal(~pl.col(PRICES + AMOUNTS).is_finite()),
    "open_time is not a whole minute": pl.col("open_time") % MINUTE_MS != 0,
    "close_time is not open_time + 59999 ms": (
        pl.col("close_time") != pl.col("open_time") + MINUTE_MS - 1
    ),
    "a price is not positive": pl.min_horizontal(PRICES) <= 0,
    "high is not the highest price": pl.col("high") < pl.max_horizontal(PRICES),
    "low is not the lowest price": pl.col("low") > pl.min_horizontal(PRICES),
    "an amount is negative": pl.min_horizontal(AMOUNTS) < 0,
    "takers bought more than was traded": pl.col("taker_buy_base") > pl.col("volume_base"),
    "volume_base and volume_quote do not fit the prices": (
        pl.col("volume_quote") > pl.col("volume_base") * pl.col("high") * ANOTHER_UNIT
    )
    | (pl.col("volume_quote") * ANOTHER_UNIT < pl.col("volume_base") * pl.col("low")),
}


def read_klines(csv: bytes) -> pl.DataFrame:
    """Read lines of twelve comma-separated fields, with or without Binance's header line.

    With a header, columns may be in any order and more than we know. Stamps in microseconds, which
    some archives have, become milliseconds.

    Raises
    ------
    UnexpectedShape
        If the text has another shape or other columns.
    """
    text = csv.strip()
    schema = KLINE_SCHEMA
    if text[:1].isalpha():
        header, _, text = text.partition(b"\n")
        schema = _schema_of(header)
    if not text:
        return KLINE_SCHEMA.to_frame()
    try:
        rows = pl.read_csv(io.BytesIO(text), has_header=False, schema=schema)
    except pl.exceptions.PolarsError as exc:
        reason = str(exc).partition("\n")[0]
        raise UnexpectedShape(f"expected 12 fields, all but the last numbers: {reason}") from exc
    stamps = in_milliseconds(pl.col("open_time", "close_time"))
    return rows.select(KLINE_SCHEMA.names()).with_columns(stamps)


def in_milliseconds(stamps: pl.Expr) -> pl.Expr:
    """Return stamps in milliseconds, of which some came in microseconds."""
    return pl.when(stamps >= MICROSECONDS_FROM).then(stamps // 1000).otherwise(stamps)


def _schema_of(header: bytes) -> pl.Schema:
    """Return the columns that a header line names, under our names where we know them."""
    names = header.strip().lower().decode("utf-8", "replace").split(",")
    if not OUR_NAMES.keys() <= set(names):
        raise UnexpectedShape(f"expected the columns {HEADER.decode()}, got {header[:200]!r}")
    ours = [OUR_NAMES.get(name, f"more_{place}") for place, name in enumerate(names)]
    return pl.Schema({name: KLINE_SCHEMA.get(name, pl.String()) for name in ours})


def without_repetitions(klines: pl.DataFrame) -> pl.DataFrame:
    """Return the rows, of those that repeat another one exactly only the first."""
    if klines["open_time"].n_unique() == klines.height:
        return klines
    return klines.unique(maintain_order=True)


def bars_of(klines: pl.DataFrame, symbol: str, *, start: datetime, end: datetime) -> pl.DataFrame:
    """Return the checked bars of one symbol, ``BAR_SCHEMA``, sorted by ``ts``.

    Raises
    ------
    UnexpectedShape
        If a row breaks the grid, contradicts itself, occurs twice or lies outside
        ``[start, end)``. The text names the minute.
    """
    outside = ~pl.from_epoch("open_time", "ms").dt.replace_time_zone("UTC").is_between(
        start, end, closed="left"
    )
    faults = {
        **FAULTS,
        f"the row is outside {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}": outside,
        "the minute occurs twice": pl.col("open_time").is_duplicated(),
    }
    found = klines.select(fault.any().alias(name) for name, fault in faults.items())
    for name, is_there in found.row(0, named=True).items():
        if is_there:
            _complain(klines.filter(faults[name]), symbol, name)
    ts = pl.col("open_time").cast(TIMESTAMP)
    return (
        klines.with_columns(
            ts=ts,
            available_at=ts + pl.duration(milliseconds=MINUTE_MS + 1),
            venue=pl.lit("binance"),
            symbol=pl.lit(symbol),
        )
        .select(BAR_SCHEMA.names())
        .sort("ts")
    )


def require_different(frames: Iterable[pl.DataFrame]) -> None:
    """Check that no two symbols have the same bars: an answer does not say whose bars it has.

    Parameters
    ----------
    frames
        ``BAR_SCHEMA``, of one symbol each.

    Raises
    ------
    UnexpectedShape
        If ten minutes in which both traded are the same: a cache mixed the questions up.
    """
    seen: dict[tuple[object, ...], str] = {}
    for frame in frames:
        traded = frame.filter(pl.col("volume_base") > 0).head(ALIKE_MINUTES)
        if traded.height < ALIKE_MINUTES:
            continue
        symbol = traded["symbol"][0]
        same = seen.setdefault(tuple(traded.drop("symbol").rows()), symbol)
        if same != symbol:
            raise UnexpectedShape(
                f"{symbol} has the very bars of {same} from {traded['ts'][0]} on: a cache on the "
                "way repeats another response"
            )


def _complain(bad: pl.DataFrame, symbol: str, fault: str) -> None:
    """Raise, naming the first bad row."""
    first = bad.row(0, named=True)
    try:
        when = str(datetime.fromtimestamp(first["open_time"] / 1000, tz=UTC))
    except (TypeError, ValueError, OverflowError, OSError):  # null, or no time of any calendar
        when = "an unknown time"
    raise UnexpectedShape(f"{symbol} at {when}: {fault} ({bad.height} such rows): {first}")
