"""What one table requested in one run, what came, which files it read and which it wrote."""

from datetime import date, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    """Written to disk under the aliases, which archives of earlier versions have, too."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )


class Response(_Frozen):
    """How a vendor responded to a request, after all retries.

    Attributes
    ----------
    request
        Vendor, kind of limit, verb, path and parameters; never a key.
    at
        When the response was there.
    body
        Name of its body among the blobs; null where the request failed.
    failure, why
        Class and words of the error that it ended in, if it did.
    """

    request: str = Field(alias="question")
    at: AwareDatetime
    body: str | None = None
    failure: str | None = None
    why: str | None = None


class RunManifest(_Frozen):
    """What is kept of one table in one run.

    Attributes
    ----------
    table, run_id
        Who collected.
    at
        When it began.
    days
        Days it was to fill.
    tags
        Tags of its run that decide whose coins were requested.
    context
        Name of the configuration among the blobs.
    found
        File of the warehouse that the run could read to its SHA-256 at the beginning; null
        where there was none.
    kept
        Which of them are among the blobs.
    responses
        In the order in which they came.
    wrote
        Day to the SHA-256 of its file after the run.
    """

    table: str
    run_id: str
    at: AwareDatetime
    days: tuple[date, ...]
    tags: dict[str, str]
    context: str
    found: dict[str, str | None]
    kept: tuple[str, ...]
    responses: tuple[Response, ...] = Field(default=(), alias="answers")
    wrote: dict[date, str] = {}

    @property
    def blobs(self) -> set[str]:
        """Names of all that the manifest needs of the store."""
        bodies = {each.body for each in self.responses if each.body}
        files = {name for path, name in self.found.items() if name and path in self.kept}
        return bodies | files | {self.context}


def instant(at: datetime) -> str:
    """An instant as file names have it, so that they sort by time."""
    return f"{at:%H%M%S%f}"
