"""Retries: which failures pass, how often we try, how long we wait in between."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import stamina

LONGEST_BACKOFF_SECONDS = 60.0
PATIENCE_SECONDS = 300.0  # a longer Retry-After is a ban
JITTER = 0.1


class Retryable(Exception):
    """A failure that may pass.

    Parameters
    ----------
    reason
        What happened, without a key.
    wait_seconds
        What the vendor wants us to wait (Retry-After); 0 if it did not say.
    is_outage
        The vendor was not reached or broke down: no connection, no response in time, a 5xx.
    is_limit
        We are rate limited: a 429. Another address would be no excuse.
    """

    def __init__(
        self,
        reason: str,
        *,
        wait_seconds: float = 0.0,
        is_outage: bool = False,
        is_limit: bool = False,
    ) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds
        self.is_outage = is_outage
        self.is_limit = is_limit


class RetriesExhausted(Exception):
    """The last failure, after ``sent`` attempts."""

    def __init__(self, last: Retryable, sent: int) -> None:
        super().__init__(str(last))
        self.last = last
        self.sent = sent


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How stubborn a client is.

    Parameters
    ----------
    attempts
        How often a request is sent at most.
    backoff_seconds
        Wait before the second attempt. It doubles with each further one, to a minute at most,
        and 0 to 10 % are added so that clients do not march in step. A wait that the vendor asks
        for is kept if it is longer.
    """

    attempts: int
    backoff_seconds: float

    async def run(
        self,
        send: Callable[[], Awaitable[bytes]],
        before_retry: Callable[[Retryable, int], None] | None = None,
    ) -> bytes:
        """Return what ``send`` returns; repeat it while it raises Retryable.

        ``before_retry`` gets the failure, with the seconds that are waited before the next
        attempt, and how often was sent.

        Raises
        ------
        RetriesExhausted
        """
        sent = 0
        try:
            async for attempt in stamina.retry_context(
                on=_seconds_until_next,
                attempts=self.attempts,
                timeout=None,
                wait_initial=self.backoff_seconds,
                wait_max=LONGEST_BACKOFF_SECONDS,
                wait_jitter=0,
            ):
                with attempt:
                    sent = attempt.num
                    try:
                        return await send()
                    except Retryable as exc:
                        exc.wait_seconds = max(exc.wait_seconds, attempt.next_wait)
                        if before_retry is not None and sent < self.attempts:
                            before_retry(exc, sent)
                        raise
        except Retryable as exc:
            raise RetriesExhausted(exc, sent) from exc
        raise AssertionError("a retry either returns or raises")


def _seconds_until_next(exc: Exception) -> bool | float:
    """Return to stamina whether to retry, and after how many seconds."""
    if not isinstance(exc, Retryable):
        return False
    return exc.wait_seconds * random.uniform(1.0, 1.0 + JITTER)  # noqa: S311 (no secret)
