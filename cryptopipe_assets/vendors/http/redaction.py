"""Keeping keys out of everything that a person or a log may see."""

import json
import logging
import re
from urllib.parse import quote, quote_plus

import httpx
import stamina.instrumentation
from pydantic import SecretStr

SAMPLE_CHARACTERS = 200


class Redactor:
    """Turns what a vendor said into one short line without our key."""

    def __init__(self, api_key: SecretStr | None) -> None:
        self._key = api_key

    def __call__(self, said: str | bytes) -> str:
        """Return the text with the key blanked out, then trimmed to 200 characters."""
        text = said if isinstance(said, str) else said.decode("utf-8", "replace")
        line = re.sub(r"\s+", " ", self.blank(text)).strip()
        return line if len(line) <= SAMPLE_CHARACTERS else f"{line[: SAMPLE_CHARACTERS - 3]}..."

    def blank(self, text: str) -> str:
        """Return the whole text with the key blanked out, also as an address or JSON writes it."""
        key = "" if self._key is None else self._key.get_secret_value()
        if not key:
            return text
        escaped = json.dumps(key)[1:-1]
        slashed = escaped.replace("/", r"\/")
        for spelled in sorted({key, quote(key, safe=""), quote_plus(key), escaped, slashed}):
            text = re.sub(re.escape(spelled), "***", text, flags=re.IGNORECASE)
        return text

    def blank_body(self, body: bytes) -> bytes:
        """Return a whole body, text or not, with the key blanked out."""
        return self.blank(body.decode("latin-1")).encode("latin-1") if self._key else body


class WithoutQuery(logging.Filter):
    """Cuts the query off the addresses that httpx logs: a key could be in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's addresses; keep every record."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                str(each.copy_with(query=None)) if isinstance(each, httpx.URL) else each
                for each in record.args
            )
        return True


_WITHOUT_QUERY = WithoutQuery()


def quieten_libraries() -> None:
    """Make httpx log addresses without their query, and stamina nothing: the journal has more.

    Doing it twice changes nothing.
    """
    logging.getLogger("httpx").addFilter(_WITHOUT_QUERY)
    stamina.instrumentation.set_on_retry_hooks(())
