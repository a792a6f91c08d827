"""The duty officer's page: its picture is drawn from the table, and its words are those of the program."""

import re
from pathlib import Path

from services.commands.life_picture import picture
from services.commands.timeline import STEP_ZH
from services.console.words import ORDER_STATE
from services.dispatch.orders import OrderState, Step

DOCS = Path(__file__).parents[3] / "docs"
AGAIN = "draw it again: python -m services.commands.life_picture docs/images/order-life.svg"


def test_the_picture_of_the_life_of_an_order_is_current():
    assert (DOCS / "images/order-life.svg").read_text("utf-8") == picture(), AGAIN


def test_the_page_explains_every_state_and_every_step_that_people_take():
    text = (DOCS / "operations.md").read_text("utf-8")
    assert not [state for state in OrderState if ORDER_STATE[state][1] not in text]
    spoken = set(Step) - {Step.CLOSE, Step.AMEND, Step.ATTACH, Step.ABSORB}
    assert not [step for step in spoken if STEP_ZH[step] not in text]


def test_its_chapters_are_there():
    chapters = re.findall(r"^## (.+)$", (DOCS / "operations.md").read_text("utf-8"), re.MULTILINE)
    assert {"Who does what", "Escalation", "Clocks", "Channels"} <= set(chapters)
