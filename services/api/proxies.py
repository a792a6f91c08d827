"""Who really asks, where a proxy stands before us: it says so in headers, which are believed of it alone."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.datastructures import Headers
from starlette.types import Scope

from domain.errors import ConflictError

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Proxies:
    """Addresses of proxies that we trust: none, unless somebody says so."""

    networks: tuple[Network, ...] = ()

    def address(self, scope: Scope) -> str:
        """The address of whoever asks: the last one in X-Forwarded-For that is no proxy of ours. What stands before it
        may be made up, and is not looked at.
        """
        direct = (scope.get("client") or ("", 0))[0]
        if not self._trusts(direct):
            return str(direct)
        said = Headers(scope=scope).getlist("x-forwarded-for")
        for one in reversed([part.strip() for line in said for part in line.split(",")]):
            if not self._trusts(one):
                return one if _is_address(one) else str(direct)
        return str(direct)

    def is_secure(self, scope: Scope) -> bool:
        """Whether the browser came by TLS: to us, or to the proxy that says so."""
        direct = (scope.get("client") or ("", 0))[0]
        if self._trusts(direct):
            said = Headers(scope=scope).get("x-forwarded-proto", "").rpartition(",")[2].strip().lower()
            return (said or str(scope.get("scheme"))) in ("https", "wss")
        return scope.get("scheme") in ("https", "wss")

    def _trusts(self, address: str) -> bool:
        if not self.networks or not _is_address(address):
            return False
        return any(ip_address(address) in network for network in self.networks)


def proxies_of(said: str) -> Proxies:
    """Of addresses and networks, parted by commas. Raises ConflictError."""
    return Proxies(tuple(_network(one.strip()) for one in said.split(",") if one.strip()))


def _network(one: str) -> Network:
    try:
        return ip_network(one, strict=False)
    except ValueError as wrong:
        raise ConflictError(
            f"TIDEWALK_TRUSTED_PROXIES: {one!r} is no address or network; say 127.0.0.1 or 10.0.0.0/8"
        ) from wrong


def _is_address(said: str) -> bool:
    try:
        ip_address(said)
    except ValueError:
        return False
    return True
