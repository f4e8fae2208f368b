"""What a user can tune: the environment, ``.env`` and ``cryptopipe.toml``, typed and checked.

The only reader of ``os.environ`` (``dagster_home`` writes to it). Secrets come from the environment
or ``.env`` and are ``SecretStr``; everything else is in ``cryptopipe.toml``. Both files are in the
project folder, which ``project`` finds.
"""

import difflib
import os
import tomllib
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    create_model,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from cryptopipe_assets.config.coins import CoinLine, coin_names_with
from cryptopipe_assets.config.compat import Compat
from cryptopipe_assets.config.project import MARKER, find_home
from cryptopipe_assets.config.project import VARIABLE as HOME
from cryptopipe_assets.config.source_choice import SourceChoice
from cryptopipe_assets.config.text import first_problem, require_text, text_of
from cryptopipe_assets.config.tiers import Coin, Schedules, Tier, TierName
from cryptopipe_assets.core.coin_names import CoinNames
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.core.section import Section, one_of
from cryptopipe_assets.core.time import utcnow
from cryptopipe_assets.quant.strategies import NAMES as STRATEGIES
from cryptopipe_assets.storage.origin import with_compat
from cryptopipe_assets.vendors.catalog import (
    VENDORS,
    Vendors,
    keys,
)
from cryptopipe_assets.vendors.keys import Keys

PREFIX = "CRYPTOPIPE_"
STATE = ".state"
ENV_FILE = ".env"

Profile = Literal["sandbox", "live", "recorded"]
ORIGINS: dict[str, str] = {"sandbox": "simulated", "live": "live", "recorded": "recorded"}


FIRST_BLOCK = date(2009, 1, 3)
"""Of Bitcoin: no table of ours can begin before there was a coin."""


def _begun(start: date) -> date:
    today = utcnow().date()
    if not FIRST_BLOCK <= start <= today:
        raise PydanticCustomError(
            "start",
            "Input should be a day from {first} to today, {today}",
            {"first": str(FIRST_BLOCK), "today": str(today)},
        )
    return start


class History(Section):
    """Where the tables begin."""

    start: Annotated[date, AfterValidator(_begun)] = date(2020, 1, 1)


VENUES = tuple(name for name, terms in VENDORS.items() if terms.offer_of("ohlcv_1m"))
"""Exchanges whose bars can be collected."""


class UniverseChoice(Section):
    """Which contract of a coin we follow."""

    venue: Annotated[str, one_of(VENUES)] = VENUES[0]
    quote: str = "USDT"


MOST_DAYS = 36_500
"""A century: what is kept for longer is kept for good, which is what leaving the key out says."""


class Collect(Section):
    """How strict the collectors are."""

    missing_instrument: Literal["fail", "warn"] = "fail"
    exchange_funding: bool = False
    coinbase_prices: bool = False
    coinalyze_funding: bool = False
    archive_raw: bool = False
    raw_days: int = Field(default=30, ge=3, le=MOST_DAYS)


class RetentionChoice(Section):
    """What may be forgotten, every day and by ``cryptopipe thin``; by default nothing."""

    market_cap_snapshot_days: int | None = Field(default=None, ge=1, le=MOST_DAYS)


class StrategyChoice(Section):
    """Whose signals are computed."""

    active: tuple[Annotated[str, one_of(STRATEGIES)], ...] = Field(default=STRATEGIES, min_length=1)


class SandboxChoice(Section):
    """The stand-in for the vendors."""

    port: int = Field(default=8799, ge=1, le=65535)
    seed: int = Field(default=7, ge=0)


HostName = Annotated[
    str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(:[0-9]{1,5})?$")
]


class UiChoice(Section):
    """Under which names Dagster's UI may be addressed, and where it only shows."""

    allowed_hosts: tuple[HostName, ...] = ()
    read_only_port: int | None = Field(default=None, ge=1, le=65535)


class Config(Section):
    """The whole of cryptopipe.toml."""

    history: History = History()
    universe: UniverseChoice = UniverseChoice()
    tiers: dict[TierName, Tier] = Field(min_length=1)
    coins: dict[Coin, CoinLine] = Field(default_factory=dict)
    schedules: Schedules = Schedules()
    sources: SourceChoice = SourceChoice()
    vendors: Vendors = Vendors()
    collect: Collect = Collect()
    strategies: StrategyChoice = StrategyChoice()
    compat: Compat = Compat()
    retention: RetentionChoice = RetentionChoice()
    sandbox: SandboxChoice = SandboxChoice()
    ui: UiChoice = UiChoice()

    @property
    def coin_names(self) -> CoinNames:
        """Which coin each name means: lines of ``[coins]`` before those of the package."""
        return coin_names_with(self.coins)


def _of_home(*parts: str, variable: str) -> Any:
    """A path that is ``parts`` of the project folder, unless the variable says another."""

    def default(known: dict[str, Any]) -> Path:
        return Path(os.path.normpath(known["home"].joinpath(*parts)))

    return Field(default_factory=default, validation_alias=variable)


class _Environment(BaseSettings):
    """Variables of the process and of ``.env`` of the project folder; the process wins."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    home: Path = Field(default_factory=lambda: find_home(None), validation_alias=HOME)
    vendors: Profile = Field(default="sandbox", validation_alias="CRYPTOPIPE_VENDORS")
    realdata: Path = _of_home("..", "shared", "data", variable="CRYPTOPIPE_REALDATA")
    warehouse: Path = _of_home("warehouse", variable="CRYPTOPIPE_WAREHOUSE")
    dagster_home: Path = _of_home("dagster_home", variable="DAGSTER_HOME")
    config: Path = _of_home(MARKER, variable="CRYPTOPIPE_CONFIG")
    sandbox_url: str | None = Field(default=None, validation_alias="CRYPTOPIPE_SANDBOX_URL")
    notify: SecretStr | None = Field(default=None, validation_alias="CRYPTOPIPE_NOTIFY")
    ui_token: SecretStr | None = Field(default=None, validation_alias="CRYPTOPIPE_UI_TOKEN")
    fred_api_key: SecretStr | None = Field(default=None, validation_alias="FRED_API_KEY")


def _keys_of_vendors() -> dict[str, Any]:
    """The variables of vendors' keys and plans, as their terms name them."""
    fields: dict[str, Any] = {}
    for key in keys().values():
        fields[key.setting] = (SecretStr | None, Field(default=None, validation_alias=key.variable))
        if key.plan_setting:
            plan = Annotated[str, one_of(key.plans)] | None
            fields[key.plan_setting] = (
                plan,
                Field(default=None, validation_alias=key.plan_variable),
            )
    return fields


if TYPE_CHECKING:

    class Environment(_Environment):
        """Variables of the process and of ``.env``; the process wins."""

else:
    Environment = create_model("Environment", __base__=_Environment, **_keys_of_vendors())


class Settings(BaseModel):
    """Everything that was read, in one frozen value.

    Attributes
    ----------
    environment
        Profile, paths and keys.
    config
        The checked cryptopipe.toml.
    """

    model_config = ConfigDict(frozen=True)

    environment: Environment
    config: Config

    @property
    def origin(self) -> str:
        """Which rows runs of these settings add to a warehouse; see ``storage.origin``."""
        return with_compat(ORIGINS[self.environment.vendors], self.config.compat.keys)

    @property
    def is_live(self) -> bool:
        """Whether the vendors are the real ones."""
        return self.environment.vendors == "live"

    @property
    def home(self) -> Path:
        """Absolute project folder."""
        return self.environment.home

    @property
    def has_own_warehouse(self) -> bool:
        """Whether the tables are in the project folder's own warehouse.

        Runs over another folder, as of a test or a replay, are not kept in Dagster's history.
        """
        return self.warehouse == (self.home / "warehouse").resolve()

    @property
    def keys(self) -> Keys:
        """The environment's keys for the real vendors; a stand-in is told none.

        It would also hold us to the limits of a key: forty contracts a minute at Coinalyze.
        """
        return self.all_keys if self.is_live else Keys()

    @property
    def all_keys(self) -> Keys:
        """The keys of the environment, whatever the profile."""
        own, known = self.environment, keys()
        return Keys(
            plans={
                vendor: getattr(own, key.plan_setting)
                for vendor, key in known.items()
                if key.plan_setting
            },
            **{vendor: getattr(own, key.setting) for vendor, key in known.items()},
        )

    @property
    def warehouse(self) -> Path:
        """Absolute folder of the tables."""
        return self.environment.warehouse.expanduser().resolve()

    @property
    def state_folder(self) -> Path:
        """Absolute folder of what all processes know of the vendors: calls, bans, samples."""
        return self.warehouse / STATE

    @property
    def dagster_home(self) -> Path:
        """Absolute folder of Dagster's instance."""
        return self.environment.dagster_home.expanduser().resolve()

    @property
    def sandbox_url(self) -> str:
        """Address where a stand-in may already be running."""
        configured = self.environment.sandbox_url
        return configured or f"http://127.0.0.1:{self.config.sandbox.port}"

    @property
    def history_start(self) -> datetime:
        """First instant of the first partition."""
        start = self.config.history.start
        return datetime(start.year, start.month, start.day, tzinfo=UTC)

    def with_environment(self, **changes: Any) -> "Settings":
        """Return a copy with other paths or another profile."""
        return self.model_copy(update={"environment": self.environment.model_copy(update=changes)})

    def with_config(self, **sections: Any) -> "Settings":
        """Return a copy with other sections of the configuration."""
        return self.model_copy(update={"config": self.config.model_copy(update=sections)})


@cache
def load_settings() -> Settings:
    """Read and check everything once for this process; raises as ``read_settings`` does."""
    return read_settings()


def read_settings(home: Path | None = None) -> Settings:
    """Read and check the environment, and ``.env`` and ``cryptopipe.toml`` of the project folder.

    Parameters
    ----------
    home
        The project folder, if it is not to be looked for.

    Raises
    ------
    ConfigError
        Naming the variable or key, what was expected and what came; or if there is no project
        folder.
    """
    home = home or find_home(os.environ.get(HOME))
    require_text(home / ENV_FILE)
    _reject_misspelt_variables(home / ENV_FILE)
    try:
        environment = Environment(_env_file=home / ENV_FILE, CRYPTOPIPE_HOME=home)
    except ValidationError as exc:
        raise ConfigError(
            first_problem(exc, "the environment (or .env)", beside_keys=True)
        ) from None
    return Settings(environment=environment, config=read_config(environment.config))


def read_config(path: Path) -> Config:
    """Read and check a cryptopipe.toml."""
    try:
        content = tomllib.loads(text_of(path.read_bytes(), path))
    except OSError as exc:
        raise ConfigError(
            f"cannot read {path}: {exc.strerror}; restore cryptopipe.toml, make a project folder "
            f"with `cryptopipe init`, or point CRYPTOPIPE_CONFIG at your own"
        ) from None
    except (ValueError, RecursionError) as exc:  # also numbers of thousands of digits
        raise ConfigError(f"{path.name} is not valid TOML: {exc}") from None
    try:
        config = Config.model_validate(content)
    except ValidationError as exc:
        raise ConfigError(first_problem(exc, path.name)) from None
    try:
        config.coin_names  # noqa: B018 - names that go round in a circle are told at once
    except ConfigError as exc:
        raise ConfigError(f"{path.name}: {exc}") from None
    return config


def _reject_misspelt_variables(env_file: Path) -> None:
    """A variable with our prefix that nobody reads is a typing mistake that would go unnoticed."""
    known = {str(field.validation_alias) for field in Environment.model_fields.values()}
    in_file = dotenv_values(env_file)
    if HOME in in_file:
        raise ConfigError(
            f"{env_file} sets {HOME}, but is itself looked for in the project folder; set it in "
            f"the environment of the process"
        )
    for name in sorted(set(os.environ) | set(in_file)):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
            raise ConfigError(f"unknown environment variable {name}; {hint}")
