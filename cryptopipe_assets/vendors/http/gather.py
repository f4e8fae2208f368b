"""Running many requests at once, of which none may fail."""

import asyncio
from collections.abc import Coroutine, Iterable
from contextvars import Context
from typing import Any, TypeVar

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
