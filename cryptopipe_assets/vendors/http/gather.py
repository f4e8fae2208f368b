"""Running many requests at once: of which none may fail, or each for itself."""

import asyncio
from collections.abc import Coroutine, Iterable
from contextvars import Context
from typing import Any, TypeVar

from cryptopipe_assets.core.errors import RateLimited, VendorError
from cryptopipe_assets.vendors.http.recent_responses import apart, recent_in, remember

T = TypeVar("T")


async def all_or_nothing(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return all results, in order; the first failure cancels the rest and is raised itself."""
    contexts: list[Context] = []
    tasks: list[asyncio.Task[T]] = []
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                contexts.append(apart())
                tasks.append(group.create_task(each, context=contexts[-1]))
    except BaseExceptionGroup as failures:
        first = failures.exceptions[0]
        raise first from first.__cause__
    for context in contexts:
        remember(recent_in(context))
    return [task.result() for task in tasks]


async def each_apart(work: Iterable[Coroutine[Any, Any, T]]) -> list[T | VendorError]:
    """Return every result or the vendor's failure in its place, in order.

    Raises
    ------
    RateLimited
        Which cancels the rest: whoever is told to wait does not go on with the others.
    """

    async def result_of(each: Coroutine[Any, Any, T]) -> T | VendorError:
        try:
            return await each
        except RateLimited:
            raise
        except VendorError as exc:
            return exc

    return await all_or_nothing(result_of(each) for each in work)


def as_one_of_many(failure: VendorError) -> str:
    """Return what a failure says, less the advice that is true only of a run that it ends."""
    ends = ". Nothing was written; run again later", "Nothing was written; "
    said = str(failure)
    for end in ends:
        said = said.replace(end, "")
    return said
