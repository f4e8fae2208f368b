"""Who is asked for the tables that several vendors could fill."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, create_model

from cryptopipe_assets.core.section import Section, one_of
from cryptopipe_assets.vendors.catalog import sources_of, tables_with_a_choice


class _SourceChoice(Section):
    """Who is asked for a table: the first of the list that we can ask."""

    def of(self, table: str) -> tuple[str, ...] | None:
        """Sources of a table by preference; null if it has no choice."""
        chosen: tuple[str, ...] | None = getattr(self, table, None)
        return chosen


if TYPE_CHECKING:

    class SourceChoice(_SourceChoice):
        """``[sources]`` of cryptopipe.toml: a key a table that several vendors could fill."""

        def __init__(self, **ordered: tuple[str, ...]) -> None: ...

else:
    SourceChoice = create_model(
        "SourceChoice",
        __base__=_SourceChoice,
        __doc__="``[sources]`` of cryptopipe.toml: a key a table that several vendors could fill.",
        **{
            table: (
                tuple[Annotated[str, one_of(sources_of(table))], ...],
                Field(default=sources_of(table), min_length=1),
            )
            for table in tables_with_a_choice()
        },
    )
