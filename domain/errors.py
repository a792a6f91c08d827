"""What can go wrong, named by what the caller should do about it."""


class TidewalkError(Exception):
    """Anything that is ours to answer. Raise one of the kinds below, never this."""


class RejectedError(TidewalkError):
    """Keep it aside: the input can never become good by trying again. The message is the quarantine reason."""


class UnavailableError(TidewalkError):
    """Try later: the other side is away or busy. `retry_after` is in seconds, None where it did not say."""

    def __init__(self, why: str, retry_after: float | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class ConflictError(TidewalkError):
    """Tell the person: what was asked does not fit the present state. The message says what would."""


class NotFoundError(TidewalkError):
    """Tell the person: there is no such thing."""


class FaultyFileError(TidewalkError):
    """Tell the person: a file of theirs is wrong. The message reads `file:line: what; expected …`."""

    def __init__(self, file: str, line: int, what: str, expected: str = "") -> None:
        tail = f"; expected {expected}" if expected else ""
        super().__init__(f"{file}:{line}: {what}{tail}")
        self.file, self.line, self.what, self.expected = file, line, what, expected
