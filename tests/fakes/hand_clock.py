"""A clock that is moved by hand."""

from domain.readings import Millis


class HandClock:
    """The clock of the day and that of the process: both stand where they are put."""

    def __init__(self, at: Millis = 0) -> None:
        self.at = at

    def now(self) -> Millis:
        return self.at

    def beat(self) -> float:
        return self.at / 1000
