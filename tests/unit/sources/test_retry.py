"""Whether to try again, and when."""

import pytest

from domain.errors import RejectedError, UnavailableError
from ingest.sources.granted import refused_for_good, weigh
from ingest.sources.retry import Loss, MalformedError, Retry, TakenOverError

GONE = Loss(UnavailableError("gone"), 0.0)


def retry(chance: float = 1.0) -> Retry:
    return Retry(
        first=0.5,
        most=30,
        takeover_first=30,
        takeover_most=600,
        steady=10,
        faults_at_one_spot=3,
        chance=lambda: chance,
    )


def test_waits_double_up_to_their_limit():
    one = retry()
    assert [one.after(GONE) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]


def test_chance_shortens_a_wait_to_no_less_than_half():
    assert retry(chance=0.0).after(GONE) == 0.25


def test_a_connection_that_stayed_begins_the_count_anew():
    one = retry()
    for _ in range(5):
        one.after(GONE)
    assert one.after(Loss(UnavailableError("gone"), 9.9)) == 16
    assert one.after(Loss(UnavailableError("gone"), 10.0)) == 0.5


def test_a_broker_that_names_a_time_is_given_it():
    assert retry().after(Loss(UnavailableError("busy", retry_after=12.0), 0.0)) == 12.0


def test_a_fight_over_the_client_id_dies_down_even_where_each_round_lasts():
    one = retry()
    assert [one.after(Loss(TakenOverError("0x8E"), 60.0)) for _ in range(6)] == [30, 60, 120, 240, 480, 600]


def test_what_can_never_succeed_is_raised():
    with pytest.raises(RejectedError, match="bad password"):
        retry().after(Loss(RejectedError("bad password"), 0.0))


def test_three_faults_at_one_spot_are_enough_and_at_three_spots_are_not():
    one = retry()
    for spot in (b"a", b"b", b"c", b"a", b"b"):
        one.after(Loss(MalformedError("faulty", spot), 1.0))
    with pytest.raises(RejectedError, match="3 times"):
        one.after(Loss(MalformedError("faulty", b"a"), 1.0))


def test_faults_are_forgotten_after_a_connection_that_stayed():
    one = retry()
    for _ in range(9):
        one.after(Loss(MalformedError("faulty", b"a"), 11.0))


def test_only_what_a_person_must_mend_is_refused_for_good():
    assert [code for code in range(0x80, 0xA3) if refused_for_good(code)] == [0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C]


@pytest.mark.parametrize("codes", [[1, 1, 1], [0, 1, 1], [0x80, 1, 1], [0x87, 0, 0x87]])
def test_one_filter_that_is_granted_is_enough(codes: list[int]):
    weigh(("a", "b", "marker"), codes)


@pytest.mark.parametrize(
    ("codes", "kind"),
    [([0x87, 0x8F, 1], RejectedError), ([0x80, 0x87, 1], UnavailableError), ([0x97, 0x97, 0x97], UnavailableError)],
)
def test_none_that_is_granted_ends_the_connection(codes: list[int], kind: type[Exception]):
    with pytest.raises(kind, match="every subscription"):
        weigh(("a", "b", "marker"), codes)
