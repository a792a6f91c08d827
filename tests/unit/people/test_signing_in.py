"""Signing in and out, guessing, and what is still known when something changed."""

import asyncio
from pathlib import Path

import pytest

from domain.errors import ConflictError, NotFoundError, RejectedError, UnavailableError
from services.people.known import STALE_S
from services.people.links import Links
from services.people.passwords import Passwords
from services.people.reception import LASTS, TooManyError
from services.people.registry import DAY
from services.people.roles import Role
from services.people.secret import FILE, key_of
from services.people.throttle import ACCOUNT, ADDRESS, Throttle
from tests.unit.people.folk import GOOD, KEY, Folk


def li() -> Folk:
    folk = Folk()
    folk.registry.add_account("Li Wei", Role.DISPATCHER, ["west"], GOOD)
    return folk


def told(folk: Folk) -> list[tuple[str, str, str]]:
    return [(one.entry.who, one.entry.what, one.entry.result) for one in folk.kept.entries(newest=100)][::-1]


@pytest.mark.asyncio
async def test_who_signs_in_is_known_by_their_session_until_they_sign_out():
    folk = li()
    text = await folk.reception.sign_in("Li Wei", GOOD, "10.0.0.7")
    shown = folk.reception.known.by_session(text)
    assert shown is not None
    assert (shown.person.name, shown.person.role, shown.person.zones) == ("Li Wei", "dispatcher", {"west"})
    await folk.reception.sign_out(shown.session, "Li Wei", "10.0.0.7")
    assert folk.reception.known.by_session(text) is None
    assert told(folk)[1:] == [("Li Wei", "sign in", "done"), ("Li Wei", "sign out", "done")]


@pytest.mark.asyncio
async def test_a_session_ends_by_time_by_another_password_and_by_being_disabled():
    for end in (
        lambda f: f.later(LASTS),
        lambda f: f.registry.change_password("Li Wei", GOOD + "s"),
        lambda f: f.registry.disable("Li Wei"),
        lambda f: f.registry.revoke_account("Li Wei"),
    ):
        folk = li()
        text = await folk.reception.sign_in("Li Wei", GOOD, "a")
        end(folk)
        folk.later(2_000)
        await folk.reception.known.fresh()
        assert folk.reception.known.by_session(text) is None


@pytest.mark.asyncio
async def test_a_wrong_password_and_a_name_that_nobody_has_are_told_the_same_and_both_noted():
    folk, whys = li(), []
    for name in ("Li Wei", "nobody"):
        with pytest.raises(RejectedError) as wrong:
            await folk.reception.sign_in(name, "wrong", "a")
        whys.append(str(wrong.value))
    assert whys[0] == whys[1]
    assert [one[2] for one in told(folk)[1:]] == ["refused: wrong name or password"] * 2


def test_a_hash_is_made_for_nobody_too():
    hashed = []

    class Counting:
        def hash(self, text: str) -> str:
            return "h" + text

        def verify(self, kept: str, password: str) -> bool:
            hashed.append((kept, password))
            return True

    passwords = Passwords(Counting())  # type: ignore[arg-type]  # as much as is used of it
    assert not passwords.fits(None, "whatever")
    assert passwords.fits("h", "whatever")
    assert len(hashed) == 2


@pytest.mark.asyncio
async def test_who_guesses_waits_longer_each_time_and_who_knows_it_gets_in_again():
    folk = li()
    for _ in range(ACCOUNT.free + 1):
        with pytest.raises(RejectedError):
            await folk.reception.sign_in("Li Wei", "wrong", "a")
    with pytest.raises(TooManyError) as early:
        await folk.reception.sign_in("Li Wei", GOOD, "b")  # from elsewhere too, and whatever is said
    assert early.value.retry_after == pytest.approx(1.0)
    folk.later(1_000)
    assert await folk.reception.sign_in("Li Wei", GOOD, "b")
    assert await folk.reception.sign_in("Li Wei", GOOD, "b")


@pytest.mark.asyncio
async def test_guesses_that_come_together_are_each_counted():
    folk = li()
    guesses = [folk.reception.sign_in("Li Wei", f"wrong {n}", "a") for n in range(20)]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(one, TooManyError) for one in outcomes) == 20 - ACCOUNT.free - 1


@pytest.mark.asyncio
async def test_an_address_that_guesses_many_names_waits_too():
    folk = li()
    for n in range(ADDRESS.free + 1):
        with pytest.raises(RejectedError):
            await folk.reception.sign_in(f"name {n}", "wrong", "a")
    with pytest.raises(TooManyError):
        await folk.reception.sign_in("Li Wei", GOOD, "a")
    assert await folk.reception.sign_in("Li Wei", GOOD, "b")


def test_the_wait_doubles_up_to_its_longest_and_is_forgotten():
    throttle = Throttle(ACCOUNT, most=2)
    waits = []
    for _ in range(15):
        throttle.failed("li", 0)
        waits.append(throttle.wait("li", 0) // 1000)
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    throttle.failed("li", ACCOUNT.forget + 1)
    assert throttle.wait("li", ACCOUNT.forget + 1) == 0
    for key in ("x", "y", "z"):
        throttle.failed(key, 0)
    assert len(throttle._failed) == 2


@pytest.mark.asyncio
async def test_a_token_is_good_until_it_expires_or_is_revoked_and_its_session_with_it():
    folk = Folk()
    made, text = folk.registry.add_token("prometheus", Role.VIEWER, [], 2 * DAY)
    session = await folk.reception.sign_in_with_token(text, "a")
    known = folk.reception.known
    assert known.by_token(text) is not None
    assert known.by_session(session) is not None
    assert text not in repr(folk.kept.roster(0))
    folk.registry.revoke_token(made.id)
    folk.later(2_000)
    await known.fresh()
    assert known.by_token(text) is None
    assert known.by_session(session) is None
    _, another = folk.registry.add_token("prometheus", Role.VIEWER, [], 2 * DAY)
    folk.later(2 * DAY)
    await known.fresh()
    assert known.by_token(another) is None
    with pytest.raises(RejectedError):
        await folk.reception.sign_in_with_token(another, "a")


@pytest.mark.asyncio
async def test_a_users_token_may_what_the_user_may_and_nothing_once_they_are_disabled():
    folk = li()
    _, text = folk.registry.add_token("Li Wei", None, [], DAY)
    known = folk.reception.known
    await known.fresh()
    shown = known.by_token(text)
    assert shown is not None
    assert shown.person.zones == {"west"}
    folk.registry.disable("Li Wei")
    await known.fresh(now=True)
    assert known.by_token(text) is None
    with pytest.raises(ConflictError, match="leave role and zones out"):
        folk.registry.add_token("Li Wei", Role.ADMIN, [], DAY)
    with pytest.raises(ConflictError, match="say with --role"):
        folk.registry.add_token("nobody", None, [], DAY)


@pytest.mark.asyncio
async def test_wrong_tokens_cost_no_question_to_the_database_and_who_was_known_stays_while_it_is_away():
    folk = Folk()
    text = folk.token(Role.VIEWER)
    known = folk.reception.known
    await known.fresh()
    asked = folk.kept.asked
    for n in range(1000):
        await known.fresh()
        assert known.by_token(f"tw_{n}") is None
    assert folk.kept.asked == asked
    folk.kept.away = True
    folk.later(5_000)
    await known.fresh()
    assert known.by_token(text) is not None
    folk.later(int(STALE_S * 1000))
    with pytest.raises(UnavailableError):
        await known.fresh()


def test_a_password_is_long_enough_and_a_name_is_one_mans():
    folk = li()
    for poor in ("short", "aaaaaaaaaaaaaaaa", "x" * 300):
        with pytest.raises(ConflictError, match="password"):
            folk.registry.add_account("Wang", Role.VIEWER, [], poor)
    for name in ("", " Li", "a=b", "a\nb", "x" * 65):
        with pytest.raises(ConflictError, match="a name has"):
            folk.registry.add_account(name, Role.VIEWER, [], GOOD)
    with pytest.raises(ConflictError, match="already"):
        folk.registry.add_account("Li Wei", Role.ADMIN, [], GOOD)
    with pytest.raises(NotFoundError, match="user list"):
        folk.registry.disable("nobody")


def test_every_change_is_in_the_trail_with_before_and_after_and_never_a_secret():
    folk = li()
    _, text = folk.registry.add_token("Li Wei", None, [], DAY)
    folk.registry.disable("Li Wei")
    entries = [one.entry for one in folk.kept.entries(newest=9)]
    assert [one.what for one in entries] == ["user disable", "token add", "user add"]
    assert (entries[0].before, entries[0].after) == ("dispatcher, west", "dispatcher, west, disabled")
    assert {(one.who, one.address) for one in entries} == {("root@coast", "command")}
    assert GOOD not in repr(entries)
    assert text not in repr(entries)


@pytest.mark.asyncio
async def test_a_link_opens_its_crew_until_it_expires_is_revoked_or_is_touched():
    folk = Folk()
    known = folk.reception.known
    links = Links(KEY, known.generation, folk.clock.now)
    text = links.sign("collect-w1", folk.clock.now() + DAY)
    assert links.open(text) == "collect-w1"
    for n in range(0, len(text), 7):
        with pytest.raises(RejectedError, match="no link of ours"):
            links.open(text[:n] + ("A" if text[n] != "A" else "B") + text[n + 1 :])
    for strange in ("", "é", "====", text + "=", text * 50, text[:-1]):
        with pytest.raises(RejectedError, match="no link of ours"):
            links.open(strange)
    other = links.sign("collect-w2", folk.clock.now() + 2 * DAY)
    folk.registry.revoke_links("collect-w1")
    await known.fresh(now=True)
    with pytest.raises(RejectedError, match="revoked"):
        links.open(text)
    assert links.open(links.sign("collect-w1", folk.clock.now() + DAY)) == "collect-w1"
    assert links.open(other) == "collect-w2"
    folk.later(2 * DAY)
    with pytest.raises(RejectedError, match="expired"):
        links.open(other)


def test_the_key_is_made_once_for_its_owner_alone_and_another_one_fits_nothing(tmp_path: Path):
    key = key_of(tmp_path / "state")
    assert key == key_of(tmp_path / "state") != key_of(tmp_path / "other")
    assert (tmp_path / "state" / FILE).stat().st_mode & 0o777 == 0o600
    assert key.digest("a") != key_of(tmp_path / "other").digest("a")
    assert key_of(tmp_path, "s" * 32) == key_of(tmp_path / "state", "s" * 32)
    with pytest.raises(ConflictError, match="at least 32"):
        key_of(tmp_path, "short")
    (tmp_path / "state" / FILE).write_text("00")
    with pytest.raises(ConflictError, match="not 32 bytes"):
        key_of(tmp_path / "state")
