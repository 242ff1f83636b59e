"""Documents by their ids: automatic persisted queries, and the mode that answers registered documents only."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import GraphQLError

from api.app import create_app
from api.documents import Asked, Documents
from api.server_error import ServerError
from api.settings import ApiSettings
from api.trusted import LOOKED_AT_EVERY, TrustedDocuments, read_documents
from graph.store.driver import Store
from tests.api.socket_client import opened_socket
from tests.api.test_http import JSON, client_of
from tests.api.test_subscriptions import served

pytestmark = pytest.mark.anyio
TYPENAME = "query Root { __typename }"
COUNT = "query Count { customers { totalCount } }"
CHANGE = """mutation Merge { mergeCustomers(input: {customerIds: ["Q3VzdG9tZXI6eA", "Q3VzdG9tZXI6eQ"]}) {
    userErrors { code } } }"""
NOT_FOUND = {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}
TEN = "{ customers(first: 10) { totalCount } }"


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def by_hash(text: str, **more: Any) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}, **more}


async def post(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.post("/graphql", json=body, headers=JSON)).json()
    return answer


async def get(client: httpx.AsyncClient, body: dict[str, Any], **headers: str) -> httpx.Response:
    params = {name: value if isinstance(value, str) else json.dumps(value) for name, value in body.items()}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.get("/graphql", params=params, headers={"accept": JSON["accept"], **named})


def code(answer: dict[str, Any]) -> str:
    return str(answer["errors"][0]["extensions"]["code"])


@pytest.fixture
async def client(embedded_store: Store) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(embedded_store) as client:
        yield client


async def test_a_hash_is_answered_once_its_document_has_been_sent(client: httpx.AsyncClient) -> None:
    """The protocol of automatic persisted queries, by POST and GET, and the same by `documentId`."""
    unknown = [await post(client, by_hash(COUNT)), (await get(client, by_hash(COUNT))).json()]
    sent = await post(client, by_hash(COUNT, query=COUNT))
    known = [
        await post(client, by_hash(COUNT)),
        (await get(client, by_hash(COUNT))).json(),
        await post(client, {"documentId": f"sha256:{hash_of(COUNT)}"}),
        (await get(client, {"documentId": hash_of(COUNT)})).json(),
    ]
    legacy = await client.post("/graphql", json=by_hash(TYPENAME), headers={"accept": "application/json"})

    assert unknown == [{"errors": [NOT_FOUND]}] * 2
    assert sent == {"data": {"customers": {"totalCount": 0}}}
    assert known == [sent] * 4
    assert (legacy.status_code, legacy.json()) == (200, {"errors": [NOT_FOUND]})


async def test_only_valid_documents_are_kept(client: httpx.AsyncClient) -> None:
    """One that is refused is not known afterwards, nor one whose hash is another's."""
    wrong = "{ nothing }"
    refused = await post(client, by_hash(wrong, query=wrong))
    stolen = await post(client, {**by_hash(TYPENAME), "query": COUNT})

    assert code(refused) == "GRAPHQL_VALIDATION_FAILED"
    assert code(stolen) == "BAD_REQUEST"
    assert await post(client, by_hash(wrong)) == await post(client, by_hash(TYPENAME)) == {"errors": [NOT_FOUND]}


@pytest.mark.parametrize(
    "body",
    [
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}},
        {"extensions": {"persistedQuery": {"version": 1}}},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": 7}}},
        {"extensions": {"persistedQuery": "x"}},
        {"extensions": []},
        {"extensions": {}},
        {"documentId": 7},
        {"documentId": ""},
        {"documentId": "x", "query": 7},
        {"query": " "},
    ],
)
async def test_what_is_neither_a_document_nor_an_id_is_400(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    """Whatever stands in the place of an id."""
    answer = await client.post("/graphql", json=body, headers=JSON)
    assert (answer.status_code, code(answer.json())) == (400, "BAD_REQUEST")


def test_what_is_kept_is_bounded_by_number_and_size() -> None:
    """The document not asked for longest goes; one that is huge is never kept."""
    documents = Documents(most=3, most_bytes=1_000)
    texts = [f"query Q{number} {{ __typename }}" for number in range(4)]

    def is_known(text: str) -> bool:
        try:
            return documents.text_of(Asked(None, hash_of(text))) == text
        except GraphQLError:
            return False

    for text in texts[:3]:
        documents.keep(Asked(text, hash_of(text)))
    assert is_known(texts[0])
    documents.keep(Asked(texts[3], hash_of(texts[3])))
    assert [is_known(text) for text in texts] == [True, False, True, True]
    huge = f"# {'x' * 100}\n{{ __typename }}"
    documents.keep(Asked(huge, hash_of(huge)))
    assert not is_known(huge)

    small = Documents(most_bytes=500)
    long = [f"query Q{number} {{ __typename }}{' ' * 20}" for number in range(50)]
    for text in long:
        small.keep(Asked(text, hash_of(text)))
    kept = [text for text in long if small._kept.get(hash_of(text)) == text]
    assert 0 < sum(len(text) for text in kept) == small._kept.bytes <= 500


async def test_an_answer_that_has_not_changed_is_304(client: httpx.AsyncClient, embedded_store: Store) -> None:
    """A GET of a known document has an ETag; the browser that shows it again is told whether it still holds."""
    await post(client, by_hash(COUNT, query=COUNT))
    first = await get(client, by_hash(COUNT))
    same = await get(client, by_hash(COUNT), if_none_match=f'W/"other", {first.headers["etag"]}')
    await embedded_store.write("CREATE (:Customer {id: 'c-1', display_name: 'Ada', sort_name: 'ada'})")
    changed = await get(client, by_hash(COUNT), if_none_match=first.headers["etag"])
    in_full = await get(client, {"query": COUNT})

    assert (first.status_code, first.headers["cache-control"]) == (200, "private, no-cache")
    assert first.headers["vary"] == "Accept, Authorization, X-API-Key"
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (changed.status_code, changed.json()["data"]["customers"]["totalCount"]) == (200, 1)
    assert "etag" not in in_full.headers


@pytest.fixture
def registered(tmp_path: Path) -> Path:
    """A folder with a manifest of each kind and a document."""
    apollo = {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{"id": "a1", "name": "Count", "type": "query", "body": COUNT}],
    }
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "manifest.json").write_text(json.dumps(apollo))
    (tmp_path / "documents.json").write_text(json.dumps({f"sha256:{hash_of(TYPENAME)}": TYPENAME, "change": CHANGE}))
    (tmp_path / "ten.graphql").write_text(TEN)
    (tmp_path / "README.md").write_text("no document")
    return tmp_path


async def test_only_registered_documents_are_answered(embedded_store: Store, registered: Path) -> None:
    """By id, by hash, by the file's name, or as they are; a document of another text is refused, valid as it may be."""
    settings = ApiSettings.from_environment({"C360_TRUSTED_DOCUMENTS": str(registered)})
    async with client_of(embedded_store, settings) as client:
        answered = [
            await post(client, {"documentId": "a1"}),
            (await get(client, {"documentId": "a1"})).json(),
            await post(client, by_hash(TYPENAME)),
            await post(client, {"documentId": f"sha256:{hash_of(TYPENAME)}"}),
            await post(client, {"documentId": "ten"}),
            await post(client, by_hash(TEN)),
            await post(client, {"query": COUNT}),
        ]
        refused = [
            await post(client, {"query": f"{COUNT} "}),
            await post(client, {"query": "{ __schema { types { name } } }"}),
            await post(client, {"documentId": "a2"}),
            await post(client, by_hash("{ __typename }", query="{ __typename }")),
            await post(client, by_hash("{ __typename }")),
        ]
        revalidated = await get(client, {"documentId": "a1"})
        changing = await get(client, {"documentId": "change"})

    count, root = {"data": {"customers": {"totalCount": 0}}}, {"data": {"__typename": "Query"}}
    assert answered == [count, count, root, root, count, count, count]
    outside, unknown = "QUERY_NOT_IN_SAFELIST", "PERSISTED_QUERY_NOT_IN_LIST"
    assert [code(answer) for answer in refused] == [outside, outside, unknown, outside, unknown]
    assert revalidated.headers["etag"]
    assert (changing.status_code, changing.headers["allow"]) == (405, "POST")


async def test_a_socket_answers_registered_documents_only(embedded_store: Store, registered: Path) -> None:
    """By id or as they are; another is refused, and the socket stays."""
    settings = ApiSettings(port=0, trusted_documents=registered)
    async with served(embedded_store, settings=settings) as base, opened_socket(base) as client:
        await client.send(type="subscribe", id="1", payload={"documentId": "a1"})
        by_id = await client.answer()
        await client.send(type="subscribe", id="2", payload={"query": "", **by_hash(TYPENAME)})
        by_its_hash = await client.answer()
        await client.subscribe("{ __typename }", "3")
        refused = await client.receive()
        await client.subscribe(COUNT, "4")
        in_full = await client.answer()

    assert by_id == in_full == {"data": {"customers": {"totalCount": 0}}}
    assert by_its_hash == {"data": {"__typename": "Query"}}
    assert (refused["type"], refused["id"]) == ("error", "3")
    assert refused["payload"][0]["extensions"]["code"] == "QUERY_NOT_IN_SAFELIST"


def test_changed_files_are_read_again(registered: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Within five seconds; while a file is broken the documents of before are trusted, and the log says so."""
    now = [0.0]
    trusted = TrustedDocuments(registered, clock=lambda: now[0])
    assert (trusted.by_id("ten"), len(trusted)) == (TEN, 4)
    (registered / "ten.graphql").write_text(TEN + "\n")
    (registered / "more.graphql").write_text("{ __typename }")
    assert trusted.by_id("more") is None
    now[0] += LOOKED_AT_EVERY
    assert trusted.by_id("more") == "{ __typename }"
    assert TEN not in trusted
    assert TEN + "\n" in trusted
    (registered / "documents.json").write_text('{"a": ')
    now[0] += LOOKED_AT_EVERY
    assert trusted.by_id("change") == CHANGE
    assert "documents.json is not JSON" in caplog.text
    (registered / "documents.json").write_text("{}")
    now[0] += LOOKED_AT_EVERY
    assert trusted.by_id("change") is None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.json", "[]", "is no manifest"),
        ("m.json", '{"a": 7}', "is no manifest"),
        ("m.json", "{", "is not JSON"),
        ("m.json", '{"format": "apollo-persisted-query-manifest", "version": 2}', "not of version 1"),
        ("m.json", '{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{}]}', "without an id"),
        ("m.json", '{"sha256:a": "{ a }", "a": "{ b }"}', "two documents with the id"),
        ("m.json", '{"ten": "{ a }"}', "another document with the id 'ten'"),
        ("m.graphql", "\udcff", "cannot be read"),
    ],
)
def test_what_is_no_manifest_keeps_the_api_from_starting(tmp_path: Path, name: str, text: str, said: str) -> None:
    """The file is named, and what is wrong with it."""
    (tmp_path / "ten.graphql").write_text(TEN)
    (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ServerError) as told:
        read_documents(tmp_path)
    assert said in str(told.value)
    assert "m." in str(told.value) or "ten" in str(told.value)


async def test_a_folder_without_documents_keeps_the_api_from_starting(tmp_path: Path, embedded_store: Store) -> None:
    """An API that would answer nothing, by a path that is wrong, does not start."""
    for path in (tmp_path, tmp_path / "gone"):
        with pytest.raises(ServerError):
            create_app(embedded_store, ApiSettings(trusted_documents=path))
