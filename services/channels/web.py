"""Posting over HTTP, for every channel that does: what an answer means, whoever gave it."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Self
from urllib.parse import urlsplit

from domain.errors import RejectedError, UnavailableError

if TYPE_CHECKING:  # a sixth of a second, also of who never posts anything
    import aiohttp

TIMEOUT_S: Final = 4.0  # what cannot wait is to be over the next contact soon where this one hangs
_MOST_BYTES: Final = 65_536  # of an answer
_LATER: Final = frozenset({408, 425, 429})
_LONGEST_WAIT_S: Final = 3_600.0


class Answer(NamedTuple):
    """What was answered to a post. `retry_after` in seconds, None where it was not said."""

    status: int
    body: bytes
    retry_after: float | None
    host: str


class Web:
    """Posts, and never follows where it is sent elsewhere. Errors name the host and nothing else of a URL."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """What is answered, whatever it says. Raises UnavailableError where nothing is, in time."""
        import aiohttp

        host = urlsplit(url).hostname or ""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(self._timeout_s))
        try:
            async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answered:
                said = await _read(answered.content)
                return Answer(answered.status, said, _seconds(answered.headers.get("Retry-After", "")), host)
        except TimeoutError as late:
            raise UnavailableError(f"{host}: no answer within {self._timeout_s:g} s") from late
        except aiohttp.InvalidURL as wrong:
            raise RejectedError(f"{host or 'the address'}: not a URL") from wrong
        except (aiohttp.ClientError, OSError) as away:
            raise UnavailableError(f"{host}: {type(away).__name__}") from away

    async def close(self) -> None:
        """Let go of connections. Harmless the second time."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def judged(answer: Answer) -> None:
    """Return where the status says that it was taken. Raises UnavailableError, RejectedError."""
    told = f"{answer.host} answers {answer.status}"
    if answer.status in _LATER or answer.status >= 500:
        raise UnavailableError(told, retry_after=answer.retry_after)
    if not 200 <= answer.status < 300:
        raise RejectedError(told)


async def _read(body: "aiohttp.StreamReader") -> bytes:
    """The beginning of an answer, whole where it is short: it may come in several pieces."""
    taken = b""
    while len(taken) < _MOST_BYTES and (part := await body.read(_MOST_BYTES - len(taken))):
        taken += part
    return taken


def _seconds(said: str) -> float | None:
    """`Retry-After` in seconds. A date is not read: the service waits as long as it would by itself."""
    return min(float(said), _LONGEST_WAIT_S) if said.isdecimal() else None
