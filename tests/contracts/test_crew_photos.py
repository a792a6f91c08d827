"""Photos of crews: the fake and the folder keep them the same."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.errors import ConflictError, NotFoundError
from services.crew.ports import Photos
from services.storage.photos import PhotoFolder
from tests.fakes.memory_photos import MOST, MemoryPhotos, picture

ORDER, OTHER = "8f5bd1a4f7f5a2c0", "00000000000000aa"


@pytest.fixture(params=["memory", "folder"])
def photos(request: pytest.FixtureRequest, tmp_path: Path) -> Photos:
    return MemoryPhotos() if request.param == "memory" else PhotoFolder(tmp_path / "photos")


def test_the_same_photo_twice_is_one_and_is_found_with_its_order(photos: Photos):
    first, again = photos.keep(ORDER, picture()), photos.keep(ORDER, picture())
    other = photos.keep(OTHER, picture(8, 8))
    assert first == again != other
    assert photos.of(ORDER) == (first,)
    assert photos.find(first) == ((ORDER,), picture())
    assert photos.find(other) == ((OTHER,), picture(8, 8))
    photos.keep(OTHER, picture())
    assert photos.find(first).orders == (OTHER, ORDER)


def test_what_is_not_there_is_not_found(photos: Photos):
    for name in ("0" * 32, "../../etc/passwd", ""):
        with pytest.raises(NotFoundError):
            photos.find(name)
    assert photos.of("none") == ()


def test_an_order_has_so_many(photos: Photos):
    for n in range(MOST):
        photos.keep(ORDER, picture(more=b"%d" % n))
    with pytest.raises(ConflictError, match="at most"):
        photos.keep(ORDER, picture())
    photos.keep(ORDER, picture(more=b"0"))  # that one is there already
    photos.keep(OTHER, picture())


def test_those_of_orders_that_are_over_go(photos: Photos, tmp_path: Path):
    kept, gone = photos.keep(ORDER, picture()), photos.keep(OTHER, picture(8, 8))
    for folder in (tmp_path / "photos").glob("*"):
        os.utime(folder, (1000, 1000))
    photos.prune(2_000_000, lambda order, before: order == OTHER and before == 2_000_000)
    assert photos.find(kept).orders == (ORDER,)
    with pytest.raises(NotFoundError):
        photos.find(gone)


def test_a_folder_takes_so_much_and_nothing_outside_it(tmp_path: Path):
    small = PhotoFolder(tmp_path / "photos", most=len(picture()) + 10)
    small.keep(ORDER, picture())
    with pytest.raises(ConflictError, match="no room"):
        small.keep(OTHER, picture(8, 8))
    with pytest.raises(NotFoundError):
        small.keep("../escape", picture())
    assert [file.name for file in tmp_path.iterdir()] == ["photos"]


def test_a_folder_that_was_touched_since_is_not_even_asked_for(tmp_path: Path):
    folder = PhotoFolder(tmp_path / "photos")
    folder.keep(ORDER, picture())
    asked: list[str] = []
    over: Callable[[str, int], bool] = lambda order, _: bool(asked.append(order)) or True  # noqa: E731
    folder.prune(2_000_000, over)
    assert asked == []
