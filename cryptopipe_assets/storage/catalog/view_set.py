"""The derived views of the catalog, each after those it reads."""

from cryptopipe_assets.storage.catalog.view import View
from cryptopipe_assets.storage.catalog.views_compatibility_dilution import DILUTION_COMPATIBILITY
from cryptopipe_assets.storage.catalog.views_compatibility_leverage import LEVERAGE_COMPATIBILITY
from cryptopipe_assets.storage.catalog.views_leverage import LEVERAGE_VIEWS
from cryptopipe_assets.storage.catalog.views_open_interest import OPEN_INTEREST_VIEWS

VIEWS: tuple[View, ...] = (
    *OPEN_INTEREST_VIEWS,
    *LEVERAGE_VIEWS,
    *LEVERAGE_COMPATIBILITY,
    *DILUTION_COMPATIBILITY,
)
