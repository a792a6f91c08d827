"""Who leads, held to a real PostgreSQL: one at a time, and whoever does no more writes nothing."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Final

import pytest
import sqlalchemy as sa

from domain.errors import ConflictError, UnavailableError
from services.judge import Outcome
from services.storage import engines, lease
from services.storage.lease import SqlLease
from services.storage.letters import SqlLetterbox
from services.storage.sql import JudgeStore
from tests.machines.postgres import Postgres
from tests.unit.dispatch.coast import T0

SPAN_S: Final = 30.0


class Nodes:
    """Machines beside one database."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self.url, self._stack = url, stack

    def node(self, name: str, *, site: str = "coast", shares: bool = False, span_s: float = SPAN_S) -> SqlLease:
        made = SqlLease(self.url, site=site, node=name, known_as=f"node {name}", span_s=span_s, shares=shares)
        self._stack.callback(made.close)
        return made

    def books(self, of: SqlLease) -> JudgeStore:
        made = JudgeStore(self.url, of.fence)
        self._stack.callback(made.close)
        return made

    def passes(self) -> None:
        """The time of whoever leads runs out."""
        engine = engines.reader(self.url)
        with engine.begin() as asked:
            asked.execute(sa.text("UPDATE lease SET until = 1"))
        engine.dispose()


def until_led(node: SqlLease) -> None:
    while node.held is None:
        node.take()


@pytest.fixture
def nodes(postgres: Postgres) -> Iterator[Nodes]:
    with ExitStack() as stack:
        yield Nodes(postgres.database("newest"), stack)


def test_one_leads_until_its_time_runs_out_and_tokens_only_rise(nodes: Nodes):
    a, b = nodes.node("a"), nodes.node("b")
    assert (a.take().known_as, b.take().known_as) == ("node a", "node a")
    assert b.held is None
    a.renew()
    nodes.passes()
    assert b.take().known_as == "node b"
    assert [one.held.token for one in (a, b) if one.held] == [1, 2]
    with pytest.raises(ConflictError, match="node b leads now"):
        a.renew()
    b.renew()


def test_who_leaves_in_order_is_followed_at_once(nodes: Nodes):
    a, b = nodes.node("a"), nodes.node("b")
    a.take()
    a.release()
    assert b.take().token == 2
    a.release()
    there = lease.leader_of(nodes.url)
    assert there is not None
    assert (there.known_as, there.leads) == ("node b", True)


def test_a_node_that_comes_back_leads_at_once_with_a_newer_token_and_the_same_run(nodes: Nodes):
    first, again = nodes.node("a"), nodes.node("a")
    first.take()
    led = again.take()
    assert (led.token, led.run) == (2, 1)
    with pytest.raises(ConflictError):
        first.renew()
    nodes.passes()
    assert nodes.node("b").take().run == 3
    nodes.passes()
    assert nodes.node("a").take().run == 4


def test_processes_of_one_node_lead_together(nodes: Nodes):
    door, judge = nodes.node("a", shares=True), nodes.node("a", shares=True)
    assert door.take().token == judge.take().token == 1
    door.release()
    assert nodes.node("b").take().known_as == "node a"
    judge.renew()


def test_whoever_led_before_writes_nothing_more_whatever_it_writes(nodes: Nodes):
    a, b = nodes.node("a"), nodes.node("b")
    a.take()
    books = nodes.books(a)
    books.commit(Outcome(1, T0), {"x": b"1"})
    nodes.passes()
    books.commit(Outcome(2, T0), {"x": b"2"})  # nobody else leads: it may
    b.take()
    box = SqlLetterbox(nodes.url, a.fence)
    for write in (
        lambda: books.commit(Outcome(3, T0), {"x": b"3"}),
        lambda: books.move("store", 3),
        lambda: books.mark_sent([1], T0),
        lambda: books.prune(T0),
        lambda: box.begin([1], "b", T0),
        lambda: box.prune(T0),
    ):
        with pytest.raises(ConflictError, match="node b leads now"):
            write()
    box.close()
    assert (books.load().row, books.cursor("store")) == (2, 0)
    nodes.books(b).commit(Outcome(4, T0), {})
    assert books.load().row == 4


def test_a_leader_that_is_stopped_in_the_middle_of_writing_is_thrown_out_and_writes_nothing(nodes: Nodes):
    a, b = nodes.node("a", span_s=0.3), nodes.node("b", span_s=5.0)
    a.take()
    writer = engines.writer(nodes.url, a.fence)
    with writer.connect() as stopped:
        stopped.execute(sa.text("INSERT INTO meta (name, value) VALUES ('half', '')"))
        nodes.passes()
        assert b.take().known_as == "node b"  # waits until the server has ended it
        with pytest.raises(UnavailableError), engines.tried():
            stopped.execute(sa.text("INSERT INTO meta (name, value) VALUES ('other half', '')"))
    with engines.tried(), writer.connect() as asked, pytest.raises(ConflictError), engines.tried():
        asked.execute(sa.text("SELECT 1"))
    writer.dispose()
    assert nodes.books(b).noted("half") == b""


def test_a_leader_that_is_stopped_in_the_middle_of_renewing_holds_nobody_up(nodes: Nodes):
    a, b = nodes.node("a", span_s=0.3), nodes.node("b", span_s=5.0)
    a.take()
    sa.event.listen(a._engine, "commit", lambda _: until_led(b), once=True)  # stopped here
    with pytest.raises(UnavailableError):
        a.renew()
    assert b.held is not None
    with pytest.raises(ConflictError, match="node b leads now"):
        a.renew()


def test_a_database_of_another_site_is_refused_while_that_runs(nodes: Nodes):
    nodes.node("a").take()
    with pytest.raises(ConflictError, match="of the site coast, which node a runs"):
        nodes.node("b", site="elsewhere").take()
    nodes.passes()
    assert nodes.node("b", site="elsewhere").take().site == "elsewhere"


def test_nobody_has_led_on_a_new_database(nodes: Nodes, postgres_url: str):
    assert lease.leader_of(nodes.url) is None
    assert lease.there(nodes.url)
    assert not lease.there(postgres_url)
