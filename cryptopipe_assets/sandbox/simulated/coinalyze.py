"""What Coinalyze knows of the simulated market: every contract of every venue."""

from collections.abc import Iterable

import numpy as np

from cryptopipe_assets.core.time import DAY_MS, HOUR_MS
from cryptopipe_assets.sandbox.contents.contents import Ohlc, Row
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.noise import Floats, Ints
from cryptopipe_assets.sandbox.simulated.contracts import futures, perpetuals
from cryptopipe_assets.sandbox.simulated.liquidations import Liquidations
from cryptopipe_assets.sandbox.simulated.positions import Positions
from cryptopipe_assets.sandbox.simulated.venue_funding import Carry
from cryptopipe_assets.sandbox.simulated.venues import VENUES


class SimulatedCoinalyze:
    """Markets, open interest, funding and liquidations of all venues."""

    def __init__(self, positions: Positions, carry: Carry, liquidations: Liquidations) -> None:
        self._positions = positions
        self._carry = carry
        self._liquidations = liquidations
        self._perpetuals = {spelled(each): each for each in _covered(perpetuals())}

    def markets(self, now: int) -> list[Row]:
        """Rows of ``/future-markets``: what trades now."""
        every = _covered((*perpetuals(), *futures(now)))
        return [_market(each) for each in every if each.trades(now)]

    def open_interest(self, symbol: str, *, usd: bool, now: int) -> float | None:
        """Open interest of this moment."""
        contract = self._contract(symbol, now)
        if contract is None or not contract.trades(now):
            return None
        return float(self._amounts(contract, np.array([now]), usd=usd)[0])

    def funding_rate(self, symbol: str, now: int) -> float | None:
        """Rate settled last, in percent."""
        contract = self._contract(symbol, now)
        if contract is None or contract.expires is not None or not contract.trades(now):
            return None
        settled = self._carry.settlements(contract, now - DAY_MS, now + 1)
        rates = self._carry.rates(contract, settled[-1:])
        return _percent(rates[0]) if rates else None

    def open_interest_bars(
        self, symbol: str, width: int, *, start: int, end: int, usd: bool, now: int
    ) -> list[Ohlc]:
        """Bars over the full hours inside them (of a day: its midnights), or their two ends."""
        contract = self._contract(symbol, now)
        if contract is None:
            return []
        opens = _opens(contract, width, start=start, end=end, now=now)
        inside = 1 if width == DAY_MS else max(width // HOUR_MS, 1)
        steps = np.linspace(0, width, inside + 1).astype(np.int64)
        alive = min(now, (contract.death or now + 1) - 1)
        instants = np.minimum(opens[:, None] + steps, alive)
        instants = np.maximum(instants, contract.birth)
        amounts = self._amounts(contract, instants.ravel(), usd=usd).reshape(instants.shape)
        return _ohlc(opens, amounts)

    def funding_bars(
        self, symbol: str, width: int, *, start: int, end: int, now: int
    ) -> list[Ohlc]:
        """Bars over the rates in force: those settled inside and, until then, the one before."""
        contract = self._contract(symbol, now)
        if contract is None or contract.expires is not None:
            return []
        opens = _opens(contract, width, start=start, end=end, now=now)
        if not len(opens):
            return []
        last = int(min(opens[-1] + width, now + 1))
        hours = self._carry.settlements(contract, int(opens[0]) - DAY_MS, last)
        rates = [_percent(rate) for rate in self._carry.rates(contract, hours)]
        places = np.searchsorted(np.array(hours) * HOUR_MS, [opens, opens + width])
        bars: list[Ohlc] = []
        for opened, first, after in zip(opens.tolist(), *places.tolist(), strict=True):
            settled_at_open = first < len(hours) and hours[first] * HOUR_MS == opened
            seen = rates[first if settled_at_open or first == 0 else first - 1 : after]
            if seen:
                bars.append((opened, seen[0], max(seen), min(seen), seen[-1]))
        return bars

    def liquidation_bars(
        self, symbol: str, width: int, *, start: int, end: int, usd: bool, now: int
    ) -> list[tuple[int, float, float]]:
        """Sums of whole hours; a finer bar has an even share of its hour."""
        contract = self._contract(symbol, now)
        if contract is None:
            return []
        opens = _opens(contract, width, start=start, end=end, now=now)
        inside = max(width // HOUR_MS, 1)
        hours = opens[:, None] // HOUR_MS + np.arange(inside)
        sums: list[Floats] = []
        for coins in self._liquidations.coins(contract, hours.ravel()):
            worth = coins * self._factor(contract, hours.ravel() * HOUR_MS, usd=usd)
            closed = np.where(hours.ravel() * HOUR_MS <= now, worth, 0.0)
            share = min(width / HOUR_MS, 1.0)
            sums.append(np.round(closed.reshape(hours.shape).sum(axis=1) * share, 4))
        return list(zip(opens.tolist(), sums[0].tolist(), sums[1].tolist(), strict=True))

    def _contract(self, symbol: str, now: int) -> Contract | None:
        dated = {spelled(each): each for each in futures(now)}
        found = self._perpetuals.get(symbol) or dated.get(symbol)
        return found if found is not None and found.birth <= now else None

    def _amounts(self, contract: Contract, instants: Ints, *, usd: bool) -> Floats:
        coins = self._positions.coins(contract, instants)
        return np.round(coins * self._factor(contract, instants, usd=usd), 4)

    def _factor(self, contract: Contract, instants: Ints, *, usd: bool) -> Floats:
        """What one coin is in the unit asked for: USD, or base units of a linear contract."""
        if usd or contract.inverse:
            return self._positions.prices(contract, instants) / contract.multiplier
        return np.full(len(instants), 1 / contract.multiplier)


def _covered(contracts: Iterable[Contract]) -> list[Contract]:
    """Return those of the venues that Coinalyze covers."""
    return [each for each in contracts if VENUES[each.venue].coinalyze is not None]


def spelled(contract: Contract) -> str:
    """Coinalyze's name of a contract, e.g. ``BTCUSDT_PERP.A``; each venue has its own manner."""
    venue = VENUES[contract.venue]
    paired = f"{contract.base}{contract.quote}_PERP"
    return f"{contract.symbol if venue.spelled_its_way else paired}.{venue.coinalyze}"


def _market(contract: Contract) -> Row:
    return {
        "symbol": spelled(contract),
        "exchange": VENUES[contract.venue].coinalyze,
        "symbol_on_exchange": contract.symbol,
        "base_asset": contract.base,
        "quote_asset": contract.quote,
        "expire_at": contract.expires,
        "is_perpetual": contract.expires is None,
        "margined": "COIN" if contract.inverse else "STABLE",
        "oi_lq_vol_denominated_in": "QUOTE_ASSET" if contract.inverse else "BASE_ASSET",
        "has_long_short_ratio_data": contract.venue == "binance",
        "has_ohlcv_data": True,
        "has_buy_sell_data": contract.venue in ("binance", "bybit"),
    }


def _opens(contract: Contract, width: int, *, start: int, end: int, now: int) -> Ints:
    """Opens of bars in ``[start, end)`` within the contract's life, a forming one included."""
    first = max(-(-start // width), contract.birth // width)
    last = -(-min(end, now + 1, contract.death or end) // width)
    return np.arange(first, max(first, last)) * width


def _ohlc(opens: Ints, amounts: Floats) -> list[Ohlc]:
    first, last = amounts[:, 0], amounts[:, -1]
    columns = (opens, first, amounts.max(axis=1), amounts.min(axis=1), last)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _percent(rate: float) -> float:
    return round(rate * 100, 8)
