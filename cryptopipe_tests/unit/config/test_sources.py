"""Which vendor fills a table, and what is said when none can."""

import pytest
from pydantic import SecretStr

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.config.sources import Choice, usable
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.runtime.resources import vendor_clients


def test_a_source_is_usable_when_its_key_is_set_and_the_order_is_kept():
    both = usable("market_cap", ["coinmarketcap", "coingecko"], keys_present={"coinmarketcap"})
    assert both == (
        Choice("coinmarketcap", "CMC_API_KEY is given"),
        Choice("coingecko", "coingecko needs no key"),
    )


def test_without_its_key_the_next_one_is_taken_and_the_reason_names_the_variable():
    [chosen] = usable("open_interest", ["coinalyze", "exchanges"], keys_present=set())
    assert chosen.source == "exchanges"
    assert chosen.reason == (
        "coinalyze is passed over: COINALYZE_API_KEY is not given; exchanges needs no key"
    )


def test_a_keyless_source_that_comes_first_is_taken_whatever_keys_there_are():
    chosen = usable("open_interest", ["exchanges", "coinalyze"], keys_present={"coinalyze"})
    assert chosen[0] == Choice("exchanges", "exchanges needs no key")


def test_when_none_is_usable_the_variable_and_the_setting_are_named():
    with pytest.raises(ConfigError, match=r"set CMC_API_KEY .* sources\.market_cap"):
        usable("market_cap", ["coinmarketcap"], keys_present={"coinalyze", "coingecko"})


def test_the_keys_of_the_environment_decide_and_an_empty_one_is_none():
    settings = load_settings().with_environment(
        vendors="live", coinalyze_api_key=SecretStr("mine"), cmc_api_key=SecretStr("")
    )
    vendors = vendor_clients(settings)
    assert vendors.choices("open_interest")[0].source == "coinalyze"
    assert vendors.choices("market_cap")[0].source == "coingecko"
    assert "mine" not in repr(vendors)


def test_a_stand_in_is_told_no_key():
    settings = load_settings().with_environment(
        vendors="sandbox", coinalyze_api_key=SecretStr("mine")
    )
    assert vendor_clients(settings).choices("open_interest")[0].source == "exchanges"
