"""Every failure that cryptopipe names.

::

    CryptopipeError            what a person can act on; the message says what to do next
    ├── ConfigError            environment, .env or cryptopipe.toml is wrong; names the key
    ├── RequestError           the question cannot be answered: unknown symbol, date out of range
    ├── VendorError            what a vendor did to us; carries .vendor
    │   ├── VendorUnavailable  no usable answer after the retries; try again later
    │   │   └── RateLimited    ... because we may not ask (so often): 429, 418, a quota used up
    │   ├── VendorRejected     401/403/451/4xx: our key or our question is wrong
    │   ├── PayloadChanged     an answer, but not the shape we were promised
    │   └── NotPublished       the archive has no such file (yet)
    ├── ContractError          a frame breaks its table's contract
    └── StorageError           the warehouse: unwritable, corrupt, busy, or asked to shrink
        ├── ShrinkRefused      a commit would lose rows that were collected
        ├── CorruptFile        a Parquet or catalog file cannot be read
        └── EvidenceMissing    an answer, or a run, is not among the raw evidence

A message says what was expected, what came, where, and what to do next. Catch to translate,
never to continue.
"""


class CryptopipeError(Exception):
    """Base of all failures that carry advice for a person."""


class ConfigError(CryptopipeError):
    """A setting is missing or wrong; the message names it, what was expected and what came."""


class RequestError(CryptopipeError):
    """A question that cannot be answered, such as an unknown symbol or a date out of range."""


class VendorError(CryptopipeError):
    """A vendor failed us.

    Parameters
    ----------
    vendor
        Who, e.g. ``binance``.
    message
        What was asked, what came, what to do. Must not contain a key.
    """

    def __init__(self, vendor: str, message: str) -> None:
        super().__init__(f"{vendor}: {message}")
        self.vendor = vendor


class VendorUnavailable(VendorError):
    """No usable answer after the retries. Nothing was written; run again later."""


class RateLimited(VendorUnavailable):
    """We asked as much as we may for now; nobody else is asked in the vendor's place."""


class VendorRejected(VendorError):
    """The vendor refused the question or the key. Asking again changes nothing."""


class PayloadChanged(VendorError):
    """An answer came, but not in the shape the vendor promised."""


class NotPublished(VendorError):
    """The vendor's archive has no such file, or not yet."""


class ContractError(CryptopipeError):
    """A frame breaks its table's contract. Nothing was written."""


class StorageError(CryptopipeError):
    """The warehouse cannot be read or written as asked. Nothing was lost."""


class ShrinkRefused(StorageError):
    """A commit would have removed rows that were collected before."""


class ArchiveIncomplete(StorageError):
    """What a rebuild needs is not among the raw evidence; the message names it and says why."""


class CorruptFile(StorageError):
    """A file of the warehouse cannot be read; the message names it and how to rebuild it."""
