"""Price levels that the simulated coins follow, in USDT.

They trace the public history of each coin roughly, so that magnitudes and precision are
realistic; everything between and beyond them is invented.
"""

from datetime import date

from cryptopipe_assets.sandbox.contents.coin import Levels

_CYCLE = (
    date(2019, 9, 1),
    date(2020, 3, 15),
    date(2020, 12, 1),
    date(2021, 5, 1),
    date(2021, 11, 8),
    date(2022, 7, 1),
    date(2022, 12, 15),
    date(2023, 10, 1),
    date(2024, 3, 15),
    date(2024, 12, 10),
    date(2025, 8, 15),
    date(2026, 2, 15),
)


def _through_the_cycle(*prices: float) -> tuple[tuple[date, float], ...]:
    """Pair prices with the newest turning points of the market, oldest first."""
    return tuple(zip(_CYCLE[-len(prices) :], prices, strict=True))


LEVELS: dict[str, Levels] = {
    "BTC": _through_the_cycle(
        9600, 5400, 19000, 57000, 66000, 20000, 17300, 27500, 69000, 98000, 117000, 69000
    ),
    "ETH": _through_the_cycle(172, 125, 600, 2900, 4750, 1070, 1270, 1700, 3700, 3700, 4450, 2000),
    "SOL": _through_the_cycle(2.5, 2.5, 2, 45, 245, 33, 13.5, 23, 185, 220, 190, 85),
    "XRP": _through_the_cycle(0.26, 0.15, 0.62, 1.6, 1.25, 0.32, 0.36, 0.52, 0.63, 2.35, 3.1, 1.45),
    "BNB": _through_the_cycle(22, 10, 30, 610, 640, 218, 250, 215, 600, 690, 840, 620),
    "DOGE": _through_the_cycle(
        0.0025, 0.0018, 0.0034, 0.38, 0.28, 0.067, 0.083, 0.062, 0.17, 0.41, 0.23, 0.1
    ),
    "ADA": _through_the_cycle(
        0.045, 0.026, 0.16, 1.34, 2.1, 0.46, 0.3, 0.26, 0.73, 1.1, 0.93, 0.28
    ),
    "LINK": _through_the_cycle(1.8, 2.1, 13.6, 37, 33, 6.2, 6.3, 7.9, 19.5, 23.5, 23, 8.6),
    "AVAX": _through_the_cycle(4.5, 4.5, 3.4, 32, 92, 17, 12.5, 9.3, 55, 46, 24, 9.2),
    "1000PEPE": (
        (date(2023, 5, 5), 0.0021),
        (date(2023, 10, 1), 0.0007),
        (date(2024, 3, 15), 0.0082),
        (date(2024, 12, 10), 0.025),
        (date(2025, 8, 15), 0.011),
        (date(2026, 2, 15), 0.0042),
    ),
    "HYPE": ((date(2025, 5, 30), 33), (date(2025, 9, 15), 52), (date(2026, 2, 15), 30)),
    "USDC": ((date(2025, 6, 4), 0.9998),),
    "LUNA": (
        (date(2021, 3, 2), 6.5),
        (date(2021, 11, 8), 52),
        (date(2022, 4, 5), 112),
        (date(2022, 5, 7), 72),
        (date(2022, 5, 9), 58),
        (date(2022, 5, 10), 29),
        (date(2022, 5, 11), 14),
        (date(2022, 5, 12), 0.9),
        (date(2022, 5, 13), 0.012),
    ),
    "TON": ((date(2026, 9, 1), 2.1),),
    "LTC": _through_the_cycle(68, 31, 87, 260, 200, 52, 65, 65, 84, 120, 120, 55),
    "BCH": _through_the_cycle(290, 170, 290, 960, 600, 100, 108, 235, 400, 520, 590, 500),
    "TRX": _through_the_cycle(
        0.016, 0.011, 0.031, 0.13, 0.1, 0.065, 0.054, 0.088, 0.12, 0.28, 0.35, 0.28
    ),
    "DOT": _through_the_cycle(5, 36, 53, 7, 4.5, 4, 10, 9, 3.9, 1.3),
    "UNI": _through_the_cycle(3.6, 42, 25, 5, 5.2, 4.5, 12, 16, 11, 3.4),
    "AAVE": _through_the_cycle(75, 460, 320, 60, 57, 65, 120, 340, 310, 120),
    "ATOM": _through_the_cycle(2.5, 1.8, 5.2, 22, 38, 8, 9, 7, 12, 9.5, 4.6, 2),
    "NEAR": _through_the_cycle(0.9, 5, 11, 3.4, 1.5, 1.1, 7, 7.3, 2.7, 1),
    "FIL": _through_the_cycle(30, 150, 65, 5.6, 3.1, 3.3, 9, 6.6, 2.4, 0.95),
    "INJ": _through_the_cycle(1.3, 1.3, 7.5, 40, 30, 14, 3.2),
    "OP": _through_the_cycle(0.5, 1.05, 1.35, 4.2, 2.4, 0.75, 0.13),
    "APT": _through_the_cycle(4.2, 5.2, 13, 12.5, 4.6, 0.9),
    "FET": _through_the_cycle(0.07, 0.22, 2.7, 1.6, 0.68, 0.17),
    "ARB": _through_the_cycle(1.2, 0.92, 1.9, 1.05, 0.52, 0.11),
    "SUI": _through_the_cycle(0.46, 1.6, 4.2, 3.7, 0.95),
    "WLD": _through_the_cycle(1.7, 10, 3.3, 1, 0.4),
    "SEI": _through_the_cycle(0.12, 0.9, 0.58, 0.31, 0.075),
    "TIA": _through_the_cycle(2.2, 16, 7.5, 1.75, 0.33),
    "ONDO": _through_the_cycle(0.75, 1.7, 1, 0.26),
    "WIF": _through_the_cycle(2.5, 3.1, 1, 0.22),
    "JUP": _through_the_cycle(1.1, 1.05, 0.52, 0.16),
    "ENA": _through_the_cycle(0.9, 1.1, 0.72, 0.12),
    "TAO": _through_the_cycle(600, 600, 370, 175),
    "RENDER": _through_the_cycle(11, 9, 3.9, 1.5),
}
