"""The body of an answer, unpacked and read no further than a limit: a small answer may hold gigabytes."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import httpx

ACCEPTED = "gzip, deflate"
"""What we ask for, because it is what can be unpacked a piece at a time."""


class AnswerTooLarge(Exception):
    """The answer is larger than the limit, packed or unpacked."""


async def read_answer(response: httpx.Response, largest: int) -> httpx.Response:
    """The streamed response with its whole body, unpacked; AnswerTooLarge beyond `largest` bytes.

    Raises httpx.DecodingError for a body that is not packed as its header says, RemoteProtocolError for one that ends
    before its end.
    """
    if (_number(response.headers.get("content-length")) or 0) > largest:
        raise AnswerTooLarge
    if response.is_stream_consumed:  # it came whole, from a transport in this process
        return response
    body = bytearray()
    async for piece in _unpacked(response, largest):
        body += piece
        if len(body) > largest:
            raise AnswerTooLarge
    headers = [
        (name, value)
        for name, value in response.headers.multi_items()
        if name.lower() not in ("content-encoding", "content-length", "transfer-encoding")
    ]
    return httpx.Response(
        response.status_code,
        headers=headers,
        content=bytes(body),
        request=response.request,
        extensions=response.extensions,
    )


async def _unpacked(response: httpx.Response, largest: int) -> AsyncIterator[bytes]:
    packing = response.headers.get("content-encoding", "").strip().lower()
    if packing in ("", "identity"):
        async for piece in response.aiter_raw():
            yield piece
        return
    if packing not in ("gzip", "x-gzip", "deflate"):
        raise httpx.DecodingError(f"the body is packed as {packing[:20]!r}, which was not asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    begun = False
    try:
        async for piece in response.aiter_raw():
            rest = piece
            while rest:
                begun = True
                yield unpacker.decompress(rest, largest + 1)
                if unpacker.unconsumed_tail:
                    raise AnswerTooLarge
                rest = unpacker.unused_data  # gzip may have several members
                if rest:
                    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    except zlib.error as error:
        raise httpx.DecodingError(f"the body is no {packing} ({error})") from None
    if begun and not unpacker.eof:
        raise httpx.RemoteProtocolError(f"the {packing} body ends before its end")


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
