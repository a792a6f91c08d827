"""E-mail against an SMTP server on loopback that says what a test has it say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from domain.errors import ConflictError, RejectedError, UnavailableError
from services.channels.addresses import Addresses
from services.channels.email import Email, SmtpSettings, smtp_of
from services.dispatch.packing import Parcel

PARCEL = Parcel("o-1:1:crew:0", "lamps@coast.example", "", "【P1】灯\n不亮", "第一行\n第二行", urgent=True, orders=())


class Still:
    def now(self) -> int:
        return 1_790_812_800_000


class PostOffice:
    """Enough of RFC 5321 to take mail, and to refuse it."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.to_recipient = "250 ok"
        self.port = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 post.example ESMTP\r\n")
        while line := await reader.readline():
            word = line.split(maxsplit=1)[0].upper() if line.split() else b""
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                body = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
                parsed = message_from_bytes(body, policy=policy.default)
                assert isinstance(parsed, EmailMessage)
                self.mails.append(parsed)
                writer.write(b"250 taken\r\n")
            elif word == b"RCPT":
                writer.write(self.to_recipient.encode() + b"\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 post.example\r\n")
        writer.close()


@asynccontextmanager
async def post_office() -> AsyncIterator[tuple[PostOffice, Email]]:
    office = PostOffice()
    server = await asyncio.start_server(office.talk, "127.0.0.1", 0)
    async with server:
        office.port = server.sockets[0].getsockname()[1]
        settings = SmtpSettings("127.0.0.1", office.port, "Tidewalk <duty@coast.example>")
        yield office, Email(settings, Addresses({}), Still(), None)


@pytest.mark.asyncio
async def test_a_mail_arrives_whole_with_a_subject_in_one_line_and_its_key_as_its_id():
    async with post_office() as (office, channel):
        await channel.send(PARCEL)
        (mail,) = office.mails
        assert mail["Subject"] == "【P1】灯 不亮"
        assert mail["To"] == "lamps@coast.example"
        assert mail["Message-ID"] == "<o-1.1.crew.0@coast.example>"
        assert mail.get_content().split() == ["第一行", "第二行"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("answer", "means"),
    [
        ("450 mailbox busy", UnavailableError),
        ("451 try later", UnavailableError),
        ("550 no such user", RejectedError),
        ("553 not allowed", RejectedError),
    ],
)
async def test_4xx_is_later_and_5xx_is_never(answer: str, means: type[Exception]):
    async with post_office() as (office, channel):
        office.to_recipient = answer
        with pytest.raises(means):
            await channel.send(PARCEL)


@pytest.mark.asyncio
async def test_a_server_that_is_not_there_is_asked_later():
    channel = Email(SmtpSettings("127.0.0.1", 9, "a@b.example"), Addresses({}), Still(), None)
    with pytest.raises(UnavailableError):
        await channel.send(PARCEL)


@pytest.mark.asyncio
@pytest.mark.parametrize("to", ["nobody", "a@b.example\r\nBcc: all@b.example"])
async def test_what_is_no_address_is_refused(to: str):
    async with post_office() as (office, channel):
        with pytest.raises(RejectedError):
            await channel.send(PARCEL._replace(address=to))
        assert office.mails == []


def test_where_mail_is_handed_in_is_a_url_and_a_wrong_one_shows_nothing_of_itself():
    whole = smtp_of("smtps://u%40d:p%2Fw@mail.example", "Duty <duty@coast.example>")
    assert whole == SmtpSettings("mail.example", 465, "Duty <duty@coast.example>", "u@d", "p/w", tls=True)
    assert smtp_of("smtp://mail.example", "d@c.example").port == 587
    for url, sender in (("mail.example:25/hidden", "d@c.example"), ("smtp://h", "nobody"), ("smtp://h:x", "d@c.e")):
        with pytest.raises(ConflictError) as wrong:
            smtp_of(url, sender)
        assert "hidden" not in str(wrong.value)
