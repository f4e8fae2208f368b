"""A landed file is named by whoever asks for it: only files of the folder are read and moved."""

from datetime import UTC, datetime

import pytest

from cryptopipe_assets.collect.landing import import_file
from cryptopipe_assets.core.errors import RequestError
from cryptopipe_assets.runtime.resources import warehouse


@pytest.mark.parametrize(
    "name", ["../mine.zip", "/etc/passwd", "done/mine.zip", "..", "", r"..\mine.zip", "a\0b.zip"]
)
def test_a_file_that_lies_elsewhere_is_neither_read_nor_moved(name, settings):
    settings.warehouse.mkdir(parents=True)
    for place in (settings.warehouse, settings.warehouse / "landing" / "done"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "mine.zip").write_bytes(b"of somebody else")
    with pytest.raises(RequestError, match="name files that lie in"):
        import_file(warehouse(settings), name, at=datetime(2026, 3, 10, tzinfo=UTC))
    for place in (settings.warehouse, settings.warehouse / "landing" / "done"):
        assert (place / "mine.zip").read_bytes() == b"of somebody else"
