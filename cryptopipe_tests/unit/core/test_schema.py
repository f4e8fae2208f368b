"""What a contract lets through, and what it says when it does not."""

from datetime import UTC, datetime

import polars as pl
import pytest

from cryptopipe_assets.core.errors import ContractError
from cryptopipe_assets.core.schema import Collected, column, extended

NOON = datetime(2026, 2, 1, 12, tzinfo=UTC)


class Quotes(Collected):
    """A price of an instrument."""

    symbol: str = column("Instrument.", unit="id")
    price: float = column("Price.", unit="quote per base", gt=0, nullable=True)

    class Config:
        name = "quotes"
        unique = ["symbol", "ts"]  # noqa: RUF012


def quotes(**changed: object) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "symbol": ["B", "A"],
            "price": [2.0, None],
            "ts": [NOON, NOON],
            "available_at": [NOON, NOON],
            "ingested_at": [NOON, NOON],
            "source": ["binance", "binance"],
        }
    )
    return frame.with_columns(**changed)


def test_a_conforming_frame_comes_back_in_the_contracts_order_sorted_by_key_and_cast():
    checked = Quotes.conform(quotes())
    assert checked.columns == ["ts", "available_at", "ingested_at", "source", "symbol", "price"]
    assert checked["symbol"].to_list() == ["A", "B"]
    assert checked.schema["ts"] == pl.Datetime("ms", "UTC")


def test_a_lazy_frame_is_checked_as_strictly_as_an_eager_one():
    with pytest.raises(ContractError, match=r"price: greater_than\(0\) failed on 2 rows"):
        Quotes.conform(quotes(price=pl.lit(-1.0)).lazy())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": pl.lit(float("nan"))}, "floats_are_finite failed on 2 rows"),
        ({"price": pl.lit(float("inf"))}, "floats_are_finite failed on 2 rows"),
        ({"symbol": pl.lit("A")}, "multiple_fields_uniqueness failed on 2 rows"),
        ({"symbol": pl.lit(None, pl.String)}, "symbol: not_nullable failed on 2 rows"),
        (
            {"available_at": pl.lit(datetime(2026, 1, 1, tzinfo=UTC))},
            "available_after_event failed on 2 rows",
        ),
        ({"volume": pl.lit(1.0)}, r"not in it \['volume'\]"),
    ],
)
def test_a_broken_promise_is_named_with_the_number_of_rows(change, said):
    with pytest.raises(ContractError, match=said):
        Quotes.conform(quotes(**change))


def test_a_missing_column_is_named():
    with pytest.raises(ContractError, match=r"missing \['price'\]"):
        Quotes.conform(quotes().drop("price"))


def test_the_message_shows_offending_rows():
    with pytest.raises(ContractError, match=r"First rows: .*symbol=B, price=-2\.0"):
        Quotes.conform(quotes(price=pl.Series([-2.0, None])))


def test_a_contract_knows_its_name_key_units_and_sentences():
    assert Quotes.table_name() == "quotes"
    assert Quotes.key() == ["symbol", "ts"]
    assert Quotes.units()["price"] == "quote per base"
    assert Quotes.descriptions()["symbol"] == "Instrument."
    assert Quotes.empty_frame().schema == Quotes.polars_schema()


def test_an_extended_contract_has_the_columns_of_its_base_and_its_own():
    more = extended(
        Quotes,
        name="scores",
        module=__name__,
        doc="A score.",
        columns={"score": (float, column("Score.", unit="ratio", nullable=True))},
    )
    assert more.columns() == [*Quotes.columns(), "score"]
    assert more.key() == Quotes.key()
    with pytest.raises(ContractError, match="floats_are_finite"):
        more.conform(quotes(score=pl.lit(float("nan"))))
