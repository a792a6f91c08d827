import pytest

from simulators.broker.topics import matcher, valid_filter, valid_name


@pytest.mark.parametrize(
    ("pattern", "topic", "falls_under"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/", True),
        ("a/+", "a", False),
        ("a/+", "a/b/c", False),
        ("+", "a", True),
        ("+", "/a", False),
        ("+/+", "/a", True),
        ("/+", "/a", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("a/#", "ab", False),
        ("a/+/#", "a/b", True),
        ("a/+/#", "a/b/c/d", True),
        ("a/+/#", "a", False),
        ("+/b/#", "a/b", True),
        ("#", "a/b", True),
        ("/#", "/a", True),
        ("/#", "a", False),
        ("#", "$SYS/uptime", False),
        ("+/uptime", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
        ("$SYS/+", "$SYS/uptime", True),
        ("a/+", "a/$b", True),
    ],
)
def test_a_topic_falls_under_a_filter_as_the_standard_says(pattern: str, topic: str, falls_under: bool):
    assert matcher(pattern)(topic) is falls_under


@pytest.mark.parametrize("pattern", ["a", "/", "+", "#", "a/#", "+/+/#", "a//b", "$SYS/#", " "])
def test_wildcards_that_fill_a_level_make_a_good_filter(pattern: str):
    assert valid_filter(pattern)


@pytest.mark.parametrize("pattern", ["", "a#", "#/a", "a/#/b", "a+", "+a/b", "a/b+/c", "##", "a/##"])
def test_wildcards_elsewhere_make_a_bad_filter(pattern: str):
    assert not valid_filter(pattern)


def test_a_name_has_no_wildcards():
    assert valid_name("a/b")
    assert not any(valid_name(topic) for topic in ("", "a/+", "#", "a/#"))
