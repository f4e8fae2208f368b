"""The contracts on the simulated coins, as the table of venues has them, and Bybit's futures."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.sandbox.contents.coin import Coin
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.times import stamp_of
from cryptopipe_assets.sandbox.simulated.coins import COINS
from cryptopipe_assets.sandbox.simulated.venues import VENUES

_CODES = {3: "H", 6: "M", 9: "U", 12: "Z"}  # month letters of expiring futures


@lru_cache(maxsize=1)
def perpetuals() -> tuple[Contract, ...]:
    """Every perpetual of every venue: linear ones of all coins, inverse ones of three."""
    linear = (each for coin in COINS for each in _linear(coin))
    inverse = (each for coin in COINS for each in _inverse(coin))
    return (*linear, *inverse)


def futures(now: int) -> tuple[Contract, ...]:
    """Bybit's bitcoin futures of the running quarter, one linear and one inverse."""
    day = datetime.fromtimestamp(now / 1000, UTC).date()
    end = last_friday(day)
    if stamp_of(end) + DAY_MS // 3 <= now:
        end = last_friday(end + timedelta(days=30))
    expires = stamp_of(end) + DAY_MS // 3  # 08:00 UTC
    bitcoin = next(coin for coin in COINS if coin.base == "BTC")
    since = max(expires - 98 * DAY_MS, bitcoin.birth)
    return tuple(
        Contract(
            venue="bybit",
            symbol=symbol,
            coin=bitcoin,
            base="BTC",
            quote="USD" if settle == "BTC" else "USDT",
            settle=settle,
            weight=0.006,
            birth=since,
            death=expires,
            expires=expires,
        )
        for symbol, settle in (
            (f"BTCUSDT-{end:%d%b%y}".upper(), "USDT"),
            (f"BTCUSD{_CODES[end.month]}{end:%y}", "BTC"),
        )
    )


def last_friday(day: date) -> date:
    """Last Friday of the quarter that a day is in."""
    month = -(-day.month // 3) * 3
    first_after = date(day.year + month // 12, month % 12 + 1, 1)
    return first_after - timedelta(days=(first_after.weekday() - 5) % 7 + 1)


def of_venue(venue: str, now: int) -> list[Contract]:
    """Contracts of a venue that trade at ``now``, by symbol."""
    every = (*perpetuals(), *futures(now))
    return sorted(
        (each for each in every if each.venue == venue and each.trades(now)),
        key=lambda each: each.symbol,
    )


def _linear(coin: Coin) -> Iterator[Contract]:
    """Perpetuals margined in dollars."""
    for venue in VENUES.values():
        terms = venue.linear
        if terms is None or (coin.ticker == "USDC" and not terms.lists_usdc):
            continue
        birth = max(stamp_of(terms.opened), coin.birth + terms.later * DAY_MS)
        if coin.death is not None and birth >= coin.death:
            continue
        many = coin.units > 1 and terms.thousand is not None
        base = f"{terms.thousand}{coin.ticker}" if many else coin.ticker
        yield Contract(
            venue=venue.name,
            symbol=terms.symbol.format(base=base),
            coin=coin,
            base=base,
            quote=terms.quote,
            settle=terms.settle,
            multiplier=coin.units if many else 1,
            size=terms.sizes.get(coin.ticker, 1),
            weight=terms.weight,
            birth=birth,
            death=coin.death,
        )


def _inverse(coin: Coin) -> Iterator[Contract]:
    """Perpetuals margined in the coin; one contract is worth so many USD."""
    for venue in VENUES.values():
        terms = venue.inverse
        if terms is None or coin.base not in terms.coins:
            continue
        yield Contract(
            venue=venue.name,
            symbol=terms.symbol.format(base=coin.base),
            coin=coin,
            base=coin.base,
            quote="USD",
            settle=coin.base,
            size=terms.sizes.get(coin.base, 1.0),
            weight=terms.weight,
            birth=max(stamp_of(terms.opened), coin.birth),
            death=coin.death,
        )
