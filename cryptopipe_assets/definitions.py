"""The code location: what Dagster loads."""

from cryptopipe_assets.config.settings import load_settings
from cryptopipe_assets.runtime.assembly import build

defs = build(load_settings())
