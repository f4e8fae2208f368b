"""A key is never shown by anything that carries it."""

from pydantic import SecretStr

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.runtime.assembly import build
from cryptopipe_assets.runtime.resources import resources
from cryptopipe_assets.vendors.http.client import VendorClient

CANARY = "canary-e81f"


def everything_shown(thing: object) -> str:
    return f"{thing!r} {thing!s} {getattr(thing, '__dict__', '')!r}"


def test_no_resource_of_the_code_location_shows_a_key():
    settings = load_settings().with_environment(
        vendors="live",
        **{
            name: SecretStr(CANARY)
            for name in ("coinalyze_api_key", "cmc_api_key", "coingecko_api_key", "fred_api_key")
        },
    )
    shown = everything_shown(settings) + everything_shown(build(settings))
    for resource in resources(settings).values():
        shown += everything_shown(resource)
    assert CANARY not in shown


def test_no_vendors_client_shows_its_key():
    classes = VendorClient.__subclasses__()
    assert classes
    for each in classes:
        client = each(base_url="http://127.0.0.1:9", api_key=SecretStr(CANARY))
        assert CANARY not in everything_shown(client), each
