"""Rows of a response judged one by one: a wrong one is left out and named, the others are kept.

Only where most rows are wrong has the vendor changed what it sends. Pure: no network.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter

from cryptopipe_assets.core.unreadable import UNREADABLE
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, shaped, unreadable

T = TypeVar("T")
S = TypeVar("S")

_ROWS: TypeAdapter[list[Any]] = TypeAdapter(list[Any])


class Failure(NamedTuple):
    """What is wrong with one contract's row; the coin is null where the row does not tell it."""

    coin: str | None
    reason: str


@dataclass
class Judged(Generic[T]):
    """What was made of the sound rows, and what became of the others.

    Attributes
    ----------
    sound
        In the order of the rows.
    failed
        The vendor's own name of a contract, to what is wrong with it.
    malformed
        Wrong rows that do not say which contract they are of.
    first
        What is wrong with the first wrong row.
    """

    sound: list[T] = field(default_factory=list)
    failed: dict[str, Failure] = field(default_factory=dict)
    malformed: int = 0
    first: UnexpectedShape | None = None

    def refuse(self, name: str | None, coin: str | None, why: UnexpectedShape) -> None:
        """Leave out a contract."""
        self.first = self.first or why
        if name:
            self.failed.setdefault(name, Failure(coin, str(why)))
        else:
            self.malformed += 1

    def add(self, other: "Judged[T]") -> None:
        """Take in what was judged elsewhere."""
        self.sound += other.sound
        self.failed |= other.failed
        self.malformed += other.malformed
        self.first = self.first or other.first

    def require_most(self) -> None:
        """Check that not more rows are wrong than are sound.

        Raises
        ------
        UnexpectedShape
            What is wrong with the first of them.
        """
        wrong = len(self.failed) + self.malformed
        if self.first is not None and wrong > len(self.sound):
            raise self.first

    def count_into(self, left_out: Counter[str]) -> None:
        """Enter what was left out."""
        left_out["failed"] += len(self.failed)
        left_out["malformed"] += self.malformed


def judged(
    promise: TypeAdapter[S],
    rows: Any,
    made: Callable[[S], T | None],
    *,
    named: Callable[[Any], tuple[str | None, str | None]],
) -> Judged[T]:
    """Make something of every row that is as promised.

    Parameters
    ----------
    promise
        Of one row.
    made
        From a row to what it says; null leaves it out, ``UnexpectedShape`` refuses it.
    named
        From an object as it was sent to the contract's name and coin, as far as it tells them.

    Raises
    ------
    UnexpectedShape
        If it is no list, or more rows are wrong than are sound.
    """
    found: Judged[T] = Judged()
    listed = shaped(_ROWS, rows)
    for place, row in enumerate(listed):
        try:
            said = made(_shaped_at(promise, row, place))
        except UnexpectedShape as exc:
            found.refuse(*_name_of(row, named), exc)
        except UNREADABLE as exc:
            found.refuse(*_name_of(row, named), unreadable(exc))
        else:
            if said is not None:
                found.sound.append(said)
    found.require_most()
    return found


def _name_of(
    row: Any, named: Callable[[Any], tuple[str | None, str | None]]
) -> tuple[str | None, str | None]:
    """Contract and coin of a wrong row, as far as it tells them."""
    if not isinstance(row, dict | tuple):
        return None, None
    try:
        return named(row)
    except UNREADABLE:
        return None, None


def _shaped_at(promise: TypeAdapter[S], row: Any, place: int) -> S:
    try:
        return shaped(promise, row)
    except UnexpectedShape as exc:
        raise UnexpectedShape(f"row {place}: {exc}", row) from None


def apart(
    found: Judged[T], same: Callable[[T], str], named: Callable[[T], tuple[str, str]]
) -> list[T]:
    """Sound rows of which no two say to be the same; of those that do, none is kept.

    What is said twice in the same words is said once.

    Raises
    ------
    UnexpectedShape
        If more are wrong than are sound.
    """
    groups: dict[str, list[T]] = {}
    for each in found.sound:
        if each not in (group := groups.setdefault(same(each), [])):
            group.append(each)
    found.sound = [each for group in groups.values() if len(group) == 1 for each in group]
    for key, group in groups.items():
        if len(group) > 1:
            names = sorted(named(each)[0] for each in group)
            both = " and ".join(names)
            why = UnexpectedShape(f"two contracts of one name: {both} are both {key}")
            for each in group:
                found.refuse(*named(each), why)
    found.require_most()
    return found.sound


def text(row: dict[str, Any], key: str) -> str | None:
    """A field of a row as it was sent, if it is text and not blank."""
    said = row.get(key)
    return said if isinstance(said, str) and said else None
