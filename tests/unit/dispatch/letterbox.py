"""Letters in memory, channels that count, and a domain clock that a test moves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from domain.errors import RejectedError, UnavailableError
from domain.messages import Message
from domain.naming import Priority
from services.dispatch.fitting import Piece, Room
from services.dispatch.letters import Body, Letter, Words
from services.dispatch.pacing import Limit
from services.dispatch.packing import Parcel

T0 = 1_790_812_800_000
ROBOT = (Limit(20, 60_000),)


class Moved:
    """The domain clock."""

    def __init__(self) -> None:
        self.at = T0

    def now(self) -> int:
        return self.at


def a_letter(
    order: str,
    priority: Priority = Priority.P2,
    *,
    revision: int = 1,
    to: str = "crew",
    place: int = 0,
    channel: str = "wecom",
    address: str = "env:TIDEWALK_A",
    last: bool = True,
    group: str = "P2 果皮箱满溢 青岛湾",
) -> Letter:
    """A letter about an order that has that number as its case."""
    subject = f"【{priority}】案号 {order} 栈桥"
    words = Words(
        chinese=True, drill=False, pieces=(Piece(subject),), subject=subject, group=group, case=order, answer=True
    )
    body = msgspec.json.encode(Body(words, msgspec.Raw(b"{}")))
    key = f"{order}:{revision}:{to}:{place}"
    return Letter(key, order, revision, to, place, channel, address, "", last, priority, T0, body)


@dataclass
class Kept:
    """A letter and what came of it."""

    letter: Letter
    state: str = "pending"
    batch: str = ""
    why: str = ""
    tried: list[int] = field(default_factory=list)
    ended: int = 0


class MemoryBox:
    """A Letterbox."""

    def __init__(self) -> None:
        self.kept: dict[int, Kept] = {}

    def put(self, *letters: Letter) -> None:
        known = {one.letter.key for one in self.kept.values()}
        for letter in letters:
            if letter.key not in known:
                self.kept[len(self.kept) + 1] = Kept(letter)

    def states(self) -> dict[str, str]:
        return {one.letter.key: one.state for one in self.kept.values()}

    def waiting(self, limit: int) -> Sequence[tuple[int, Letter, str]]:
        found = [(n, one.letter, one.batch) for n, one in self.kept.items() if one.state == "pending"]
        return sorted(found, key=lambda one: (one[1].priority, one[0]))[:limit]

    def spoken(self, since: int) -> Mapping[str, Sequence[int]]:
        found: dict[str, dict[str, int]] = {}
        for one in self.kept.values():
            for at in one.tried[-1:]:
                if at > since:
                    found.setdefault(one.letter.target, {})[one.batch] = at
        return {target: sorted(times.values()) for target, times in found.items()}

    def begin(self, numbers: Sequence[int], batch: str, at: int) -> None:
        for number in numbers:
            self.kept[number].batch = batch
            self.kept[number].tried.append(at)

    def sent(self, numbers: Sequence[int], at: int) -> None:
        for number in numbers:
            self.kept[number].state, self.kept[number].ended = "sent", at

    def failed(self, numbers: Sequence[int], why: str, at: int) -> None:
        for number in numbers:
            self.kept[number].why = why
            self.kept[number].tried.append(at)

    def bury(self, numbers: Sequence[int], why: str, at: int) -> None:
        for number in numbers:
            one = self.kept[number]
            self.kept[number] = replace(one, state="dead", why=why, ended=at)

    def cover(self, number: int, by: str, at: int) -> None:
        one = self.kept[number]
        self.kept[number] = replace(one, state="covered", batch=by, ended=at)


class Counting:
    """A Channel that keeps its limit like a vendor, and fails as a test says."""

    def __init__(self, clock: Moved, limits: Sequence[Limit] = ROBOT, room: Room | None = None) -> None:
        self.room, self.limits = room or Room(2_048), limits
        self._clock = clock
        self.taken: list[tuple[int, Parcel]] = []
        self.over = 0
        self.trouble: list[UnavailableError | RejectedError] = []
        self.down = False

    async def send(self, parcel: Parcel) -> None:
        now = self._clock.now()
        if self.down:
            raise UnavailableError("no answer")
        if self.trouble:
            raise self.trouble.pop(0)
        for limit in self.limits:
            mine = [at for at, one in self.taken if at > now - limit.span_ms and one.address == parcel.address]
            if len(mine) >= limit.most:
                self.over += 1
                raise UnavailableError("too many", retry_after=65.0)
        self.taken.append((now, parcel))


class Told:
    """What was put into the journal."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, messages: Sequence[Message]) -> None:
        self.messages += messages
