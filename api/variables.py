"""The variables that c360 is set by from outside: their names, and what each means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Variable:
    """Names that belong together, and their meaning in Markdown, as docs/settings.md tells it."""

    names: tuple[str, ...]
    meaning: str


def misspelt(names: Iterable[str]) -> list[tuple[str, str]]:
    """Those that look like a variable of ours and are none, each with the one that was probably meant.

    `C360_<SECTION>_<KEY>` gives a section of plugins.toml a key, so any name may be right: only a near miss is told.
    """
    known = sorted({name for variable in (*VARIABLES, *FOR_TESTS) for name in variable.names})
    found = []
    for name in sorted(names):
        if name.startswith("C360_") and name not in known and (near := get_close_matches(name, known, 1, cutoff=0.9)):
            found.append((name, near[0]))
    return found


VARIABLES = (
    Variable(
        ("C360_STORE",),
        "the graph's home: `embedded:PATH` (`embedded:./c360-data` unless said), or a Neo4j's "
        "Bolt address such as `bolt://localhost:7687` or `neo4j+s://HOST`",
    ),
    Variable(
        ("C360_STORE_USER",),
        "the user of a Neo4j, `neo4j` unless said",
    ),
    Variable(
        ("C360_STORE_PASSWORD", "C360_STORE_PASSWORD_FILE"),
        "the password, or the file that holds it",
    ),
    Variable(
        ("C360_CACHE",),
        "where the cache of linked records lies for a Neo4j (default: `c360` in the user's cache "
        "folder); an embedded store has it in its data folder",
    ),
    Variable(
        ("C360_API_TOKEN", "C360_API_TOKEN_FILE"),
        "who sends it as `Authorization: Bearer …` may ask; with neither it nor "
        "[keys](security.md) nor a provider the API is served to this machine only",
    ),
    Variable(
        ("C360_OIDC_ISSUER", "C360_OIDC_AUDIENCE"),
        "the [identity provider](security.md) whose tokens let in, and the audience they must be made for",
    ),
    Variable(
        ("C360_OIDC_ROLES_CLAIM", "C360_OIDC_ROLES"),
        "the claim that gives roles (`roles` unless said), and which of its values give which "
        "role: `steward=Customer Care,ops; reader=*`",
    ),
    Variable(
        ("C360_OIDC_NAME_CLAIM",),
        "the claim that decisions are signed with, `sub` unless said",
    ),
    Variable(
        ("C360_OIDC_JWKS", "C360_OIDC_ALGORITHMS", "C360_OIDC_LEEWAY"),
        "where the keys are, if not where discovery says; the algorithms taken; by how many "
        "seconds clocks may differ (60)",
    ),
    Variable(
        ("C360_METRICS_TOKEN", "C360_METRICS_TOKEN_FILE"),
        "who sends it as `Authorization: Bearer …` may read [`/metrics`](operating.md), and nothing else",
    ),
    Variable(
        ("C360_WEBHOOK_URL",),
        "where [alerts](alerts.md) are posted to; https, or this machine",
    ),
    Variable(
        ("C360_WEBHOOK_SECRET", "C360_WEBHOOK_SECRET_FILE"),
        "the key that signs them: `whsec_` and at least 24 bytes in base64",
    ),
    Variable(
        ("C360_SMTP_URL",),
        "the mail server: `smtp://[USER@]HOST[:PORT]` (with STARTTLS) or `smtps://…`",
    ),
    Variable(
        ("C360_SMTP_PASSWORD", "C360_SMTP_PASSWORD_FILE"),
        "its password",
    ),
    Variable(
        ("C360_MAIL_FROM",),
        "the sender, e.g. `Acme Care <care@acme.example>`",
    ),
    Variable(
        ("C360_ALERTS_TO",),
        "whom alerts and their digest are mailed to, with commas between",
    ),
    Variable(
        ("C360_PUBLIC_URL",),
        "where customers reach the API, for links in mails and [deliveries](deliveries.md)",
    ),
    Variable(
        ("C360_LOG",),
        "how lines of the log look: `human` unless said, or `json`, [an object a line](operating.md#the-log)",
    ),
    Variable(
        ("C360_SLOW_QUERY_MS",),
        "an operation that takes so many milliseconds is [logged](operating.md): 1000 unless "
        "said, `0` logs every one, `off` none",
    ),
    Variable(
        ("C360_LIMITS",),
        "what one request, and one viewer, may cost, such as `rate=600 points=1000 depth=10`: "
        "[limits](graphql.md#limits); a key may have its own",
    ),
    Variable(
        ("C360_CORS_ORIGINS",),
        "the sites whose [pages may ask](security.md#pages-of-other-sites), such as `https://app.example`",
    ),
    Variable(
        ("C360_INTROSPECTION",),
        "the lowest [role](security.md) that may ask for the schema: `steward` unless said",
    ),
    Variable(
        ("C360_TRUSTED_DOCUMENTS",),
        "a manifest, or a folder of manifests and documents: [only these are "
        "answered](graphql.md#documents-by-their-ids)",
    ),
    Variable(
        ("C360_PLUGINS_OFF",),
        "plugins that stay off, with commas; `*` is all that do not come with c360",
    ),
)
"""What a user sets."""

FOR_TESTS = (
    Variable(
        ("C360_TEST_NEO4J", "C360_TEST_NEO4J_USER", "C360_TEST_NEO4J_PASSWORD"),
        "a Neo4j for the tests; *everything in it is deleted*",
    ),
    Variable(
        ("C360_TEST_KILLS", "C360_TEST_SEED"),
        "how often a sync is killed at random, and the seed of the dice, to repeat a run",
    ),
    Variable(
        ("C360_REQUIRE_NEO4J",),
        "`1`: the tests fail where there is no Neo4j",
    ),
)
"""What only the tests read."""
