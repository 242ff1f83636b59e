"""Where messages go: a webhook, a mail server; each may be left out. Secrets stand in variables or files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from connectors.errors import C360Error
from connectors.problems import Problems
from connectors.signatures import SHORTEST_KEY, key_of


class OutgoingError(C360Error):
    """Messages cannot be sent like this; the message says what, where and what next."""


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where webhooks go, the key (bytes) that signs them, and where both are set."""

    url: str
    key: bytes
    where: str = "C360_WEBHOOK_URL"


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server, the sender, and whom alerts are told to. `tls` is `start`, `from the start` or `none`."""

    host: str
    port: int
    tls: str
    sender: str
    user: str | None = None
    password: SecretStr | None = None
    alerts_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutgoingSettings:
    """All of it. `public_url` is where customers reach the API, for links in mails; without a slash at its end."""

    webhook: WebhookSettings | None = None
    mail: MailSettings | None = None
    public_url: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> OutgoingSettings:
        """Read C360_WEBHOOK_…, C360_SMTP_…, C360_MAIL_… and C360_PUBLIC_URL.

        Raises one OutgoingError that tells everything that is wrong, a line each.
        """
        env = os.environ if environment is None else environment
        problems = Problems()
        settings = cls(_webhook(env, problems), _mail(env, problems), problems.read(lambda: _public_url(env), None))
        problems.tell(OutgoingError)
        return settings


def _webhook(env: Mapping[str, str], problems: Problems) -> WebhookSettings | None:
    url = env.get("C360_WEBHOOK_URL", "").strip()
    if not url:
        return None
    problems.read(lambda: _expect_safe(url, "C360_WEBHOOK_URL"), None)
    return WebhookSettings(url, problems.read(lambda: _webhook_key(env), b""))


def _webhook_key(env: Mapping[str, str]) -> bytes:
    secret = _secret(env, "C360_WEBHOOK_SECRET")
    if secret is None:
        raise OutgoingError(
            "C360_WEBHOOK_URL is set, but C360_WEBHOOK_SECRET (or …_FILE) is not: whoever receives a webhook must be "
            "able to tell that it is ours. Make a secret: echo whsec_$(openssl rand -base64 32)"
        )
    key = key_of(secret)
    if key is None:
        raise OutgoingError(
            f"C360_WEBHOOK_SECRET must be whsec_ and at least {SHORTEST_KEY} bytes in base64. "
            "Make one with: echo whsec_$(openssl rand -base64 32)"
        )
    return key


def _mail(env: Mapping[str, str], problems: Problems) -> MailSettings | None:
    url = env.get("C360_SMTP_URL", "").strip()
    if not url:
        return None
    nowhere: tuple[str, int, str, str | None] = ("", 0, "none", None)
    host, port, tls, user = problems.read(lambda: _mail_server(url), nowhere)
    password = problems.read(lambda: _secret(env, "C360_SMTP_PASSWORD"), None)
    return MailSettings(
        host,
        port,
        tls,
        problems.read(lambda: _sender(env), ""),
        user,
        None if password is None else SecretStr(password),
        problems.read(lambda: _alerts_to(env), ()),
    )


def _mail_server(url: str) -> tuple[str, int, str, str | None]:
    """Host, port, how it is spoken to in secret, and the user."""
    parts = urlsplit(url)
    usual = {"smtp": 587, "smtps": 465}
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in usual or not parts.hostname or port == -1 or parts.password:
        raise OutgoingError(
            "C360_SMTP_URL must be smtp://[USER@]HOST[:PORT] (with STARTTLS) or smtps://[USER@]HOST[:PORT]. "
            "The password stands in C360_SMTP_PASSWORD or C360_SMTP_PASSWORD_FILE."
        )
    tls = "from the start" if parts.scheme == "smtps" else "none" if _is_here(parts.hostname) else "start"
    return parts.hostname, port or usual[parts.scheme], tls, unquote(parts.username) if parts.username else None


def _sender(env: Mapping[str, str]) -> str:
    sender = env.get("C360_MAIL_FROM", "").strip()
    if "@" not in parseaddr(sender)[1]:
        raise OutgoingError('C360_MAIL_FROM must be the sender\'s address, e.g. "Acme Care <care@acme.example>".')
    return sender


def _alerts_to(env: Mapping[str, str]) -> tuple[str, ...]:
    to = tuple(each.strip() for each in env.get("C360_ALERTS_TO", "").split(",") if each.strip())
    for each in to:
        if "@" not in parseaddr(each)[1]:
            raise OutgoingError(f"C360_ALERTS_TO: '{each[:80]}' is no address. Write addresses with commas between.")
    return to


def _public_url(env: Mapping[str, str]) -> str | None:
    url = env.get("C360_PUBLIC_URL", "").strip().rstrip("/")
    if not url:
        return None
    _expect_safe(url, "C360_PUBLIC_URL")
    return url


def _expect_safe(url: str, name: str) -> None:
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname))):
        raise OutgoingError(f"{name} must be an https:// address (http:// on this machine only).")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _secret(env: Mapping[str, str], name: str) -> str | None:
    if value := env.get(name, "").strip():
        return value
    file = env.get(f"{name}_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise OutgoingError(f"{name}_FILE: {file} cannot be read ({error}). Put the secret there.") from None
