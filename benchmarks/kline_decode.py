"""Pages of klines, as Binance sends them, into columns of numbers: our way and the usual one.

The numbers have to be the very ones that ``float()`` makes of the digits, not only close ones.
"""

import json
import random
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import polars as pl

from cryptopipe_assets.vendors.binance.kline_pages import page_as_csv
from cryptopipe_assets.vendors.binance.parse_klines import KLINE_SCHEMA, read_klines

PAGES, ROWS = 250, 499
MINUTE_MS, START_MS = 60_000, 1_767_225_600_000
TEXTS = [name for name, dtype in KLINE_SCHEMA.items() if dtype == pl.Float64]

Answer = dict[str, float]


def write_pages(folder: Path) -> None:
    """Write the bodies of the answers, one a line; prices and amounts have eight decimals."""
    chance = random.Random(20260101)
    bodies = []
    for page in range(PAGES):
        rows = [_row(START_MS + (page * ROWS + n) * MINUTE_MS, chance) for n in range(ROWS)]
        bodies.append(json.dumps(rows, separators=(",", ":")))
    (folder / "pages.txt").write_text("\n".join(bodies), encoding="ascii")


def _row(opened: int, chance: random.Random) -> list[object]:
    price, volume = chance.uniform(0.01, 90_000), chance.uniform(0, 5_000)
    texts = [price, price * 1.001, price * 0.999, price * 1.0005, volume]
    made = [f"{each:.8f}" for each in texts]
    bought = volume * chance.random()
    amounts = [f"{each:.8f}" for each in (bought, bought * price)]
    closes, trades = opened + MINUTE_MS - 1, chance.randint(1, 5000)
    return [opened, *made, closes, f"{volume * price:.8f}", trades, *amounts, "0"]


def _bodies(folder: Path) -> list[bytes]:
    return (folder / "pages.txt").read_bytes().split(b"\n")


def ours(folder: Path) -> Callable[[], Answer]:
    """Put the pages together as text and read them at once."""
    bodies = _bodies(folder)

    def run() -> Answer:
        rows = read_klines(b"\n".join([page_as_csv(body) for body in bodies]))
        return _answer({name: rows[name].to_numpy().tobytes() for name in TEXTS}, rows.height)

    return run


def json_and_pandas(folder: Path) -> Callable[[], Answer]:
    """Decode every page, put the rows into one frame, make numbers of the texts."""
    bodies = _bodies(folder)

    def run() -> Answer:
        rows = [row for body in bodies for row in json.loads(body)]
        frame = pd.DataFrame(rows, columns=list(KLINE_SCHEMA))
        frame[TEXTS] = frame[TEXTS].astype(float)
        return _answer({name: frame[name].to_numpy().tobytes() for name in TEXTS}, len(frame))

    return run


def _answer(columns: dict[str, bytes], rows: int) -> Answer:
    """Return a sum of every column's bits: one bit that differs is another number."""
    return {"rows": rows, **{name: zlib.crc32(bits) % 1_000_003 for name, bits in columns.items()}}
