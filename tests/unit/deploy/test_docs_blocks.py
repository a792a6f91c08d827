"""The reader of pages: what it runs, what it leaves out, what it expects to see."""

from pathlib import Path

import pytest

from tests.walk.docs_blocks import Reader, blocks

PAGE = """\
# A page

```sh
export WHERE=there
cd sub
```

```json
{"not": "a command"}
```

<!-- not run here: docker -->
```sh
docker compose up
```

<!-- slow: downloads -->
```sh
echo slow
```

```sh
echo "$WHERE in $(basename "$PWD")"
echo later
```

```text
there in …
later
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "clone/sub").mkdir(parents=True)
    path = tmp_path / "page.md"
    path.write_text(PAGE)
    return path


def reader(tmp_path: Path, **more: object) -> Reader:
    return Reader(tmp_path / "clone", tmp_path, **more)  # type: ignore[arg-type]


def test_blocks_are_found_in_order_with_their_marks_and_what_they_show(page: Path):
    found = blocks(page)
    assert [(one.mark, one.said) for one in found] == [
        ("", ""),
        ("not run here", "docker"),
        ("slow", "downloads"),
        ("", ""),
    ]
    assert found[-1].shows == "there in …\nlater"


def test_a_hurried_reader_types_the_rest_in_one_shell_and_says_what_was_left_out(page: Path, tmp_path: Path):
    lines: list[str] = []
    with reader(tmp_path, instead=lines.append) as typed:
        typed.read(page)
    assert typed.done == ["page.md:3", "page.md:22"]
    assert typed.left_out == ["page.md:13 not run here: docker", "page.md:18 slow: downloads"]
    assert lines == ["docker compose up", "echo slow"]


def test_a_patient_reader_types_what_is_slow_as_well(page: Path, tmp_path: Path):
    with reader(tmp_path, hurried=False) as typed:
        typed.read(page)
    assert len(typed.done) == 3


def test_what_is_not_shown_and_what_fails_are_failures(page: Path, tmp_path: Path):
    page.write_text(PAGE.replace("\nlater\n```\n", "\nsooner\n```\n"))
    with reader(tmp_path) as typed, pytest.raises(AssertionError, match="does not show 'sooner'"):
        typed.read(page)
    page.write_text("```sh\nfalse\necho on\n```\n")
    (tmp_path / "again").mkdir()
    (tmp_path / "again/clone").mkdir()
    with reader(tmp_path / "again") as typed, pytest.raises(AssertionError, match=r"page\.md:1 ended with 1"):
        typed.read(page)


def test_one_that_runs_on_is_waited_for_and_ended_when_the_next_begins(page: Path, tmp_path: Path):
    mark = "<!-- runs until ctrl-c: here -->\n"
    page.write_text(
        f"{mark}```sh\necho here $$ > pid; echo here; sleep 60\n```\n\n"
        f"{mark}```sh\necho here; exec sleep 60\n```\n\n"
        "```sh\nif kill -0 $(cut -d ' ' -f 2 pid) 2> /dev/null; then echo still; else echo gone; fi\n```\n\n"
        "```text\ngone\n```\n"
    )
    with reader(tmp_path) as typed:
        typed.read(page)
    assert len(typed.done) == 3
