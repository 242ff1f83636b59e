"""Tokens of an identity provider: who is let in, as what, and what happens when its keys change or it is away."""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey

from api.app import create_app
from api.issuer_keys import FRESH_SECONDS, PAUSE_SECONDS, STALE_SECONDS, IssuerKeys, ProviderUnavailable
from api.oidc import IdentityProvider, NoRole, TokenRefused
from api.oidc_settings import OidcSettings
from api.server_error import ServerError
from api.settings import ApiSettings
from graph.keys import Role, create_key
from graph.store.driver import Store
from tests.api.issuer import AUDIENCE, Issuer, running_issuer
from tests.api.socket_client import Closed, opened_socket
from tests.api.test_http import JSON, TYPENAME
from tests.api.test_subscriptions import served

pytestmark = pytest.mark.anyio


class Hours:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


def part(data: bytes) -> str:
    """A part of a token as it is written."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


async def refused(provider: IdentityProvider, token: str) -> str:
    with pytest.raises(TokenRefused) as told:
        await provider.identify(token)
    return str(told.value)


async def test_a_token_lets_in_with_the_role_of_its_claim(embedded_store: Store, issuer: Issuer) -> None:
    """The highest of its roles holds; keys go on letting in beside it, and nobody comes without either."""
    settings = ApiSettings(oidc=issuer.settings)
    _, key = await create_key(embedded_store, "dashboard", Role.READER)
    transport = httpx.ASGITransport(create_app(embedded_store, settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://c360.example") as client:

        async def ask(query: str, **headers: str) -> httpx.Response:
            return await client.post("/graphql", json={"query": query}, headers={**JSON, **headers})

        reviews = "{ matchReviews { totalCount } }"
        as_reader = await ask(reviews, authorization=f"Bearer {issuer.token()}")
        as_steward = await ask(reviews, authorization=f"Bearer {issuer.token(roles=['reader', 'Steward', 'x'])}")
        as_nobody = await ask(reviews, authorization=f"Bearer {issuer.token(roles=['guest'])}")
        expired = await ask(reviews, authorization=f"Bearer {issuer.token(exp=int(time.time()) - 3600)}")
        by_key = await ask("{ __typename }", authorization=f"Bearer {key}")
        without = await client.post("/graphql", content=TYPENAME, headers={**JSON, "host": "localhost"})

    assert as_reader.status_code == 403
    assert as_reader.json()["errors"][0]["extensions"]["role"] == "reader"
    assert as_steward.json() == {"data": {"matchReviews": {"totalCount": 0}}}
    assert (as_nobody.status_code, as_nobody.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert (expired.status_code, expired.json()["errors"][0]["message"]) == (401, "The token has expired.")
    assert 'error="invalid_token"' in expired.headers["www-authenticate"]
    assert by_key.status_code == 200
    assert without.status_code == 401


async def test_what_is_not_a_token_of_this_issuer_for_this_audience_is_refused(issuer: Issuer) -> None:
    """Each claim and each part of the header counts; the answer says which, and nothing else."""
    provider = IdentityProvider(issuer.settings)
    now = int(time.time())
    key = issuer.keys[0]
    stranger = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    good = issuer.token()
    head, claims, signature = good.split(".")
    unsigned = part(orjson.dumps({"alg": "none", "kid": "one"}))
    shared = f"{part(orjson.dumps({'alg': 'HS256', 'kid': 'one'}))}.{claims}"
    with_public_key = part(hmac.digest(key.as_pem(private=False), shared.encode(), "sha256"))

    assert (await provider.identify(good)).subject == "u1"
    answers = {
        "other issuer": await refused(provider, issuer.token(iss="https://evil.example")),
        "no issuer": await refused(provider, issuer.token(iss=None)),
        "other audience": await refused(provider, issuer.token(aud="another app")),
        "among audiences": await refused(provider, issuer.token(aud=["another", "third"])),
        "no audience": await refused(provider, issuer.token(aud=None)),
        "no end": await refused(provider, issuer.token(exp=None)),
        "end is a text": await refused(provider, issuer.token(exp="tomorrow")),
        "expired": await refused(provider, issuer.token(exp=now - 61)),
        "not yet": await refused(provider, issuer.token(nbf=now + 120)),
        "from the future": await refused(provider, issuer.token(iat=now + 120)),
        "nobody": await refused(provider, issuer.token(sub=None)),
        "signed by a stranger": await refused(provider, issuer.token(stranger)),
        "changed": await refused(provider, f"{head}.{claims[:-4]}AAAA.{signature}"),
        "unsigned": await refused(provider, f"{unsigned}.{claims}."),
        "signed with the public key": await refused(provider, f"{shared}.{with_public_key}"),
        "not an access token": await refused(provider, issuer.token(header={"typ": "logout+jwt"})),
        "no JSON": await refused(provider, "a.b.c"),
        "endless": await refused(provider, "a" * 20_000 + ".b.c"),
    }

    assert answers == {
        "other issuer": "The token's iss is not what it must be.",
        "no issuer": "The token lacks iss.",
        "other audience": "The token's aud is not what it must be.",
        "among audiences": "The token's aud is not what it must be.",
        "no audience": "The token lacks aud.",
        "no end": "The token lacks exp.",
        "end is a text": "The token's exp is not what it must be.",
        "expired": "The token has expired.",
        "not yet": "The token's nbf is not what it must be.",
        "from the future": "The token's iat is not what it must be.",
        "nobody": "The token lacks sub.",
        "signed by a stranger": "The token's signature is wrong.",
        "changed": "The token's signature is wrong.",
        "unsigned": "The token is signed with an algorithm that is not taken here.",
        "signed with the public key": "The token is signed with an algorithm that is not taken here.",
        "not an access token": "The token is of a kind that is not taken here.",
        "no JSON": "The token cannot be read.",
        "endless": "The token is too long.",
    }


async def test_clocks_may_differ_by_the_leeway(issuer: Issuer) -> None:
    """A token that ended less than a minute ago lets in, until the minute is over; then not even as one remembered."""
    moment = Hours()
    moment.now = time.time()
    provider = IdentityProvider(issuer.settings, clock=moment)
    token = issuer.token(exp=int(moment.now) - 55, nbf=int(moment.now) + 50)

    assert (await provider.identify(token)).role is Role.READER
    moment.now += 6
    assert await refused(provider, token) == "The token has expired."


async def test_roles_are_found_where_the_provider_puts_them(issuer: Issuer) -> None:
    """A claim within a claim, a claim whose name is an address, a text with blanks; groups are mapped to roles."""

    async def role(settings: OidcSettings, **claims: Any) -> Role:
        return (await IdentityProvider(settings).identify(issuer.token(**claims))).role

    def settings(**variables: str) -> OidcSettings:
        named = {f"C360_OIDC_{name}": text for name, text in variables.items()}
        found = OidcSettings.from_environment(
            {"C360_OIDC_ISSUER": issuer.address, "C360_OIDC_AUDIENCE": AUDIENCE, **named}
        )
        assert found is not None
        return found

    nested = settings(ROLES_CLAIM="realm_access.roles")
    address = settings(ROLES_CLAIM="https://c360.example/roles")
    scope = settings(ROLES_CLAIM="scope", ROLES="analyst=c360:compare; steward=c360:decide")
    groups = settings(ROLES_CLAIM="groups", ROLES="steward=Customer Care,ops; reader=*", NAME_CLAIM="email")

    assert await role(nested, realm_access={"roles": ["admin"]}) is Role.ADMIN
    assert await role(address, **{"https://c360.example/roles": ["analyst"]}) is Role.ANALYST
    assert await role(scope, scope="openid c360:compare") is Role.ANALYST
    assert await role(groups, groups=["Customer Care"], email="a@x.test") is Role.STEWARD
    assert await role(groups, groups=None, email="a@x.test") is Role.READER
    with pytest.raises(NoRole):
        await role(scope, scope="openid")
    with pytest.raises(TokenRefused, match="email is no name"):
        await role(groups)


async def test_a_new_key_is_found_and_an_old_one_holds_no_more(issuer: Issuer) -> None:
    """After a rotation the first token with the new key lets in; the old key's tokens do not."""
    keys_at = Hours()
    provider = IdentityProvider(issuer.settings, IssuerKeys(issuer.settings, clock=keys_at))
    old = issuer.token()
    await provider.identify(old)
    issuer.rotate()
    keys_at.now += PAUSE_SECONDS

    assert (await provider.identify(issuer.token())).subject == "u1"
    assert await refused(IdentityProvider(issuer.settings), old) == (
        "The token is signed with a key that its issuer does not have."
    )


async def test_keys_taken_back_are_noticed_in_passing(issuer: Issuer) -> None:
    """Old keys are fetched again while they still answer, so that a key that leaked can be taken back."""
    now = Hours()
    keys = IssuerKeys(issuer.settings, clock=now)
    assert await keys.key("one", "RS256") is not None
    issuer.rotate()
    now.now += FRESH_SECONDS

    assert await keys.key("one", "RS256") is not None
    for _ in range(500):
        if await keys.key("one", "RS256") is None:
            break
        await asyncio.sleep(0.01)
    assert await keys.key("one", "RS256") is None
    assert await keys.key("two", "ES256") is not None


async def test_a_flood_of_unknown_keys_reaches_the_issuer_once(issuer: Issuer) -> None:
    """Two hundred tokens with keys of their own cost one request each ten seconds, and good ones go on."""
    now = Hours()
    provider = IdentityProvider(issuer.settings, IssuerKeys(issuer.settings, clock=now))
    stranger = ECKey.generate_key("P-256", private=True)
    good = issuer.token()
    await provider.identify(good)
    flood = [issuer.token(stranger, {"kid": f"k{number}"}) for number in range(200)]

    await asyncio.gather(*(refused(provider, token) for token in flood))
    assert issuer.key_sets_served == 1
    now.now += PAUSE_SECONDS
    await asyncio.gather(*(refused(provider, token) for token in flood))
    assert issuer.key_sets_served == 2
    assert (await provider.identify(issuer.token(sub="u2"))).subject == "u2"


async def test_while_the_issuer_is_away_the_last_known_keys_hold(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    """For a day; then, and before there ever was a key, nobody can tell: that is 503, not 401."""
    now = Hours()
    keys = IssuerKeys(issuer.settings, clock=now)
    assert await keys.key("one", "RS256") is not None
    issuer.is_down = True
    now.now += STALE_SECONDS - 1
    assert await keys.key("one", "RS256") is not None
    now.now += PAUSE_SECONDS
    with pytest.raises(ProviderUnavailable):
        await keys.key("one", "RS256")
    with pytest.raises(ProviderUnavailable):
        await IssuerKeys(issuer.settings).key("one", "RS256")
    assert "answers 503" in caplog.text

    issuer.is_down = False
    now.now += PAUSE_SECONDS
    assert await keys.key("one", "RS256") is not None


async def test_an_issuer_that_cannot_be_reached_is_503_and_closes_a_socket_with_1013(embedded_store: Store) -> None:
    """The client is told to come back."""
    async with running_issuer() as gone:
        token, settings = gone.token(), ApiSettings(port=0, oidc=gone.settings)
    shown = {"authorization": f"Bearer {token}"}
    async with served(embedded_store, settings=settings) as base, httpx.AsyncClient(base_url=base) as client:
        answer = await client.post("/graphql", content=TYPENAME, headers={**JSON, **shown})
        with pytest.raises(Closed) as closed:
            async with opened_socket(base, payload=shown):
                pass

    assert closed.value.code == 1013
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert answer.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"


async def test_a_socket_is_let_in_by_a_token(embedded_store: Store, issuer: Issuer) -> None:
    """`connection_init` carries it as the header would; without a role it closes with 4403, expired with 4401."""
    settings = ApiSettings(port=0, oidc=issuer.settings)

    async def closed_with(base: str, token: str) -> int:
        with pytest.raises(Closed) as told:
            async with opened_socket(base, payload={"Authorization": f"Bearer {token}"}):
                pass
        return told.value.code

    async with served(embedded_store, settings=settings) as base:
        async with opened_socket(base, payload={"Authorization": f"Bearer {issuer.token()}"}) as client:
            await client.subscribe("{ customers { totalCount } }")
            allowed = await client.answer()
        codes = [await closed_with(base, issuer.token(roles=[])), await closed_with(base, issuer.token(exp=1))]

    assert allowed["data"] == {"customers": {"totalCount": 0}}
    assert codes == [4403, 4401]


async def test_a_key_only_checks_what_it_is_for(issuer: Issuer) -> None:
    """Keys for encryption, of another algorithm, of another curve, short ones and shared secrets check nothing."""
    with pytest.warns(SecurityWarning):
        short = RSAKey.generate_key(1024, {"kid": "short"}, private=True)
    good = issuer.keys[0]
    kept = ECKey.generate_key("P-256", {"kid": "kept", "alg": "ES384"}, private=True)
    issuer.keys = [
        RSAKey.generate_key(2048, {"kid": "box", "use": "enc"}, private=True),
        kept,
        ECKey.generate_key("P-384", {"kid": "curve"}, private=True),
        short,
        OctKey.generate_key(256, {"kid": "shared"}),
        good,
    ]
    keys = IssuerKeys(issuer.settings)

    assert await keys.key("one", "RS256") is not None
    assert await keys.key("one", "ES256") is None
    for kid, algorithm in (
        ("box", "RS256"),
        ("kept", "ES256"),
        ("curve", "ES256"),
        ("short", "RS256"),
        ("shared", "RS256"),
    ):
        assert await keys.key(kid, algorithm) is None, kid
    assert await keys.key("curve", "ES384") is not None
    assert await keys.key(None, "ES384") is not None
    assert await keys.key(None, "ES256") is None


@pytest.mark.parametrize(
    ("discovery", "said"),
    [
        ({"issuer": "https://evil.example"}, "names another issuer"),
        ({"jwks_uri": "http://evil.example/keys"}, "names no `jwks_uri`"),
        ({"jwks_uri": 7}, "names no `jwks_uri`"),
    ],
)
async def test_discovery_leads_nowhere_else(
    issuer: Issuer, discovery: dict[str, Any], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A document of another issuer, or keys over plain http, are not taken; the log says why."""
    issuer.discovery |= discovery
    with pytest.raises(ProviderUnavailable):
        await IssuerKeys(issuer.settings).key("one", "RS256")
    assert said in caplog.text
    assert issuer.key_sets_served == 0


async def test_the_keys_may_be_named_without_discovery(issuer: Issuer) -> None:
    """C360_OIDC_JWKS is asked alone."""
    issuer.discovery = {}
    settings = OidcSettings(issuer=issuer.address, audience=AUDIENCE, jwks=f"{issuer.address}/keys")
    assert await IssuerKeys(settings).key("one", "RS256") is not None


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"AUDIENCE": "c360"}, "C360_OIDC_ISSUER is missing"),
        ({"ISSUER": "https://id.example"}, "C360_OIDC_AUDIENCE is missing"),
        ({"ISSUER": "http://id.example", "AUDIENCE": "c360"}, "must be an https:// address"),
        ({"ISSUER": "https://id.example", "AUDIENCE": "c360", "JWKS": "ftp://x"}, "C360_OIDC_JWKS must be an https"),
        ({"ISSUER": "https://id.example", "AUDIENCE": "c360", "ALGORITHMS": "RS256 HS256"}, "'HS256' is not taken"),
        ({"ISSUER": "https://id.example", "AUDIENCE": "c360", "ALGORITHMS": "none"}, "'none' is not taken"),
        ({"ISSUER": "https://id.example", "AUDIENCE": "c360", "ROLES": "boss=x"}, "'boss=x' is not `role=value"),
        ({"ISSUER": "https://id.example", "AUDIENCE": "c360", "LEEWAY": "900"}, "from 0 to 300"),
        ({"ISSUER": "https://id.example", "AUDIENCE": "c360", "ROLE": "x"}, "C360_OIDC_ROLE is no setting"),
    ],
)
def test_a_wrong_setting_is_told_before_anything_starts(variables: dict[str, str], said: str) -> None:
    """What is missing, unsafe or misspelt keeps the API from starting."""
    with pytest.raises(ServerError) as told:
        ApiSettings.from_environment({f"C360_OIDC_{name}": text for name, text in variables.items()})
    assert said in str(told.value)
