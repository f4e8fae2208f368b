"""The error for a response that is not what its vendor promised, with a sample of it saved."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from cryptopipe_assets.core.errors import PayloadChanged
from cryptopipe_assets.core.unreadable import UNREADABLE
from cryptopipe_assets.vendors.http.recent_responses import recent
from cryptopipe_assets.vendors.http.records import Records
from cryptopipe_assets.vendors.http.redaction import Redactor
from cryptopipe_assets.vendors.http.samples import Sample, save
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape, unreadable

LONGEST_FAULT = 600
ADVICE = "Nothing was written; see the vendor's change log"


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """How one client rejects responses.

    Attributes
    ----------
    records
        Where samples go, and the run and table that they are of.
    redact, clock
        As of ``VendorClient``.
    """

    vendor: str
    records: Records
    redact: Redactor
    clock: Callable[[], datetime]

    def of(self, where: str, fault: UnexpectedShape | str) -> PayloadChanged:
        """Return the error; it names the file that a sample was saved in.

        Parameters
        ----------
        where
            The endpoint, and what was requested.
        fault
            What was expected and what came. That of a parser knows which responses it read.
        """
        said = " ".join(self.redact.blank(f"{where}: {fault}").split())
        if len(said) > LONGEST_FAULT:
            said = f"{said[: LONGEST_FAULT - 3]}..."
        note = self._sampled(where, said, fault)
        return PayloadChanged(self.vendor, f"{said}. {ADVICE}{note}")

    @contextmanager
    def promised(self, where: str) -> Iterator[None]:
        """Raise ``of(where, fault)`` in place of an ``UnexpectedShape`` of the block.

        Whatever else reading a response raises becomes one too; errors of ours pass through. The
        error is made by the task that runs the block, which has to be the one that got the
        response, or that awaited the tasks which did.
        """
        try:
            yield
        except UnexpectedShape as fault:
            raise self.of(where, fault) from fault
        except UNREADABLE as exc:
            raise self.of(where, unreadable(exc)) from exc

    def _sampled(self, where: str, said: str, fault: UnexpectedShape | str) -> str:
        """Save a sample; returns the sentence that says where, or why there is none."""
        folder, journal = self.records.folder, self.records.journal
        recent_response = fault.responses if isinstance(fault, UnexpectedShape) else recent()
        offending = fault.offending if isinstance(fault, UnexpectedShape) else None
        responses = [each for each in recent_response if each.vendor == self.vendor]
        if folder is None or not responses:
            return ""
        sample = Sample(
            vendor=self.vendor,
            where=where,
            said=said,
            table=journal.table,
            run_id=journal.run_id,
            offending=json.dumps(offending, default=str),
            responses=responses,
        )
        try:
            path = save(sample, folder, redact=self.redact, now=self.clock())
        except Exception as exc:  # whatever it is, the response's fault is what matters
            why = getattr(exc, "strerror", None) or exc
            journal.note("sample", f"{self.vendor} {where}: no sample could be saved: {why}")
            return f". No sample could be saved: {why}"
        journal.note("sample", f"{self.vendor} {where}: a sample of the response is in {path}")
        return f". A sample of the response is in {path}"
