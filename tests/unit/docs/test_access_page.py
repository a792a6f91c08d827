"""The page of who may do what is what the table of the policy says."""

from tests.unit.docs.access_table import BEGIN, END, PAGE, made


def test_the_page_of_access_is_what_the_policy_says():
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0] == made(), "python -m tests.unit.docs.access_table"
