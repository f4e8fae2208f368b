"""Which instruments are followed: coins in tiers, picked from the venue's own list."""

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from cryptopipe_assets.core.coin_names import CoinNames, coin_names
from cryptopipe_assets.core.errors import ConfigError
from cryptopipe_assets.core.versions import VANISHED

CONTRACT_TABLES = ("ohlcv_1m", "funding_rate", "open_interest")
"""Tables of contracts. A coin that none of them follows needs none: tether has a market cap."""


@dataclass(frozen=True, kw_only=True)
class Universe:
    """The user's choice, as cryptopipe.toml states it.

    Attributes
    ----------
    venue, quote
        Contracts are looked for here, in this quote currency; None is any quote.
    tiers
        Tier name to coins; a coin belongs to one tier.
    only
        Table name to coins, for a table that follows fewer of them: tiers name their tables, and
        recordings differ.
    beyond
        Table name to coins that it follows besides, whether or not our venue lists a contract of
        them: what was recorded of other vendors.
    names
        Which coin each name means.
    """

    venue: str
    quote: str | None
    tiers: Mapping[str, tuple[str, ...]]
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    beyond: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names: CoinNames = field(default_factory=coin_names)

    def __post_init__(self) -> None:
        seen: dict[str, str] = {}
        for tier, coins in self.tiers.items():
            for coin in coins:
                if coin in seen:
                    raise ConfigError(
                        f"cryptopipe.toml: coin {coin} is in tiers.{seen[coin]} and in "
                        f"tiers.{tier}; keep one of the two lines"
                    )
                seen[coin] = tier

    def within(self, tier: str) -> "Universe":
        """Return the same choice with the coins of one tier only.

        Raises
        ------
        ConfigError
            If there is no such tier.
        """
        if tier not in self.tiers:
            raise ConfigError(
                f"cryptopipe.toml has no tier {tier!r}, known are {', '.join(self.tiers)}; it is "
                f"in the tags of the run, so start a new one"
            )
        return replace(self, tiers={tier: self.tiers[tier]})

    def of(self, coins: Collection[str]) -> "Universe":
        """Return the same choice with these coins only; tiers without any of them are gone."""
        kept = {
            tier: tuple(coin for coin in own if coin in coins) for tier, own in self.tiers.items()
        }
        return replace(self, tiers={tier: own for tier, own in kept.items() if own})

    def tier_of(self) -> pl.DataFrame:
        """Return coin and tier, sorted by coin."""
        rows = [(coin, tier) for tier, coins in self.tiers.items() for coin in coins]
        return pl.DataFrame(rows, schema={"coin": pl.String, "tier": pl.String}, orient="row").sort(
            "coin"
        )

    def coins(self, table: str) -> list[str]:
        """Coins that ``table`` follows, sorted.

        Raises
        ------
        ConfigError
            If there are none.
        """
        followed = sorted(self.tiered(table) | self.beyond.get(table, frozenset()))
        if not followed:
            raise ConfigError(
                f"no coin is followed by {table}; name it in the tables of a cryptopipe.toml tier"
            )
        return followed

    def with_tiers(self, instruments: pl.DataFrame) -> pl.DataFrame:
        """Add the column ``tier`` to a list of instruments: null where one is not followed.

        Only perpetuals of crypto coins at our venue and quote are followed.
        """
        return instruments.join(
            self.tier_of(), on="coin", how="left", maintain_order="left"
        ).with_columns(tier=pl.when(self._ours()).then("tier"))

    def followed(self, instruments: pl.DataFrame, table: str) -> pl.DataFrame:
        """Instruments that ``table`` follows, sorted by symbol.

        Parameters
        ----------
        instruments
            Newest version of every instrument, with ``tier``.
        """
        chosen = pl.col("coin").is_in(sorted(self.tiered(table)))
        return instruments.filter(pl.col("tier").is_not_null(), chosen).sort("symbol")

    def tiered(self, table: str) -> frozenset[str]:
        """Coins of the tiers that the table follows."""
        every = frozenset(coin for coins in self.tiers.values() for coin in coins)
        return every & self.only.get(table, every)

    def _ours(self) -> pl.Expr:
        quote = pl.lit(value=True) if self.quote is None else pl.col("quote") == self.quote
        kind = pl.col("contract_type") == "PERPETUAL"
        return (pl.col("venue") == self.venue) & quote & kind

    def require_listed(self, instruments: pl.DataFrame) -> None:
        """Check that there is a contract of at least one coin of a table of contracts.

        A coin without one takes no other one down: ``unlisted`` names it.

        Raises
        ------
        ConfigError
            If not one has a contract, naming the first, where it was looked for, and similar names.
        """
        missing = self.unlisted(instruments)
        if missing and len(missing) == len(self._traded()):
            raise ConfigError(next(iter(missing.values())))

    def unlisted(self, instruments: pl.DataFrame) -> dict[str, str]:
        """Coins that should have a contract and have none, each with why and what to correct.

        Parameters
        ----------
        instruments
            Newest version of every instrument: venue, symbol, coin, quote, contract_type, status,
            delisted_at.
        """
        here = instruments.filter(pl.col("venue") == self.venue)
        ours = here.filter(self._ours())
        listed = set(ours.filter(pl.col("status") != VANISHED)["coin"])
        return {
            coin: f"cryptopipe.toml: {self._line_of(coin)}, but {self._why_unlisted(coin, here)}"
            for coin in self._traded()
            if coin not in listed
        }

    def _traded(self) -> list[str]:
        """Coins of a table of contracts, sorted."""
        every = {coin for coins in self.tiers.values() for coin in coins}
        return sorted(
            {coin for table in CONTRACT_TABLES for coin in every & self.only.get(table, every)}
        )

    def _line_of(self, coin: str) -> str:
        tier = next(tier for tier, coins in self.tiers.items() if coin in coins)
        return f"the line coins of [tiers.{tier}] has {coin}"

    def _why_unlisted(self, coin: str, here: pl.DataFrame) -> str:
        """Why no contract of the coin is followed, and what to do."""
        quoted = pl.lit(value=True) if self.quote is None else pl.col("quote") == self.quote
        known = here.filter(pl.col("coin") == coin, quoted).sort("symbol")
        gone = known.filter(self._ours(), pl.col("status") == VANISHED)
        if not gone.is_empty():
            symbol, last_seen = gone.select("symbol", "delisted_at").row(0)
            return (
                f"{self.venue} lists {symbol} no longer, last seen {last_seen:%Y-%m-%d %H:%M} "
                f"UTC; what was collected stays. Remove {coin} from that line"
            )
        if not known.is_empty():
            symbol, kind = known.select("symbol", "contract_type").row(0)
            return (
                f"{symbol}, which {self.venue} lists, is no coin's contract: its type is {kind} "
                f"(a stock, a metal, an index). Remove {coin} from that line"
            )
        ours = here.filter(self._ours())["coin"].unique().sort().to_list()
        if (name := self.names.contract_name_of(coin)) in ours:
            return (
                f"{self.venue} calls its contract of {coin} {name}; write {name} in that line, its "
                f"market cap is {coin}'s"
            )
        if (now := self.names.successor_of(coin)) is not None and now.coin in ours:
            what = "became part of" if now.kind == "merger" else "was renamed"
            return (
                f"{coin} {what} {now.coin} on {now.since}; {self.venue} lists {now.coin}. Correct "
                "or remove it in that line"
            )
        near = difflib.get_close_matches(coin, ours, n=3)
        hint = f"; similar: {', '.join(near)}" if near else ""
        return (
            f"{self.venue} lists no {self.quote or ''} perpetual of coin {coin}{hint}. Correct or "
            "remove it in that line"
        )
