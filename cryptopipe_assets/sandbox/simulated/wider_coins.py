"""Contracts beyond the best known ones: enough coins for a ranking by leverage to mean something.

A line each: listing, decimals of price and quantity, share in the market's moves, own volatility a
day, USDT traded a minute, and the share of the market cap in open positions.
"""

from datetime import UTC, datetime

from cryptopipe_assets.sandbox.contents.coin import Coin
from cryptopipe_assets.sandbox.simulated.price_levels import LEVELS

_LISTED: dict[str, tuple[tuple[int, int, int], int, int, float, float, float, float]] = {
    "LTC": ((2020, 1, 9), 2, 3, 1.0, 0.020, 4.0e5, 0.055),
    "BCH": ((2019, 12, 19), 2, 3, 1.0, 0.021, 3.5e5, 0.030),
    "TRX": ((2020, 1, 15), 5, 0, 0.6, 0.014, 2.5e5, 0.007),
    "DOT": ((2020, 8, 22), 3, 1, 1.2, 0.022, 3.0e5, 0.060),
    "UNI": ((2020, 9, 18), 4, 0, 1.2, 0.027, 2.5e5, 0.045),
    "AAVE": ((2020, 10, 16), 2, 1, 1.3, 0.027, 3.5e5, 0.070),
    "ATOM": ((2020, 2, 7), 3, 2, 1.2, 0.023, 1.5e5, 0.048),
    "NEAR": ((2020, 10, 15), 3, 0, 1.3, 0.029, 3.0e5, 0.075),
    "FIL": ((2020, 10, 16), 3, 1, 1.2, 0.026, 2.5e5, 0.125),
    "INJ": ((2022, 8, 30), 3, 1, 1.3, 0.032, 2.0e5, 0.105),
    "OP": ((2022, 6, 1), 4, 1, 1.4, 0.032, 2.5e5, 0.115),
    "APT": ((2022, 10, 19), 4, 1, 1.3, 0.030, 3.0e5, 0.090),
    "FET": ((2023, 1, 17), 4, 0, 1.4, 0.034, 2.0e5, 0.065),
    "ARB": ((2023, 3, 23), 4, 1, 1.3, 0.030, 3.0e5, 0.100),
    "SUI": ((2023, 5, 3), 4, 1, 1.4, 0.033, 1.2e6, 0.095),
    "WLD": ((2023, 7, 24), 4, 0, 1.4, 0.036, 5.0e5, 0.145),
    "SEI": ((2023, 8, 15), 5, 0, 1.4, 0.033, 2.0e5, 0.110),
    "TIA": ((2023, 10, 31), 4, 0, 1.4, 0.036, 2.5e5, 0.155),
    "ONDO": ((2024, 1, 18), 5, 1, 1.3, 0.031, 3.0e5, 0.058),
    "WIF": ((2024, 1, 18), 4, 1, 1.5, 0.042, 3.5e5, 0.170),
    "JUP": ((2024, 1, 31), 4, 0, 1.3, 0.033, 1.5e5, 0.068),
    "ENA": ((2024, 4, 2), 5, 0, 1.5, 0.038, 6.0e5, 0.120),
    "TAO": ((2024, 4, 11), 2, 3, 1.3, 0.033, 4.0e5, 0.052),
    "RENDER": ((2024, 7, 22), 3, 1, 1.3, 0.033, 1.5e5, 0.050),
}
_BUSY = 2.5e5  # USDT a minute, above which hardly a minute passes without a trade


def _contract(base: str) -> Coin:
    listed, price, quantity, beta, own, turnover, leverage = _LISTED[base]
    return Coin(
        base=base,
        listed=datetime(*listed, 8, tzinfo=UTC),
        price_decimals=price,
        quantity_decimals=quantity,
        levels=LEVELS[base],
        beta=beta,
        own_volatility=own,
        turnover=turnover,
        ticket=450,
        quiet=0.001 if turnover > _BUSY else 0.004,
        leverage=leverage,
    )


WIDER_COINS: tuple[Coin, ...] = tuple(_contract(base) for base in _LISTED)
