"""The derived views of the catalog, each after those it reads."""

from cryptopipe_assets.storage.compatibility_views import LEVERAGE_COMPATIBILITY
from cryptopipe_assets.storage.dilution_views import DILUTION_COMPATIBILITY
from cryptopipe_assets.storage.leverage_views import LEVERAGE_VIEWS
from cryptopipe_assets.storage.open_interest_views import OPEN_INTEREST_VIEWS
from cryptopipe_assets.storage.view import View

VIEWS: tuple[View, ...] = (
    *OPEN_INTEREST_VIEWS,
    *LEVERAGE_VIEWS,
    *LEVERAGE_COMPATIBILITY,
    *DILUTION_COMPATIBILITY,
)
