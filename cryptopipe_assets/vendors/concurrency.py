"""Running many requests at once, of which none may fail."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def all_or_nothing(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return all results, in order; the first failure cancels the rest and is raised itself."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
    except BaseExceptionGroup as failures:
        first = failures.exceptions[0]
        raise first from first.__cause__
    return [task.result() for task in tasks]
