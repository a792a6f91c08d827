"""What the documents say is there, is there."""

import re
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SHOWN = re.compile(r"`((?:unit|contracts|properties|walk|wire|scenarios|realdata)/[\w/.-]+\.py)::(\w+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
ITEM = re.compile(r"^\| (\d\.D?\d+) \|.*\| ([✔✘]) \| (.+) \|$", re.MULTILINE)
NUMBERED = {
    2: (9, 8),
    3: (8, 4),
    4: (11, 5),
    5: (7, 5),
    6: (8, 6),
}  # of each issue: items to build, and lines that must hold
ITEMS = [
    f"{issue}.{sort}{n + 1}"
    for issue, many in NUMBERED.items()
    for sort, count in zip(("", "D"), many, strict=True)
    for n in range(count)
]
OURS = ("domain", "ingest", "rules", "services", "dashboards", "simulators")


@cache
def _tests_of(file: str) -> frozenset[str]:
    path = ROOT / "tests" / file
    return frozenset(re.findall(r"def (test_\w+)", path.read_text("utf-8"))) if path.exists() else frozenset()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_that_a_page_names_is_there(page: Path):
    missing = [
        f"{file}::{name}" for file, name in SHOWN.findall(page.read_text("utf-8")) if name not in _tests_of(file)
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path):
    links = [link for link in LINK.findall(page.read_text("utf-8")) if "://" not in link]
    assert not [link for link in links if not (page.parent / link).exists()]


def test_every_definition_names_a_test():
    text = (ROOT / "docs/semantics.md").read_text("utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert not [section.split("\n", 1)[0] for section in sections if not SHOWN.search(section)]


def test_the_status_lists_every_item_with_what_shows_it():
    found = {
        number: (mark, shown) for number, mark, shown in ITEM.findall((ROOT / "docs/status.md").read_text("utf-8"))
    }
    assert sorted(found) == sorted(ITEMS)
    assert not [number for number, (mark, shown) in found.items() if mark == "✔" and "`" not in shown]


def test_every_decision_is_listed_and_numbered_once():
    files = sorted(path.name for path in (ROOT / "docs/decisions").glob("0*.md"))
    assert files == sorted(re.findall(r"\((0[\w-]+\.md)\)", (ROOT / "docs/decisions/README.md").read_text("utf-8")))
    assert len({name[:4] for name in files}) == len(files)


def test_nobody_else_provides_our_packages():
    """PyPI's `rules`, installed beside us, would overwrite ours."""
    provided = packages_distributions()
    assert not {name: provided[name] for name in OURS if set(provided.get(name, ())) - {"tidewalk"}}


@pytest.mark.parametrize(
    "lock",
    [
        "requirements.lock",
        "requirements-dev.lock",
        "deploy/requirements-postgres.lock",
        "deploy/requirements-grafana.lock",
    ],
)
def test_the_lock_names_no_index_and_every_pin_has_hashes(lock: str):
    lines = (ROOT / lock).read_text("utf-8").splitlines()
    assert not [line for line in lines if "://" in line or line.startswith("-")]
    pins = [number for number, line in enumerate(lines) if "==" in line]
    assert pins
    assert not [lines[number] for number in pins if "--hash=sha256:" not in lines[number + 1]]
