"""Coinbase Exchange: products and their daily candles."""

from datetime import UTC, datetime

from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.sandbox.contents.contents import Coinbase, Row
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.routes.base import Declined, Query, StandInApi, endpoint, whole

_MOST = 300
_GRANULARITIES = ("60", "300", "900", "3600", "21600", "86400")


class CoinbaseApi(StandInApi[Coinbase]):
    """Answers bare; a refusal is a message."""

    vendor = "coinbase"
    limit = (10, 1)

    @staticmethod
    def content_of(source: Source) -> Coinbase:
        """Return the candles."""
        return source.contents.coinbase

    def too_often(self, wait: float) -> Declined:
        """Return a refusal that does not say how long to wait."""
        return Declined(429, "Public rate limit exceeded")

    def error(self, declined: Declined, now: int) -> Row:
        """Return the message."""
        return {"message": str(declined)}

    @endpoint("/products")
    def _products(self, query: Query) -> list[Row]:
        """Answer with every product."""
        return self.content.products(query.now)

    @endpoint("/products/{id}/candles")
    def _candles(self, query: Query) -> list[list[float]]:
        """Answer with days, newest first: [time (s), low, high, open, close, volume]."""
        granularity = query.text("granularity", "60")
        if granularity not in _GRANULARITIES:
            raise Declined(400, "Unsupported granularity")
        if granularity != "86400":
            raise Declined(404, "the stand-in has daily candles only")
        last = _instant(query, "end", query.now)
        first = _instant(query, "start", last // DAY_MS * DAY_MS - (_MOST - 1) * DAY_MS)
        if (last - first) // DAY_MS > _MOST:
            raise Declined(
                400,
                "granularity too small for the requested time range. "
                f"Count of aggregations requested exceeds {_MOST}",
            )
        found = self.content.candles(
            query.part("id"), start=-(-first // DAY_MS) * DAY_MS, end=last + 1, now=query.now
        )
        if found is None:
            raise Declined(404, "NotFound")
        return found


def _instant(query: Query, name: str, default: int) -> int:
    """Return a time in milliseconds, from an ISO instant or UNIX seconds."""
    if not (text := query.text(name)):
        return default
    if len(text) <= 10 and (seconds := whole(text)) is not None:
        return seconds * 1000
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise Declined(400, f"invalid {name}") from error
    return stamp_of(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
