"""What keeps the API from being served."""

from __future__ import annotations

from connectors.errors import C360Error


class ServerError(C360Error):
    """The API cannot be served like this; the message says what, where and what next."""
