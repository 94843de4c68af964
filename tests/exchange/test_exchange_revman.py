import csv
import io

import pytest

import review
import small_review
from metaan.effects.compute import compute
from metaan.exchange.revman_in import import_revman
from metaan.exchange.revman_names import RESULTS
from metaan.exchange.revman_out import to_revman
from metaan.exchange.ris import import_ris
from metaan.pooling.select import graded_candidates
from metaan.terms.finding import BadInput
from metaan.workbook.protocol import read_protocol
from metaan.workbook.read import read_workbook

NATURAL = ("OR", "RR", "HR", "MD", "SMD")


def read(path, protocol):
    extraction = read_workbook(path, protocol.layout)
    return extraction, graded_candidates(extraction, protocol)


def exported(path, protocol, name="tea"):
    extraction, rows = read(path, protocol)
    return to_revman(extraction, protocol.layout, rows, extraction.decimal_mark, name), rows


def effects(rows):
    found = {}
    for row in rows:
        for measure in NATURAL:
            effect = compute(row.values, measure, allowed=("p_to_effect",))
            if not effect.missing:
                found[row.row["effect_id"], measure] = (effect.y, effect.v)
    return found


def encoded(made):
    return {name: text.encode() for name, text in made.files.items() if name.endswith(".csv")}


def cells(text):
    return list(csv.DictReader(io.StringIO(text)))


def full_review():
    """Every form RevMan holds, and some it does not."""
    sheets = review.rows()
    ratio = {"form": "ratio", "scale": "HR", "est": "1.50", "ci_low": "1.10", "ci_high": "2.05", "ci_level": "90"}
    blank = dict.fromkeys(("a_high_event", "b_high_none", "c_low_event", "d_low_none"), "")
    first, second, third, fourth = sheets["Effects"][:4]
    first |= blank | ratio
    second |= blank | {"form": "ratio", "scale": "RR", "est": "0.8", "se_log": "0.21"}
    third |= blank | {"form": "difference", "diff": "-1.5", "diff_se": "0.4", "n1": "40", "n2": "41"}
    fourth |= blank | {"form": "ratio", "scale": "OR", "est": "2.1", "p_value": "0.03", "p_cmp": "="}
    return sheets


def test_effects_come_back_as_they_left(tmp_path):
    protocol = review.protocol()
    made, before = exported(review_file(tmp_path / "a", full_review(), protocol), protocol)
    assert made.written + len(made.left_out) == len(before)
    assert {left.record for left in made.left_out} == {"Gray2007-cc-1"}  # a p-value alone
    back = import_revman(encoded(made), "folder", protocol.layout)
    assert back.read == back.written == made.written
    path = review_file(tmp_path / "b", completed(back.rows), protocol)
    _, after = read(path, protocol)
    wanted, found = effects(before), effects(after)
    assert set(found) == {key for key in wanted if key[0] != "Gray2007-cc-1"}
    for key, pair in found.items():
        assert pair == pytest.approx(wanted[key], rel=1e-12)
    assert {row.row["outcome"] for row in after} == {"headache", "headache_history"}


def review_file(folder, sheets, protocol):
    return small_review.write(folder, sheets, protocol)


def completed(rows):
    """Give imported designs what a grade needs; the numbers are not touched."""
    return {**rows, "Design": [{**row, "randomised": "NR", "sampled_before_outcome": "NR"} for row in rows["Design"]]}


@pytest.mark.parametrize("name", ["nk-cells", "passive-smoking"])
def test_bundled_reviews_come_back(tmp_path, name):
    protocol = read_protocol(f"data/{name}/protocol.yaml")
    made, before = exported(f"data/{name}/extraction.xlsx", protocol, name)
    back = import_revman(encoded(made), "folder", protocol.layout)
    assert made.written + len(made.left_out) == len(before)
    assert back.read == back.written == made.written
    wanted = effects(before)
    _, after = read(review_file(tmp_path, completed(back.rows), protocol), protocol)
    found = effects(after)
    left = {item.record for item in made.left_out}
    assert {key for key in wanted if key[0] not in left} == set(found)
    for key, pair in found.items():
        assert pair == pytest.approx(wanted[key], rel=1e-12)
    references = import_ris(made.files[f"{name}-included.ris"].encode(), "x", protocol.layout)
    assert references.written == references.read


def test_files_have_the_columns_and_every_arm_stands_in_arms(tmp_path):
    protocol = small_review.protocol()
    made, _ = exported(small_review.write(tmp_path), protocol)
    results, arms = cells(made.files["tea-study-results.csv"]), cells(made.files["tea-study-arms.csv"])
    assert tuple(results[0]) == RESULTS
    named = {(row["Study"], row["Arm"]) for row in arms}
    assert {(row["Study"], row["Arm"]) for row in results} <= named
    information = cells(made.files["tea-study-information.csv"])
    assert [row["Study"] for row in information][:2] == ["Ames 2001", "Bell 2002"]
    assert results[0] | {"Footnotes": ""} == {
        **dict.fromkeys(RESULTS, ""),
        **{"Study": "Ames 2001", "Outcome": "headache", "Data type": "Dichotomous", "Arm": "exposed"},
        **{"Cases": "12", "Sample size": "100"},
    }


def test_two_results_of_one_name_do_not_overwrite_each_other(tmp_path):
    sheets = small_review.rows()
    sheets["Effects"].insert(1, {**sheets["Effects"][0], "effect_id": "Ames2001-pr-2", "priority": "secondary"})
    made, _ = exported(small_review.write(tmp_path, sheets), small_review.protocol())
    rows = cells(made.files["tea-study-results.csv"])
    keys = [(row["Study"], row["Outcome"], row["Arm"]) for row in rows]
    assert len(keys) == len(set(keys))


def test_judgements_of_bias_by_study_and_domain(tmp_path):
    sheets = small_review.rows()
    judged = {"design_id": "Frey2006-tr", "tool": "RoB 2", "domain": "Randomisation"}
    sheets["Quality"] = [{**judged, "judgement": "some_concerns", "support": "no word on concealment"}]
    made, _ = exported(small_review.write(tmp_path, sheets), small_review.protocol())
    assert cells(made.files["tea-risk-of-bias.csv"]) == [
        {
            "Study": "Frey 2006",
            "Domain (judgement): Randomisation": "some concerns",
            "Domain (support): Randomisation": "no word on concealment",
        }
    ]


THREE = """Study,Outcome,Arm,Cases,Sample size,Custom
Ames 2001,Headache,tea,4,20,x
Ames 2001,Headache,coffee,5,21,
Ames 2001,Headache,water,6,22,
Bell 2002,Headache,tea,3,20,
"""


def test_more_than_two_arms_need_the_name_of_the_control():
    layout = small_review.protocol().layout
    files = {"x-study-results.csv": THREE.encode(), "x-risk-of-bias.csv": b"Study\nAmes 2001\n"}
    made = import_revman(files, "x", layout)
    assert (made.read, made.written) == (2, 0)
    assert "3 arms (tea, coffee, water)" in made.left_out[0].reason
    assert "one arm alone" in made.left_out[1].reason
    assert made.unmapped == ("Custom", "file x-risk-of-bias.csv")
    made = import_revman(files, "x", layout, controls=("water",))
    assert (made.read, made.written) == (3, 2)
    assert [(row["intervention"], row["events_low"]) for row in made.rows["Effects"]] == [("tea", "6"), ("coffee", "6")]


def lines(*rows):
    header = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def setting(number, name, measure):
    labels = {"Experimental group label": "Tea", "Control group label": "Water"}
    return {"Analysis group": 1, "Analysis number": number, "Analysis name": name, "Effect measure": measure, **labels}


SETTINGS = lines(
    setting(1, "Headache", "Risk Ratio"),
    setting(2, "Time to relief", "Hazard Ratio"),
    setting(3, "Death", "Peto Odds Ratio"),
    setting(4, "Pain", "Std. Mean Difference"),
)


def result(number, name, study, **cells):
    named = {key.replace("_", " "): text for key, text in cells.items()}
    return {"Analysis group": 1, "Analysis number": number, "Analysis name": name, "Study": study, **named}


COUNTS = {"Experimental_cases": 4, "Experimental_N": 20, "Control_cases": 6, "Control_N": 22}
MEANS = {"Experimental_mean": 3.5, "Experimental_SD": 1.2, "Control_mean": 4.1, "Control_SD": 1.3}
SIZES = {"Experimental_N": 20, "Control_N": 22}
DATA_ROWS = lines(
    result(1, "Headache", "Ames 2001", Subgroup="Adults", **COUNTS, Mean=0.73, CI_start=0.2, CI_end=2.2, Weight=50),
    result(2, "Time to relief", "Ames 2001", GIV_Mean=-0.25, GIV_SE=0.1, Mean=0.7788, CI_start=0.6, CI_end=0.9),
    result(3, "Death", "Bell 2002", **COUNTS) | {"O-E": -1.5, "Variance": 2, "Mean": 0.47},
    result(4, "Pain", "Bell 2002", **SIZES, **MEANS, Mean=-0.4),
    result(4, "Pain", "Cole 2003", **SIZES, GIV_Mean=-0.4, GIV_SE=0.2, Mean=-0.4),
)


def test_analysis_data_of_the_cochrane_library():
    layout = small_review.protocol().layout
    files = {"CD1-data-rows.csv": DATA_ROWS, "CD1-overall-estimates-and-settings.csv": SETTINGS}
    made = import_revman(files, "CD1", layout)
    assert (made.read, made.written) == (5, 4)
    assert "standardised mean difference" in made.left_out[0].reason
    table, ratio, peto, means = made.rows["Effects"]
    assert (table["form"], table["outcome"], table["subgroup"], table["intervention"]) == (
        "events_totals",
        "headache",
        "Adults",
        "Tea",
    )
    assert (ratio["scale"], float(ratio["est"]), ratio["se_log"]) == ("HR", pytest.approx(0.7788007830714049), "0.1")
    assert (peto["scale"], float(peto["est"])) == ("OR", pytest.approx(0.4723665527410147))
    assert (means["form"], means["n1"], means["sd2"], means["spread_type"]) == ("means", "20", "1.3", "sd")
    assert "Experimental cases 4" in table["quote"]


def test_a_folder_without_results_is_refused():
    layout = small_review.protocol().layout
    with pytest.raises(BadInput, match="no file of results"):
        import_revman({"x.csv": b"a\n1\n"}, "x", layout)
    with pytest.raises(BadInput, match='no column "Outcome"'):
        import_revman({"study-results.csv": b"Study\nA\n"}, "x", layout)
