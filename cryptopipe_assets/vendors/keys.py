"""The keys that a person has of the vendors, and what they are said to be of."""

from collections.abc import Mapping

from pydantic import SecretStr

from cryptopipe_assets.vendors.catalog import keys


class Keys:
    """Keys by vendor; null or empty is none.

    Parameters
    ----------
    plans
        What a vendor's key is of, where that is stated.
    by_vendor
        The keys.
    """

    def __init__(
        self, *, plans: Mapping[str, str | None] | None = None, **by_vendor: SecretStr | None
    ) -> None:
        self._keys, self._plans = by_vendor, dict(plans or {})

    def __repr__(self) -> str:
        return f"Keys(present={sorted(self.present())})"

    def present(self) -> frozenset[str]:
        """Vendors whose key is set."""
        return frozenset(name for name, key in self._keys.items() if key and key.get_secret_value())

    def of(self, vendor: str) -> SecretStr | None:
        """The vendor's key."""
        return self._keys.get(vendor)

    def stated_plan(self, vendor: str) -> str | None:
        """What the vendor's key is said to be of; null to find out."""
        return self._plans.get(vendor)

    def plans(self) -> dict[str, str]:
        """The plan that is assumed, of each vendor that has plans."""
        return {
            name: key.plan_of(self.of(name), self.stated_plan(name))
            for name, key in keys().items()
            if key.plans
        }
