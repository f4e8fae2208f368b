"""Whether a request of Dagster's API changes something, read from its GraphQL documents.

Reads as Dagster does, with the same parsers. What cannot be read counts as a change.
"""

import json

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from starlette.datastructures import Headers, QueryParams
from starlette.types import Message, Receive, Scope

LARGEST_BODY = 1_000_000
"""Bytes of a question; those of the UI have tens of thousands."""


def carries_change(scope: Scope) -> bool:
    """Whether the address of a request to /graphql carries anything but queries."""
    if not _is_api(scope):
        return False
    documents = QueryParams(scope["query_string"]).getlist("query")
    return any(map(_has_other_than_queries, documents))


def only_shows(scope: Scope, body: bytes | None) -> bool:
    """Whether a POST asks /graphql, in JSON, for nothing but queries; null is a body too large."""
    sent = Headers(scope=scope).get("content-type", "")
    if not _is_api(scope) or body is None or "application/json" not in sent:
        return False
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return False
    query = document.get("query") if isinstance(document, dict) else None
    return isinstance(query, str) and not _has_other_than_queries(query)


class Replayed:
    """A body that is read here and received once more by the app."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: list[Message] = []

    async def read(self) -> bytes | None:
        """The whole body; null if it is larger than any question, or was cut off."""
        body, more = b"", True
        while more:
            message = await self._receive()
            self._messages.append(message)
            if message["type"] != "http.request":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > LARGEST_BODY:
                return None
        return body

    async def __call__(self) -> Message:
        """The next message, of those that were read first."""
        return self._messages.pop(0) if self._messages else await self._receive()


def _is_api(scope: Scope) -> bool:
    return str(scope["path"]).rstrip("/").rpartition("/")[2].lower() == "graphql"


def _has_other_than_queries(document: str) -> bool:
    try:
        definitions = parse(document).definitions
    except (GraphQLError, RecursionError):
        return True
    return any(
        isinstance(each, OperationDefinitionNode) and each.operation != OperationType.QUERY
        for each in definitions
    )
