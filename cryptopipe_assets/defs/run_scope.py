"""Whose coins a run collects: those of a tier or those that its tags name, else everybody's."""

import dagster as dg

from cryptopipe_assets.core.universe import Universe

TIER = "cryptopipe/tier"
"""Run tag that holds the name of a tier of cryptopipe.toml."""

COINS = "cryptopipe/coins"
"""Run tag that holds tickers, separated by commas."""


def universe_of(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext, universe: Universe
) -> Universe:
    """The universe of this run; rows of coins outside of it are left as they are.

    Raises
    ------
    ConfigError
        If cryptopipe.toml has no such tier (any more).
    """
    if coins := context.run.tags.get(COINS):
        return universe.of(coins.split(","))
    tier = context.run.tags.get(TIER)
    return universe if tier is None else universe.within(tier)
