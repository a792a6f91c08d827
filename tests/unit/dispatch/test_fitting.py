"""Text cut to what a channel takes."""

from hypothesis import given
from hypothesis import strategies as st

from services.dispatch.fitting import Piece, Room, fitted, shortened

LINK = "接单：https://t.example/crew/a1b2"
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=200)
PIECES = st.lists(st.builds(Piece, TEXTS, st.integers(0, 6), st.just(False)), min_size=1, max_size=8)


def test_what_fits_is_whole_and_in_its_order():
    assert fitted([Piece("头"), Piece("why", 4), Piece(""), Piece(LINK, 0, link=True)], Room(200)) == f"头\nwhy\n{LINK}"


def test_the_least_important_goes_first_and_whole():
    pieces = [Piece("a" * 50), Piece("b" * 50, 6), Piece("c" * 50, 4), Piece("d" * 50, 1)]
    assert fitted(pieces, Room(160)) == "\n".join(("a" * 50, "c" * 50, "d" * 50))
    assert fitted(pieces, Room(110)) == "\n".join(("a" * 50, "d" * 50))


@given(PIECES, st.integers(60, 600), st.booleans())
def test_whatever_is_said_it_fits_and_its_link_is_whole(pieces: list[Piece], most: int, in_bytes: bool):
    room = Room(most, in_bytes)
    text = fitted([*pieces, Piece(LINK, 0, link=True)], room)
    assert room.takes(text)
    assert text.endswith(LINK)


@given(TEXTS, st.integers(0, 300), st.booleans())
def test_no_character_is_ever_cut_in_two(text: str, most: int, in_bytes: bool):
    room = Room(most, in_bytes)
    cut = shortened(text, room)
    assert room.takes(cut)
    assert text.startswith(cut.removesuffix("…")) or cut == text


def test_chinese_counts_three_bytes_a_character_where_bytes_count():
    assert shortened("栈桥配电箱", Room(9)) == "栈桥…"
    assert shortened("栈桥配电箱", Room(3, in_bytes=False)) == "栈桥…"
