"""Ids that a replay must find again. A vector that changes orphans every stored alarm and order."""

import pytest

from domain.ids import alarm_id, message_key, order_id


def test_ids_are_the_golden_ones():
    alarm = alarm_id("shinan", "lamp-out", "facility:light-q1-001", 1_790_848_800_000)
    assert alarm == "30ad7feb61938c2c"
    assert order_id(alarm) == "5031804538231378"
    assert message_key("tidewalk/shinan/qingdaowan/bin/bin-017/up", b'{"values":{}}').hex() == "93a899ba40622e74"


@pytest.mark.parametrize("other", [("s", "r", "a", 2), ("s", "r", "ab", 1), ("s", "ra", "", 1), ("sr", "", "a", 1)])
def test_no_two_inputs_run_together(other: tuple[str, str, str, int]):
    assert alarm_id(*other) != alarm_id("s", "r", "a", 1)


def test_a_topic_that_is_no_unicode_has_a_key_too():
    assert len(message_key("caf\udce9", b"")) == 8
