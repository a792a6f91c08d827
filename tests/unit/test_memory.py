"""The memory of a process that serves."""

import gc
import threading

from services import memory


def test_what_is_changed_for_serving_is_put_back_after_it():
    usual = gc.get_threshold()
    with memory.settled():
        assert gc.get_threshold()[0] > usual[0]
        assert gc.get_freeze_count() > 0
        [waiting] = [thread for thread in threading.enumerate() if thread.name == "memory"]
    waiting.join(5)
    assert not waiting.is_alive()
    assert (gc.get_threshold(), gc.get_freeze_count()) == (usual, 0)


def test_asking_for_large_pages_changes_nothing_that_is_in_memory():
    kept = [str(number) for number in range(1_500_000)]
    assert memory.ask_for_large_pages() >= 0
    assert kept[123_456] == "123456"
    assert sum(map(len, kept)) == 9_388_890
