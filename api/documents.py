"""Documents by their ids: those that clients have sent before, or only those that are trusted.

A client may send the SHA-256 of a document instead of the document: as `extensions.persistedQuery`, the protocol of
automatic persisted queries, or as `documentId`. Without trusted documents one that is not known is asked for once.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from api.plan.errors import coded
from api.plan.kept import Kept
from api.trusted import HASH_PREFIX, TrustedDocuments

MOST_DOCUMENTS = 2_000
MOST_BYTES = 8_000_000


class Asked(msgspec.Struct, frozen=True):
    """What a client sends of a document: itself, its id, or both."""

    text: str | None
    id: str | None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Asked:
        """From a request's parameters; raises a GraphQL error when they are not what they must be."""
        text, id, extensions = given.get("query"), given.get("documentId"), given.get("extensions")
        if id is not None and (not isinstance(id, str) or not id):
            raise coded("BAD_REQUEST", "`documentId` must be a text.")
        persisted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
        if persisted is not None:
            id = _hash_in(persisted)
        return cls(text if isinstance(text, str) and text.strip() else None, id)


class Documents:
    """What a client's words stand for."""

    def __init__(
        self, trusted: TrustedDocuments | None = None, *, most: int = MOST_DOCUMENTS, most_bytes: int = MOST_BYTES
    ) -> None:
        self._trusted = trusted
        self._kept: Kept[str, str] = Kept(most_bytes, most=most, share=10)

    def text_of(self, asked: Asked) -> str:
        """The document; raises a GraphQL error when it is not known, or may not be asked for."""
        if asked.text is None and asked.id is None:
            raise coded("BAD_REQUEST", "`query` is missing: it must hold a GraphQL document.")
        if self._trusted is not None:
            return self._trusted_text(self._trusted, asked)
        id = None if asked.id is None else asked.id.removeprefix(HASH_PREFIX)
        if asked.text is None:
            assert id is not None
            known = self._kept.get(id)
            if known is None:
                # Word for word what Apollo Client and urql wait for: they send the document then.
                raise coded("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
            return known
        if id is not None and sha256(asked.text.encode()).hexdigest() != id:
            raise coded("BAD_REQUEST", "The hash is not that of the document: it must be its SHA-256, in hexadecimal.")
        return asked.text

    def keep(self, asked: Asked) -> None:
        """Know a document that came with its hash, and has turned out to be valid, from now on."""
        if self._trusted is not None or asked.id is None or asked.text is None:
            return
        id = asked.id.removeprefix(HASH_PREFIX)
        if self._kept.get(id) is None:
            self._kept.put(id, asked.text, len(asked.text.encode()))

    def _trusted_text(self, trusted: TrustedDocuments, asked: Asked) -> str:
        if asked.text is not None:
            if asked.text not in trusted:
                raise coded("QUERY_NOT_IN_SAFELIST", "This API answers only documents that were registered before.")
            return asked.text
        assert asked.id is not None
        text = trusted.by_id(asked.id)
        if text is None:
            raise coded("PERSISTED_QUERY_NOT_IN_LIST", "No document of this id was registered.")
        return text


def _hash_in(persisted: Any) -> str:
    if not isinstance(persisted, dict) or persisted.get("version") != 1:
        raise coded("BAD_REQUEST", "`persistedQuery` must be an object of version 1.")
    id = persisted.get("sha256Hash")
    if not isinstance(id, str) or not id:
        raise coded("BAD_REQUEST", "`persistedQuery.sha256Hash` must be a text.")
    return id
