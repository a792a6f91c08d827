"""`tidewalk rules reload`: have the running service read its rule files again."""

import json
from typing import Final
from uuid import uuid4

import click

from services.commands.asking import ask
from services.commands.orders import refused
from services.settings import settled

JSON_KEYS: Final = "The line alone: row (of the journal, 0 where nothing changed), changed."
EXAMPLES: Final = """\b
Examples:
  tidewalk rules check my-rules/ && tidewalk rules test my-rules/ && tidewalk rules reload
"""


@click.command(epilog=EXAMPLES)
@click.option("--api", metavar="URL", help="The running service. Default: TIDEWALK_API, or 127.0.0.1:8090.")
@click.option("--by", default="", envvar="TIDEWALK_BY", help="Your name; with a token its name stands.")
@click.option("--reason", default="", help="Why; it is kept in the journal.")
@click.option("--json", "as_json", is_flag=True, help=JSON_KEYS)
def reload(*, api: str | None, by: str, reason: str, as_json: bool) -> None:
    """Have the running service read its rule files (`--rules`) again, without losing a message or a timer.

    Where a file is faulty, nothing changes. From the row of the journal that is named the edited rules are in force;
    what was pending goes on under them, or begins anew where a rule says `on_edit: reset`. The same as SIGHUP.
    """
    settings = settled()
    where = api or settings.api_url()
    wanted = {"id": str(uuid4()), "by": by, "reason": reason}
    status, body = ask(where, "/api/v1/rules/reload", wanted, token=settings.api_token.get_secret_value())
    if status != 200:
        raise refused(status, str(body.get("detail", f"{where} answered {status}; is that a Tidewalk service?")))
    if as_json:
        click.echo(json.dumps({"row": body["row"], "changed": body["changed"]}))
    else:
        click.echo(f"in force from row {body['row']} on" if body["changed"] else "the rules are as they were")
