"""The cap that a coin's supply is measured by, and since when it was known."""

import polars as pl

_LATEST = ("max_supply_latest", "total_supply_latest")


def with_effective_cap(snapshots: pl.DataFrame, latest_caps: pl.DataFrame | None) -> pl.DataFrame:
    """Add max_supply_effective, cap_kind and cap_pit to snapshots of supply, in their order.

    The snapshot's own max supply, else its total supply, else the latest known max and total.
    ``cap_kind`` is "max" or "total"; ``cap_pit`` says whether the cap was in the snapshot itself;
    all three are null without a cap. Supplies that are not positive are unknown.

    Parameters
    ----------
    snapshots
        coin_id, circulating_supply, total_supply, max_supply, and any other columns.
    latest_caps
        coin_id, total_supply, max_supply as known later than the snapshots; unique per coin_id.
    """
    supplies = ("circulating_supply", "total_supply", "max_supply")
    known = snapshots.with_columns(pl.when(pl.col(name) > 0).then(name) for name in supplies)
    if latest_caps is None:
        later = known.with_columns(pl.lit(None, pl.Float64).alias(name) for name in _LATEST)
    else:
        later = known.join(
            latest_caps.select("coin_id", "total_supply", "max_supply"),
            on="coin_id",
            how="left",
            suffix="_latest",
            maintain_order="left",
            validate="m:1",
        ).with_columns(pl.when(pl.col(name) > 0).then(name) for name in _LATEST)
    own = pl.coalesce("max_supply", "total_supply").is_not_null()
    candidates = ("max_supply", "total_supply", *_LATEST)
    kinds = dict(zip(candidates, ("max", "total", "max", "total"), strict=True))
    return later.with_columns(
        max_supply_effective=pl.coalesce(candidates),
        cap_kind=pl.coalesce(
            pl.when(pl.col(name).is_not_null()).then(pl.lit(kind)) for name, kind in kinds.items()
        ),
        cap_pit=pl.when(pl.coalesce(candidates).is_not_null()).then(own),
    ).drop(_LATEST)
