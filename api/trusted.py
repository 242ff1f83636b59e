"""Trusted documents: the operations that clients registered when they were built, read from files.

A file is a manifest (JSON) or a document (`.graphql`); a folder holds any number of either. Manifests are an object of
documents by their ids, as GraphQL Code Generator and relay-compiler write it, or Apollo's operation manifest. A
document in a file of its own is known by its SHA-256 and by the file's name.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from api.server_error import ServerError

LOG = logging.getLogger("c360.api")
LOOKED_AT_EVERY = 5.0
"""Seconds between two looks at whether the files have changed."""
DOCUMENT_ENDINGS = (".graphql", ".gql")
APOLLO = "apollo-persisted-query-manifest"
HASH_PREFIX = "sha256:"


class TrustedDocuments:
    """The documents under a path, read again when a file has changed."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises ServerError when they cannot be read."""
        self._path = path
        self._clock = clock
        self._seen = _state(path)
        self._looked_at = clock()
        self._take(read_documents(path))

    def by_id(self, id: str) -> str | None:
        """The document that has this id."""
        self._look()
        return self._by_id.get(id.removeprefix(HASH_PREFIX))

    def __contains__(self, document: str) -> bool:
        self._look()
        return sha256(document.encode()).digest() in self._hashes

    def __len__(self) -> int:
        return len(self._hashes)

    def _look(self) -> None:
        if self._clock() - self._looked_at < LOOKED_AT_EVERY:
            return
        self._looked_at = self._clock()
        state = _state(self._path)
        if state == self._seen:
            return
        self._seen = state
        try:
            self._take(read_documents(self._path))
        except ServerError as error:
            LOG.error("%s Until it is mended the documents of before are trusted.", error)
        else:
            LOG.info("%d trusted documents were read again", len(self))

    def _take(self, documents: Mapping[str, str]) -> None:
        self._by_id = documents
        self._hashes = {sha256(text.encode()).digest() for text in documents.values()}


def read_documents(path: Path) -> dict[str, str]:
    """All documents by their ids; raises ServerError with the file and what is wrong with it."""
    documents: dict[str, str] = {}
    for file in _files(path):
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ServerError(f"Trusted documents: {file} cannot be read ({error}).") from None
        if file.suffix in DOCUMENT_ENDINGS:
            found = {sha256(text.encode()).hexdigest(): text, file.stem: text}
        else:
            found = _manifest(file, text)
        for id, document in found.items():
            if documents.setdefault(id, document) != document:
                raise ServerError(f"Trusted documents: {file} has another document with the id {id[:80]!r}.")
    if not documents:
        raise ServerError(
            f"Trusted documents: there are none at {path}. Put manifests (.json) or documents (.graphql) there."
        )
    return documents


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders.sort()
        for name in sorted(names):
            if name.endswith((*DOCUMENT_ENDINGS, ".json")):
                yield Path(folder, name)


def _manifest(file: Path, text: str) -> dict[str, str]:
    try:
        told = orjson.loads(text)
    except ValueError as error:
        raise ServerError(f"Trusted documents: {file} is not JSON ({error}).") from None
    if isinstance(told, dict) and told.get("format") == APOLLO:
        pairs = [_operation(file, each) for each in _operations(file, told)]
    elif isinstance(told, dict):
        pairs = list(told.items())
    else:
        pairs = [("", None)]
    found: dict[str, str] = {}
    for id, document in pairs:
        if not isinstance(document, str):
            raise ServerError(
                f"Trusted documents: {file} is no manifest. Known are an object of documents by id (GraphQL Code "
                f"Generator, relay-compiler) and Apollo's ({APOLLO}, version 1)."
            )
        if found.setdefault(id.removeprefix(HASH_PREFIX), document) != document:
            raise ServerError(f"Trusted documents: {file} has two documents with the id {id[:80]!r}.")
    return found


def _operations(file: Path, told: Mapping[str, Any]) -> list[Any]:
    operations = told.get("operations")
    if told.get("version") != 1 or not isinstance(operations, list):
        raise ServerError(f"Trusted documents: {file} is a manifest of Apollo's, but not of version 1.")
    return operations


def _operation(file: Path, told: Any) -> tuple[str, str | None]:
    if not isinstance(told, dict) or not isinstance(told.get("id"), str):
        raise ServerError(f"Trusted documents: {file} has an operation without an id.")
    return told["id"], told.get("body")


def _state(path: Path) -> tuple[tuple[str, int, int], ...]:
    """What tells a file that was changed from one that was not."""
    found = []
    for file in _files(path):
        try:
            told = file.stat()
        except OSError:
            continue
        found.append((str(file), told.st_mtime_ns, told.st_size))
    return tuple(found)
