"""Robots of group chats: 企业微信, 钉钉, 飞书. One adapter; what each asks for is data (`robot_kinds.py`)."""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from domain.errors import RejectedError, UnavailableError
from domain.ports import Clock
from services.channels.addresses import Addresses
from services.channels.robot_kinds import RobotKind
from services.channels.web import Answer, Web, judged
from services.dispatch.fitting import Room
from services.dispatch.pacing import Limit
from services.dispatch.packing import Parcel

_HEADERS: Final = {"Content-Type": "application/json; charset=utf-8"}


class Robot:
    """A Channel to the robots of one vendor. A robot knows no keys: what is sent twice is there twice."""

    def __init__(self, kind: RobotKind, web: Web, addresses: Addresses, clock: Clock) -> None:
        self._kind, self._web, self._addresses, self._clock = kind, web, addresses, clock

    @property
    def room(self) -> Room:
        """How long a text may be."""
        return self._kind.room

    @property
    def limits(self) -> Sequence[Limit]:
        """How often one robot may speak."""
        return self._kind.limits

    async def send(self, parcel: Parcel) -> None:
        """Return when the vendor has it. Raises UnavailableError, RejectedError."""
        url = self._addresses.url(parcel.address)
        body = _filled(self._kind.body, parcel.text)
        if parcel.urgent:
            body = _merged(body, self._kind.urgent)
        if self._kind.signature is not None and parcel.secret:
            at = str(self._clock.now() // self._kind.signature.unit_ms)
            signed = {"timestamp": at, "sign": self._sign(self._addresses.value(parcel.secret), at)}
            if self._kind.signature.in_query:
                url += ("&" if "?" in url else "?") + urlencode(signed)
            else:
                body = {**signed, **body}
        self._judge(await self._web.post(url, msgspec.json.encode(body), _HEADERS))

    def _sign(self, secret: str, at: str) -> str:
        how = self._kind.signature
        assert how is not None  # noqa: S101  # by whoever asks
        key, said = how.key.format(secret=secret, at=at), how.message.format(secret=secret, at=at)
        return b64encode(hmac.new(key.encode(), said.encode(), sha256).digest()).decode()

    def _judge(self, answer: Answer) -> None:
        """The code in the body says more than the status does: trouble comes with 200, and limits with 400."""
        try:
            said = msgspec.json.decode(answer.body, type=dict[str, Any])
        except msgspec.DecodeError:
            said = {}
        code = next((said[name] for name in self._kind.codes if isinstance(said.get(name), int)), None)
        if code is None:
            judged(answer)
            raise UnavailableError(f"{answer.host}: an answer without a code")
        if code == 0:
            judged(answer)
            return
        words = next((str(said[name]) for name in self._kind.words if name in said), "")
        told = f"{self._kind.name} answers {code} {words[:200]}".rstrip()
        if code in self._kind.limited:
            raise UnavailableError(told, retry_after=max(self._kind.limited[code], answer.retry_after or 0.0))
        if code in self._kind.refused:
            raise RejectedError(told)
        raise UnavailableError(told, retry_after=answer.retry_after)


def _filled(template: Mapping[str, Any], text: str) -> dict[str, Any]:
    return {
        name: _filled(one, text) if isinstance(one, Mapping) else _text(one, text) for name, one in template.items()
    }


def _text(one: Any, text: str) -> Any:
    return one.replace("{text}", text) if isinstance(one, str) else one


def _merged(body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(body)
    for name, one in more.items():
        there = found.get(name)
        found[name] = _merged(there, one) if isinstance(there, Mapping) and isinstance(one, Mapping) else one
    return found
