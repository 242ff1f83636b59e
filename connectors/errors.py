"""What can go wrong at a source, said so that an operator knows what to do."""


class C360Error(Exception):
    """Base of every error that c360 raises on purpose; its text says what, where and what to do."""


class PluginConfigError(C360Error):
    """plugins.toml does not say what the connector needs."""


class PluginLoadError(C360Error):
    """A connector could not be loaded; the others go on."""


class SourceError(C360Error):
    """A source refused or failed; its sync stops at the last page that was stored."""


class SourceRefused(SourceError):
    """Credentials, scopes or permission: a retry will not help."""


class SourceUnavailable(SourceError):
    """Unreachable, timed out, or answering 5xx or 429 after all retries: a later sync goes on from the last page."""


class RecordError(C360Error):
    """One raw record cannot be mapped; it becomes a Rejection and the rest goes on."""
