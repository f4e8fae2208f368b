"""Folders of days, ``date=2026-02-01``: which names are one, and which are nobody's."""

import os
from datetime import date

PREFIX = "date="


def day_of_folder(name: str) -> date | None:
    """The day that a folder is of; null if its name is none of the calendar, or spelled oddly."""
    spelling = name.removeprefix(PREFIX)
    try:
        day = date.fromisoformat(spelling)
    except ValueError:
        return None
    return day if f"{PREFIX}{day}" == name else None


def odd_folders(folder: str) -> list[str]:
    """Names in a table's folder that look like a day's and are none; ascending."""
    try:
        names = os.listdir(folder)  # noqa: PTH208 - thousands of days: no Path each
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name for name in names if name.startswith(PREFIX) and day_of_folder(name) is None)
