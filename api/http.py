"""GraphQL over HTTP: one endpoint, as the specification wants it (graphql.github.io/graphql-over-http).

A request that cannot be executed is answered with 400 and errors only; what was executed is answered with 200. A
client that only accepts `application/json` gets 200 also for a document that does not parse or validate, as such
clients expect. Unexpected exceptions reach the log with a reference, and the client with the reference only.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.documents import Asked, Documents
from api.issuer_keys import ProviderUnavailable
from api.logs import RequestLogged
from api.metrics import Metrics
from api.oidc import NoRole
from api.patrol import Patrol
from api.plan.service import MutationByGet, RequestRefused, Service, Throttled, TookTooLong
from api.public_error import public_error
from api.request import EVENT_TYPE, JSON_TYPE, RESPONSE_TYPE, Refusal, accepted_type, read_request
from api.settings import ApiSettings
from api.sockets import EventStream
from api.traces import request_traced
from api.viewer import Door, ForeignHost, NotAuthenticated, Viewer
from graph.store.driver import Store
from graph.store.errors import AccessDenied, StoreUnavailable

Headers = tuple[tuple[bytes, bytes], ...]
_LOOKED_AT = {
    name.encode(): name
    for name in (
        "accept",
        "authorization",
        "content-encoding",
        "content-type",
        "host",
        "last-event-id",
        "origin",
        "sec-fetch-site",
        "x-api-key",
    )
}


class GraphQLEndpoint:
    """Answers GraphQL requests; an application of its own, which no layer is wrapped around."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        store: Store = request.app.state.store
        with RequestLogged(scope["headers"]) as id:
            if store.tracer is None:
                answer = await _answered(request)
            else:
                with request_traced(store.tracer, scope["headers"]) as responded:
                    answer = await _answered(request)
                    responded(answer.status_code)
            answer.raw_headers.append((b"x-request-id", id))
            metrics: Metrics = request.app.state.metrics
            metrics.responded(answer.status_code)
            await answer(scope, receive, send)


async def _answered(request: Request) -> Response:
    service: Service = request.app.state.service
    documents: Documents = request.app.state.documents
    media_type = RESPONSE_TYPE
    try:
        headers = _headers(request)
        media_type = accepted_type(headers.get("accept"))
        viewer = await check_viewer(request, headers)
        service.admit(viewer)
        given = await read_request(request, headers, service.limits)
        document, is_get = _document(documents, given.asked), request.method == "GET"
        if media_type == EVENT_TYPE:
            patrol: Patrol = request.app.state.patrol
            results = service.subscribe(
                document,
                given.variables,
                given.operation_name,
                only_reads=is_get,
                viewer=viewer,
                last_event_id=headers.get("last-event-id") or None,
            )
            return EventStream(patrol.guarded(viewer, results), request.app.state.metrics.event_streams)
        result = await service.answer(
            document, given.variables, given.operation_name, only_queries=is_get, viewer=viewer
        )
        documents.keep(given.asked)
        if is_get and given.asked.id is not None and not result.errors:
            return _revalidated(request, result, media_type)
        return result_response(result, media_type)
    except Refusal as refusal:
        error = GraphQLError(str(refusal), extensions={"code": refusal.code})
        return response({"errors": [error.formatted]}, _single(media_type), refusal.status, refusal.headers)
    except Throttled as throttled:
        answer = {"errors": [error.formatted for error in throttled.errors]}
        return response(answer, _single(media_type), 429, {"Retry-After": str(throttled.seconds)})
    except TookTooLong as over:
        return response({"errors": [error.formatted for error in over.errors]}, media_type, 503)
    except RequestRefused as refused:
        # A legacy client takes any other status than 200 for a broken connection.
        return response(
            {"errors": [error.formatted for error in refused.errors]},
            _single(media_type),
            200 if media_type == JSON_TYPE else _refused_status(refused),
        )
    except MutationByGet:
        error = GraphQLError(
            "GET asks, it does not change: send this by POST.", extensions={"code": "METHOD_NOT_ALLOWED"}
        )
        return response({"errors": [error.formatted]}, media_type, 405, {"Allow": "POST"})
    except (StoreUnavailable, AccessDenied) as unavailable:  # who asks could not be known
        masked = GraphQLError("", original_error=unavailable)
        return response({"errors": [public_error(masked)]}, media_type, 503, {"Retry-After": "5"})
    except Exception as unexpected:  # the last door: whatever it is, the client gets a reference and the log the rest
        masked = GraphQLError("", original_error=unexpected)
        return response({"errors": [public_error(masked)]}, media_type, 500)


def _headers(request: Request) -> dict[str, str]:
    """The headers that are looked at, by their names in lower case; of several with one name the first."""
    given: list[tuple[bytes, bytes]] = request.scope["headers"]
    return {_LOOKED_AT[name]: value.decode("latin-1") for name, value in reversed(given) if name in _LOOKED_AT}


def _document(documents: Documents, asked: Asked) -> str:
    """The document that is asked for; raises RequestRefused."""
    try:
        return documents.text_of(asked)
    except GraphQLError as error:
        raise RequestRefused([error]) from None


def _revalidated(request: Request, result: ExecutionResult, media_type: str) -> Response:
    """An answer that a browser or proxy of this viewer may keep, if it asks each time whether it still holds."""
    answer = result_response(result, media_type)
    data = orjson.dumps(result.data, option=orjson.OPT_UTC_Z)  # without what it costs, which is another each time
    tag = f'W/"{blake2b(data, digest_size=16).hexdigest()}"'
    headers = {
        "ETag": tag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept, Authorization, X-API-Key",
    }
    answer.headers.update(headers)
    known = [each.strip() for each in request.headers.get("if-none-match", "").split(",")]
    return Response(status_code=304, headers=headers) if tag in known else answer


def _single(media_type: str) -> str:
    """The type of one answer, also for a client that waits for events."""
    return JSON_TYPE if media_type == EVENT_TYPE else media_type


def _refused_status(refused: RequestRefused) -> int:
    codes = {(error.extensions or {}).get("code") for error in refused.errors}
    return 403 if codes == {"FORBIDDEN"} else 400


async def check_viewer(request: Request, headers: Mapping[str, str]) -> Viewer:
    """Who asks; raises Refusal (401, 403, 503), and StoreError when the graph cannot tell."""
    door: Door = request.app.state.door
    try:
        viewer = await door.viewer_of(headers)
    except NotAuthenticated as refused:
        # RFC 6750: a client that is told `invalid_token` fetches itself a new one.
        said = f', error="invalid_token", error_description="{refused}"' if str(refused) else ""
        raise Refusal(
            401,
            "UNAUTHENTICATED",
            str(refused) or "Send a key of this API, or its token: Authorization: Bearer …",
            WWW_Authenticate=f'Bearer realm="c360"{said}',
        ) from None
    except NoRole:
        raise Refusal(403, "FORBIDDEN", "The token is right, but gives no role here.") from None
    except ProviderUnavailable:
        raise Refusal(
            503, "SERVICE_UNAVAILABLE", "The identity provider does not answer just now; try again.", Retry_After="10"
        ) from None
    except ForeignHost:
        raise Refusal(
            403,
            "FORBIDDEN",
            "Without a token or keys this API answers only under localhost. Ask there, or set C360_API_TOKEN.",
        ) from None
    # A page of another site may send a simple GET in somebody's name; a POST of JSON it may not.
    settings: ApiSettings = request.app.state.settings
    is_foreign = headers.get("sec-fetch-site") == "cross-site"
    if is_foreign and headers.get("origin") not in settings.cors_origins:
        raise Refusal(403, "FORBIDDEN", "Requests from pages of other sites are refused.")
    return viewer


def result_response(result: ExecutionResult, media_type: str) -> Response:
    """What was executed; 503 when the store answered nothing at all."""
    errors = [public_error(error) for error in result.errors or ()]
    body: dict[str, Any] = {"data": result.data}
    if errors:
        body = {"errors": errors, **body}
    if (
        errors
        and all(error["extensions"]["code"] == "SERVICE_UNAVAILABLE" for error in errors)
        and not _any(result.data)
    ):
        return response({"errors": errors}, media_type, 503, {"Retry-After": "5"})
    if result.extensions:
        body["extensions"] = result.extensions
    return response(body, media_type, 200)


def _any(data: Mapping[str, Any] | None) -> bool:
    return data is not None and any(value is not None for value in data.values())


def response(
    body: Mapping[str, Any], media_type: str, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON response of this media type."""
    answer = _Json(orjson.dumps(body, option=orjson.OPT_UTC_Z), status, _head(media_type))
    if headers:
        answer.headers.update(headers)
    return answer


class _Json(Response):
    """A body with headers that are ready: what Starlette encodes anew for each is the same for all of ours."""

    def __init__(self, body: bytes, status: int, head: Headers) -> None:
        self.body = body
        self.status_code = status
        self.background = None
        self.raw_headers = [*head, (b"content-length", b"%d" % len(body))]


@lru_cache(16)
def _head(media_type: str) -> Headers:
    return (
        (b"content-type", f"{media_type}; charset=utf-8".encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"vary", b"Accept"),
    )
