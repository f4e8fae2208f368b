"""What a request must be before Dagster's UI sees it.

Dagster's web server asks nobody anything: it changes things for whoever reaches its port, by POST,
by GET and over websockets, and every page that a browser on this machine has open reaches it. The
guard is an ASGI middleware before it. It asks whom the request is for (Host), whose page has sent
it (Origin, where it could change something), and for the token, where one is set.

A program that is no browser says neither Origin nor Sec-Fetch-Site; it is not a page that somebody
was lured to, so it is let through, with the token where one is set.
"""

import logging
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cryptopipe_assets.runtime.ui.authorities import Allowed
from cryptopipe_assets.runtime.ui.documents import Replayed, carries_change, only_shows
from cryptopipe_assets.runtime.ui.login import PATH as LOGIN
from cryptopipe_assets.runtime.ui.login import VARIABLE, Login

READING = ("GET", "HEAD")
LONGEST_QUOTE = 80
SETTING = "ui.allowed_hosts in cryptopipe.toml"

ADDED_HEADERS = {
    # no page of others shows the UI in a frame, where clicks can be stolen, or loads its answers
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FRAMES = "frame-ancestors 'self'"

log = logging.getLogger("cryptopipe.ui")


@dataclass(frozen=True)
class Refusal:
    """A status and one sentence that says what to set."""

    status: int
    sentence: str


class Guard:
    """The middleware.

    Parameters
    ----------
    app
        Who answers what is let through.
    allowed
        Hosts under which the service may be addressed.
    login
        Asks for the token; null where none is set.
    read_only
        Let through what shows and nothing that changes. Dagster's own read-only mode lets some
        mutations pass, such as ``freeConcurrencySlots``.
    """

    def __init__(
        self, app: ASGIApp, *, allowed: Allowed, login: Login | None, read_only: bool = False
    ) -> None:
        self._app = app
        self._read_only = read_only
        self._allowed = allowed
        self._login = login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request, or let it through."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refused = self._foreign(connection)
        if refused is not None:
            log.warning("refused: %s", refused.sentence)
            await _respond(_told(refused), scope, receive, send)
        elif self._login and scope["type"] == "http" and scope["path"] == LOGIN:
            await _respond(await self._login.answer(Request(scope, receive)), scope, receive, send)
        elif self._login and not self._login.admits(connection):
            await _respond(self._locked(connection, self._login), scope, receive, send)
        elif self._read_only and scope["type"] == "http" and not _is_read(scope):
            await self._shown(scope, receive, send)
        else:
            await self._app(scope, receive, _hardened(send))

    async def _shown(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a POST through if it only asks for something."""
        body = Replayed(receive)
        if only_shows(scope, await body.read()):
            await self._app(scope, body, _hardened(send))
        else:
            refused = Refusal(
                403, "This service only shows; whatever changes something goes to the other port."
            )
            await _respond(_told(refused), scope, receive, send)

    def _foreign(self, connection: HTTPConnection) -> Refusal | None:
        """Why a request is none of our own pages' or of a program's; null where it may be."""
        headers = connection.headers
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._allowed.host(hosts[0]):
            named = _quoted(hosts[0]) if hosts else "none"
            return Refusal(
                421, f"This service is not addressed as {named}; to allow it, add it to {SETTING}."
            )
        reads = connection.scope["type"] == "http" and connection.scope["method"] in READING
        if reads and not carries_change(connection.scope):
            return None
        return self._foreign_page(headers, hosts[0], reads=reads)

    def _foreign_page(self, headers: Headers, host: str, *, reads: bool) -> Refusal | None:
        origins, site = headers.getlist("origin"), headers.get("sec-fetch-site")
        for origin in origins:
            if not self._allowed.origin(origin, host=host):
                return Refusal(
                    403,
                    f"A page of {_quoted(origin)} may not control this service; to allow it, add "
                    f"its host to {SETTING}.",
                )
        if origins or site == "same-origin":
            return None
        if site is not None and site != "none":
            return Refusal(
                403,
                f"A page of another site may not control this service; to allow it, add its host "
                f"to {SETTING}.",
            )
        if reads:
            return Refusal(
                403, "A GET of /graphql may only read; send what changes something as POST."
            )
        return None

    def _locked(self, connection: HTTPConnection, login: Login) -> Response:
        """The form for a person, a sentence for a program."""
        if "text/html" in connection.headers.get("accept", "") and _is_read(connection.scope):
            return login.page(
                401, "This service asks for its token.", back=_target(connection.scope)
            )
        return _told(
            Refusal(
                401,
                f"This service asks for its token: log in at {LOGIN}, or send the value of "
                f"{VARIABLE} as `Authorization: Bearer`.",
            )
        )


def _target(scope: Scope) -> str:
    """Path and query as they were sent."""
    query = scope["query_string"].decode("latin-1")
    return str(scope["raw_path"].decode("latin-1") + (f"?{query}" if query else ""))


def _is_read(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] in READING


def _quoted(header: str) -> str:
    """A header for a sentence and a log: short, and nothing that a terminal would obey."""
    shown = header[:LONGEST_QUOTE] + ("..." if len(header) > LONGEST_QUOTE else "")
    return ascii(shown)


def _told(refusal: Refusal) -> Response:
    headers = {"WWW-Authenticate": 'Bearer realm="cryptopipe"'} if refusal.status == 401 else {}
    return PlainTextResponse(f"{refusal.sentence}\n", refusal.status, headers)


async def _respond(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without the app; a websocket's handshake gets the same status and sentence."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get(
        "extensions", {}
    ):
        await receive()  # the handshake
        await send({"type": "websocket.close", "code": 1008})
        return
    await response(scope, receive, _hardened(send))


def _hardened(send: Send) -> Send:
    """Add to every answer what keeps pages of others from showing or loading it."""

    async def sending(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(raw=list(message.get("headers", [])))
            for name, value in ADDED_HEADERS.items():
                headers.setdefault(name, value)
            headers.append("Content-Security-Policy", FRAMES)  # beside Dagster's own
            message = {**message, "headers": headers.raw}
        await send(message)

    return sending
