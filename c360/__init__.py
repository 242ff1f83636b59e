"""c360 for those who build on it: the contract of a connector, the records it gives, the errors it raises.

    from c360 import Person, Stream, StreamKind, Page, hookimpl

And for analysts, who ask the graph: `from c360 import connect`.
"""

from typing import TYPE_CHECKING

from connectors.errors import (
    C360Error,
    PluginConfigError,
    PluginLoadError,
    RecordError,
    SourceError,
    SourceNotFound,
    SourceRefused,
    SourceUnavailable,
)
from connectors.hookspecs import (
    API_VERSION,
    BeginsAtMoment,
    CheckReport,
    Connector,
    Deletions,
    Page,
    Partial,
    RawProblem,
    ReceivesPushes,
    State,
    Stream,
    StreamKind,
    WebhookRequest,
    hookimpl,
)
from connectors.http import Patience, SourceClient
from connectors.plugins import Registry
from connectors.raws import decode_each
from connectors.records import (
    Account,
    Address,
    BusinessFunction,
    Channel,
    Consent,
    ConsentStatement,
    ConsentStatus,
    Direction,
    Email,
    Identifiers,
    Interaction,
    Person,
    Phone,
    Precision,
    Record,
    RecordKey,
    SurveyMetric,
    SurveyProgram,
    Tombstone,
    said,
    utc,
)

if TYPE_CHECKING:
    from graph.analyst import connect

__all__ = [
    "API_VERSION",
    "Account",
    "Address",
    "BeginsAtMoment",
    "BusinessFunction",
    "C360Error",
    "Channel",
    "CheckReport",
    "Connector",
    "Consent",
    "ConsentStatement",
    "ConsentStatus",
    "Deletions",
    "Direction",
    "Email",
    "Identifiers",
    "Interaction",
    "Page",
    "Partial",
    "Patience",
    "Person",
    "Phone",
    "PluginConfigError",
    "PluginLoadError",
    "Precision",
    "RawProblem",
    "ReceivesPushes",
    "Record",
    "RecordError",
    "RecordKey",
    "Registry",
    "SourceClient",
    "SourceError",
    "SourceNotFound",
    "SourceRefused",
    "SourceUnavailable",
    "State",
    "Stream",
    "StreamKind",
    "SurveyMetric",
    "SurveyProgram",
    "Tombstone",
    "WebhookRequest",
    "connect",
    "decode_each",
    "hookimpl",
    "said",
    "utc",
]


def __getattr__(name: str) -> object:
    """`connect`, imported when it is asked for: a connector needs no graph."""
    if name == "connect":
        from graph.analyst import connect

        return connect
    raise AttributeError(f"module 'c360' has no attribute {name!r}")
