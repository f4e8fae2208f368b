"""Notifications: Discord, Slack, mail and all else that apprise knows, from one variable.

``CRYPTOPIPE_NOTIFY`` holds the targets' addresses as apprise writes them, separated by spaces or
commas. They hold tokens, so they are secrets: neither they nor what a target responds is logged.
"""

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from cryptopipe_assets.core.errors import ConfigError

logger = logging.getLogger("cryptopipe.notify")

VARIABLE = "CRYPTOPIPE_NOTIFY"


@dataclass(frozen=True)
class Told:
    """How it went: targets reached, and those that were not, by place and kind."""

    reached: int
    failed: tuple[str, ...] = ()


def targets(secret: SecretStr | None) -> list[str]:
    """Addresses of the targets; none if the variable is not set."""
    if secret is None:
        return []
    return [each for each in re.split(r"[,\s]+", secret.get_secret_value()) if each]


def tell(secret: SecretStr | None, *, title: str, body: str) -> Told:
    """Send a message to every target; one that fails keeps nothing from the others.

    Never raises: a notification of a failure must not fail the run as well.
    """
    addresses = targets(secret)
    if not addresses:
        return Told(0)
    failed: list[str] = []
    for place, address in enumerate(addresses, start=1):
        with _quiet():
            sent = _send(address, title, body)
        if not sent:
            failed.append(_named(place, address))
            logger.warning("%s: target %s could not be notified", VARIABLE, failed[-1])
    return Told(len(addresses) - len(failed), tuple(failed))


def check(secret: SecretStr | None) -> None:
    """Check that apprise understands every address.

    Raises
    ------
    ConfigError
        Naming the place of the one that it does not, and its kind; never the address.
    """
    for place, address in enumerate(targets(secret), start=1):
        with _quiet():
            import apprise

            known = apprise.Apprise().add(address)
        if not known:
            raise ConfigError(
                f"{VARIABLE}: target {_named(place, address)} is no address that apprise knows; "
                f"expected e.g. discord://id/token, slack://tokens or mailtos://user:pass@host"
            )


def _send(address: str, title: str, body: str) -> bool:
    import apprise  # costs a tenth of a second that most runs need not pay

    sender = apprise.Apprise()
    try:
        return bool(sender.add(address)) and bool(sender.notify(title=title, body=body))
    except Exception:  # a plugin of apprise; what it says may hold the token
        return False


def _named(place: int, address: str) -> str:
    scheme, found, _ = address.partition("://")
    known = found and scheme.isalnum()
    return f"{place} ({scheme})" if known else f"{place}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep addresses out of the logs of apprise and below, and its plugins' warnings to itself."""
    for name in ("apprise", "requests", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
