"""People for tests: a registry and a reception in memory, with passwords that are hashed at no cost."""

from argon2 import PasswordHasher

from domain.readings import Millis
from services.people.passwords import Passwords
from services.people.reception import Reception
from services.people.registry import DAY, Registry
from services.people.roles import Role
from services.people.secret import Key
from tests.fakes.hand_clock import HandClock
from tests.fakes.memory_people import MemoryPeople
from tests.unit.dispatch.coast import T0

GOOD = "seven gulls on a wet pier"
KEY = Key(b"k" * 32)


class Folk:
    def __init__(self) -> None:
        self.clock, self.kept = HandClock(T0), MemoryPeople()
        self.passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        self.registry = Registry(self.kept, KEY, self.clock, "root@coast", self.passwords)
        self.reception = Reception(self.kept, KEY, self.clock, self.clock.beat, self.passwords)

    def token(self, role: Role, *zones: str, name: str = "") -> str:
        """The text of a new token."""
        made = self.registry.add_token(name or f"{role} {' '.join(zones)}".strip(), role, zones, 90 * DAY)
        return made[1]

    def later(self, ms: Millis) -> None:
        self.clock.at += ms
