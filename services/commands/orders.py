"""`tidewalk orders`: list them, one with its whole history, and what an operator does to one."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote
from uuid import uuid4

import click

from domain.errors import ConflictError, NotFoundError, RejectedError, TidewalkError, UnavailableError
from domain.site import Site
from services.api.seams import Cases
from services.commands.asking import Answer, ask
from services.dispatch.orders import OrderState

LIST_KEYS: Final = "Last, one line: orders, each as GET /api/v1/orders gives it."
SHOW_KEYS: Final = "Last, one line: the order as GET /api/v1/orders/{id} gives it, with history and legal."
ACT_KEYS: Final = "Last, one line: id, order, action, standing (waiting, done), why, at."
EXAMPLES: Final = """\b
Examples:
  tidewalk orders list                                    the newest twenty
  tidewalk orders list --state dispatched --crew collect-w1
  tidewalk orders --state /var/lib/tidewalk show SN-20261001-0007
  tidewalk orders close SN-20261001-0007 --by "Li Wei" --reason "emptied by the night shift"
  tidewalk orders reassign SN-20261001-0007 --by "Li Wei" --reason "their van broke down" --crew collect-w2
"""
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Desk:
    """Where orders are read, whose coast it is, and how the running service is asked. Opened when needed. `named`: a
    token goes with what is asked, and says who asks.
    """

    cases: Callable[[], Cases]
    site: Callable[[], Site]
    ask: Callable[[str, str, Mapping[str, Any]], Answer]
    api: str
    named: bool = False


def _acting(function: F) -> F:
    for option in (
        click.option("--json", "as_json", is_flag=True, help=ACT_KEYS),
        click.option("--api", metavar="URL", help="The running service. Default: TIDEWALK_API, or 127.0.0.1:8090."),
        click.option("--reason", default="", help="Why; it is kept with the order."),
        click.option(
            "--by",
            default="",
            envvar="TIDEWALK_BY",
            help="Your name, or set TIDEWALK_BY; with a token its name stands.",
        ),
        click.argument("order", metavar="ORDER"),
    ):
        function = option(function)
    return function


@click.group(epilog=EXAMPLES)
@click.option("--state", type=click.Path(path_type=Path, file_okay=False), help="State folder of the service.")
@click.option("--sql", metavar="URL", help="Database of alarms and orders, where it is not in the state folder.")
@click.option("--site", help="Site whose names and local time are shown: a folder, or a shipped sample.")
@click.pass_context
def orders(ctx: click.Context, state: Path | None, sql: str | None, site: str | None) -> None:
    """Work orders: list them, show one with its whole history, and act on one.

    ORDER is the 案号 (SN-20261001-0007) or the order's id. `list` and `show` read the database and need no running
    service. All others ask the running service, which first writes them into its journal.
    """
    if not isinstance(ctx.obj, Desk):
        ctx.obj = _desk({"state": state, "sql": sql, "site": site})


@orders.command("list")
@click.option("--state", multiple=True, type=click.Choice([str(s) for s in OrderState]), help="In this state; repeat.")
@click.option("--crew", help="With this crew.")
@click.option("--zone", help="In this zone.")
@click.option("--newest", default=20, show_default=True, type=click.IntRange(1), help="How many to show.")
@click.option("--json", "as_json", is_flag=True, help=LIST_KEYS)
@click.pass_obj
def list_(
    desk: Desk, state: tuple[str, ...], crew: str | None, zone: str | None, newest: int, *, as_json: bool
) -> None:
    """Show the newest orders, newest first."""
    from services.api.shown import Orders, order_shown
    from services.commands.timeline import listed

    states = [OrderState(one) for one in state] or None
    found = desk.cases().orders(states=states, crew=crew, zone=zone, newest=newest)
    if not found:
        asked = states or crew or zone
        click.echo("No orders like that." if asked else "No orders yet: nothing has been wrong.")
    else:
        click.echo("\n".join(listed(found, desk.site())))
    if as_json:
        click.echo(Orders(orders=[order_shown(one) for one in found]).model_dump_json(exclude={"next"}))


@orders.command()
@click.argument("order", metavar="ORDER")
@click.option("--json", "as_json", is_flag=True, help=SHOW_KEYS)
@click.pass_obj
def show(desk: Desk, order: str, *, as_json: bool) -> None:
    """Show one order: what and where, who has it, until when, and everything that happened to it."""
    from services.api.shown import order_whole
    from services.commands.timeline import told

    found = desk.cases().order(order)
    click.echo("\n".join(told(found, desk.site())))
    if as_json:
        click.echo(order_whole(found).model_dump_json())


def _acts(name: str, told: str, *more: Callable[[F], F]) -> None:
    """Add the command of an action, with what it takes beside who and why."""

    def act(desk: Desk, order: str, by: str, reason: str, api: str | None, *, as_json: bool, **said: str) -> None:
        _act(desk, order, _said(name.replace("-", "_"), by, reason, **said), api, as_json=as_json)

    function: Callable[..., Any] = click.pass_obj(act)
    for option in reversed(more):
        function = option(function)
    orders.command(name, help=told)(_acting(function))


_acts("close", "Close an order as it stands, whatever the sensors say.")
_acts("confirm", "Say that you have seen that the work is done and safe: safety orders wait for it.")
_acts(
    "reassign",
    "Take an order from whoever has it and give it to somebody else.",
    click.option("--crew", default="", help="To whom. Default: whoever is to be sent, but not who has it."),
)
_acts("note", "Write something into an order's history; the crew is not told.")
_acts(
    "hold",
    "Let the clock of an order stand (挂账), until it comes back by itself.",
    click.option(
        "--until",
        default="",
        metavar="TIME",
        help="When it comes back, as 2026-10-01T18:00+08:00. Default: as the site says.",
    ),
)
_acts("resume", "Take up again what is on hold (恢复), with the time that was left.")
_acts(
    "grant",
    "Give a crew more time (准予延时).",
    click.option("--until", default="", metavar="TIME", help="The new limit. Default: what the crew asked for."),
)
_acts("refuse", "Give a crew no more time (不予延时): the limit stays.")
_acts("rework", "Send back what was said to be done and is not (返工).")
_acts("void", "End an order that was filed in error (作废).")
_acts(
    "merge",
    "Let an order end in another one, which has its alarms from then on (并案).",
    click.option("--into", required=True, metavar="ORDER", help="The order that it ends in."),
)
_acts(
    "follow-up",
    "File another order that follows one, open or ended (续办).",
    click.option("--crew", default="", help="To whom. Default: whoever is to be sent."),
    click.option("--trade", default="", help="What its crew must know. Default: as the order it follows."),
    click.option("--do", default="", help="What is to be done. Default: as the order it follows."),
)


def _said(action: str, by: str, reason: str, **more: str) -> dict[str, str]:
    """What is asked of the service; what was not said is left to it."""
    return {"action": action, "by": by, "reason": reason} | {name: value for name, value in more.items() if value}


def _act(desk: Desk, order: str, asked: Mapping[str, str], api: str | None, *, as_json: bool) -> None:
    if not asked["by"] and not desk.named:
        raise click.UsageError("say who you are with --by, or set TIDEWALK_BY; or set TIDEWALK_API_TOKEN")
    where = api or desk.api
    if not where:
        raise ConflictError("no API is set: name the running service with --api")
    path = f"/api/v1/orders/{quote(order, safe='')}/actions"
    status, body = desk.ask(where, path, {"id": str(uuid4()), **asked})
    if status not in (200, 202):
        raise refused(status, str(body.get("detail", f"{where} answered {status}; is that a Tidewalk service?")))
    if status == 202:
        click.echo(f"{order}: {asked['action']} is kept, and not judged yet; `tidewalk orders show {order}` will tell")
    else:
        click.echo(f"{order}: {asked['action']}, done")
    if as_json:
        click.echo(json.dumps(body, ensure_ascii=False, separators=(",", ":")))


def refused(status: int, why: str) -> TidewalkError:
    """The error that the service answered with."""
    from services.api.problems import STATUS

    kinds: dict[int, type[TidewalkError]] = {int(number): kind for kind, number in STATUS.items()}
    kind = kinds.get(status, RejectedError if status < 500 else UnavailableError)
    return kind(why)


def _desk(said: Mapping[str, Any]) -> Desk:
    from services.settings import settled
    from services.wiring import read_books, site_of

    settings = settled(**{name: value for name, value in said.items() if value is not None})

    def cases() -> Cases:
        url = settings.sql_url()
        file = Path(url.removeprefix("sqlite:///"))
        if url.startswith("sqlite:///") and not file.exists():
            raise NotFoundError(
                f"{file.parent} holds no orders: no service has run there; name its folder with"
                " `tidewalk orders --state FOLDER …`, or its database with --sql"
            )
        return read_books(settings)

    token = settings.api_token.get_secret_value()
    asking = partial(ask, token=token)
    return Desk(cases, lambda: site_of(settings), asking, settings.api_url(), named=bool(token))
