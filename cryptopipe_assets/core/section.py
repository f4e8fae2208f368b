"""Sections of cryptopipe.toml, and values that are one of a list."""

from collections.abc import Collection

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A section of cryptopipe.toml: unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
