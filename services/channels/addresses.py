"""Addresses and secrets of contacts: a site file names the variable, the environment has the value."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from domain.errors import RejectedError

_NAMED: Final = "env:"


class Addresses:
    """What contacts' addresses stand for. Nothing of a value is ever in an error."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def value(self, said: str) -> str:
        """What an address or secret of a contact is. Raises RejectedError where its variable is not set."""
        if not said.startswith(_NAMED):
            return said
        name = said.removeprefix(_NAMED)
        found = self._environment.get(name, "").strip()
        if not found:
            raise RejectedError(f"{name} is not set: put the address or secret there")
        return found

    def url(self, said: str) -> str:
        """The same, of what must be a URL of the web. Raises RejectedError."""
        found = self.value(said)
        try:
            parts = urlsplit(found)
            fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            fits = False
        if not fits:
            raise RejectedError(f"{said if said.startswith(_NAMED) else 'the address'} is no URL: say https://…")
        return found
