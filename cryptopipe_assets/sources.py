"""Which vendor fills a table: the first of the configured ones that we can ask. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cryptopipe_assets.errors import ConfigError

KEYS = {"coinalyze": "COINALYZE_API_KEY", "coinmarketcap": "CMC_API_KEY"}
"""Sources that answer nobody without a key, and the variable that holds it. Others need none."""


@dataclass(frozen=True)
class Choice:
    """A source, and why it was taken."""

    source: str
    reason: str


def choose(dataset: str, ordered: Sequence[str], *, keys_present: Collection[str]) -> Choice:
    """Take the first source that needs no key or whose key is set.

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
    passed_over: list[str] = []
    for source in ordered:
        if source not in KEYS:
            return Choice(source, "; ".join([*passed_over, f"{source} needs no key"]))
        if source in keys_present:
            return Choice(source, "; ".join([*passed_over, f"{KEYS[source]} is given"]))
        passed_over.append(f"{source} is passed over: {KEYS[source]} is not given")
    variables = " or ".join(KEYS[source] for source in ordered)
    raise ConfigError(
        f"{dataset}: none of the sources {list(ordered)} of cryptopipe.toml can be asked without "
        f"a key; set {variables or 'a source'} in the environment or .env (keys count in the "
        f"profile live only), or add a source without a key to sources.{dataset}"
    )
