"""What of the original programs is computed as they did it, right or wrong."""

from cryptopipe_assets.core.section import Section


class Compat(Section):
    """What is computed as the originals did it, to migrate and to compare; nothing by default.

    Attributes
    ----------
    forward_filled_caps
        leverage_ratios divides by the last cap that a list gave, however old it is.
    latest_caps
        dilution_metrics measures snapshots without a cap by the one that is known today.
    """

    forward_filled_caps: bool = False
    latest_caps: bool = False

    @property
    def keys(self) -> list[str]:
        """Names of the keys that are set."""
        return [name for name, is_set in self if is_set]
