"""What reading bytes of others raises, whatever library reads them; to be translated at each door.

A parser promises one error of its own. The libraries below it raise what they like: an integer of
400 digits is an ``OverflowError`` here and a panic there, half a surrogate a ``UnicodeEncodeError``
when a column is made of it. Not among them are ``OSError`` (of a disk, and not of what is on it)
and ``AssertionError`` (of ours).
"""

import csv
import struct
import zipfile
import zlib

import polars as pl

OF_POLARS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What Polars raises of damaged bytes; a panic of its Rust code is no ``Exception``."""

UNREADABLE: tuple[type[BaseException], ...] = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    EOFError,
    MemoryError,
    csv.Error,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    *OF_POLARS,
)

UNREADABLE_FILE: tuple[type[BaseException], ...] = (*UNREADABLE, OSError, RuntimeError)
"""The same of packed files: of damage it may be ``OSError``, of a password ``RuntimeError``."""

LONGEST_REASON = 200


def first_line(failure: BaseException) -> str:
    """Return the first line of what a library says, or the kind of a failure that says nothing."""
    return str(failure).splitlines()[0] if str(failure) else type(failure).__name__


def reason(failure: BaseException) -> str:
    """Return the kind of a failure and its first line, which alone may say nothing."""
    said = str(failure).strip().partition("\n")[0]
    kind = type(failure).__name__
    if len(said) > LONGEST_REASON:
        said = f"{said[:LONGEST_REASON]}..."
    return f"{kind}: {said}" if said else kind
