"""Supply schedules of the wider coins: most of them unlock to founders, investors and treasuries.

As in ``supply_schedules``, what is publicly known is traced roughly.
"""

from datetime import date

from cryptopipe_assets.sandbox.simulated.supply import Supply, every_months

_FAR = date(2050, 1, 1)


def _unlocking(
    since: date, circulating: float, *, start: date, end: date, unlocked: float, created: float
) -> Supply:
    """A fixed supply of which a part unlocks evenly between two dates."""
    return Supply(
        knots=((since, circulating),),
        vesting=((start, end, unlocked),),
        created=created,
        cap=created,
    )


WIDER_SUPPLIES: dict[str, Supply] = {
    "LTC": Supply(
        knots=(
            (date(2019, 9, 1), 63.2e6),
            (date(2023, 8, 2), 73.4e6),
            (date(2027, 7, 25), 78.9e6),
            (_FAR, 83.6e6),
        ),
        cap=84e6,
    ),
    "BCH": Supply(
        knots=((date(2019, 9, 1), 17.96e6), (date(2024, 4, 4), 19.68e6), (_FAR, 20.9e6)), cap=21e6
    ),
    "TRX": Supply(
        knots=((date(2019, 9, 1), 66.7e9), (date(2021, 11, 1), 101.7e9), (date(2026, 1, 1), 94.7e9))
    ),
    "DOT": Supply(
        knots=((date(2020, 8, 19), 0.85e9), (date(2026, 1, 1), 1.65e9), (_FAR, 2.9e9)),
    ),
    "UNI": Supply(
        knots=((date(2020, 9, 17), 150e6), (date(2024, 9, 17), 600e6), (_FAR, 700e6)),
        created=1e9,
        cap=1e9,
    ),
    "AAVE": Supply(
        knots=((date(2020, 10, 2), 12e6), (date(2026, 1, 1), 15.2e6), (_FAR, 15.9e6)),
        created=16e6,
        cap=16e6,
    ),
    "ATOM": Supply(
        knots=((date(2019, 9, 1), 190.7e6), (date(2022, 3, 1), 286e6), (_FAR, 1.4e9)),
    ),
    "NEAR": Supply(
        knots=((date(2020, 10, 14), 170e6), (date(2025, 10, 14), 1.27e9), (_FAR, 2.3e9)),
    ),
    "FIL": Supply(
        knots=((date(2020, 10, 15), 15e6), (date(2023, 1, 1), 120e6), (date(2035, 1, 1), 420e6)),
        vesting=((date(2020, 10, 15), date(2026, 10, 15), 480e6),),
        created=1.96e9,
        cap=1.96e9,
    ),
    "INJ": Supply(
        knots=((date(2020, 10, 21), 12e6), (date(2024, 1, 8), 92e6), (date(2024, 6, 1), 99.97e6)),
        created=100e6,
        cap=100e6,
    ),
    "OP": _unlocking(
        date(2022, 6, 1),
        235e6,
        start=date(2023, 6, 1),
        end=date(2027, 6, 1),
        unlocked=1.9e9,
        created=4.295e9,
    ),
    "APT": Supply(
        knots=((date(2022, 10, 19), 130e6),),
        vesting=((date(2023, 11, 12), date(2032, 10, 12), 1.05e9),),
        created=1.2e9,
    ),
    "FET": Supply(
        knots=(
            (date(2019, 9, 1), 300e6),
            (date(2024, 6, 1), 840e6),
            (date(2024, 7, 15), 2.5e9),
            (_FAR, 2.65e9),
        ),
        created=2.72e9,
        cap=2.72e9,
    ),
    "ARB": Supply(
        knots=((date(2023, 3, 23), 1.275e9),),
        cliffs=((date(2024, 3, 16), 1.11e9),),
        vesting=((date(2024, 4, 16), date(2027, 3, 16), 3.24e9),),
        created=10e9,
        cap=10e9,
    ),
    "SUI": _unlocking(
        date(2023, 5, 3),
        528e6,
        start=date(2023, 6, 3),
        end=date(2030, 5, 3),
        unlocked=6.8e9,
        created=10e9,
    ),
    "WLD": Supply(
        knots=((date(2023, 7, 24), 107e6), (date(2026, 7, 24), 1.3e9), (date(2033, 7, 24), 4.2e9)),
        vesting=((date(2024, 7, 24), date(2028, 7, 24), 4.3e9),),
        created=10e9,
        cap=10e9,
    ),
    "SEI": _unlocking(
        date(2023, 8, 15),
        1.8e9,
        start=date(2024, 8, 15),
        end=date(2032, 8, 15),
        unlocked=7.6e9,
        created=10e9,
    ),
    "TIA": Supply(
        knots=((date(2023, 10, 31), 141e6),),
        cliffs=((date(2024, 10, 31), 175e6),),
        vesting=((date(2024, 11, 1), date(2027, 10, 31), 560e6),),
        created=1.1e9,
    ),
    "ONDO": Supply(
        knots=((date(2024, 1, 18), 1.39e9),),
        cliffs=every_months(date(2025, 1, 18), months=12, times=4, amounts=(1.94e9,)),
        created=10e9,
        cap=10e9,
    ),
    "WIF": Supply(knots=((date(2023, 12, 17), 998.9e6),), cap=998.9e6),
    "JUP": _unlocking(
        date(2024, 1, 31),
        1.35e9,
        start=date(2024, 2, 28),
        end=date(2027, 12, 31),
        unlocked=2.6e9,
        created=7e9,
    ),
    "ENA": Supply(
        knots=((date(2024, 4, 2), 1.425e9),),
        cliffs=((date(2025, 4, 2), 1.9e9),),
        vesting=((date(2025, 5, 2), date(2028, 4, 2), 8.6e9),),
        created=15e9,
        cap=15e9,
    ),
    "TAO": Supply(
        knots=(
            (date(2021, 1, 3), 1000),
            (date(2024, 4, 1), 6.55e6),
            (date(2025, 12, 12), 10.5e6),
            (date(2029, 12, 12), 15.75e6),
            (_FAR, 20.5e6),
        ),
        cap=21e6,
    ),
    "RENDER": Supply(
        knots=((date(2020, 6, 10), 115e6), (date(2024, 7, 22), 392e6), (date(2031, 1, 1), 640e6)),
        created=644e6,
        cap=644e6,
    ),
}
