"""Who knows the token: a header of a program, or the cookie that a browser gets for it.

The cookie holds no token: cookies of 127.0.0.1 go to every service of that address, whatever its
port. It holds an instant and its seal by a key that this process has drawn, so a restart asks
again.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import html
import re
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from pydantic import SecretStr
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cryptopipe_assets.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

VARIABLE = "CRYPTOPIPE_UI_TOKEN"
SHORTEST = 16
"""Characters below which a token could be guessed by trying."""

PATH = "/login"
SESSION_SECONDS = 7 * 24 * 3600
PAUSE_SECONDS = 1.0
LARGEST_FORM = 4096
OWN_PAGE = re.compile(r"/(?![/\\])[\x21-\x7e]*")
"""A path of this service: ``//host`` and ``/\\host`` lead elsewhere."""

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>cryptopipe</title>
<style>body {{font: 16px sans-serif; margin: 15vh auto; max-width: 24em}}
input, button {{font: inherit; padding: .4em; width: 100%; box-sizing: border-box; margin: .3em 0}}
</style>
<form method="post" action="{path}">
<p>{sentence}</p>
<label>Token <input name="token" type="password" autocomplete="current-password" autofocus></label>
<input name="next" type="hidden" value="{next}">
<button>Log in</button>
</form></html>
"""


class Login:
    """Asks for the token, and knows who has said it.

    Parameters
    ----------
    token
        The secret.
    port
        Of the service: cookies of one address are shared between its ports.
    clock
        Seconds since the epoch.

    Raises
    ------
    ConfigError
        If the token is so short that it can be guessed.
    """

    def __init__(
        self, token: SecretStr, *, port: int, clock: "Callable[[], float]" = time.time
    ) -> None:
        if len(token.get_secret_value()) < SHORTEST:
            raise ConfigError(
                f"{VARIABLE}: expected at least {SHORTEST} characters, came fewer; draw one with "
                f"`openssl rand -hex 24`"
            )
        self._token = token
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._cookie = f"cryptopipe_ui_{port}"

    def admits(self, connection: HTTPConnection) -> bool:
        """Whether a request carries the token, or the cookie that was given for it."""
        said = _credentials(connection.headers.get("authorization", ""))
        if said is not None and self._is_token(said):
            return True
        return self._is_session(connection.cookies.get(self._cookie, ""))

    async def answer(self, request: Request) -> Response:
        """Show the form, or take what was entered in it."""
        if request.method != "POST":
            return self.page(200, "This service asks for its token.", back="/")
        form = await _form(request)
        back = form.get("next", "/")
        if not self._is_token(form.get("token", "")):
            await asyncio.sleep(PAUSE_SECONDS)  # a guess a second a connection
            return self.page(401, "This is not the token.", back=back)
        response = RedirectResponse(_own(back), status_code=303)
        response.set_cookie(
            self._cookie,
            self._session(),
            max_age=SESSION_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    def page(self, status: int, sentence: str, *, back: str) -> HTMLResponse:
        """The form, with the page to show after it."""
        text = PAGE.format(
            path=PATH, sentence=html.escape(sentence), next=html.escape(_own(back), quote=True)
        )
        return HTMLResponse(text, status_code=status)

    def _is_token(self, said: str) -> bool:
        """Compare in a time that depends on neither length nor content."""
        return hmac.compare_digest(_digest(said), _digest(self._token.get_secret_value()))

    def _session(self) -> str:
        until = str(int(self._clock()) + SESSION_SECONDS)
        return f"{until}.{self._seal(until)}"

    def _is_session(self, cookie: str) -> bool:
        until, _, seal = cookie.partition(".")
        if not hmac.compare_digest(seal.encode(), self._seal(until).encode()):
            return False
        return self._clock() < int(until)

    def _seal(self, until: str) -> str:
        return hmac.new(self._key, until.encode(), hashlib.sha256).hexdigest()


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _own(path: str) -> str:
    """The path, or the first page where it leads out of this service."""
    return path if OWN_PAGE.fullmatch(path) and not path.startswith(PATH) else "/"


def _credentials(header: str) -> str | None:
    """The token of ``Bearer TOKEN`` or the password of ``Basic``; null where there is neither."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(value.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return decoded.partition(":")[2]


async def _form(request: Request) -> dict[str, str]:
    """Fields of a form that was sent; none if it is too large to be ours, or not readable."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            return {}
    try:
        fields = parse_qs(body.decode("utf-8"), max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in fields.items()}
