"""Mails, by the standard library's SMTP client, in a thread of their own."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, parseaddr

from api.outgoing.settings import MailSettings
from api.outgoing.webhook import NotDelivered

TIMEOUT_SECONDS = 20.0


async def send_mail(settings: MailSettings, to: str, subject: str, text: str, id: str, html: str | None = None) -> None:
    """Send one mail in plain text, beside it as HTML where that is given. Raises NotDelivered.

    The same `id` is the same mail, however often it comes.
    """
    message = EmailMessage()
    message["From"] = settings.sender
    message["To"] = to
    message["Subject"] = " ".join(subject.split())
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = f"<{id}@{parseaddr(settings.sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    try:
        await asyncio.to_thread(_send, settings, message)
    except (smtplib.SMTPException, OSError) as error:
        raise NotDelivered(
            f"The mail server {settings.host}:{settings.port} does not take mails: {_why(error)}. "
            "See C360_SMTP_URL and its password."
        ) from None


def _send(settings: MailSettings, message: EmailMessage) -> None:
    trusted = ssl.create_default_context()
    server: smtplib.SMTP
    if settings.tls == "from the start":
        server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT_SECONDS, context=trusted)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
    with server:
        if settings.tls == "start":
            server.starttls(context=trusted)
        if settings.user is not None and settings.password is not None:
            server.login(settings.user, settings.password.get_secret_value())
        server.send_message(message)


def _why(error: Exception) -> str:
    """Without addresses, which an answer may quote."""
    return (
        f"{type(error).__name__} {error.smtp_code}"
        if isinstance(error, smtplib.SMTPResponseException)
        else (type(error).__name__)
    )
