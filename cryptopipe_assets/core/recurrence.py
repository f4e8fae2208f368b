"""Instants that return every day: how often, and how long after midnight. Pure calendar, in UTC."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

MINUTES_AN_HOUR, MINUTES_A_DAY = 60, 1440


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """``offset_minutes`` after midnight (UTC), and then every ``every_minutes``.

    Raises
    ------
    ValueError
        If the instants would not be the same on every day, or cannot be written as a cron line.
    """

    every_minutes: int
    offset_minutes: int = 0

    def __post_init__(self) -> None:
        if not is_regular(self.every_minutes):
            raise ValueError(
                f"expected minutes that divide an hour (15, 30 ...) or whole hours that divide a "
                f"day (60, 240, 1440 ...), not {self.every_minutes}"
            )
        if not 0 <= self.offset_minutes < self.every_minutes:
            raise ValueError(
                f"expected 0 to {self.every_minutes - 1}, less than the {self.every_minutes} "
                f"minutes of the interval, not {self.offset_minutes}"
            )

    @property
    def interval(self) -> timedelta:
        """Time from one instant to the next."""
        return timedelta(minutes=self.every_minutes)

    @property
    def per_day(self) -> int:
        """Instants in a day."""
        return MINUTES_A_DAY // self.every_minutes

    @property
    def cron(self) -> str:
        """The instants as a cron line."""
        if self.every_minutes <= MINUTES_AN_HOUR:
            minutes = range(self.offset_minutes, MINUTES_AN_HOUR, self.every_minutes)
            return f"{_list(minutes)} * * * *"
        hours = range(
            self.offset_minutes // MINUTES_AN_HOUR,
            MINUTES_A_DAY // MINUTES_AN_HOUR,
            self.every_minutes // MINUTES_AN_HOUR,
        )
        return f"{self.offset_minutes % MINUTES_AN_HOUR} {_list(hours)} * * *"

    def includes(self, other: "Recurrence") -> bool:
        """Whether every instant of ``other`` is one of these."""
        rarer = other.every_minutes % self.every_minutes == 0
        return rarer and other.offset_minutes % self.every_minutes == self.offset_minutes

    def last(self, at: datetime) -> datetime:
        """Newest instant that is not after ``at``."""
        since = at.astimezone(UTC) - timedelta(minutes=self.offset_minutes)
        midnight = since.replace(hour=0, minute=0, second=0, microsecond=0)
        passed = (since - midnight) // self.interval
        return midnight + passed * self.interval + timedelta(minutes=self.offset_minutes)

    def next(self, after: datetime) -> datetime:
        """First instant later than ``after``."""
        return self.last(after) + self.interval

    def falls_on(self, minute: datetime) -> bool:
        """Whether one of the instants is in the minute of ``minute``."""
        return self.last(minute) == minute.astimezone(UTC).replace(second=0, microsecond=0)


def is_regular(every_minutes: int) -> bool:
    """Whether an interval divides an hour, or is whole hours that divide a day."""
    if every_minutes <= 0:
        return False
    if every_minutes <= MINUTES_AN_HOUR:
        return MINUTES_AN_HOUR % every_minutes == 0
    return every_minutes % MINUTES_AN_HOUR == 0 and MINUTES_A_DAY % every_minutes == 0


def _list(numbers: range) -> str:
    return ",".join(str(each) for each in numbers)
