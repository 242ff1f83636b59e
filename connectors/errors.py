"""What can go wrong at a source, said so that an operator knows what to do."""


class C360Error(Exception):
    """Base of every error that c360 raises on purpose; its text says what, where and what to do."""


class PluginConfigError(C360Error):
    """plugins.toml does not say what the connector needs."""


class PluginLoadError(C360Error):
    """A connector could not be loaded; the others go on."""


class SourceError(C360Error):
    """A source refused or failed; its sync stops at the last page that was stored.

    `status` is the HTTP status where there was one.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class SourceRefused(SourceError):
    """Credentials, scopes or permission: a retry will not help."""


class SourceNotFound(SourceError):
    """The source has no such thing (404, 410): a wrong address, or a record that is gone."""


class SourceUnavailable(SourceError):
    """Unreachable, timed out, or answering 5xx or 429 after all retries: a later sync goes on from the last page.

    `retry_after` is the number of seconds the source asked for, where it said so.
    """

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class RecordError(C360Error):
    """One raw record cannot be mapped; it becomes a Rejection and the rest goes on."""
