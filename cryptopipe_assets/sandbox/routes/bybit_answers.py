"""The shapes of Bybit's answers: every value a string, open interest as the sum of both sides."""

from datetime import UTC, datetime

import numpy as np

from cryptopipe_assets.sandbox.contents.contents import Row, Venues
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.noise import Ints
from cryptopipe_assets.sandbox.contents.times import DAY, HOUR, milliseconds

# Until then `openInterest`, the sum of both sides, was all there was.
_SINGLE_SIDE_SINCE = milliseconds(datetime(2026, 6, 9, tzinfo=UTC))


def sides(amount: float, now: int, *, decimals: int) -> Row:
    """Write open interest as Bybit counts it: both sides, and since June 2026 also one."""
    both = {"openInterest": f"{2 * amount:.{decimals}f}"}
    if now < _SINGLE_SIDE_SINCE:
        return both
    return {**both, "singleOpenInterest": f"{amount:.{decimals}f}"}


def ticker(contract: Contract, venues: Venues, now: int) -> Row:
    """Write one ticker: an inverse contract counts USD and is worth coins."""
    hour = now - now % HOUR
    price, hour_ago, day_ago = venues.prices(contract, np.array([now, hour, hour - DAY])).tolist()
    rate, settles, hours = venues.funding(contract, now)
    held = float(venues.interest(contract, np.array([now]))[0])
    turnover = venues.turnover_24h(contract, now)
    dollars = held * price
    amount, worth = (round(dollars), held) if contract.inverse else (held, dollars)
    tick = contract.coin.price_decimals
    single = {} if now < _SINGLE_SIDE_SINCE else {"singleOpenInterestValue": f"{worth:.4f}"}
    return {
        "symbol": contract.symbol,
        "lastPrice": f"{price:.{tick}f}",
        "indexPrice": f"{price:.{tick}f}",
        "markPrice": f"{price:.{tick}f}",
        "prevPrice24h": f"{day_ago:.{tick}f}",
        "price24hPcnt": f"{price / day_ago - 1:.6f}",
        "prevPrice1h": f"{hour_ago:.{tick}f}",
        **sides(amount, now, decimals=0 if contract.inverse else 3),
        "openInterestValue": f"{2 * worth:.4f}",
        **single,
        "turnover24h": f"{turnover / price if contract.inverse else turnover:.4f}",
        "volume24h": f"{turnover if contract.inverse else turnover / price:.4f}",
        "fundingRate": f"{rate:.8f}" if settles else "",
        "nextFundingTime": str(settles),
        "fundingIntervalHour": str(hours) if settles else "",
        "deliveryTime": str(contract.expires or 0),
        "basisRate": "",
    }


def instrument(contract: Contract, venues: Venues, now: int) -> Row:
    """Write one instrument; a future says when it is delivered and pays no funding."""
    kind = "Inverse" if contract.inverse else "Linear"
    _, settles, hours = venues.funding(contract, now)
    return {
        "symbol": contract.symbol,
        "contractType": f"{kind}{'Perpetual' if contract.expires is None else 'Futures'}",
        "status": "Trading",
        "baseCoin": contract.base,
        "quoteCoin": contract.quote,
        "settleCoin": contract.settle,
        "launchTime": str(contract.birth),
        "deliveryTime": str(contract.expires or 0),
        "priceScale": str(contract.coin.price_decimals),
        "priceFilter": {"tickSize": f"{10.0**-contract.coin.price_decimals:.10f}".rstrip("0")},
        "lotSizeFilter": {"qtyStep": "1" if contract.inverse else "0.001"},
        "fundingInterval": hours * 60 if settles else 0,
    }


def mark_bars(contract: Contract, venues: Venues, opens: Ints, now: int) -> list[list[str]]:
    """Write hours of the mark price, the running one as far as it is."""
    first = venues.prices(contract, opens).tolist()
    last = venues.prices(contract, np.minimum(opens + HOUR, now)).tolist()
    tick = contract.coin.price_decimals
    return [
        [str(opened), *(f"{price:.{tick}f}" for price in (a, max(a, b), min(a, b), b))]
        for opened, a, b in zip(opens.tolist(), first, last, strict=True)
    ]
