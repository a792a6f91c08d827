"""The judge: a pure fold of journal rows into alarms, orders and addressed messages."""

from services.judge.fold import Judge as Judge
from services.judge.outcome import Engine as Engine
from services.judge.outcome import Outcome as Outcome
from services.judge.outcome import Saved as Saved
