"""The tiers and schedules of cryptopipe.toml: which coins, how often, and when."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from cryptopipe_assets.core.contract_names import read_coin
from cryptopipe_assets.core.recurrence import Recurrence
from cryptopipe_assets.core.section import Section, one_of
from cryptopipe_assets.tables.service_levels import tiered_tables

Coin = Annotated[str, AfterValidator(read_coin)]
TierName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""Part of the names of schedules."""


def _checked(minutes: int, info: ValidationInfo, *, every: str) -> int:
    """Check that the instants are the same every day; the message names what was expected."""
    if info.field_name == every:
        Recurrence(every_minutes=minutes)
    elif every in info.data:
        Recurrence(every_minutes=info.data[every], offset_minutes=minutes)
    return minutes


TIERED = tiered_tables()
"""Tables whose coins the tiers choose."""


class Tier(Section):
    """Coins that are refreshed together, and the tables that follow them."""

    every_minutes: int = Field(ge=1, le=1440)
    offset_minutes: int = Field(default=0, ge=0)
    tables: tuple[Annotated[str, one_of(TIERED)], ...] = Field(default=TIERED, min_length=1)
    coins: tuple[Coin, ...] = Field(min_length=1)

    @field_validator("every_minutes", "offset_minutes")
    @classmethod
    def _recurs_daily(cls, minutes: int, info: ValidationInfo) -> int:
        return _checked(minutes, info, every="every_minutes")

    @property
    def recurrence(self) -> Recurrence:
        """When the tier's market data is collected."""
        return Recurrence(every_minutes=self.every_minutes, offset_minutes=self.offset_minutes)


class Schedules(Section):
    """What is scheduled once for all tiers. Times are UTC.

    Attributes
    ----------
    catch_up_days
        How far back a round goes by itself after a pause; further back is a backfill's.
    keep_run_hours, keep_failed_run_days
        Age at which the history of a run may go, if a later one did the same again.
    """

    listings_every_minutes: int = Field(default=60, ge=1, le=1440)
    listings_offset_minutes: int = Field(default=40, ge=0)
    close_at: time = Field(default=time(1, 0), strict=True)
    catch_up_days: int = Field(default=30, ge=1, le=366)
    keep_run_hours: int = Field(default=3, ge=1, le=24 * 366)
    keep_failed_run_days: int = Field(default=7, ge=1, le=366)

    @field_validator("listings_every_minutes", "listings_offset_minutes")
    @classmethod
    def _recurs_daily(cls, minutes: int, info: ValidationInfo) -> int:
        return _checked(minutes, info, every="listings_every_minutes")

    @property
    def listings(self) -> Recurrence:
        """When instruments and market caps are collected."""
        return Recurrence(
            every_minutes=self.listings_every_minutes, offset_minutes=self.listings_offset_minutes
        )
