"""Where two rooms that are strangers must agree: the rules' words and the site's."""

import pytest

from domain.site import Site
from rules.book import RuleBook, shipped
from services.site import load_site, sample


@pytest.fixture(scope="module")
def book() -> RuleBook:
    return shipped()


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(sample())


def test_every_trade_that_a_rule_asks_for_works_in_every_zone_of_the_sample(book: RuleBook, site: Site):
    for trade in sorted({rule.order.trade for rule in book.rules.values() if rule.order}):
        zones = {
            zone for crew in site.crews.values() if crew.id != site.desk and trade in crew.trades for zone in crew.zones
        }
        assert zones == set(site.zones), trade


def test_orders_about_instruments_are_those_that_do_not_count(book: RuleBook):
    orders = {rule.name: rule.order for rule in book.rules.values() if rule.order}
    assert {name for name, order in orders.items() if not order.counted} == {
        name for name, order in orders.items() if order.trade == "instruments"
    }
