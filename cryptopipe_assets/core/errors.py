"""Every failure that cryptopipe names.

::

    CryptopipeError            what a person can act on; the message says what to do next
    ├── ConfigError            environment, .env or cryptopipe.toml is wrong; names the key
    ├── RequestError           the request cannot be fulfilled: unknown symbol, date out of range
    ├── VendorError            what a vendor did to us; carries .vendor
    │   ├── VendorUnavailable  no usable response after the retries; try again later
    │   │   └── RateLimited    ... because we are rate limited or banned: 429, 418, a quota used up
    │   ├── VendorRejected     401/403/451/4xx: our key or our request is wrong
    │   ├── PayloadChanged     a response, but not the shape we were promised
    │   └── NotPublished       the archive has no such file (yet)
    ├── ContractError          a frame breaks its table's contract
    └── StorageError           the warehouse: unwritable, corrupt, busy, or asked to shrink
        ├── ShrinkRefused      a commit would lose rows that were collected
        ├── CommitConflict     another writer was faster; read again, merge again
        ├── CorruptFile        a Parquet or catalog file cannot be read
        └── ArchiveIncomplete  a response, or a run, is not in the raw archive

A message says what was expected, what came, where, and what to do next. Catch to translate,
never to continue.
"""


class CryptopipeError(Exception):
    """Base of all failures that carry advice for a person."""


class ConfigError(CryptopipeError):
    """A setting is missing or wrong; the message names it, what was expected and what came."""


class RequestError(CryptopipeError):
    """A request that cannot be fulfilled, such as an unknown symbol or a date out of range."""


class VendorError(CryptopipeError):
    """A vendor failed us.

    Parameters
    ----------
    vendor
        Who, e.g. ``binance``.
    message
        What was requested, what came, what to do. Must not contain a key.
    """

    def __init__(self, vendor: str, message: str) -> None:
        super().__init__(f"{vendor}: {message}")
        self.vendor = vendor


class VendorUnavailable(VendorError):
    """No usable response after the retries. Nothing was written; run again later."""


class RateLimited(VendorUnavailable):
    """We are rate limited, banned, or out of quota; there is no fallback to another source."""


class VendorRejected(VendorError):
    """The vendor refused the request or the key. A retry changes nothing."""


class PayloadChanged(VendorError):
    """A response came, but not in the shape the vendor promised."""


class NotPublished(VendorError):
    """The vendor's archive has no such file, or not yet."""


class ContractError(CryptopipeError):
    """A frame breaks its table's contract. Nothing was written."""


class StorageError(CryptopipeError):
    """The warehouse cannot be read or written as asked. Nothing was lost."""


class ShrinkRefused(StorageError):
    """A commit would have removed rows that were collected before."""


class CommitConflict(StorageError):
    """A partition was replaced since it was read. Nothing was changed: read again, merge again."""


class ArchiveIncomplete(StorageError):
    """What a rebuild needs is not in the raw archive; the message names it and says why."""


class CorruptFile(StorageError):
    """A file of the warehouse cannot be read; the message names it and how to rebuild it."""
