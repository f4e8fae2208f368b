"""Open interest of the simulated Binance contracts: ``openInterestHist`` and ``metrics`` files."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from cryptopipe_assets.core.time import DAY_MS
from cryptopipe_assets.sandbox.contents.contents import INTEREST_PERIODS, InterestPoint
from cryptopipe_assets.sandbox.contents.contract import Contract
from cryptopipe_assets.sandbox.contents.noise import Ints, grain
from cryptopipe_assets.sandbox.contents.times import WIDTHS, instant_of, stamp_of
from cryptopipe_assets.sandbox.simulated.contracts import perpetuals
from cryptopipe_assets.sandbox.simulated.market_caps import MarketCaps
from cryptopipe_assets.sandbox.simulated.positions import STEP, Positions

PERIODS = {each: WIDTHS[each] for each in INTEREST_PERIODS}
_METRICS_SINCE = stamp_of(date(2020, 9, 1))
_HOLE = (  # the exchange published nothing for this hour
    stamp_of(datetime(2023, 9, 18, 6, tzinfo=UTC)),
    stamp_of(datetime(2023, 9, 18, 7, tzinfo=UTC)),
)


class SimulatedPositions:
    """Points of the USDT perpetuals."""

    periods = frozenset(PERIODS)

    def __init__(self, positions: Positions, caps: MarketCaps, seed: int) -> None:
        self._positions = positions
        self._caps = caps
        self._seed = seed
        self._contracts = {
            each.symbol: each
            for each in perpetuals()
            if each.venue == "binance" and not each.inverse
        }

    def oldest(self, now: int) -> int:
        """One calendar month before ``now``."""
        present = instant_of(now)
        month_before = present.replace(day=1) - timedelta(days=1)
        return stamp_of(month_before.replace(day=min(present.day, month_before.day)))

    def points_from(
        self, symbol: str, period: str, *, start: int, end: int, limit: int, now: int
    ) -> list[InterestPoint]:
        """First ``limit`` points stamped in ``[start, end)`` while the contract trades."""
        contract, width = self._contracts[symbol], PERIODS[period]
        first = max(-(-start // width), -(-contract.birth // width))
        last = -(-min(end, now + 1, contract.death or end) // width)
        return self._written(contract, np.arange(first, max(first, last))[:limit] * width)

    def points_until(
        self, symbol: str, period: str, *, end: int, limit: int, now: int
    ) -> list[InterestPoint]:
        """Newest ``limit`` points stamped before ``end``, no older than a month."""
        end = min(end, now + 1)
        start = max(self.oldest(now), end - limit * PERIODS[period])
        return self.points_from(symbol, period, start=start, end=end, limit=limit, now=now)

    def latest(self, symbol: str, now: int) -> float:
        """Base units open at ``now``."""
        return float(self._positions.base(self._contracts[symbol], np.array([now]))[0])

    def archived_metrics(self, symbol: str, *, start: int, end: int) -> list[str]:
        """Five-minute points from 00:05 to midnight; some are missing, doubled or half blank."""
        if start < _METRICS_SINCE:
            return []
        points = self.points_from(
            symbol, "5m", start=start + 1, end=end + 1, limit=DAY_MS // STEP, now=end
        )
        draws = grain(self._seed, f"metrics {symbol}", np.arange(start, start + 3)) + 1
        # Ten times as many places as lines: each fault befalls one file in ten.
        doubled, blank, lost = (int(draw * 5 * len(points)) for draw in draws.tolist())
        lines = []
        for place, point in enumerate(points):
            if _HOLE[0] <= point.time < _HOLE[1] or place == lost:
                continue
            line = self._metric(symbol, point, blank=place == blank)
            lines += [line, line] if place == doubled else [line]
        return lines

    def _metric(self, symbol: str, point: InterestPoint, *, blank: bool) -> str:
        """Write one line; where the exchange knew no ratios, they are blank."""
        when = instant_of(point.time).strftime("%Y-%m-%d %H:%M:%S")
        if blank:
            return f"{when},{symbol},{point.base},{point.usd},,,,"
        slots = np.full(1, point.time // STEP)
        ratios = [
            float(middle * np.exp(0.2 * grain(self._seed, f"{name} {symbol}", slots)[0]))
            for name, middle in (("top", 1.6), ("tops", 1.3), ("all", 1.8), ("taker", 1.0))
        ]
        written = ",".join(f"{ratio:.8f}" for ratio in ratios)
        return f"{when},{symbol},{point.base},{point.usd},{written}"

    def _written(self, contract: Contract, times: Ints) -> list[InterestPoint]:
        held = np.round(self._positions.base(contract, times), contract.coin.quantity_decimals)
        value = held * self._positions.prices(contract, times)
        supply = self._caps.asset_of(contract.coin.ticker).supply.circulating(times)
        return [
            InterestPoint(time=time, base=f"{base:.8f}", usd=f"{usd:.8f}", supply=f"{coins:.8f}")
            for time, base, usd, coins in zip(
                times.tolist(), held.tolist(), value.tolist(), supply.tolist(), strict=True
            )
        ]
