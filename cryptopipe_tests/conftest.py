"""Fixtures that every suite may use."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of recorded vendor data, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("CRYPTOPIPE_REALDATA", ROOT.parent / "shared" / "data"))
    if not (folder / "binance").is_dir():
        pytest.skip(f"no recorded vendor data at {folder}; set CRYPTOPIPE_REALDATA to its folder")
    return folder
