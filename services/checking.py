"""What `tidewalk serve` would do with these settings and files, and what keeps it from doing it. Changes nothing."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from domain.errors import FaultyFileError, TidewalkError
from domain.site import Site
from services import wiring
from services.api.access import access_of
from services.clocks import WallClock
from services.contacts import reached
from services.roles import ALL, Role, named, roles_of
from services.settings import Settings, settled_so_far
from services.site.faults import FaultySiteError
from services.writable import unwritable

T = TypeVar("T")
_FILES: Final = "correct it in the file; `tidewalk site check` and `tidewalk rules check` say more"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and what would mend it."""

    what: str
    remedy: str


@dataclass
class Checked:
    """What was found. `would` says by part what the service would do."""

    would: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)

    def tried(self, work: Callable[[], T], remedy: str) -> T | None:
        """What it comes to; None where it cannot be, which is then a fault."""
        try:
            return work()
        except FaultySiteError as wrong:
            self.faults += [Fault(str(one), remedy) for one in wrong.faults]
        except FaultyFileError as wrong:
            self.faults.append(Fault(str(wrong), remedy))
        except (TidewalkError, OSError) as wrong:
            what, _, do = str(wrong).partition("; ")
            self.faults.append(Fault(what, do or remedy))
        return None


def checked(said: Mapping[str, Any]) -> Checked:
    """Read everything that the service would read at its start, and connect to nobody."""
    found = Checked()
    settings, faults = settled_so_far(**said)
    for name, wrong in faults.items():
        what, _, remedy = wrong.partition(": ")
        told = Settings.model_fields[name].description
        found.faults.append(Fault(f"{_variable(name)}: {what}", remedy or f"set it anew{f' ({told})' if told else ''}"))
    roles = found.tried(lambda: roles_of(settings.roles), "leave --roles out for all of them") or ALL
    found.would["roles"] = named(roles)
    site = found.tried(lambda: wiring.site_of(settings), _FILES)
    if site is not None:
        found.would["site"] = (
            f"{site.id} ({site.name.en}): {len(site.facilities)} facilities, {len(site.devices)} devices,"
            f" {len(site.crews)} crews{', simulated' if site.simulated else ''}"
        )
    _rules(found, settings, site)
    _shadow(found, settings)
    _wire(found, settings, site)
    _readings(found, settings, site, roles)
    _contacts(found, settings, site)
    _key(found, settings)
    _books(found, settings)
    _state(found, settings)
    _api(found, settings, roles)
    return found


def _variable(name: str) -> str:
    return f"TIDEWALK_{name.upper()}"


def _rules(found: Checked, settings: Settings, site: Site | None) -> None:
    rules = found.tried(lambda: wiring.rules_of(settings), _FILES)
    if rules is None:
        return
    found.would["rules"] = f"{len(rules.rules)} of {settings.rules or 'the shipped library'}, version {rules.version}"
    if site is not None:
        kinds = {facility.kind for facility in site.facilities.values()}
        idle = [rule.name for rule in rules.rules.values() if rule.kind is not None and rule.kind not in kinds]
        if idle:
            what = f"rules that watch kinds of which the site has none: {', '.join(sorted(idle))}"
            found.warnings.append(Fault(what, "nothing to do, unless such facilities are missing from the site"))


def _shadow(found: Checked, settings: Settings) -> None:
    if settings.shadow:
        rules = found.tried(lambda: wiring.shadow_rules_of(settings), _FILES)
        if rules is not None:
            found.would["shadow"] = f"{len(rules.rules)} of {settings.shadow} beside them, version {rules.version}"


def _wire(found: Checked, settings: Settings, site: Site | None) -> None:
    where = found.tried(settings.broker_address, "say --broker HOST:PORT")
    if where is None or site is None:
        return
    host, port = where
    with_tls = " over TLS" if settings.broker_tls else ""
    who = f" as {settings.broker_user}" if settings.broker_user else " without a user name"
    found.would["broker"] = f"hear and speak at {host}:{port}{with_tls}{who}, session {settings.session(site.id)}"
    if settings.broker_user and not settings.broker_password.get_secret_value():
        what = f"the broker's user {settings.broker_user} has no password"
        found.warnings.append(Fault(what, "set TIDEWALK_BROKER_PASSWORD"))
    if not site.simulated and not settings.broker_tls and host not in ("127.0.0.1", "localhost", "::1"):
        what = f"readings and passwords travel to {host} in the clear"
        found.warnings.append(Fault(what, "set TIDEWALK_BROKER_TLS=true, or use a network that is yours alone"))


def _readings(found: Checked, settings: Settings, site: Site | None, roles: frozenset[Role]) -> None:
    if not settings.influx:
        found.would["readings"] = f"keep in DuckDB, {settings.state / 'readings.duckdb'}"
        if roles != ALL:
            what = "roles are split, and readings in DuckDB belong to one process"
            found.faults.append(Fault(what, "name an InfluxDB with --influx, or run all roles in one process"))
        return
    simulated = site is not None and site.simulated
    asked = found.tried(lambda: wiring.influx_of(settings, simulated=simulated), "say a URL")
    if asked is not None and site is not None:
        found.would["readings"] = f"write to {asked.url}, organisation {asked.org}, bucket {asked.bucket}"
    if asked is not None and not settings.influx_token.get_secret_value():
        what = "no token for InfluxDB: only one that asks for none will take readings"
        found.warnings.append(Fault(what, "set TIDEWALK_INFLUX_TOKEN"))


def _contacts(found: Checked, settings: Settings, site: Site | None) -> None:
    """Who is reached beside MQTT. What is missing is a warning: the next contact is told, and MQTT always."""
    mail = "say TIDEWALK_SMTP=smtp://USER:PASSWORD@HOST:PORT and TIDEWALK_SMTP_FROM=NAME@DOMAIN"
    if site is None:
        found.tried(lambda: wiring.limits_of(settings, WallClock()), mail)
        return
    people = found.tried(lambda: list(reached(settings, site, os.environ)), mail)
    if not people:
        return
    well = [one for one in people if not one.missing]
    found.would["contacts"] = f"reach {len({one.to.id for one in well})} crews and parties over {len(well)} contacts"
    for one in people:
        if one.missing:
            what = f"{one.to.id} is not reached over {one.contact.channel}: {one.missing}"
            found.warnings.append(Fault(what, "set it, or take the contact out of the site file"))


def _key(found: Checked, settings: Settings) -> None:
    if settings.key.get_secret_value():  # else it is in the state folder, made where there is none
        found.tried(lambda: wiring.key_of_service(settings), "put what that prints into TIDEWALK_KEY")


def _books(found: Checked, settings: Settings) -> None:
    where = found.tried(lambda: wiring.books_named(settings), "say a URL that SQLAlchemy knows, such as sqlite:///FILE")
    if where is not None:
        found.would["alarms and orders"] = f"keep in {where}"
        if not settings.on_one_machine():
            _standby(found, settings)


def _standby(found: Checked, settings: Settings) -> None:
    """What nodes that stand by for each other must share."""
    found.would["lease"] = (
        f"lead while no other node does, stand by otherwise; another takes over after {settings.lease_s:g} s of silence"
    )
    beside = "nothing to do where no other node stands by (docs/standby.md)"
    if not settings.influx:
        what = "readings in DuckDB stay on this node: one that takes over has none of before"
        found.warnings.append(Fault(what, f"name an InfluxDB with --influx; {beside}"))
    if not settings.key.get_secret_value():
        what = "tokens, sessions and links are made from a key in this state folder: another node knows none of them"
        found.warnings.append(Fault(what, f"set the same TIDEWALK_KEY on each node; {beside}"))


def _state(found: Checked, settings: Settings) -> None:
    folder = settings.state.absolute()
    found.would["state"] = f"keep what is heard in {folder}"
    if why := unwritable(folder):
        remedy = "make it a folder of who runs the service, on a disk that can be written, or name another with --state"
        found.faults.append(Fault(f"the state folder {folder} cannot be written: {why}", remedy))


def _api(found: Checked, settings: Settings, roles: frozenset[Role]) -> None:
    if Role.API not in roles or not settings.api:
        found.would["api"] = "serve none"
        if roles == {Role.API}:
            found.faults.append(Fault("the only role is api, and no API is to be served", "leave --no-api out"))
        return
    host, _, port = settings.api.rpartition(":")
    is_address = bool(host) and port.isascii() and port.isdecimal() and int(port) <= 65_535
    asked = settings
    if not is_address:
        found.faults.append(Fault(f"--api {settings.api} is no address", "say HOST:PORT, such as 127.0.0.1:8090"))
        asked = settings.model_copy(update={"api": "127.0.0.1:0"})  # what is wrong with the tokens is to be said too
    access = found.tried(
        lambda: access_of(asked, people=wiring.knows_people(settings)),
        "correct TIDEWALK_API_TOKENS or TIDEWALK_API_TOKENS_FILE",
    )
    if access is not None and is_address:
        found.would["api"] = f"serve at http://{settings.api}; {access.told}"
