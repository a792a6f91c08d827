"""The channels to contacts that are set up, and the post that goes over them."""

import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from domain.ports import Clock
from services.channels.addresses import Addresses
from services.channels.drill import Drill
from services.channels.email import Email, smtp_of
from services.channels.long_tail import LongTail
from services.channels.robot_kinds import KINDS
from services.channels.robots import Robot
from services.channels.web import Web
from services.channels.webhook import Webhook
from services.dispatch.pacing import Limit
from services.dispatch.postman import Channel
from services.leading import LedChannel
from services.outside import Box, Post
from services.roles import Role
from services.settings import Settings
from services.wiring.nodes import Led
from services.wiring.people import answering_links, no_links

Among = Callable[[dict[str, Channel]], dict[str, Channel]]


def channels_of(settings: Settings, web: Web, clock: Clock, environment: Mapping[str, str]) -> dict[str, Channel]:
    """The channels to contacts that are set up, by name. Raises ConflictError where mail is set up wrongly."""
    names = Addresses(environment)
    found: dict[str, Channel] = {name: Robot(kind, web, names, clock) for name, kind in KINDS.items()}
    found |= {"webhook": Webhook(web, names, clock), "apprise": LongTail(names), "drill": Drill()}
    if settings.smtp.get_secret_value():
        found["email"] = Email(smtp_of(settings.smtp.get_secret_value(), settings.smtp_from), names, clock)
    return found


@asynccontextmanager
async def post_of(
    settings: Settings, box: Box, clock: Clock, roles: frozenset[Role], led: Led | None, among: Among
) -> AsyncIterator[Post]:
    """What letters go over; with `led` only while it leads. `among` says which of the channels it has. Raises like
    `channels_of`.
    """
    async with AsyncExitStack() as stack:
        web = await stack.enter_async_context(Web())
        links = await stack.enter_async_context(answering_links(settings)) if Role.DISPATCH in roles else no_links
        channels = among(channels_of(settings, web, clock, os.environ))
        if led is not None:
            channels = {name: LedChannel(channel, led.leading) for name, channel in channels.items()}
        yield Post(box, channels, links)


@asynccontextmanager
async def sending(
    settings: Settings, clock: Clock, environment: Mapping[str, str]
) -> AsyncIterator[dict[str, Channel]]:
    """The channels to contacts, for whoever sends something by hand. Raises like `channels_of`."""
    async with Web() as web:
        yield channels_of(settings, web, clock, environment)


def limits_of(settings: Settings, clock: Clock) -> dict[str, Sequence[Limit]]:
    """The channels to contacts that are set up, and how often one address of each may be spoken to. Raises like
    `channels_of`.
    """
    return {name: channel.limits for name, channel in channels_of(settings, Web(), clock, {}).items()}
