"""E-mail over SMTP, in a thread."""

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from domain.errors import ConflictError, RejectedError, UnavailableError
from domain.ports import Clock
from services.channels.addresses import Addresses
from services.dispatch.fitting import Room
from services.dispatch.pacing import Limit
from services.dispatch.packing import Parcel
from services.dispatch.when import local

TIMEOUT_S: Final = 10.0
EXPECTED: Final = (
    "mail: say TIDEWALK_SMTP=smtp://USER:PASSWORD@HOST:587 (or smtps://) and TIDEWALK_SMTP_FROM=NAME@DOMAIN"
)
_PORTS: Final = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """Where mail is handed in, and who it is from. With `tls` from the first word; else after STARTTLS, except where
    the server is on this machine.
    """

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    tls: bool = False

    @property
    def near(self) -> bool:
        """Whether the server is on this machine."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False


def smtp_of(url: str, sender: str) -> SmtpSettings:
    """`smtp://USER:PASSWORD@HOST:PORT` or `smtps://…`. Raises ConflictError, and shows nothing of it."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
        host = parts.hostname or ""
    except (ValueError, KeyError):
        raise ConflictError(EXPECTED) from None
    if not host or "@" not in parseaddr(sender)[1]:
        raise ConflictError(EXPECTED)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpSettings(host, port, sender, user, password, tls=parts.scheme == "smtps")


class Email:
    """A Channel to mailboxes. The key is the Message-ID: mail programs show what comes twice once."""

    room: Room = Room(20_000)
    limits: Sequence[Limit] = (Limit(30, 60_000),)

    def __init__(
        self, settings: SmtpSettings, addresses: Addresses, clock: Clock, trust: ssl.SSLContext | None = None
    ) -> None:
        self._settings, self._addresses, self._clock, self._trust = settings, addresses, clock, trust

    async def send(self, parcel: Parcel) -> None:
        """Return when the server has it. Raises UnavailableError, RejectedError."""
        to = self._addresses.value(parcel.address)
        if "@" not in parseaddr(to)[1] or any(ord(c) < 32 for c in to):
            raise RejectedError("the contact is no e-mail address")
        await asyncio.to_thread(self._hand_in, self._mail(parcel, to))

    def _mail(self, parcel: Parcel, to: str) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = " ".join(parcel.subject.split())
        mail["From"], mail["To"] = self._settings.sender, to
        mail["Date"] = format_datetime(local(self._clock.now(), "UTC"))
        domain = parseaddr(self._settings.sender)[1].rpartition("@")[2]
        mail["Message-ID"] = f"<{parcel.key.replace(':', '.')}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        if parcel.urgent:
            mail["Importance"] = "high"
        mail.set_content(parcel.text)
        return mail

    def _hand_in(self, mail: EmailMessage) -> None:
        """Blocking."""
        where = self._settings
        try:
            with self._connected() as server:
                if where.user:
                    server.login(where.user, where.password)
                server.send_message(mail)
        except smtplib.SMTPResponseException as said:
            raise _meaning(where.host, said.smtp_code) from said
        except smtplib.SMTPRecipientsRefused as refused:
            raise _meaning(where.host, max(code for code, _ in refused.recipients.values())) from refused
        except smtplib.SMTPNotSupportedError as lacking:
            raise RejectedError(f"{where.host}: {lacking}") from lacking
        except (smtplib.SMTPException, OSError) as away:
            raise UnavailableError(f"{where.host}: {type(away).__name__}") from away

    def _connected(self) -> smtplib.SMTP:
        where = self._settings
        if where.tls:
            return smtplib.SMTP_SSL(where.host, where.port, timeout=TIMEOUT_S, context=self._context())
        server = smtplib.SMTP(where.host, where.port, timeout=TIMEOUT_S)
        if not where.near:
            server.starttls(context=self._context())
        return server

    def _context(self) -> ssl.SSLContext:
        return self._trust or ssl.create_default_context()


def _meaning(host: str, code: int) -> UnavailableError | RejectedError:
    told = f"{host} answers {code}"
    return RejectedError(told) if code >= 500 else UnavailableError(told)
