"""Mutants that no test can notice, each with the reason; read one by one."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptopipe_tests.mutation.sample import Mutant

LIST = Path(__file__).with_name("equivalent.toml")


def reason(mutant: Mutant) -> str | None:
    """Why the change changes nothing, or None if it is not listed."""
    return listed().get((mutant.module, mutant.before, mutant.after))


@cache
def listed() -> dict[tuple[str, str, str], str]:
    """Reasons by module, line as it is and line as it becomes."""
    with LIST.open("rb") as file:
        entries = tomllib.load(file).get("mutant", [])
    return {(each["module"], each["before"], each["after"]): each["reason"] for each in entries}
