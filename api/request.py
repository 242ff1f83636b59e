"""What a request to `/graphql` says: the parameters of GraphQL over HTTP, and the type of answer that it accepts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
import orjson
from graphql import GraphQLError
from starlette.requests import Request

from api.documents import Asked
from api.limits import Limits

JSON_TYPE = "application/json"
RESPONSE_TYPE = "application/graphql-response+json"
EVENT_TYPE = "text/event-stream"
BODY_SECONDS = 10.0
"""So long a client may take to send a request."""
_OFFERED = {
    RESPONSE_TYPE: RESPONSE_TYPE,
    JSON_TYPE: JSON_TYPE,
    "application/*": JSON_TYPE,
    "*/*": JSON_TYPE,
    EVENT_TYPE: EVENT_TYPE,
}


class GraphQLRequest(msgspec.Struct, frozen=True):
    """The parameters of a GraphQL request."""

    asked: Asked
    operation_name: str | None
    variables: Mapping[str, Any] | None


class Refusal(Exception):
    """A request that is answered with an HTTP error; `headers` say what to do where a header can."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@lru_cache(256)
def accepted_type(accept: str | None) -> str:
    """The media type to answer with; raises Refusal (406) when none of ours is accepted."""
    if not accept or not accept.strip():
        return JSON_TYPE
    best: tuple[tuple[bool, float, int], str] | None = None
    for position, item in enumerate(accept.split(",")):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        offered = _OFFERED.get(name)
        weight = _weight(parameters)
        if offered is None or weight <= 0 or not _utf8(parameters):
            continue
        # Events only for those who accept nothing else: one answer is better had at once.
        rank = (offered != EVENT_TYPE, weight, -position)
        if best is None or rank > best[0]:
            best = (rank, offered)
    if best is None:
        raise Refusal(406, "NOT_ACCEPTABLE", f"Answers are {RESPONSE_TYPE}, {JSON_TYPE} or {EVENT_TYPE}: accept one.")
    return best[1]


async def read_request(request: Request, headers: Mapping[str, str], limits: Limits) -> GraphQLRequest:
    """The GraphQL parameters of a GET or POST; raises Refusal."""
    if request.method == "GET":
        return _from_query_string(request)
    if request.method != "POST":
        raise Refusal(405, "METHOD_NOT_ALLOWED", "Ask by POST or GET.", Allow="GET, POST")
    if not _is_json(headers.get("content-type", "")) or headers.get("content-encoding", "identity") != "identity":
        raise Refusal(
            415, "UNSUPPORTED_MEDIA_TYPE", f"Send {JSON_TYPE}, in UTF-8 and not compressed.", Accept=JSON_TYPE
        )
    return _from_json(await body_of(request, limits.body_bytes))


@lru_cache(256)
def _is_json(content_type: str) -> bool:
    name, *parameters = (part.strip().lower() for part in content_type.split(";"))
    return name == JSON_TYPE and _utf8(parameters)


def _from_query_string(request: Request) -> GraphQLRequest:
    given: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if given.get(name):
            given[name] = _loads(given[name], f"`{name}` of the query string")
        else:
            given.pop(name, None)
    given["operationName"] = given.get("operationName") or None
    return _checked(given)


def _from_json(body: bytes) -> GraphQLRequest:
    given = _loads(body, "The body")
    if isinstance(given, list):
        raise Refusal(400, "BAD_REQUEST", "Batches are not answered: send one operation a request.")
    if not isinstance(given, dict):
        raise Refusal(400, "BAD_REQUEST", 'The body must be a JSON object such as {"query": "{ __typename }"}.')
    return _checked(given)


def _checked(given: Mapping[str, Any]) -> GraphQLRequest:
    query, name = given.get("query"), given.get("operationName")
    variables, extensions = given.get("variables"), given.get("extensions")
    if extensions is not None and not isinstance(extensions, dict):
        raise Refusal(400, "BAD_REQUEST", "`extensions` must be an object.")
    try:
        asked = Asked.of(given)
    except GraphQLError as error:
        raise Refusal(400, "BAD_REQUEST", error.message) from None
    if asked.text is None and (asked.id is None or not isinstance(query, str | None)):
        raise Refusal(400, "BAD_REQUEST", "`query` is missing: it must hold a GraphQL document.")
    if name is not None and not isinstance(name, str):
        raise Refusal(400, "BAD_REQUEST", "`operationName` must be a text.")
    if variables is not None and not isinstance(variables, dict):
        raise Refusal(400, "BAD_REQUEST", "`variables` must be an object.")
    return GraphQLRequest(asked, name, variables)


def _loads(text: str | bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:  # also for invalid UTF-8, and for JSON nested too deeply
        raise Refusal(400, "BAD_REQUEST", f"{what} is not JSON in UTF-8.") from None


async def body_of(request: Request, most: int) -> bytes:
    """The body of a request, at most so many bytes, sent within some seconds; raises Refusal."""
    announced = next((value for name, value in request.scope["headers"] if name == b"content-length"), b"")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    parts: list[bytes] = []
    left, receive = most, request.receive
    try:
        async with asyncio.timeout(BODY_SECONDS):
            is_more = True
            while is_more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400, "BAD_REQUEST", "The request ended before its body did.")
                parts.append(message.get("body", b""))
                left -= len(parts[-1])
                if left < 0:
                    raise _too_large(most)
                is_more = message.get("more_body", False)
    except TimeoutError:
        late = f"The request did not arrive within {BODY_SECONDS:g} s."
        raise Refusal(408, "REQUEST_TIMEOUT", late, Connection="close") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(most: int) -> Refusal:
    # The rest of the body is not read: the connection cannot be used again.
    return Refusal(413, "PAYLOAD_TOO_LARGE", f"A request may have at most {most:,} bytes.", Connection="close")


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def _utf8(parameters: list[str]) -> bool:
    charset = next((p.partition("=")[2].strip('"') for p in parameters if p.startswith("charset=")), "utf-8")
    return charset in ("utf-8", "utf8")
