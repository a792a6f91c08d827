"""What every test of the site files begins with."""

import pytest

from tests.fakes.small_site import small_site


@pytest.fixture
def small() -> dict[str, bytes]:
    return small_site()
