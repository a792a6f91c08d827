"""`tidewalk orders`: list, show, and what an operator does."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from domain.errors import ConflictError, NotFoundError, RejectedError, UnavailableError
from services.commands.asking import Answer, ask
from services.commands.orders import Desk, orders
from services.settings import Settings
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.unit.dispatch.coast import MINUTE, T0, Play, coast, well, wrong


class Service:
    """A running service, as far as the command speaks to it."""

    def __init__(self) -> None:
        self.answer = Answer(
            200, {"id": "1", "order": "o", "action": "close", "standing": "done", "why": "", "at": None}
        )
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []

    def ask(self, api: str, path: str, body: Mapping[str, Any]) -> Answer:
        self.asked.append((api, path, body))
        return self.answer


@pytest.fixture
def books() -> MemoryJudgeStore:
    """A lamp is out and on hold, a leak is open, a bin was withdrawn."""
    play, books = Play(), MemoryJudgeStore()
    play.hear(T0, wrong("lamp-1", T0), wrong("lamp-1", T0, rule="leak"), wrong("bin-1", T0, rule="bin-full"))
    lamp = next(o.id for o in play.outcomes[0].orders if o.rule == "lamp-out")
    play.reply(T0 + MINUTE, "lamps-w", lamp, "hold", reason="no \x9b2J part")
    play.hear(T0 + 2 * MINUTE, well("bin-1", T0 + 2 * MINUTE, rule="bin-full"))
    for outcome in play.outcomes:
        books.commit(outcome, {})
    return books


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def desk(books: MemoryJudgeStore, service: Service) -> Desk:
    return Desk(lambda: books, coast, service.ask, "http://127.0.0.1:8090")


def run(desk: Desk, *arguments: str) -> Result:
    return CliRunner().invoke(orders, arguments, obj=desk)


def last(result: Result) -> Any:
    return json.loads(result.stdout.splitlines()[-1])


def test_list_shows_the_newest_and_where_each_stands_in_the_sites_time(desk: Desk):
    result = run(desk, "list", "--json")
    assert result.exit_code == 0
    head, *lines, _ = result.stdout.splitlines()
    assert len(lines) == 3
    (bin_line,) = [line for line in lines if "bin-full" in line]
    assert "withdrawn" in bin_line
    assert "10-01 08:00" in bin_line
    assert bin_line.endswith("10-01 08:02 by telemetry")
    assert {cell_len(line[: line.index("bin-1")]) for line in lines if "bin-1" in line} == {
        cell_len(head[: head.index("facility")])
    }
    assert {o["state"] for o in last(result)["orders"]} == {"on_hold", "dispatched", "withdrawn"}


def test_list_chooses_by_state_crew_zone_and_number(desk: Desk):
    chosen = {
        ("--state", "on_hold"): ["lamp-out"],
        ("--state", "on_hold", "--state", "dispatched"): ["lamp-out", "leak"],
        ("--crew", "bins-w"): ["bin-full"],
        ("--zone", "east"): [],
    }
    for options, rules in chosen.items():
        assert sorted(o["rule"] for o in last(run(desk, "list", *options, "--json"))["orders"]) == rules
    assert len(last(run(desk, "list", "--newest", "1", "--json"))["orders"]) == 1
    assert run(desk, "list", "--zone", "east").stdout == "No orders like that.\n"


def test_an_empty_book_says_so(service: Service):
    empty = Desk(MemoryJudgeStore, coast, service.ask, "")
    assert run(empty, "list", "--json").stdout == 'No orders yet: nothing has been wrong.\n{"orders":[]}\n'


def test_show_tells_the_whole_history_by_case_number_or_id(desk: Desk, books: MemoryJudgeStore):
    (lamp,) = books.orders(crew="lamps-w")
    result = run(desk, "show", lamp.case, "--json")
    assert run(desk, "show", lamp.id, "--json").stdout == result.stdout
    lines = result.stdout.splitlines()
    assert lines[0] == f"{lamp.case}  {lamp.priority}  on_hold  municipal/light 市政设施·路灯"
    assert "lamps-w 西段照明一组" in result.stdout
    assert "legal    close, reassign, note" in result.stdout
    steps = [line.split() for line in lines if line.startswith("2026-10-01 ")]
    assert [step[2:4] for step in steps] == [["file", "立案"], ["dispatch", "派遣"], ["hold", "挂账"]]
    assert steps[2][:2] == ["2026-10-01", "08:01:00"]
    assert "tidewalk → lamps-w" in result.stdout
    assert [c["step"] for c in last(result)["history"]] == ["file", "dispatch", "hold"]


def test_what_a_crew_wrote_cannot_write_on_the_terminal(desk: Desk, books: MemoryJudgeStore):
    (lamp,) = books.orders(crew="lamps-w")
    assert "\x9b" not in run(desk, "show", lamp.id).stdout


def test_an_order_that_is_not_there_is_not_found(desk: Desk):
    assert isinstance(run(desk, "show", "SN-20261001-9999").exception, NotFoundError)


@pytest.mark.parametrize(
    "action", ["close", "confirm", "reassign", "note", "hold", "resume", "grant", "refuse", "rework", "void"]
)
def test_an_action_is_asked_of_the_running_service_with_an_id_of_its_own(desk: Desk, service: Service, action: str):
    result = run(desk, action, "SN-20261001-0001", "--by", "Li Wei", "--reason", "seen", "--json")
    assert result.stdout.startswith(f"SN-20261001-0001: {action}, done\n")
    assert last(result) == service.answer.body
    run(desk, action, "a/../b", "--by", "Li Wei", "--api", "127.0.0.1:99")
    (first, second) = service.asked
    assert first[:2] == ("http://127.0.0.1:8090", "/api/v1/orders/SN-20261001-0001/actions")
    assert second[:2] == ("127.0.0.1:99", "/api/v1/orders/a%2F..%2Fb/actions")
    wanted = {"action": action, "by": "Li Wei", "reason": "seen"}
    assert {name: value for name, value in first[2].items() if name != "id"} == wanted
    assert UUID(first[2]["id"]) != UUID(second[2]["id"])


def test_an_order_is_given_to_a_crew(desk: Desk, service: Service):
    run(desk, "reassign", "x", "--by", "Li", "--reason", "van", "--crew", "lamps-e")
    assert service.asked[0][2]["crew"] == "lamps-e"


def test_what_is_kept_and_not_judged_yet_is_said(desk: Desk, service: Service):
    service.answer = Answer(202, {"standing": "waiting"})
    result = run(desk, "close", "SN-1", "--by", "Li", "--reason", "x")
    assert result.exit_code == 0
    assert "not judged yet; `tidewalk orders show SN-1` will tell" in result.stdout


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFoundError), (409, ConflictError), (422, RejectedError), (503, UnavailableError)]
)
def test_what_the_service_refuses_is_said_in_its_words(
    desk: Desk, service: Service, status: int, kind: type[Exception]
):
    service.answer = Answer(status, {"detail": "the order is closed"})
    found = run(desk, "close", "SN-1", "--by", "Li", "--reason", "x").exception
    assert isinstance(found, kind)
    assert str(found) == "the order is closed"


def test_somebody_elses_answer_is_not_taken_for_one_of_ours(desk: Desk, service: Service):
    service.answer = Answer(400, {})
    assert "is that a Tidewalk service?" in str(run(desk, "close", "SN-1", "--by", "Li").exception)


def test_nobody_acts_without_a_name_or_without_a_service(desk: Desk, service: Service):
    assert run(desk, "close", "SN-1", "--reason", "x").exit_code == 2
    nowhere = Desk(desk.cases, desk.site, service.ask, "")
    assert "--api" in str(run(nowhere, "close", "SN-1", "--by", "Li", "--reason", "x").exception)
    assert service.asked == []


@pytest.mark.parametrize("api", ["ftp://x", "http://", "http://127.0.0.1:99999", "http://127.0.0.1:x"])
def test_an_api_that_is_no_url_is_refused(api: str):
    with pytest.raises(ConflictError, match="--api"):
        ask(api, "/", {})


def test_every_command_teaches_itself():
    for words in ([], ["list"], ["show"], ["close"], ["confirm"], ["reassign"], ["note"]):
        result = CliRunner().invoke(orders, [*words, "--help"])
        assert result.exit_code == 0
        assert words or "tidewalk orders close SN-20261001-0007" in result.stdout


def test_the_api_is_on_this_machine_by_default(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("TIDEWALK_API", raising=False)
    assert (Settings().api, Settings().api_url()) == ("127.0.0.1:8090", "http://127.0.0.1:8090")
    assert Settings(api="").api_url() == ""
