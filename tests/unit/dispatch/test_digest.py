"""Several letters as one message."""

from services.dispatch.digest import groups_of, lines_of, ranges
from services.dispatch.fitting import Piece, Room
from services.dispatch.letters import Words

AT = 1_790_812_800_000
ZONE = "Asia/Shanghai"


def words(number: int, group: str = "P2 果皮箱满溢 青岛湾", *, chinese: bool = True) -> Words:
    case = f"SN-20261001-{number:04d}"
    subject = f"【P0 市政设施·配电箱】案号 {case} 漏电：断电 | 青岛湾 栈桥配电箱"
    return Words(chinese, drill=True, pieces=(Piece(subject),), subject=subject, group=group, case=case, answer=True)


def test_case_numbers_that_follow_each_other_are_drawn_together():
    cases = [f"SN-20261001-{n:04d}" for n in (3, 4, 5, 9, 11, 12)]
    assert ranges([*cases, "odd"]) == ("SN-20261001-0003…0005, SN-20261001-0009, SN-20261001-0011…0012, odd")


def test_what_is_alike_is_told_together_and_every_case_is_named():
    text, covers = groups_of([*(words(n) for n in range(1, 41)), words(50, "P3 灯不亮 汇泉湾")], AT, ZONE, Room(2048))
    assert covers == 41
    assert text.split("\n") == [
        "【演练】【汇总】41件案卷（08:00）",
        "P2 果皮箱满溢 青岛湾 40件：SN-20261001-0001…0040",
        "P3 灯不亮 汇泉湾 1件：SN-20261001-0050",
    ]


def test_only_as_many_as_there_is_room_for_are_covered():
    many = [words(2 * n, f"P2 事项{n} 青岛湾") for n in range(200)]
    text, covers = groups_of(many, AT, ZONE, Room(2048))
    assert 20 < covers < 200
    assert Room(2048).takes(text)
    assert all(one.case in text for one in many[:covers])


def test_what_a_person_must_act_on_now_has_a_line_each_and_lines_grow_shorter_before_any_waits():
    urgent = [words(n) for n in range(24)]
    text, covers = lines_of(urgent, AT, ZONE, Room(2048))
    assert covers == 24
    assert Room(2048).takes(text)
    assert all(one.case in text for one in urgent)


def test_a_digest_is_in_the_language_of_whom_it_goes_to():
    text, _ = groups_of(
        [words(1, "P2 Full bin", chinese=False), words(2, "P2 Full bin", chinese=False)], AT, ZONE, Room(500)
    )
    assert text.startswith("【演练】[Digest] 2 orders (08:00)\nP2 Full bin, 2: SN-20261001-0001…0002")
