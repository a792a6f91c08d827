"""What is wrong in the newer parts of the language is refused at load: file, line, what, and what would be right."""

import pytest

from domain.errors import FaultyFileError
from rules.book import read_rules
from tests.unit.rules.coast import rule_text

BIN = "kind: bin\nwhen: fill_level >= 95\n"  # lines 4 and 5 of the file
FULL = rule_text("full", BIN, 2)

REFUSED = [
    # Windows.
    ("kind: bin\nwhen: rate(fil_level, hours=1) > 3", 5, "unknown name 'fil_level'; expected 'fill_level'"),
    ("kind: bin\nwhen: rate(fill_level, hours=1) > fill_level", 5, "mixes %/h with %"),
    ("kind: bin\nwhen: delta(fill_level, minutes=0) > 3", 5, "is an impossible window"),
    ("kind: bin\nwhen: mean(fill_level, hours=200) > 3", 5, "is an impossible window"),
    ("kind: bin\nwhen: mean(fill_level, days=2) > 3", 5, "is no window"),
    ("kind: bin\nwhen: sum(tipped, minutes=9) > 3", 5, "tipped is no measured number"),
    ("kind: bin\nwhen: count(nh3_ppm, minutes=9) > 3", 5, "nh3_ppm is not of a bin; expected a rule for toilet"),
    ("kind: bin\nwhen: mean(rain_rate, hours=1) > 1", 5, "rain_rate is of the surroundings, which have no windows"),
    # Surroundings.
    ("kind: bin\nwhen: fill_level > wind_speed", 5, "mixes % with m/s"),
    ("kind: bin\nwhen: tipped and crowd_level", 5, "`crowd_level` is a number and is used as a flag"),
    ("kind: bin\nwhen: tipped and lit > 0", 5, "lit is true or false and is compared with a number"),
    (BIN + "given: daylit", 6, "unknown name 'daylit'; expected 'daylight'"),
    (BIN + "given: fill_level > 3", 6, "fill_level is not of every kind"),
    ("kind: bin\nwhen: fill_level > since_work", 5, "mixes % with s"),
    # Levels.
    ("kind: bin\nlevels:\n  - {name: a, if: fill_level > 80}\n  - {name: b, if: fil > 90}", 7, "unknown name 'fil'"),
    ("kind: bin\nlevels:\n  - {name: a, if: fill_level > 80, clear: tipped > 3}", 6, "tipped is true or false"),
    ("kind: bin\nlevels:\n  - {name: a, if: tipped}\n  - {name: a, if: tipped}", 5, "two levels of one name"),
    ("kind: bin\nlevels:\n  - {name: a, if: tipped, priority: P4}", 5, "a worse level is less urgent"),
    ("kind: bin\nclear: tipped\nlevels:\n  - {name: a, if: tipped}", 6, "`clear` and `repeat` of several levels"),
    # Parameters.
    (BIN + "params: {due: eighty}", 6, "unable to parse string as a number"),
    (BIN + "params: {fill_level: 80}", 6, "fill_level is the name of something else"),
    ("kind: bin\nparams: {due: {default: 80, unit: ppm}}\nwhen: fill_level > due", 6, "mixes % with ppm"),
    (BIN + "params: {due: {default: 80, grade: {splendid: 60}}}", 6, "Input should be 'ordinary'"),
    (BIN + "params: {due: {default: {else: 80, monsoon: 70}}}", 6, "monsoon is not a key of rules"),
    (BIN + "reopen_within: 3d", 6, "orders are remembered for two days"),
    # Groups.
    ("quorum: {over: street, least: 3, within: 1h}", 4, "Input should be 'feeder'"),
    ("quorum: {over: zone, member: tipped, least: 3, within: 1h}", 4, "a zone has members of many kinds"),
    ("quorum: {over: zone, kind: bin, member: sos, least: 3, within: 1h}", 4, "sos is not of a bin"),
    ("quorum: {over: zone, kind: bin, alarm: ful, least: 3, within: 1h}", 4, "there is no rule 'ful'"),
    ("quorum: {over: zone, kind: toilet, alarm: full, least: 3, within: 1h}", 4, "full is about bin"),
    ("quorum: {over: zone, kind: bin, alarm: full, member: tipped, least: 3, within: 1h}", 4, "alarms are counted"),
    ("quorum: {over: zone, kind: bin, silence: false, least: 3, within: 1h}", 4, "nothing makes a member at fault"),
    (BIN + "inhibited_by: [full]", 6, "'full' inhibits nothing"),
    # Instruments.
    (BIN + "holds: fill_level", 6, "only what is known of a device holds what it says"),
    ("kind: bin\nsubject: device\nwhen: tipped\nholds: [nh3_ppm]", 7, "nh3_ppm is not of bin"),
    ("kind: bin\nwhen: fill_level - before(tipped) > 50", 5, "tipped"),
    ("kind: bin\nwhen: bin_temperature - near(fill_level) > 15", 5, "mixes Cel with %"),
]


@pytest.mark.parametrize(("body", "line", "says"), REFUSED, ids=[says for *_, says in REFUSED])
def test_a_mistake_is_refused_where_it_stands(body: str, line: int, says: str):
    with pytest.raises(FaultyFileError) as refused:
        read_rules({"full.yaml": FULL, "mine/rule.yaml": rule_text("mine", body)})
    assert says in str(refused.value)
    assert str(refused.value).startswith(f"mine/rule.yaml:{line}: ")
    assert refused.value.expected
