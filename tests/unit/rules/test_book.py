from pathlib import Path

import pytest

from domain.errors import FaultyFileError
from rules.book import LIBRARY, read_rules, shipped
from rules.runners.trial import read_trial, run_trial
from tests.unit.rules.coast import rule_text

GOOD = "kind: bin\nwhen: fill_level >= 95\nclear: fill_level <= 30\n"


@pytest.mark.parametrize("file", sorted(LIBRARY.glob("*.test.yaml")), ids=lambda file: file.name)
def test_a_shipped_rule_fires_does_not_fire_and_clears_as_its_test_says(file: Path):
    trial = read_trial(file)
    assert trial.missing() == ()
    assert {outcome.case: outcome.differences for outcome in run_trial(trial, shipped())} == {
        case.name: () for case in trial.cases
    }


def test_every_shipped_rule_has_a_test_beside_it_and_speaks_both_languages():
    for name, rule in shipped().rules.items():
        assert (LIBRARY / f"{name}.test.yaml").exists()
        texts = [rule.title]
        if rule.order is not None:
            texts += [rule.order.title, rule.order.do, *([rule.order.caution] if rule.order.caution else [])]
        for text in texts:
            assert text.en.isascii() or "°" in text.en
            assert any("\u4e00" <= character <= "\u9fff" for character in text.zh)


def test_the_version_is_of_the_content_and_not_of_comments():
    plain = read_rules({"a.yaml": rule_text("full", GOOD)})
    assert read_rules({"b.yaml": "# why\n" + rule_text("full", GOOD)}).version == plain.version
    assert read_rules({"a.yaml": rule_text("full", GOOD.replace("95", "96"))}).version != plain.version


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        (GOOD.replace("fill_level >= 95", "fil_level >= 95"), 5, "unknown name 'fil_level'; expected 'fill_level'"),
        (GOOD.replace("fill_level <= 30", "nh3_ppm <= 30"), 6, "nh3_ppm is not of a bin"),
        (GOOD + "clear_for: 10", 7, "clear_for: '10'; expected '10' is no duration"),
        (GOOD + "colour: red", 7, "colour is not a key of rules"),
        (GOOD + "given: fill_level > 3", 7, "fill_level is not of every kind"),
        (GOOD + "inhibited_by: [nobody]", 7, "'nobody' inhibits nothing"),
        (GOOD + "absent: 3", 5, "a rule is one thing"),
        ("kind: bin", 1, "a rule is one thing"),
        ("kind: tree\nwhen: fill_level > 1", 4, "kind: 'tree'"),
        ("kind: bin\nwhen:\n  - {if: fill_level > 1}\n  - {if: tipped > 1}", 7, "tipped is true or false"),
        ("kind: bin\nwhen: fill_level > 1\nfor: 5m\nfor: 6m", 7, "'for' twice"),
        ("quorum: {over: feeder, share: 6, least: 5, within: 10m, clear_share: 90%}", 4, "'6' is no share"),
    ],
)
def test_a_mistake_is_refused_with_file_line_what_and_what_would_fit(body: str, line: int, says: str):
    with pytest.raises(FaultyFileError) as refused:
        read_rules({"mine/full.yaml": rule_text("full", body)})
    assert says in str(refused.value)
    assert (refused.value.file, refused.value.line) == ("mine/full.yaml", line)


@pytest.mark.parametrize("limit", ["accept", "finish", "verify"])
@pytest.mark.parametrize("said", ["0s", "0h0m", "999999999d"])
def test_a_limit_that_runs_out_at_once_or_never_is_refused_where_it_stands(limit: str, said: str):
    limits = {"accept": "10m", "finish": "1h", "verify": "20m"} | {limit: said}
    order = "\n".join(f"  {name}: {text}" for name, text in limits.items())
    text = rule_text("full", GOOD).partition("order:")[0]
    text += f"order:\n{order}\n  element: sanitation\n  trade: collection\n  priority: P2\n  do: {{en: x, zh: 试}}\n"
    lines = text.splitlines()
    with pytest.raises(FaultyFileError, match=f"order.{limit}: '{said}'; expected at least 1s") as refused:
        read_rules({"mine/full.yaml": text})
    assert (refused.value.file, refused.value.line) == ("mine/full.yaml", lines.index(f"  {limit}: {said}") + 1)


def test_what_is_not_yaml_is_refused_where_it_stops_being_so():
    with pytest.raises(FaultyFileError, match=r"x\.yaml:2: not YAML"):
        read_rules({"x.yaml": "id: R01\n\tname: x\n"})
    with pytest.raises(FaultyFileError):
        read_rules({"x.yaml": "[" * 1000})


def test_two_rules_of_one_name_are_refused():
    with pytest.raises(FaultyFileError, match="a second rule"):
        read_rules({"a.yaml": rule_text("full", GOOD), "b.yaml": rule_text("full", GOOD)})


def test_a_part_that_refers_to_another_is_refused_before_it_can_unfold():
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\n"
    with pytest.raises(FaultyFileError) as refused:
        read_rules({"bomb.yaml": bomb})
    assert "bomb.yaml:2" in str(refused.value)
    assert "that part written out" in str(refused.value)
