from domain.site import Grade
from rules.book import shipped
from tests.unit.docs.library_table import BEGIN, END, PAGE, made

RULES = {f"R{n:02}" for n in range(1, 31)}


def test_the_table_of_the_library_is_what_its_files_say():
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == made(), "python -m tests.unit.docs.library_table"


def test_what_the_library_has_not_is_named_with_its_reason():
    missing = RULES - {rule.id[:3] for rule in shipped().rules.values()}
    section = PAGE.read_text(encoding="utf-8").partition("## The library")[2]
    lines = [line for line in section.partition(END)[2].splitlines() if line.startswith("| R")]
    assert missing <= {line[2:5] for line in lines}
    assert all(line.count("|") == 4 for line in lines)


def test_a_grade_that_a_rule_names_is_one_that_places_have():
    named = {grade for rule in shipped().rules.values() for param in rule.params for grade in param.grade}
    assert named <= {grade.value for grade in Grade}
