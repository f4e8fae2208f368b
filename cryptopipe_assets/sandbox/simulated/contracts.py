"""Which venue trades which contract on the simulated coins, from when on, under which name."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from cryptopipe_assets.sandbox.contents.coin import Coin
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.times import DAY, milliseconds
from cryptopipe_assets.sandbox.simulated.coins import COINS

WITH_INVERSE = ("BTC", "ETH", "SOL")
_OKX_SIZES = {
    "BTC": 0.01,
    "ETH": 0.1,
    "XRP": 100,
    "BNB": 0.01,
    "DOGE": 1000,
    "ADA": 100,
    "PEPE": 10_000_000,
    "HYPE": 0.1,
}
_GATE_SIZES = {"BTC": 0.0001, "ETH": 0.01, "XRP": 10, "DOGE": 10, "PEPE": 10_000_000}
# First day of each venue's contracts, and how many days it lists a coin after Binance.
_OPENED = {
    "binance": (date(2019, 9, 8), 0),
    "bybit": (date(2020, 3, 25), 20),
    "okx": (date(2019, 12, 1), 40),
    "gate": (date(2020, 1, 1), 60),
    "hyperliquid": (date(2023, 6, 15), 10),
}
_INVERSE_OPENED = {
    "binance": date(2020, 8, 10),
    "bybit": date(2019, 9, 1),
    "okx": date(2019, 9, 1),
    "bitmex": date(2019, 9, 1),
    "deribit": date(2019, 9, 1),
}
_CODES = {3: "H", 6: "M", 9: "U", 12: "Z"}  # month letters of expiring futures


@lru_cache(maxsize=1)
def perpetuals() -> tuple[Contract, ...]:
    """Every perpetual of every venue: linear ones of all coins, inverse ones of three."""
    linear = (each for coin in COINS for each in _linear(coin))
    inverse = (each for coin in COINS if coin.base in WITH_INVERSE for each in _inverse(coin))
    return (*linear, *inverse)


def futures(now: int) -> tuple[Contract, ...]:
    """Bybit's bitcoin futures of the running quarter, one linear and one inverse."""
    day = datetime.fromtimestamp(now / 1000, UTC).date()
    end = last_friday(day)
    if milliseconds(end) + DAY // 3 <= now:
        end = last_friday(end + timedelta(days=30))
    expires = milliseconds(end) + DAY // 3  # 08:00 UTC
    bitcoin = next(coin for coin in COINS if coin.base == "BTC")
    since = max(expires - 98 * DAY, bitcoin.birth)
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
    """Perpetuals margined in dollars; the stablecoin has one on two venues only."""
    name = coin.ticker
    listed: dict[str, tuple[str, str, str, str, int, float, float]] = {
        # symbol, base, quote, settle, multiplier, size, weight
        "binance": (coin.symbol, coin.base, "USDT", "USDT", coin.units, 1, 0.4),
        "bybit": (coin.symbol, coin.base, "USDT", "USDT", coin.units, 1, 0.2),
        "okx": (f"{name}-USDT-SWAP", name, "USDT", "USDT", 1, _OKX_SIZES.get(name, 1), 0.12),
        "gate": (f"{name}_USDT", name, "USDT", "USDT", 1, _GATE_SIZES.get(name, 1), 0.08),
    }
    prefix = "k" if coin.units == 1000 else ""
    listed["hyperliquid"] = (prefix + name, prefix + name, "USD", "USDC", coin.units, 1, 0.12)
    for venue, (symbol, base, quote, settle, multiplier, size, weight) in listed.items():
        opened, later = _OPENED[venue]
        birth = max(milliseconds(opened), coin.birth + later * DAY)
        over = coin.death is not None and birth >= coin.death
        if over or (name == "USDC" and venue not in ("binance", "bybit")):
            continue
        yield Contract(
            venue=venue,
            symbol=symbol,
            coin=coin,
            base=base,
            quote=quote,
            settle=settle,
            multiplier=multiplier,
            size=size,
            weight=weight,
            birth=birth,
            death=coin.death,
        )


def _inverse(coin: Coin) -> Iterator[Contract]:
    """Perpetuals margined in the coin; one contract is worth so many USD."""
    name = coin.base
    large = 100.0 if name == "BTC" else 10.0
    listed = {
        "binance": (f"{name}USD_PERP", large, 0.05),
        "bybit": (f"{name}USD", 1.0, 0.04),
        "okx": (f"{name}-USD-SWAP", large, 0.03),
    }
    if name == "BTC":
        listed["bitmex"] = ("XBTUSD", 1.0, 0.02)
    if name != "SOL":
        listed["deribit"] = (f"{name}-PERPETUAL", 1.0, 0.03)
    for venue, (symbol, size, weight) in listed.items():
        yield Contract(
            venue=venue,
            symbol=symbol,
            coin=coin,
            base=name,
            quote="USD",
            settle=name,
            size=size,
            weight=weight,
            birth=max(milliseconds(_INVERSE_OPENED[venue]), coin.birth),
            death=coin.death,
        )
