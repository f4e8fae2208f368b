"""The share of a vendor's limits that we plan to use: what every ``[vendors.<name>]`` has.

Limits are per address or key; a share of 0.8 leaves room for a person who asks the same vendor by
hand. What a vendor allows is in its ``terms.py``.
"""

from typing import Literal

from pydantic import Field

from cryptopipe_assets.core.section import Section

Window = Literal["second", "2 s", "5 s", "10 s", "minute", "5 min", "day", "month"]
SECONDS: dict[Window, float] = {
    "second": 1,
    "2 s": 2,
    "5 s": 5,
    "10 s": 10,
    "minute": 60,
    "5 min": 300,
    "day": 86_400,
    "month": 30 * 86_400,
}


class RequestLimits(Section):
    """What every vendor's section has."""

    share: float = Field(default=0.8, ge=0.001, le=1)
    concurrency: int = Field(default=8, ge=1, le=64)
    timeout_seconds: float = Field(default=30.0, ge=0.1, le=600)
    attempts: int = Field(default=4, ge=1, le=10)

    def planned(self, limit: int) -> int:
        """Our share of a limit, at least one unit."""
        return max(1, int(limit * self.share))
