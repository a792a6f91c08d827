"""Robots of group chats (群机器人): what each asks for, as data. One adapter speaks to all of them (`robots.py`).

Sources: the vendors' pages on custom robots, as far as domain.md §5.5 could verify them; docs/channels.md has the links
and says what is not verified. A code that is not listed is taken for a passing trouble.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.dispatch.fitting import Room
from services.dispatch.pacing import Limit

MINUTE_MS: Final = 60_000
READABLE: Final = 4_000  # bytes that a person still reads, where the vendor would take more


@dataclass(frozen=True, slots=True)
class Signature:
    """HMAC-SHA256 in base64 over `message` with `key`; `{secret}` and `{at}` are filled in."""

    key: str
    message: str
    in_query: bool  # in the URL; else in the body
    unit_ms: int  # of the timestamp


@dataclass(frozen=True, slots=True)
class RobotKind:
    """What a vendor's robot takes, how often, how it is signed, and what its answers mean."""

    name: str
    room: Room
    limits: tuple[Limit, ...]
    body: Mapping[str, Any]  # `{text}` is filled in
    urgent: Mapping[str, Any] = field(default_factory=dict)  # put into the body of what cannot wait
    signature: Signature | None = None
    codes: tuple[str, ...] = ("errcode",)  # fields of the answer that have the code; 0 is well
    words: tuple[str, ...] = ("errmsg",)
    limited: Mapping[int, float] = field(default_factory=dict)  # code → seconds to wait
    refused: frozenset[int] = frozenset()  # codes that trying again does not mend


WECOM: Final = RobotKind(
    name="wecom",
    room=Room(2_048),
    limits=(Limit(20, MINUTE_MS),),
    body={"msgtype": "text", "text": {"content": "{text}"}},
    urgent={"text": {"mentioned_list": ["@all"]}},
    limited={45009: 65.0, 45033: 65.0},
    refused=frozenset({93000, 93004, 40008, 40058, 44004, 45002}),
)
DINGTALK: Final = RobotKind(
    name="dingtalk",
    room=Room(READABLE),
    limits=(Limit(20, MINUTE_MS),),
    body={"msgtype": "text", "text": {"content": "{text}"}},
    urgent={"at": {"isAtAll": True}},
    signature=Signature("{secret}", "{at}\n{secret}", in_query=True, unit_ms=1),
    limited={130101: 600.0, 410100: 600.0, 90030: 600.0},
    refused=frozenset({300001, 300005, 310000, 400013, 400101, 400102, 40035}),
)
FEISHU: Final = RobotKind(
    name="feishu",
    room=Room(READABLE),
    limits=(Limit(5, 1_000), Limit(100, MINUTE_MS)),
    body={"msg_type": "text", "content": {"text": "{text}"}},
    signature=Signature("{at}\n{secret}", "", in_query=False, unit_ms=1_000),
    codes=("code", "StatusCode"),
    words=("msg", "StatusMessage"),
    limited={11232: 60.0, 9499: 5.0},
    refused=frozenset({19001, 19002, 19021, 19022, 19024}),
)
KINDS: Final = {one.name: one for one in (WECOM, DINGTALK, FEISHU)}
