"""Samples of responses that were rejected: short text files beside the run, for a person to read.

``<state folder>/samples/<run id>/<vendor>-<endpoint>-<digits>.txt``; without a run, the day stands
for it. What is in them was trimmed and has been through the redactor: no key is in it, even if the
vendor sent it back. They are few, and the old ones go.
"""

import hashlib
import io
import os
import re
import shutil
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptopipe_assets.vendors.http.recent_responses import RecentResponse
from cryptopipe_assets.vendors.http.redaction import Redactor

FOLDER = "samples"
MOST_OF_A_RUN = 20
KEPT = timedelta(days=30)
"""Where no clean-up of Dagster's history takes a run's samples with it."""

LONGEST_BODY = 64 * 1024
LONGEST_EARLIER = 4 * 1024
LONGEST_PLACE = 4 * 1024
ENDPOINT_CHARACTERS = 60


class TooMany(Exception):
    """The run has as many samples as are kept of one."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A response that was rejected.

    Attributes
    ----------
    where, said
        The endpoint, and the error in words, without a key.
    table, run_id
        What it was requested for; may be empty.
    offending
        What came at the place of the fault, as JSON; ``null`` if that is not known.
    responses
        The recent responses, the newest last; at least one.
    """

    vendor: str
    where: str
    said: str
    table: str
    run_id: str
    offending: str
    responses: Sequence[RecentResponse]


def save(sample: Sample, folder: Path, *, redact: Redactor, now: datetime) -> Path:
    """Write a sample into the state folder, atomically; returns its path.

    The same response with the same fault has the same name, and is there once.

    Raises
    ------
    TooMany
    OSError
    """
    of_run = folder / FOLDER / (sample.run_id or f"without-run-{now:%Y-%m-%d}")
    text = rendered(sample, redact)
    digits = hashlib.blake2b(
        f"{sample.said}{sample.offending}".encode() + sample.responses[-1].body, digest_size=4
    ).hexdigest()
    endpoint = re.sub(r"[^A-Za-z0-9.]+", "-", redact.blank(sample.where)).strip("-.")
    path = of_run / f"{sample.vendor}-{endpoint[:ENDPOINT_CHARACTERS]}-{digits}.txt"
    if not path.exists():
        of_run.mkdir(parents=True, exist_ok=True)
        if len(list(of_run.glob("*.txt"))) >= MOST_OF_A_RUN:
            raise TooMany(f"there are {MOST_OF_A_RUN} of this run in {of_run}")
        draft = of_run / f".{path.name}.{os.getpid()}"
        try:
            draft.write_text(text, encoding="utf-8")
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        forget_older(folder, than=now - KEPT)
    return path


def forget_older(folder: Path, *, than: datetime) -> int:
    """Delete the samples of runs whose last one is older; returns the bytes that this freed."""
    runs = folder / FOLDER
    freed = 0
    for each in sorted(runs.iterdir()) if runs.is_dir() else ():
        with suppress(FileNotFoundError):  # another process forgets as well
            if each.stat().st_mtime < than.timestamp():
                freed += forget(folder, each.name)
    return freed


def forget(folder: Path, run_id: str) -> int:
    """Delete the samples of one run; returns the bytes that this freed."""
    of_run = folder / FOLDER / run_id
    freed = sum(each.stat().st_size for each in of_run.glob("*")) if of_run.is_dir() else 0
    shutil.rmtree(of_run, ignore_errors=True)
    return freed


def rendered(sample: Sample, redact: Redactor) -> str:
    """Return the file's text: the fault, the place of it, the responses with the newest first.

    The newest is shown at length, and the newest that the error is about: of a file of an archive
    its checksum came later.
    """
    of = " ".join(filter(None, [sample.table, sample.run_id and f"run {sample.run_id}"]))
    lines = [
        f"rejected  {sample.vendor}: {sample.said}",
        f"requested for {of or 'no table'}",
        f"at fault  {_cut(sample.offending, LONGEST_PLACE, redact)}",
    ]
    newest = len(sample.responses) - 1
    about = [place for place, each in enumerate(sample.responses) if each.path in sample.where]
    at_length = {newest, max(about, default=newest)}
    for place, answer in reversed(list(enumerate(sample.responses))):
        longest = LONGEST_BODY if place in at_length else LONGEST_EARLIER
        lines += ["", *_shown(answer, longest, redact)]
    return "\n".join(lines) + "\n"


def _shown(answer: RecentResponse, longest: int, redact: Redactor) -> list[str]:
    """Return a response as lines: the request, what it was, a blank, its body."""
    params = "&".join(f"{name}={value}" for name, value in answer.params.items())
    inside, what = _text(answer.body)
    return [
        redact.blank(f"--- {answer.method} {answer.address}{answer.path}"),
        redact.blank(f"--- parameters {params or 'none'}"),
        redact.blank(f"--- HTTP {answer.status}, {answer.content_type or 'no content type'}, ")
        + f"{len(answer.body):,} bytes{what}, {answer.at:%Y-%m-%d %H:%M:%S} UTC",
        "",
        _cut(inside, longest, redact),
    ]


def _text(body: bytes) -> tuple[str, str]:
    """Return a body as text, and what it was; of a zip, the file inside."""
    if not body.startswith(b"PK"):
        return body.decode("utf-8", "replace"), ""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as opened:
            names = opened.namelist()
            with opened.open(names[0]) as first:
                inside = first.read(2 * LONGEST_BODY)
    except (zipfile.BadZipFile, IndexError, OSError, NotImplementedError) as exc:
        return body[:256].hex(" "), f" of a zip that does not open ({type(exc).__name__})"
    return inside.decode("utf-8", "replace"), f" of a zip of {names[:5]}, of which the first"


def _cut(text: str, longest: int, redact: Redactor) -> str:
    """Return a text without the key, then its beginning: a cut could leave half a key in it."""
    clean = redact.blank(text)
    if len(clean) <= longest:
        return clean
    return f"{clean[:longest]}\n... {len(clean) - longest:,} more characters"
