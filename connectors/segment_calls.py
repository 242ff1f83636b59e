"""The calls of Segment's tracking API as they come: one, or a batch; with the moment at which each happened.

https://segment.com/docs/connections/spec/common/
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeAlias

import msgspec

from connectors.errors import RecordError
from connectors.hookspecs import RawProblem
from connectors.moments import EARLIEST, LATEST
from connectors.records import utc

Id: TypeAlias = str | int | None


class Call(msgspec.Struct, frozen=True, rename="camel"):
    """What all calls share, and what each has of its own; ids may come as numbers."""

    type: str
    message_id: str | None = None
    user_id: Id = None
    anonymous_id: Id = None
    previous_id: Id = None
    group_id: Id = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    timestamp: datetime | None = None
    original_timestamp: datetime | None = None
    sent_at: datetime | None = None

    @property
    def where(self) -> str:
        return f"{self.type[:20]} {(self.message_id or 'without a messageId')[:60]}"

    def happened(self, received_at: datetime) -> datetime:
        """When it happened, UTC. A device's clock may be wrong: what it says is held against when it sent the call.

        Segment has done so where `originalTimestamp` stands beside `timestamp`.
        """
        if self.timestamp is not None and self.original_timestamp is not None:
            return _possible(utc(self.timestamp), self.where)
        said = self.timestamp or self.original_timestamp
        if said is None:
            return received_at
        if self.sent_at is None:
            return _possible(utc(said), self.where)
        return _possible(received_at - max(utc(self.sent_at) - utc(said), timedelta(0)), self.where)


class _Batch(msgspec.Struct, frozen=True, rename="camel"):
    batch: list[msgspec.Raw]
    context: dict[str, Any] | None = None
    sent_at: datetime | None = None


class _Kind(msgspec.Struct, frozen=True):
    """Only whether it is a batch."""

    batch: msgspec.Raw = msgspec.Raw()


def calls_of(body: bytes) -> list[Call | RawProblem]:
    """The calls of a body; RecordError when it is no JSON object. A call that cannot be read is a RawProblem."""
    try:
        is_batch = msgspec.json.decode(body, type=_Kind).batch != msgspec.Raw()
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RecordError('The body is no JSON object: send one call, or {"batch": [ … ]}.') from None
    if not is_batch:
        return [_call(body, "the call")]
    try:
        batch = msgspec.json.decode(body, type=_Batch)
    except msgspec.DecodeError as error:
        raise RecordError(f"This is no batch of calls: {error}.") from None
    calls: list[Call | RawProblem] = []
    for index, raw in enumerate(batch.batch):
        call = _call(bytes(raw), f"batch[{index}]")
        if isinstance(call, Call):
            call = msgspec.structs.replace(
                call,
                sent_at=call.sent_at or batch.sent_at,
                context={**(batch.context or {}), **(call.context or {})},
            )
        calls.append(call)
    return calls


def _call(body: bytes, where: str) -> Call | RawProblem:
    try:
        return msgspec.json.decode(body, type=Call)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return RawProblem(where, f"is no call of Segment: {error}.", body.decode("utf-8", "replace")[:10_000])


def _possible(moment: datetime, where: str) -> datetime:
    if not EARLIEST <= moment < LATEST:
        raise RecordError(f"{where}: timestamp {moment:%Y-%m-%d} is no moment at which customers live.")
    return moment
