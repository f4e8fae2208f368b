"""One request on the wire: addresses, headers, the key, timeouts, how many at once."""

import asyncio
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx
from pydantic import SecretStr

from cryptopipe_assets.vendors.http.account import account_of
from cryptopipe_assets.vendors.http.redaction import Redactor, quieten_libraries
from cryptopipe_assets.vendors.http.responses import Request
from cryptopipe_assets.vendors.http.retry import Retryable
from cryptopipe_assets.vendors.parsing.bounds import Bounds, TooLarge
from cryptopipe_assets.vendors.parsing.validation import UnexpectedShape

if find_spec("sniffio") is None:
    # httpcore tries to import it eight times a request to learn whether this is asyncio; where it
    # is not installed, each try looks through the whole path. This is how Python is told at once.
    sys.modules["sniffio"] = None  # type: ignore[assignment]

WHOLE_RESPONSE_TIMEOUTS = 10
OF_THE_WIRE = (b"content-encoding", b"content-length", b"transfer-encoding")
"""Headers that are true of what was sent, and not of what was unpacked of it."""

START_STANDIN = "; is the stand-in running? start it with `cryptopipe sandbox`"


@dataclass(frozen=True, kw_only=True)
class RequestFormat:
    """How a vendor wants its requests.

    Attributes
    ----------
    verb
        With ``POST``, the parameters travel as a JSON body.
    key_header, key_param
        Where the key goes, if anywhere; no log and no error shows it.
    """

    verb: str
    key_header: str | None
    key_param: str | None


class Connection:
    """Connections to one address while they are open.

    Parameters
    ----------
    concurrency
        Most requests in flight at once.
    timeout_seconds
        Longest wait for the next bytes; a whole response may take ten times as long.
    transport
        Replaces the network, in tests.
    """

    def __init__(
        self,
        base_url: str,
        request_format: RequestFormat,
        *,
        api_key: SecretStr | None,
        concurrency: int,
        timeout_seconds: float,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        quieten_libraries()
        self._format, self._api_key = request_format, api_key
        self._redact = Redactor(api_key)
        self.base_url, self.timeout_seconds = base_url, timeout_seconds
        self._whole_response_seconds = timeout_seconds * WHOLE_RESPONSE_TIMEOUTS
        self._slots = asyncio.Semaphore(concurrency)
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"User-Agent": "cryptopipe", **self._key_as(request_format.key_header)},
            timeout=timeout_seconds,
            transport=transport,
            verify=httpx.URL(base_url).scheme == "https",  # loading roots takes 40 ms
            trust_env=not is_local(base_url),  # a proxy cannot reach our loopback
            follow_redirects=False,
        )

    async def send(self, request: Request) -> httpx.Response:
        """Send one request; every failure on the way may pass.

        Raises
        ------
        Retryable
        UnexpectedShape
            If the response is larger than it may be; the rest of it is not read.
        """
        params = {**request.params, **self._key_as(self._format.key_param)}
        verb = self._format.verb
        query, body = (params, None) if verb == "GET" else (None, params)
        try:
            async with asyncio.timeout(self._whole_response_seconds):
                return await self._read(
                    self._http.build_request(verb, request.path, params=query, json=body),
                    request.bounds,
                )
        except (httpx.TransportError, httpx.DecodingError, TimeoutError) as exc:
            said = self._redact(f"{type(exc).__name__}: {exc}")
            raise Retryable(said, is_outage=not isinstance(exc, httpx.DecodingError)) from exc

    async def _read(self, outgoing: httpx.Request, bounds: Bounds) -> httpx.Response:
        """Read a response piece by piece, so that none takes more memory than it may."""
        response = await self._http.send(outgoing, stream=True)
        try:
            if "," in response.headers.get("Content-Encoding", ""):
                raise UnexpectedShape("expected a response that is packed once, got one repacked")
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                bounds.require_bytes(sent=response.num_bytes_downloaded, unpacked=len(body))
        except TooLarge as exc:
            raise UnexpectedShape(str(exc)) from None
        finally:
            await response.aclose()
        headers = [
            (name, value) for name, value in response.headers.raw if name.lower() not in OF_THE_WIRE
        ]
        return httpx.Response(
            response.status_code, headers=headers, content=bytes(body), request=outgoing
        )

    @property
    def slots(self) -> asyncio.Semaphore:
        """What a request in flight holds."""
        return self._slots

    def account(self, folder: Path | None) -> str:
        """Who the vendor takes us for; see ``account_of``."""
        shows_key = self._format.key_header is not None or self._format.key_param is not None
        return account_of(self._api_key if shows_key else None, folder)

    async def close(self) -> None:
        """Hang up."""
        await self._http.aclose()

    def _key_as(self, name: str | None) -> dict[str, str]:
        """Return the key under the name that the vendor wants it by, if there is one."""
        if name is None or self._api_key is None:
            return {}
        return {name: self._api_key.get_secret_value()}


def hint(address: str, failure: str) -> str:
    """What may be the matter where nothing responds on this machine; empty elsewhere."""
    return START_STANDIN if is_local(address) and "ConnectError" in failure else ""


def is_local(address: str) -> bool:
    """Return whether an address is on this machine, as the stand-in's is."""
    host = httpx.URL(address).host
    return host in ("localhost", "::1") or host.startswith("127.")
