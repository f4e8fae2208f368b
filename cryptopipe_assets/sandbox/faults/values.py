"""Single values of an answer bent, in the type and the unit in which they came."""

from datetime import datetime, timedelta
from typing import Any, Literal

Clock = Literal["ms", "s", "iso"]


def scaled(said: Any, factor: float) -> Any:
    """Return a number times a factor; a word becomes another word."""
    try:
        number = float(said) * factor
    except ValueError:
        return f"{said}X"
    if isinstance(said, str):
        return f"{number:.10f}"
    return round(number) if isinstance(said, int) else number


def another(said: Any) -> Any:
    """Return a number that is a little larger."""
    return said * 2 if isinstance(said, int) else scaled(said, 1.000001)


def negative(said: Any) -> Any:
    """Return a number with the other sign."""
    return scaled(said, -1.0)


def retyped(said: Any) -> Any:
    """Return a text where a number was, and a number where a text was."""
    if not isinstance(said, str):
        return repr(said)
    try:
        return float(said)
    except ValueError:
        return 7


def no_number(said: Any, word: str) -> Any:
    """Return NaN or Infinity as the vendor would write it: as text, or bare."""
    return word if isinstance(said, str) else float(word)


def milliseconds_of(stamp: Any, clock: Clock) -> int:
    """Return a stamp as milliseconds since 1970."""
    if clock == "iso":
        return round(_instant(stamp).timestamp() * 1000)
    return int(stamp) * (1000 if clock == "s" else 1)


def later(said: Any, milliseconds: int, clock: Clock) -> Any:
    """Return a stamp so much later."""
    if clock == "iso":
        instant = _instant(said) + timedelta(milliseconds=milliseconds)
        has_zone = said.endswith("Z")
        return f"{instant:%Y-%m-%dT%H:%M:%S.000Z}" if has_zone else f"{instant:%Y-%m-%d %H:%M:%S}"
    return _as(said, int(said) + milliseconds // (1000 if clock == "s" else 1))


def in_microseconds(said: Any, clock: Clock) -> Any:
    """Return a stamp in microseconds; a date stays."""
    if clock == "iso":
        return said
    return _as(said, int(said) * (1_000_000 if clock == "s" else 1000))


def in_coarser_unit(said: Any, clock: Clock) -> Any:
    """Return a stamp of milliseconds in seconds, one of seconds in minutes; a date stays."""
    if clock == "iso":
        return said
    return _as(said, int(said) // (60 if clock == "s" else 1000))


def _as(said: Any, number: int) -> Any:
    return str(number) if isinstance(said, str) else number


def _instant(said: str) -> datetime:
    instant = datetime.fromisoformat(said)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=_UTC)


_UTC = datetime.fromisoformat("1970-01-01T00:00:00+00:00").tzinfo
