"""Studies whose people may be the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checked_rows import changed, findings
from metaan.checks.authors import Author, authors, in_common, same_first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Li TC, Laird SM", [("li", "tc"), ("laird", "sm")]),
        ("Vargas Hernández VM, Luján-Irastorza JE, et al.", [("vargashernandez", "vm"), ("lujanirastorza", "je")]),
        ("Dons'koi B, Ivanets TYu", [("donskoi", "b"), ("ivanets", "tyu")]),
        ("Chen Cong, Huang Chunyu", [("chen", "c"), ("huang", "c")]),
        ("Li, Tin Chiu; Laird, Susan M.", [("li", "t"), ("laird", "s")]),
        ("Li, T.C. and Laird, S.M.", [("li", "tc"), ("laird", "sm")]),
        ("Aoki et al.", [("aoki", "")]),
        ("Ahmadi M et al.", [("ahmadi", "m")]),
        ("NR", []),
        ("", []),
    ],
)
def test_authors_as_reports_print_them(text, expected):
    assert [(author.surname, author.initials) for author in authors(text)] == expected


def test_common_names_weigh_half_and_other_spellings_count():
    assert in_common(authors("Li Y, Wang X"), authors("Wang X, Li Y")).weight == 1
    assert in_common(authors("Li TC, Wang XY"), authors("Wang XY, Li TC")).weight == 2
    assert in_common(authors("Sayenko AI"), authors("Saienko AI")).names == 1
    assert in_common(authors("Berg KL"), authors("Berg KM")).names == 0
    assert in_common(authors("Aoki et al."), authors("Aoki et al.")).names == 0
    assert same_first(authors("Aoki et al."), authors("Aoki K, Sato T"))
    assert not same_first(authors("Aoki K"), authors("Aoki M"))


@given(st.lists(st.builds(Author, st.text("abcdefgh", min_size=1, max_size=9), st.text("klm", min_size=1, max_size=2))))
def test_a_list_shares_all_its_authors_with_itself(people):
    found = in_common(tuple(people), tuple(people))
    assert found.names == len(people)
    assert len(people) / 2 <= found.weight <= len(people)


HERE = {"centre": "Oslo, University Hospital", "country": "Norway"}
THEN = {"recruit_start": "1991-06", "recruit_end": "1992-03"}
UNKNOWN = {"recruit_start": "NR", "recruit_end": "NR"}
GROUP = "Berg KL, Dahl OM, Lund TR, Moe A"


def told(study, one="Ames", other="Bell", **more):
    sheets = changed(
        Studies={"Bell2002": study, **more},
        Reports={"Ames2001-main": {"authors": one}, "Bell2002-main": {"authors": other}},
    )
    return [f for f in findings(sheets) if f.id == "S03"]


def test_a_pair_is_told_with_its_reasons_at_the_cell_that_settles_it():
    (finding,) = told({**HERE, **THEN}, GROUP, GROUP)
    assert "Ames2001" in finding.found
    for reason in ("the same centre", "Norway", "4 authors in common", "recruited in the same years", "250 people"):
        assert reason in finding.found
    assert "independent_of" in finding.to_fix


@pytest.mark.parametrize(
    ("study", "one", "other"),
    [
        (HERE, GROUP, GROUP),  # years of recruitment that do not meet
        ({**HERE, **THEN, "country": "Sweden"}, GROUP, GROUP),
        ({**HERE, **THEN, "same_cohort_as": "Ames2001"}, GROUP, GROUP),
        ({**HERE, **THEN, "independent_of": "Ames2001"}, GROUP, GROUP),
        ({**HERE, **THEN, "independent_of": "Cole2003; Ames2001"}, GROUP, GROUP),
        ({"country": "Norway", **UNKNOWN, "n_enrolled": "90"}, "Berg", "Berg"),
        ({"country": "Norway", **UNKNOWN, "n_enrolled": "90", "population": "students"}, GROUP, "Berg KL, Vik S"),
    ],
)
def test_pairs_that_are_settled_or_have_little_in_common_are_not_told(study, one, other):
    assert told(study, one, other) == []


def test_people_of_one_cohort_need_no_word_about_each_other():
    same = {**HERE, **THEN}
    sheets = {"Cole2003": {**same, "same_cohort_as": "Ames2001"}}
    (finding,) = told(same, GROUP, GROUP, **sheets)
    assert finding.origin.row == 3
    assert told({**same, "same_cohort_as": "Cole2003"}, GROUP, GROUP, **sheets) == []


def test_one_paper_for_two_studies_is_told_whatever_else_differs():
    sheets = changed(Reports={"Bell2002-main": {"doi": "10.1234/TEA.0"}})
    (finding,) = findings(sheets)
    assert finding.id == "S03"
    assert "one paper (10.1234/tea.0)" in finding.found


def test_several_studies_are_one_finding():
    same = {**HERE, **THEN}
    found = told(same, GROUP, GROUP, Cole2003=same)
    assert [f.origin.row for f in found] == [3, 4]
    assert "Ames2001" in found[1].found
    assert "Bell2002" in found[1].found
