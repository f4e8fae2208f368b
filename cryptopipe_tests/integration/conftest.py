"""A warehouse of collected tables that many tests start from."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cryptopipe_assets.storage.lake import Lake
from cryptopipe_tests.reference import daily_lake
from cryptopipe_tests.reference.daily_market import DailyMarket, daily_market

NOON = datetime(2024, 7, 13, 12, tzinfo=UTC)
"""When everything was collected: 194 days are over, the one of that noon is not."""


@pytest.fixture(scope="session")
def drawn_market() -> DailyMarket:
    """24 coins over 200 days."""
    return daily_market(coins=24, days=200)


@pytest.fixture(scope="session")
def collected(drawn_market, tmp_path_factory) -> Path:
    """The market's collected tables."""
    root = tmp_path_factory.mktemp("collected")
    daily_lake.fill(Lake(root), drawn_market, collected_at=NOON)
    return root


@pytest.fixture
def filled(platform, collected):
    """The platform with these tables and no derived one."""
    shutil.copytree(collected, platform.settings.warehouse)
    return platform
