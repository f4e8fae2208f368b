"""The whole past of one contract, fetched on demand, and how much of it there is."""

from cryptopipe_assets.core.schema import SymbolRecord, Timestamp, column


class SymbolHistory(SymbolRecord):
    """How much of a contract's life is stored, as found after fetching its past.

    One partition is one contract: its bars and settlements from its listing (or from
    ``history.start``) to now or to its delisting are put into the day files of ``ohlcv_1m`` and
    ``funding_rate``, where the other contracts' rows stay as they are. What is stored already is
    not requested, so a run that was ended goes on where it was. Each version is one finding.
    """

    venue: str = column("Exchange that lists the contract.", unit="id")
    symbol: str = column("Canonical instrument, e.g. BTC-USDT-PERP.", unit="id")
    listed_at: Timestamp = column("When trading began.", unit="UTC")
    delisted_at: Timestamp = column(
        "When trading ends or ended; null while no end is known.", unit="UTC", nullable=True
    )
    first_bar: Timestamp = column(
        "Open of the first stored bar; null if there is none.", unit="UTC", nullable=True
    )
    last_bar: Timestamp = column(
        "Open of the last stored bar; null if there is none.", unit="UTC", nullable=True
    )
    minutes_stored: int = column("Bars that are stored.", unit="count", ge=0)
    minutes_missing: int = column(
        "Minutes of its life that are not stored, from history.start on.", unit="count", ge=0
    )
    missing_causes: str = column(
        "Minutes missing by cause, as data_gaps defines them; null if none is.",
        unit="label",
        nullable=True,
    )
    settlements_stored: int = column("Funding settlements that are stored.", unit="count", ge=0)

    class Config:
        """A finding is named by the contract and when it was made."""

        name = "symbol_history"
        unique = ["symbol", "ts", "venue"]  # noqa: RUF012
