"""What all stand-in APIs share: constructor, routes, admission, envelope, errors, numbers.

A vendor is one file beside this one, with a subclass that says the rest in that vendor's words. It
is served and counted because it is there (see ``sandbox.endpoints``); no list names it.
"""

import asyncio
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from re import compile as pattern
from typing import Any, ClassVar, Generic, TypeVar

from aiohttp import web

from cryptopipe_assets.core.own_files.unreadable_file import UnreadableRecording
from cryptopipe_assets.sandbox.contents.source import Source
from cryptopipe_assets.sandbox.routes.quota import Quota

LONGEST_NUMBER = 20  # digits
_VERSION = pattern(r"api|v\d+")

C = TypeVar("C")
F = TypeVar("F", bound=Callable[..., object])


class Declined(Exception):
    """A request is answered with an error.

    Parameters
    ----------
    status
        Of HTTP; some vendors send 200 and say it in the body.
    said
        The vendor's words.
    code
        The vendor's own number of the error, where it has one.
    wait
        Seconds after which the request is welcome, where the vendor says so.
    """

    def __init__(
        self, status: int, said: object, *, code: int | str | None = None, wait: float = 0.0
    ) -> None:
        super().__init__(str(said))
        self.status = status
        self.code = code
        self.wait = wait

    def response(self, body: object = None) -> web.Response:
        """Return ``body``, or just what was said, with ``Retry-After`` where waiting helps."""
        response = json_response(str(self) if body is None else body, self.status)
        if self.wait > 0:
            response.headers["Retry-After"] = str(math.ceil(self.wait))
        return response


@dataclass(frozen=True, kw_only=True)
class Query:
    """One admitted request.

    Attributes
    ----------
    now
        The served world's time in milliseconds.
    caller
        What ``admit`` returned: the address or key that is counted, or the plan of the key.
    body
        Of a POST.
    """

    request: web.Request
    now: int
    caller: str
    body: str = ""

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter; ``default`` if it was not sent."""
        return self.request.query.get(name, default)

    def part(self, name: str) -> str:
        """Return the part of the path that stands for ``{name}``."""
        return self.request.match_info[name]


def endpoint(path: str) -> Callable[[F], F]:
    """Declare the path of a method, below the vendor's; ``{name}`` stands for any part."""

    def declared(method: F) -> F:
        method.__dict__["path"] = path
        return method

    return declared


class StandInApi(Generic[C]):
    """One vendor's API: a subclass declares endpoints, and what the vendor does in its own way.

    Parameters
    ----------
    content
        What there is to tell; null if the source has nothing of the kind.
    present
        Returns the served world's time in milliseconds.
    enforce_limits
        Whether a caller that asks too much is refused.

    Attributes
    ----------
    vendor
        Under this name requests are counted.
    hosts
        First parts of the paths that are this vendor's, one for each host it has; by default the
        vendor's name.
    limit
        Units that a caller may spend, and in how many seconds; null if there is no limit.
    endpoints
        Path to method, as ``endpoint`` declared them.
    """

    vendor: ClassVar[str]
    hosts: ClassVar[tuple[str, ...]]
    verb: ClassVar[str] = "GET"
    limit: ClassVar[tuple[int, float] | None] = None
    endpoints: ClassVar[Mapping[str, Callable[[Any, Query], object]]]

    def __init_subclass__(cls) -> None:
        """Collect what was declared."""
        if "hosts" not in vars(cls):
            cls.hosts = (cls.vendor,)
        methods = [each for each in vars(cls).values() if callable(each)]
        cls.endpoints = {each.path: each for each in methods if hasattr(each, "path")}

    def __init__(
        self, content: C | None, present: Callable[[], int], *, enforce_limits: bool
    ) -> None:
        self._content = content
        self._present = present
        self.enforces_limits = enforce_limits
        self._quotas: dict[str, Quota] = {}

    @staticmethod
    def content_of(source: Source) -> Any:
        """Return what a source has for this vendor, null if nothing."""
        raise NotImplementedError

    @property
    def content(self) -> C:
        """What there is to tell; declines if there is nothing."""
        if self._content is None:
            raise self.unrecorded()
        return self._content

    def routes(self) -> list[web.RouteDef]:
        """Return the declared endpoints on every host.

        Where the vendor has words for an unknown path, all other paths have a route, too.
        """
        routes = {path: path for path in self.endpoints}
        if type(self).unknown is not StandInApi.unknown:
            routes["{path:/.*}"] = ""
        return [
            web.route(self.verb, f"/{host}{route}", partial(self.answer, path))
            for host in self.hosts
            for route, path in routes.items()
        ]

    async def answer(self, path: str, request: web.Request) -> web.Response:
        """Admit a request to the endpoint declared as ``path``, and answer or refuse it."""
        now = self._present()
        try:
            caller = self.admit(request, path)
            method = self.endpoints.get(path)
            if method is None:
                raise self.unknown(request.path)
            body = await request.text() if self.verb == "POST" else ""
            query = Query(request=request, now=now, caller=caller, body=body)
            found = await asyncio.to_thread(method, self, query)
            if isinstance(found, web.Response):
                return found
            return json_response(self.envelope(found, query))
        except (Declined, UnreadableRecording) as why:
            declined = why if isinstance(why, Declined) else Declined(500, why)
            return declined.response(self.error(declined, now))

    def admit(self, request: web.Request, path: str) -> str:
        """Count a request to the endpoint declared as ``path``; "" is any other.

        Returns
        -------
        Whom it was counted for.

        Raises
        ------
        Declined
            If that caller has asked too much, or may not ask.
        """
        caller = address(request)
        if (wait := self.spend(caller)) > 0:
            raise self.too_often(wait)
        return caller

    def spend(
        self,
        caller: str,
        cost: int = 1,
        *,
        family: str = "",
        limit: tuple[int, float] | None = None,
    ) -> float:
        """Count ``cost`` units of a caller; return the seconds to wait, 0 if it is welcome.

        Every family is counted apart, against ``limit`` or else the vendor's.
        """
        allowed = limit or self.limit
        if allowed is None:
            return 0.0
        quota = self._quotas.get(family)
        if quota is None:
            quota = self._quotas[family] = Quota(*allowed, enforce=self.enforces_limits)
        return quota.spend(caller, cost)

    def too_often(self, wait: float) -> Declined:
        """Return the refusal of a caller that asks too much."""
        return Declined(429, "Too Many Requests", wait=wait)

    def unknown(self, path: str) -> Declined:
        """Return the refusal of a path that the vendor does not have."""
        return Declined(404, f"no such path: {path}")

    def unrecorded(self) -> Declined:
        """Return the refusal where the source has nothing to tell."""
        return self.unknown("")

    def envelope(self, found: object, query: Query) -> object:
        """Return the body in which this vendor sends what an endpoint found."""
        return found

    def error(self, declined: Declined, now: int) -> object:
        """Return the body in which this vendor sends a refusal; a text is sent as it is."""
        return str(declined)

    @classmethod
    def counted_as(cls, parts: Sequence[str]) -> str:
        """Name an endpoint: its path without version and without what it is asked about."""
        declared = next((each for each in cls.endpoints if _fits(parts, _parts(each))), None)
        asked = [] if declared is None else _parts(declared)
        named = [each for each in asked if not each.startswith("{")] or parts
        return "/".join(each for each in named if not _VERSION.fullmatch(each))


def json_response(body: object, status: int = 200) -> web.Response:
    """Return compact JSON, as vendors write it; a text is taken for JSON already."""
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":"))
    return web.Response(text=text, status=status, content_type="application/json")


def address(request: web.Request) -> str:
    """Return whence a request comes."""
    return request.remote or "?"


def whole(text: str, *, least: int = 0, most: int | None = None) -> int | None:
    """Return the whole number that a text spells, null if it is none or out of bounds."""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        return None
    number = int(text)
    return number if least <= number and (most is None or number <= most) else None


def _parts(path: str) -> list[str]:
    return path.strip("/").split("/")


def _fits(parts: Sequence[str], declared: Sequence[str]) -> bool:
    """Tell whether a path is one of a declared endpoint."""
    return len(parts) == len(declared) and all(
        came == each or each.startswith("{") for came, each in zip(parts, declared, strict=True)
    )
