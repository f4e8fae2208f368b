"""How many inputs a parser is given, and what may become of each."""

import os
import random
from collections.abc import Callable
from typing import Any

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cryptopipe_assets.core.errors import CryptopipeError

SCALE = float(os.environ.get("FUZZ_SCALE", "1"))
"""How many times the inputs of a run of CI; ``make fuzz`` sets it."""

SHOWN = 4_000

Test = Callable[..., None]


def fuzzed(count: int) -> Callable[[Test], Test]:
    """Call a test with so many pairs of a source of chance and a number of changes.

    What fails is tried again with fewer changes, and the number that it began with is printed.
    """

    def around(test: Test) -> Test:
        settled = settings(
            max_examples=max(1, round(count * SCALE)),
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        drawn = given(seed=st.integers(0, 2**48), steps=st.integers(1, 4))
        wrapped: Test = settled(drawn(test))
        return wrapped

    return around


def source(seed: int) -> random.Random:
    """The chance that a number stands for."""
    return random.Random(seed)


def outcome(read: Callable[[], Any], content: bytes, *accepted: type[Exception]) -> Any:
    """Return what was read, or the failure if it is one that may be.

    Raises
    ------
    AssertionError
        On every other failure, panics of a library included, with the input.
    """
    try:
        return read()
    except (CryptopipeError, *accepted) as exc:
        return exc
    except KeyboardInterrupt:
        raise
    except BaseException as exc:
        said = f"{type(exc).__name__}: {str(exc)[:SHOWN]}"
        raise AssertionError(f"{said}\nof the input\n{shown(content)}") from exc


def shown(content: bytes) -> str:
    """The input, as far as it can be read by a person."""
    said = repr(content)
    return said if len(said) <= SHOWN else f"{said[:SHOWN]}... ({len(content)} bytes)"


def require_sound(frame: pl.DataFrame, like: pl.DataFrame) -> None:
    """Check that a frame has the columns of another one, and no number that is none."""
    assert frame.schema == like.schema, f"{frame.schema} instead of {like.schema}"
    floats = frame.select(pl.col(pl.Float64))
    odd = [name for name in floats.columns if not floats[name].drop_nulls().is_finite().all()]
    assert odd == [], f"not finite: {odd}"
