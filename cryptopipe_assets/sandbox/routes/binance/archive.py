"""Binance's bulk archive: zipped CSV by day and month, a checksum beside each."""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from xml.sax.saxutils import escape

from aiohttp import web

from cryptopipe_assets.core.contract_names import CONTRACT
from cryptopipe_assets.core.own_files.bars import KLINE_COLUMNS
from cryptopipe_assets.core.own_files.days_of_name import month_of
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.routes.base import Declined, Query, StandInApi, endpoint

_CHECKSUM = ".CHECKSUM"
_HEADERS_SINCE = date(2022, 6, 1)  # files of earlier months have no header row
_TIME_OF_DAY = time(8, tzinfo=UTC)  # at which files appear, a day's on the next one
_FUNDING_COLUMNS = "calc_time,funding_interval_hours,last_funding_rate"
_METRICS_COLUMNS = (
    "create_time,symbol,sum_open_interest,sum_open_interest_value,count_toptrader_long_short_ratio,"
    "sum_toptrader_long_short_ratio,count_long_short_ratio,sum_taker_long_short_vol_ratio"
)
_KLINES = re.compile(
    rf"data/futures/um/(?P<span>daily|monthly)/klines/(?P<symbol>{CONTRACT})/(?P<interval>\w+)/"
    r"(?P<stem>(?P=symbol)-(?P=interval)-(?P<label>[0-9-]+))\.zip"
)
_FUNDING = re.compile(
    rf"data/futures/um/(?P<span>monthly)/fundingRate/(?P<symbol>{CONTRACT})/"
    r"(?P<stem>(?P=symbol)-fundingRate-(?P<label>[0-9-]+))\.zip"
)
_METRICS = re.compile(
    rf"data/futures/um/(?P<span>daily)/metrics/(?P<symbol>{CONTRACT})/"
    r"(?P<stem>(?P=symbol)-metrics-(?P<label>[0-9-]+))\.zip"
)


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file the archive would have. ``interval`` is of klines only; ``end`` is exclusive."""

    kind: str
    symbol: str
    interval: str | None
    stem: str
    start: date
    end: date
    published: int


class BinanceArchive(StandInApi[Source]):
    """Answers with files, their checksums, and the store's 404."""

    vendor = "binance-archive"

    def __init__(
        self, content: Source, present: Callable[[], int], *, enforce_limits: bool
    ) -> None:
        super().__init__(content, present, enforce_limits=enforce_limits)
        self._zips = lru_cache(maxsize=16)(self._zip)

    @staticmethod
    def content_of(source: Source) -> Source:
        """Return the source itself."""
        return source

    @classmethod
    def counted_as(cls, parts: Sequence[str]) -> str:
        """Name a file by its kind, checksums apart; what lies elsewhere is not counted."""
        if len(parts) <= 4:
            return ""
        return parts[4] + (_CHECKSUM if parts[-1].endswith(_CHECKSUM) else "")

    def error(self, declined: Declined, now: int) -> object:
        """Return code and message: only a damaged recording has none of the store's own."""
        return {"code": -1000, "msg": str(declined)}

    @endpoint("/{key:.*}")
    def _file(self, query: Query) -> web.Response:
        """Answer with a file, with its checksum, or with the store's 404."""
        key = query.part("key")
        path = key.removesuffix(_CHECKSUM)
        content = self._bytes(path, query.now)
        if content is None:
            return _missing(key)
        if key != path:
            line = f"{hashlib.sha256(content).hexdigest()}  {path.rsplit('/', 1)[-1]}\n"
            return web.Response(text=line, content_type="text/plain")
        return web.Response(body=content, content_type="application/zip")

    def _bytes(self, path: str, now: int) -> bytes | None:
        """Return the content of a file, null if it is not (yet) there."""
        file = _file(path)
        if file is None or now < file.published:
            return None
        if self.content.instrument(file.symbol, now) is None:
            return None
        if file.interval is not None and file.interval not in self.content.intervals:
            return None
        return self._zips(file)

    def _zip(self, file: _File) -> bytes | None:
        header, lines = self._table(file, stamp_of(file.start), stamp_of(file.end))
        if not lines:
            return None
        with_header = file.start >= _HEADERS_SINCE
        return _zipped(f"{file.stem}.csv", [header, *lines] if with_header else lines)

    def _table(self, file: _File, start: int, end: int) -> tuple[str, Sequence[str]]:
        """Return header and rows, as of the publication: the clock does not change a file."""
        if file.kind == "metrics":
            metrics = self.content.contents.binance.archived_metrics
            return _METRICS_COLUMNS, metrics(file.symbol, start=start, end=end)
        if file.interval is None:
            settled = self.content.archived_settlements(
                file.symbol, start=start, end=end, now=file.published
            )
            rows = [f"{each.time},{each.interval_hours},{each.rate}" for each in settled]
            return _FUNDING_COLUMNS, rows
        bars = self.content.archived_klines(
            file.symbol, file.interval, start=start, end=end, now=file.published
        )
        return KLINE_COLUMNS, bars


def _file(path: str) -> _File | None:
    """Read a file's name; null if the archive has no such kind of file."""
    kinds = {"klines": _KLINES, "fundingRate": _FUNDING, "metrics": _METRICS}
    matches = {kind: pattern.fullmatch(path) for kind, pattern in kinds.items()}
    kind, found = next((each for each in matches.items() if each[1]), ("", None))
    if found is None:
        return None
    daily = found["span"] == "daily"
    label = found["label"] if daily else f"{found['label']}-01"
    try:
        start = date.fromisoformat(label)
    except ValueError:
        return None
    if start.isoformat() != label:
        return None
    return _File(
        kind=kind,
        symbol=found["symbol"],
        interval=found.groupdict().get("interval"),
        stem=found["stem"],
        start=start,
        end=start + timedelta(days=1) if daily else month_of(start)[1],
        published=_appears(start + timedelta(days=1)) if daily else monthly(start),
    )


def monthly(month: date) -> int:
    """Milliseconds at which the file of a month (its first day) appears.

    08:00 UTC on the first Monday of the next month.
    """
    _, first = month_of(month)
    return _appears(first + timedelta(days=-first.weekday() % 7))


def _appears(day: date) -> int:
    return stamp_of(datetime.combine(day, _TIME_OF_DAY))


def _zipped(name: str, lines: Sequence[str]) -> bytes:
    """Zip one text file; the same lines give the same bytes."""
    buffer = io.BytesIO()
    member = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(buffer, "w") as archive:
        text = "\n".join(lines) + "\n"
        archive.writestr(member, text, compress_type=zipfile.ZIP_DEFLATED, compresslevel=1)
    return buffer.getvalue()


def _missing(key: str) -> web.Response:
    """Return the 404 of an object store."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
        f"<Message>The specified key does not exist.</Message><Key>{escape(key)}</Key></Error>"
    )
    return web.Response(text=text, status=404, content_type="application/xml")
