"""Mails, by the standard library's SMTP client, in a thread of their own."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, parseaddr

from api.outgoing.settings import MailSettings
from api.outgoing.webhook import NotDelivered

TIMEOUT_SECONDS = 20.0
_NO_MAILBOX = (550, 551, 553)
"""RFC 5321 4.2.3: mailbox unavailable, not local, name not allowed;"""
_BY_POLICY = b"5.7"
"""which RFC 3463 tells from a sender who may not send: that is no fault of the address."""


class AddressRefused(NotDelivered):
    """The mail server takes mails, but none for this address, now or later."""


async def send_mail(settings: MailSettings, to: str, subject: str, text: str, id: str, html: str | None = None) -> None:
    """Send one mail in plain text, beside it as HTML where that is given. Raises NotDelivered, or AddressRefused.

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
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        kind = AddressRefused if code in _NO_MAILBOX and not said.startswith(_BY_POLICY) else NotDelivered
        raise kind(f"The mail server {settings.host}:{settings.port} refuses an address ({code}).") from None
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
    try:
        if settings.tls == "start":
            server.starttls(context=trusted)
        if settings.user is not None and settings.password is not None:
            server.login(settings.user, settings.password.get_secret_value())
        server.send_message(message)
    finally:
        with suppress(smtplib.SMTPException, OSError):  # it was taken, however the server says goodbye
            server.quit()
        server.close()


def _why(error: Exception) -> str:
    """Without addresses, which an answer may quote."""
    return (
        f"{type(error).__name__} {error.smtp_code}"
        if isinstance(error, smtplib.SMTPResponseException)
        else (type(error).__name__)
    )
