"""Supply schedules of the coins with a name, tracing what is publicly known of them roughly.

They are meant to be unlike each other: mined, inflating, vesting evenly, unlocking in cliffs,
burning, and pegged.
"""

from datetime import date

from cryptopipe_assets.sandbox.simulated.supply import Supply, every_months
from cryptopipe_assets.sandbox.simulated.unlock_schedules import WIDER_SUPPLIES

SUPPLIES: dict[str, Supply] = {
    "BTC": Supply(
        knots=(
            (date(2019, 9, 1), 17_905_000),
            (date(2020, 5, 11), 18_375_000),
            (date(2024, 4, 20), 19_687_500),
            (date(2028, 4, 17), 20_343_750),
            (date(2032, 4, 15), 20_671_875),
            (date(2050, 1, 1), 20_980_000),
        ),
        cap=21_000_000,
    ),
    "ETH": Supply(
        knots=(
            (date(2019, 9, 1), 107_450_000),
            (date(2022, 9, 15), 120_520_000),
            (date(2024, 4, 1), 120_070_000),
            (date(2050, 1, 1), 128_000_000),
        )
    ),
    "SOL": Supply(
        knots=(
            (date(2020, 4, 10), 8_100_000),
            (date(2021, 1, 6), 47_000_000),
            (date(2026, 1, 1), 355_000_000),
            (date(2050, 1, 1), 610_000_000),
        ),
        cliffs=((date(2021, 1, 7), 215_000_000.0),),
        created=660_000_000,
    ),
    "XRP": Supply(
        knots=((date(2019, 9, 1), 42_900_000_000), (date(2050, 1, 1), 43_000_000_000)),
        cliffs=every_months(date(2019, 10, 1), months=1, times=220, amounts=(245_000_000,)),
        created=99_985_000_000,
        cap=100_000_000_000,
    ),
    "BNB": Supply(
        knots=((date(2019, 9, 1), 155_536_000), (date(2050, 1, 1), 155_536_000)),
        burns=every_months(date(2019, 10, 17), months=3, times=50, amounts=(1_450_000, 980_000)),
        created=187_536_000,
        cap=187_536_000,
        cap_falls=True,
    ),
    "DOGE": Supply(
        knots=((date(2019, 9, 1), 121_000_000_000), (date(2050, 1, 1), 272_600_000_000))
    ),
    "ADA": Supply(
        knots=(
            (date(2019, 9, 1), 25_927_000_000),
            (date(2020, 8, 1), 31_110_000_000),
            (date(2026, 1, 1), 35_900_000_000),
            (date(2050, 1, 1), 42_800_000_000),
        ),
        created=45_000_000_000,
        cap=45_000_000_000,
    ),
    "LINK": Supply(
        knots=((date(2019, 9, 1), 350_000_000), (date(2050, 1, 1), 350_000_000)),
        cliffs=every_months(
            date(2020, 8, 7), months=3, times=40, amounts=(14_000_000, 19_000_000, 11_000_000)
        ),
        created=1_000_000_000,
        cap=1_000_000_000,
    ),
    "AVAX": Supply(
        knots=((date(2020, 9, 22), 24_500_000), (date(2030, 1, 1), 290_000_000)),
        cliffs=every_months(date(2020, 12, 9), months=3, times=16, amounts=(9_540_000,)),
        created=715_748_719,
        cap=715_748_719,
    ),
    "PEPE": Supply(
        knots=((date(2023, 4, 17), 391_790_000_000_000), (date(2024, 6, 1), 420_689_899_653_543)),
        created=420_689_899_653_543,
        cap=420_690_000_000_000,
    ),
    "HYPE": Supply(
        knots=((date(2024, 11, 29), 333_928_180), (date(2050, 1, 1), 333_928_180)),
        cliffs=((date(2025, 11, 29), 9_900_000.0),),
        vesting=((date(2025, 11, 29), date(2027, 11, 29), 228_000_000.0),),
        created=1_000_000_000,
        cap=1_000_000_000,
    ),
    "USDC": Supply(
        knots=(
            (date(2019, 9, 1), 450_000_000),
            (date(2022, 3, 1), 53_000_000_000),
            (date(2023, 12, 1), 24_400_000_000),
            (date(2026, 2, 1), 72_000_000_000),
        )
    ),
    "USDT": Supply(
        knots=(
            (date(2019, 9, 1), 4_100_000_000),
            (date(2022, 4, 1), 82_000_000_000),
            (date(2022, 12, 1), 65_500_000_000),
            (date(2026, 2, 1), 186_000_000_000),
        )
    ),
    "LUNA": Supply(
        knots=(
            (date(2019, 9, 1), 280_000_000),
            (date(2022, 5, 8), 345_000_000),
            (date(2022, 5, 11), 1_460_000_000),
            (date(2022, 5, 13), 6_900_000_000),
        )
    ),
    "TON": Supply(
        knots=(
            (date(2021, 8, 26), 1_220_000_000),
            (date(2024, 1, 1), 3_454_000_000),
            (date(2026, 2, 1), 2_600_000_000),
            (date(2050, 1, 1), 4_200_000_000),
        ),
        created=5_140_000_000,
    ),
    "WBTC": Supply(
        knots=(
            (date(2019, 9, 1), 580),
            (date(2022, 4, 1), 280_000),
            (date(2025, 1, 1), 130_000),
            (date(2050, 1, 1), 110_000),
        )
    ),
    "STETH": Supply(
        knots=(
            (date(2020, 12, 20), 1_000),
            (date(2022, 4, 1), 3_400_000),
            (date(2025, 1, 1), 9_600_000),
            (date(2050, 1, 1), 9_000_000),
        )
    ),
    **WIDER_SUPPLIES,
}
