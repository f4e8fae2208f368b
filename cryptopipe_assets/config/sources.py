"""Which sources may fill a table: the configured ones without a key, or whose key is set. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.vendors.catalog import keys


def keys_of_sources() -> dict[str, str]:
    """Sources that answer nobody without a key, and the variable that holds it."""
    return {name: key.variable for name, key in keys().items() if key.is_required}


@dataclass(frozen=True)
class Choice:
    """A source, and why it is used."""

    source: str
    reason: str


def usable(
    dataset: str, ordered: Sequence[str], *, keys_present: Collection[str]
) -> tuple[Choice, ...]:
    """Return the sources that need no key or whose key is set, in their order.

    Parameters
    ----------
    dataset
        Name of the table, for the message.
    ordered
        Sources by preference, as ``[sources]`` of cryptopipe.toml has them.
    keys_present
        Sources whose key is set.

    Raises
    ------
    ConfigError
        If none is usable, naming the variables of which one must be set.
    """
    required = keys_of_sources()
    found: list[Choice] = []
    passed_over: list[str] = []
    for source in ordered:
        if source in required and source not in keys_present:
            passed_over.append(f"{source} is passed over: {required[source]} is not given")
        else:
            why = f"{required[source]} is given" if source in required else f"{source} needs no key"
            found.append(Choice(source, "; ".join([*passed_over, why])))
    if found:
        return tuple(found)
    variables = " or ".join(required[source] for source in ordered)
    raise ConfigError(
        f"{dataset}: none of the sources {list(ordered)} of cryptopipe.toml can be used without "
        f"a key; set {variables or 'a source'} in the environment or .env (keys count in the "
        f"profile live only), or add a source without a key to sources.{dataset}"
    )
