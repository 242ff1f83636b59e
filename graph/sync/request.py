"""A request under an idempotency key: the key finds what it did, the hash tells whether it is the same request."""

from __future__ import annotations

from hashlib import blake2b

import msgspec

KEY_REUSED = "This key came with another request before. Take a new key for a new request."


def request_hash(*said: object) -> str:
    """What tells a request that is sent again from another one: a hash of all that it says, 32 hex digits.

    The key itself and whether it is only tried are no part of it.
    """
    return blake2b(msgspec.json.encode(said, order="deterministic"), digest_size=16).hexdigest()
