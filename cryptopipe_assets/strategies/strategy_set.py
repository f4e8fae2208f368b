"""The strategies we run. A strategy is one file and one line here."""

from cryptopipe_assets.strategies.dilution import Dilution
from cryptopipe_assets.strategies.ema_crossover import EmaCrossover
from cryptopipe_assets.strategies.leverage_inverted import LeverageInverted
from cryptopipe_assets.strategies.strategy import Strategy

STRATEGIES: tuple[Strategy, ...] = (
    LeverageInverted(),
    Dilution(),
    EmaCrossover(),
)
