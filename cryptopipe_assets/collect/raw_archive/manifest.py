"""One table's turn in one run: what it asked, what came, on what it rested, what it wrote."""

from datetime import date, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Answer(_Frozen):
    """How a vendor answered a question, after all retries.

    Attributes
    ----------
    question
        Vendor, kind of limit, verb, path and parameters; never a key.
    at
        When the answer was there.
    body
        Name of its body among the blobs; null where the question failed.
    failure, why
        Class and words of the error that it ended in, if it did.
    """

    question: str
    at: AwareDatetime
    body: str | None = None
    failure: str | None = None
    why: str | None = None


class Visit(_Frozen):
    """What is kept of a table's turn.

    Attributes
    ----------
    table, run_id
        Whose turn it was.
    at
        When it began.
    days
        Days it was asked to fill.
    tags
        Tags of its run that decide whose coins were asked for.
    context
        Name of the configuration among the blobs.
    found
        File of the warehouse that the turn could rest on to its SHA-256 at the beginning; null
        where there was none.
    kept
        Which of them are among the blobs.
    answers
        In the order in which they came.
    wrote
        Day to the SHA-256 of its file after the turn.
    """

    table: str
    run_id: str
    at: AwareDatetime
    days: tuple[date, ...]
    tags: dict[str, str]
    context: str
    found: dict[str, str | None]
    kept: tuple[str, ...]
    answers: tuple[Answer, ...] = ()
    wrote: dict[date, str] = {}

    @property
    def blobs(self) -> set[str]:
        """Names of all that the visit needs of the store."""
        bodies = {each.body for each in self.answers if each.body}
        files = {name for path, name in self.found.items() if name and path in self.kept}
        return bodies | files | {self.context}


def instant(at: datetime) -> str:
    """An instant as file names have it, so that they sort by time."""
    return f"{at:%H%M%S%f}"
