"""What a user may write wrong, and what is said then."""

from pathlib import Path

import pytest

from cryptopipe_assets.config import settings as module
from cryptopipe_assets.config.project import template
from cryptopipe_assets.config.settings import (
    Environment,
    Settings,
    load_settings,
    read_config,
)
from cryptopipe_assets.core.errors import ConfigError

MINIMAL = '[tiers.all]\nevery_minutes = 60\ncoins = ["btc", "ETH"]\n'


def config(tmp_path: Path, text: str) -> module.Config:
    path = tmp_path / "cryptopipe.toml"
    path.write_text(text)
    return read_config(path)


def test_the_projects_own_configuration_has_minute_bars_of_twelve_coins_and_ranks_more():
    tiers = read_config(template("cryptopipe.toml")).tiers.values()
    coins = {
        table: [coin for tier in tiers if table in tier.tables for coin in tier.coins]
        for table in ("ohlcv_1m", "open_interest")
    }
    assert len(coins["ohlcv_1m"]) == 12
    assert len(coins["open_interest"]) == 36


def test_coins_are_upper_case_however_they_are_written(tmp_path):
    assert config(tmp_path, MINIMAL).tiers["all"].coins == ("BTC", "ETH")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MINIMAL + "[sandbox]\nprot = 1\n", "unknown key sandbox.prot"),
        (MINIMAL + "[sandbox]\nport = 'x'\n", "sandbox.port: .*valid integer.* came 'x'"),
        (MINIMAL + "[vendors.binance]\nshare = 2.0\n", "share: .*less than or equal to 1.* came 2"),
        ("[tiers.all]\nevery_minutes = 60\ncoins = []\n", "tiers.all.coins: .*at least 1"),
        (MINIMAL + 'tables = ["signals"]\n', "tiers.all.tables.0: .*'market_cap', came 'signals'"),
        (
            "[tiers.all]\nevery_minutes = 45\ncoins = ['BTC']\n",
            "tiers.all.every_minutes: .*divide an hour .* not 45",
        ),
        (
            "[tiers.all]\nevery_minutes = 15\noffset_minutes = 15\ncoins = ['BTC']\n",
            "tiers.all.offset_minutes: .*expected 0 to 14, .* not 15",
        ),
        (MINIMAL + "[schedules]\nclose_at = 25\n", "schedules.close_at: .*time"),
        (MINIMAL + "[history]\nstart = 2999-01-01\n", r"history.start: .*2009-01-03 to today"),
        (MINIMAL + "[history]\nstart = 0001-01-01\n", r"history.start: .*2009-01-03 to today"),
        (MINIMAL + "[vendors.okx]\nshare = 1e-300\n", r"okx.share: .*equal to 0.001, came 1e-300"),
        (MINIMAL + "[vendors.okx]\nshare = nan\n", r"okx.share: .*came nan"),
        (MINIMAL + "[vendors.okx]\ntimeout_seconds = inf\n", r"timeout_seconds: .*equal to 600"),
        (MINIMAL + "[collect]\nraw_days = 1000000000\n", r"raw_days: .*equal to 36500"),
        (MINIMAL + "[retention]\nmarket_cap_snapshot_days = 1000000000\n", r"equal to 36500"),
        (MINIMAL + "[schedules]\nkeep_run_hours = 1000000000\n", r"keep_run_hours: .*equal to"),
        (
            MINIMAL + f"[vendors.binance]\nweight_per_minute = {'9' * 400}\n",
            r"weight_per_minute: Input should be at most 1,000,000,000, came 9{200}\.\.\.$",
        ),
        ("['tiers.a b']\n", "tiers"),
        ("", "tiers: Field required"),
        ("[tiers", "not valid TOML"),
    ],
)
def test_a_wrong_key_is_named_with_what_was_expected_and_what_came(tmp_path, text, said):
    with pytest.raises(ConfigError, match=said):
        config(tmp_path, text)


COINS = MINIMAL + "[coins.FOOX]\n"


def test_a_name_of_ones_own_goes_before_the_packages(tmp_path):
    own = config(
        tmp_path,
        COINS
        + "coin = 'foo'\n[coins.FOO]\nids = ['coingecko:foo-2']\n[coins.BEAMX]\ncoin = 'GLINT'\n",
    ).coin_names
    assert own.ticker_of("FOOX") == "FOO"
    assert own.id_of("FOO", "coingecko") == "foo-2"
    assert own.ticker_of("BEAMX") == "GLINT"
    assert own.newest("MATIC") == "POL"
    assert config(tmp_path, MINIMAL).coin_names.ticker_of("BEAMX") == "BEAM"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("coni = 'FOO'", "unknown key coins.FOOX.coni"),
        ("coin = 'F O'", "coins.FOOX.coin: .*letters and digits.* came 'F O'"),
        ("kind = 'renamed'", "coins.FOOX.kind: .*'rename'.* came 'renamed'"),
        ("coin = 'FOO'\nkind = 'rename'", "coins.FOOX: .*a rename needs since"),
        ("coin = 'FOO'\nratio = 2.0", "coins.FOOX: .*ratio is of a merger or a redenomination"),
        ("since = 2024-02-01\nuntil = 2024-01-01", r"coins.FOOX: .*until \(2024-01-01\) is before"),
        ("coin = 'X1'\nkind = 'namesake'", "coins.FOOX: .*a namesake needs ids"),
        (
            "ids = ['foo-2']",
            "coins.FOOX.ids.0: .*expected coinmarketcap:ID or coingecko:ID.* came 'foo-2'",
        ),
        ("coin = 'FOO'\n[coins.FOO]\ncoin = 'FOOX'", "cryptopipe.toml: coins: FOOX is FOO is FOOX"),
    ],
)
def test_a_wrong_line_of_a_coin_names_file_and_key(tmp_path, line, said):
    with pytest.raises(
        ConfigError, match=f"cryptopipe.toml: .*{said.removeprefix('cryptopipe.toml: ')}"
    ):
        config(tmp_path, COINS + line + "\n")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*absent\.toml"):
        read_config(tmp_path / "absent.toml")


def test_a_misspelt_variable_is_refused_with_the_right_name(monkeypatch):
    monkeypatch.setenv("CRYPTOPIPE_WAREHUOSE", "x")
    load_settings.cache_clear()
    with pytest.raises(ConfigError, match="did you mean CRYPTOPIPE_WAREHOUSE"):
        load_settings()
    load_settings.cache_clear()


def test_an_unknown_profile_is_refused_with_the_known_ones(monkeypatch):
    monkeypatch.setenv("CRYPTOPIPE_VENDORS", "production")
    load_settings.cache_clear()
    with pytest.raises(ConfigError, match=r"CRYPTOPIPE_VENDORS: .*'sandbox', 'live' or"):
        load_settings()
    load_settings.cache_clear()


def test_a_key_is_never_in_a_repr(monkeypatch):
    monkeypatch.setenv("COINALYZE_API_KEY", "canary-7f3a")
    settings = Settings(environment=Environment(), config=read_config(template("cryptopipe.toml")))
    assert settings.environment.coinalyze_api_key is not None
    assert "canary" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_the_example_lists_every_variable():
    text = template(".env").read_text()
    for name, field in Environment.model_fields.items():
        if name != "home":  # says where this file is, so it cannot be set in it
            assert f"{field.validation_alias}=" in text, name
    assert "CRYPTOPIPE_HOME names another" in text
