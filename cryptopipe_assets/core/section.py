"""Sections of cryptopipe.toml, and values that are one of a list."""

from collections.abc import Collection
from typing import Any

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator
from pydantic_core import PydanticCustomError

LARGEST = 1_000_000_000
"""No number of a configuration is larger."""


class Section(BaseModel):
    """A section of cryptopipe.toml: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*")
    @classmethod
    def _can_be_meant(cls, value: Any) -> Any:
        """Refuse numbers that no limit or duration has, and that overflow where they are used."""
        if isinstance(value, int | float) and not abs(value) <= LARGEST:
            raise PydanticCustomError(
                "too_large", "Input should be at most {largest}", {"largest": f"{LARGEST:,}"}
            )
        return value


def one_of(names: Collection[str]) -> AfterValidator:
    """A check that a text is one of ``names``, with the message of ``Literal``."""
    *others, last = (repr(name) for name in names)
    expected = f"{', '.join(others)} or {last}" if others else last

    def checked(value: str) -> str:
        if value not in names:
            raise PydanticCustomError(
                "literal_error", "Input should be {expected}", {"expected": expected}
            )
        return value

    return AfterValidator(checked)
