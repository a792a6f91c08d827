"""The crew's page as a file: what it may load, what it says, what it keeps for the time without network."""

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
from services.dispatch.orders import Asked, Order, OrderState, Pause
from services.judge.answers import Terms, answered
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import HOUR, T0

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
    try:
        answered(order, crew, Reply("a", order.id, action, reason="so"), T0 + 1000, terms)
    except ConflictError:
        return False
    return True


def test_what_becomes_of_an_order_without_network_is_what_the_table_of_its_life_says():
    table = becomes()
    assert set(table) == {str(action) for action in OF_CREWS}
    assert table["done"] == {"dispatched": "done", "accepted": "done", "arrived": "done", "on_hold": "done"}
