"""Whose coins a run asks for: those of one tier, where its tags name one, else everybody's."""

import dagster as dg

from cryptopipe_assets.universe import Universe

TIER = "cryptopipe/tier"
"""Run tag that holds the name of a tier of cryptopipe.toml."""


def asked_of(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, universe: Universe
) -> Universe:
    """The universe of this run; rows of coins outside of it are left as they are.

    Raises
    ------
    ConfigError
        If cryptopipe.toml has no such tier (any more).
    """
    tier = context.run.tags.get(TIER)
    return universe if tier is None else universe.within(tier)
