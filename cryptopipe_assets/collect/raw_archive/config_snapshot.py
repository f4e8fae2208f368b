"""The configuration that a run collected with, so that a rebuild sends the same requests."""

from pydantic import BaseModel, ConfigDict, SecretStr

from cryptopipe_assets.config.settings import Config, Profile, Settings
from cryptopipe_assets.vendors.catalog import keys

NOT_A_KEY = SecretStr("CG-not-a-key-0123456789")
"""Stands for a key that was set: whether there is one decides which source is used.

It begins as CoinGecko's keys do, or that vendor's client would not use it and send other requests.
"""


class Context(BaseModel):
    """What decides the requests, beside the days and coins of a run.

    Attributes
    ----------
    profile, config
        Of the process that collected.
    keys
        Vendors whose key was set; never the keys.
    coingecko_plan
        What CoinGecko's key was said to be of.
    """

    model_config = ConfigDict(frozen=True)

    profile: Profile
    config: Config
    keys: tuple[str, ...]
    coingecko_plan: str | None

    def over(self, settings: Settings) -> Settings:
        """The settings as they were then, but for the paths of now."""
        had = {
            key.setting: NOT_A_KEY if vendor in self.keys else None
            for vendor, key in keys().items()
        }
        changed = settings.with_environment(
            vendors=self.profile, coingecko_plan=self.coingecko_plan, **had
        )
        return changed.model_copy(update={"config": self.config})
