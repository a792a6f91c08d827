"""The crew's page as a file: what it may load, what it says, what it keeps for the time without network."""

import ast
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import ConflictError
from domain.naming import CrewAction
from ingest.codecs.replies import Reply
from services.crew import words
from services.crew.acts import OF_CREWS, becomes, may
from services.crew.refusals import REFUSALS
from services.dispatch.orders import Asked, Order, OrderState, Pause
from services.judge.answers import Terms, answered
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import HOUR, T0

REFUSING = {"ConflictError", "NotFoundError", "RejectedError"}
NOT_FOR_CREWS = {  # what operators alone are told, and what pages and crews never ask for
    "{}: {}",
    "{} does not fit an order that is {}; legal now: {}",
    "nothing is known of an answer {}",
    "there is no such photo, or its order is too long ago",
}
STATIC = Path(words.__file__).parent / "static"
SCRIPTS = {file.name: file.read_text("utf-8") for file in STATIC.glob("*.js")}


async def page(gate: Gate) -> str:
    link = gate.links.given("lamps-w").url.removeprefix("https://coast.example")
    async with gate.client:
        answer = await gate.client.get(link)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "require-trusted-types-for 'script'" in policy
        assert answer.headers["x-robots-tag"].startswith("noindex")
        for named in re.findall(r'(?:src|href)="(/crew/static/[^"]+)"', answer.text):
            assert (await gate.client.get(named)).status_code == 200, named
        assert (await gate.client.get("/crew/static/0000/main.js")).status_code == 404
    return answer.text


@pytest.mark.asyncio
async def test_the_page_loads_our_files_alone_and_no_script_in_its_lines():
    text = await page(Gate())
    assert not re.findall(r"\son\w+=|\sstyle=|javascript:|https?://", text)
    for attributes, body in re.findall(r"<script([^>]*)>([^<]*)", text):
        assert "src=" in attributes or json.loads(body)


def test_the_worker_keeps_every_file_of_the_page():
    kept = set(re.findall(r'^  "([\w.]+)",$', SCRIPTS["worker.js"], re.MULTILINE))
    assert kept == {file.name for file in STATIC.iterdir()}


def refused_in(file: Path) -> set[str]:
    """What a file refuses with, `{}` where something is filled in."""
    made = set()
    for call in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in REFUSING:
            said = call.args[0]
            for text in (said.body, said.orelse) if isinstance(said, ast.IfExp) else (said,):
                parts = text.values if isinstance(text, ast.JoinedStr) else [text]
                made.add("".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in parts))
    return made - {"{}"}


def test_whatever_a_crew_may_be_refused_is_said_in_chinese_too():
    files = ("judge/answers.py", "crew/taking.py", "crew/jpeg.py", "storage/photos.py")
    said = set[str]().union(*(refused_in(STATIC.parents[1] / file) for file in files)) - NOT_FOR_CREWS
    gate = Gate()
    gate.play.hear(T0)
    terms = gate.play.judge._book.terms
    for order in (variant for one in gate.books.orders() for variant in variants(gate.books.order(one.id))):
        for crew in (order.crew, terms.desk, "lamps-e"):
            said |= {refused(order, crew, action, terms) for action in CrewAction}
    shapes = [re.sub(r"\\{\w+\\}", ".+", re.escape(en)) for en, _ in REFUSALS]
    assert sorted(one for one in said - {""} if not any(re.fullmatch(shape, one) for shape in shapes)) == []
    for en, zh in REFUSALS:
        assert set(re.findall(r"{\w+}", zh)) <= set(re.findall(r"{\w+}", en)), zh


def test_no_module_makes_markup_out_of_text():
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert [name for name, text in SCRIPTS.items() if re.search(forbidden, text)] == []


def test_every_word_is_there_in_both_tongues_and_every_key_that_is_used_is_a_word():
    assert all(all(pair) for pair in words.WORDS.values())
    used = {key for text in SCRIPTS.values() for key in re.findall(r'\bword\("([^"]+)"', text)}
    used |= {f"act.{action}" for action in CrewAction}
    template = (STATIC.parent / "templates" / "crew.html").read_text("utf-8")
    used |= set(re.findall(r'data-(?:word|label)="([^"]+)"', template))
    assert used <= set(words.WORDS)


def test_what_the_page_offers_is_what_the_judge_takes():
    gate = Gate()
    gate.play.hear(T0)
    terms = gate.play.judge._book.terms
    whole = [gate.books.order(one.id) for one in gate.books.orders()]
    assert {order.vouched for order in whole} == {True, False}
    for order in (variant for one in whole for variant in variants(one)):
        for crew in (order.crew, terms.desk, "lamps-e"):
            offered = set(may(order, crew, terms.desk))
            for action in CrewAction:
                assert (action in offered) is taken(order, crew, action, terms), (order.state, crew, action)


def variants(order: Order) -> list[Order]:
    made = []
    for state in OrderState:
        asked = Asked(order.crew, T0, T0 + 3 * HOUR, "more")
        for held, wish, desk in ((None, None, False), (Pause.WINDOW, asked, True)):
            on_hold = state is OrderState.ON_HOLD
            wished = wish if state in (OrderState.ACCEPTED, OrderState.ARRIVED) else None
            kept = {"held_for": held if on_hold else None, "held_from": OrderState.ACCEPTED if on_hold else None}
            held_at = T0 if on_hold else None
            made.append(replace(order, state=state, asked=wished, desk=desk, held_at=held_at, **kept))
    return made


def taken(order: Order, crew: str, action: CrewAction, terms: Terms) -> bool:
    return not refused(order, crew, action, terms)


def refused(order: Order, crew: str, action: CrewAction, terms: Terms) -> str:
    try:
        answered(order, crew, Reply("a", order.id, action, reason="so"), T0 + 1000, terms)
    except ConflictError as why:
        return str(why)
    return ""


def test_what_becomes_of_an_order_without_network_is_what_the_table_of_its_life_says():
    table = becomes()
    assert set(table) == {str(action) for action in OF_CREWS}
    assert table["done"] == {"dispatched": "done", "accepted": "done", "arrived": "done", "on_hold": "done"}
