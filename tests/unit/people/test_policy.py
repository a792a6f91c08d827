"""Who may do what, and where."""

import pytest

from services.people.policy import POLICY, Reach, deed_of, lacks, lacks_action, lacks_zone
from services.people.roles import Person, Role

ORDERS = deed_of("GET", "/api/v1/orders")
WEST = frozenset({"west"})


def test_what_no_table_names_is_the_administrators_alone():
    unknown = deed_of("DELETE", "/api/v1/everything")
    assert lacks(Person("a", Role.ADMIN), unknown) is None
    for role in set(Role) - {Role.ADMIN}:
        assert lacks(Person("a", role), unknown) is not None
    assert lacks_action(Person("a", Role.OPERATOR), "an action of next year") is not None
    assert lacks_action(Person("a", Role.DISPATCHER), "an action of next year") is None


def test_an_administrator_may_everything_and_nobody_may_what_an_administrator_may_not():
    for deed in POLICY.values():
        assert lacks(Person("a", Role.ADMIN), deed) is None


def test_reading_is_for_all_roles_and_changing_never_for_viewers_and_crews():
    for route, deed in POLICY.items():
        if not route.startswith("GET") and deed.reach != "signed":  # whoever has a crew's link is that crew
            assert not deed.roles & {Role.VIEWER, Role.CREW}, route


@pytest.mark.parametrize(
    ("zones", "own", "every", "may"),
    [
        (set(), {"west"}, False, True),
        ({"west"}, {"west"}, False, True),
        ({"west"}, {"east"}, False, False),
        ({"west"}, {"east", "west"}, False, True),
        ({"west"}, {"east", "west"}, True, False),
        ({"west"}, set(), False, False),
        (set(), set(), True, True),
    ],
)
def test_a_thing_is_theirs_where_it_is_in_their_zones(zones: set[str], own: set[str], every: bool, may: bool):
    person = Person("li", Role.DISPATCHER, frozenset(zones))
    assert (lacks_zone(person, frozenset(own), every=every) is None) is may


def test_a_refusal_says_what_would_be_needed():
    lacking = lacks(Person("li", Role.VIEWER), deed_of("POST", "/api/v1/maintenance"))
    assert lacking is not None
    assert lacking.roles == (Role.OPERATOR, Role.DISPATCHER, Role.ADMIN)
    assert lacking.why == "it needs the role operator or dispatcher or admin, and li is viewer"
    whole = lacks(Person("li", Role.OPERATOR, WEST), deed_of("GET", "/metrics"))
    assert whole is not None
    assert whole.whole
    other = lacks_zone(Person("li", Role.OPERATOR, WEST), frozenset({"east"}))
    assert other is not None
    assert (other.zones, other.why) == (("east",), "it is in zone east, and li has zone west")


def test_what_is_open_asks_nobody():
    assert all(lacks(Person("", Role.CREW, WEST), one) is None for one in POLICY.values() if one.reach is Reach.OPEN)
