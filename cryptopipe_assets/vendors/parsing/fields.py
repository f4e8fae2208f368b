"""The kinds of values that venues send, and objects of them.

A kind is kept to: a number that was promised as text and comes as a number has been changed by
its vendor, and so may have been what it means. Blank is what is not known.
"""

from typing import Annotated, Any

from pydantic import AllowInfNan, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Strict
from pydantic.alias_generators import to_camel


def _text(said: Any) -> Any:
    if not isinstance(said, str):
        raise ValueError("expected text")
    return said


def _text_or_blank(said: Any) -> Any:
    return None if said is None or said == "" else _text(said)


_Finite = Annotated[float, AllowInfNan(allow_inf_nan=False)]

Figure = Annotated[_Finite | None, BeforeValidator(_text_or_blank)]
"""A number written as text; null where it is blank."""
TextFigure = Annotated[_Finite, BeforeValidator(_text)]
"""A number written as text, never blank."""
TextStamp = Annotated[int, BeforeValidator(_text)]
"""Milliseconds since 1970, written as text."""
OptionalStamp = Annotated[int | None, BeforeValidator(_text_or_blank)]
"""Milliseconds since 1970, written as text; null where it is blank."""
Number = Annotated[_Finite, Strict()]
"""A bare number."""
Count = Annotated[int, Strict()]
"""A bare whole number: an id, a rank, a stamp."""
Instant = Annotated[AwareDatetime, BeforeValidator(_text)]
"""An ISO 8601 instant with its zone."""


class Wire(BaseModel):
    """An object of a response. Its fields have our spelling; those not declared are let be."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True)
