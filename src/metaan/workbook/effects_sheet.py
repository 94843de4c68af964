"""The Effects sheet: one row a comparison, with the numbers of every form a paper can print it in."""

from dataclasses import replace

from metaan.workbook.columns import (
    Column,
    Sheet,
    When,
    date,
    identity,
    integer,
    number,
    reference,
    text,
    word,
)

_MARKER = When("factor_kind", among=("marker",))
_TREATMENT = When("factor_kind", among=("treatment",))


def _count(name: str, meaning: str, **more: object) -> Column:
    return integer(name, meaning, group="numbers", width=9, **more)


def _value(name: str, meaning: str, **more: object) -> Column:
    more.setdefault("width", 9)
    return number(name, meaning, group="numbers", **more)


def _choice(name: str, meaning: str, words: str = "", width: int = 11) -> Column:
    return word(name, words or name, meaning, group="numbers", width=width)


def _ratio(name: str, meaning: str, example: str, high: float = 1e4) -> Column:
    # no lower limit: a negative number here is a logarithm, and the check C04 says so better than a range
    return _value(name, meaning, high=high, example=example)


def _share(name: str, meaning: str, **more: object) -> Column:
    return _value(name, meaning, low=0, high=1, **more)


def _percent(name: str, meaning: str) -> Column:
    return _value(name, meaning, unit="percent", low=0, high=100, example="12.5")


_HIGH, _LOW = "factor present, high or treated", "factor absent, low or untreated"

#: columns of numbers in blocks that are folded one by one
_NUMBERS: dict[str, tuple[Column, ...]] = {
    "counts": (
        _count("a_high_event", f"{_HIGH}: with the event", example="12"),
        _count("b_high_none", f"{_HIGH}: without the event", example="88"),
        _count("c_low_event", f"{_LOW}: with the event", example="8"),
        _count("d_low_none", f"{_LOW}: without the event", example="92"),
        _count("events_high", "events among those with the factor, or treated", example="12"),
        _count("total_high", "people with the factor, or treated", example="100"),
        _count("events_low", "events among those without the factor, or untreated", example="8"),
        _count("total_low", "people without the factor, or untreated", example="100"),
        _count("high_event", "factor present among those with the outcome", example="12"),
        _count("n_event", "people with the outcome", example="20"),
        _count("high_none", "factor present among those without the outcome", example="88"),
        _count("n_none", "people without the outcome", example="180"),
        _percent("pct_1", "percentage printed for the first group"),
        _percent("pct_2", "percentage printed for the second group"),
        _choice("zero_reported", "the paper itself says that there was no event", "yes_no"),
    ),
    "means": (
        _count("n1", "people with the outcome", example="31"),
        _value("m1", "mean with the outcome", example="12.40"),
        _value("sd1", "spread with the outcome (see spread_type)", low=0, example="4.1"),
        _count("n2", "people without the outcome", example="28"),
        _value("m2", "mean without the outcome", example="10.20"),
        _value("sd2", "spread without the outcome (see spread_type)", low=0, example="3.8"),
        _choice("spread_type", "what sd1 and sd2 hold"),
        _value("items", "whole-number items averaged (1: a count or a score)", low=1, width=7, example="1"),
        _value("scale_min", "smallest possible value", example="0"),
        _value("scale_max", "largest possible value", example="100"),
        _choice("value_kind", "values at the end, or changes from the start"),
    ),
    "medians": (
        _value("med1", "median with the outcome", example="11.5"),
        _value("q1_1", "first quartile with the outcome", example="8.9"),
        _value("q3_1", "third quartile with the outcome", example="14.6"),
        _value("min1", "smallest value with the outcome", example="3.1"),
        _value("max1", "largest value with the outcome", example="24.0"),
        _value("med2", "median without the outcome", example="9.8"),
        _value("q1_2", "first quartile without the outcome", example="7.2"),
        _value("q3_2", "third quartile without the outcome", example="12.3"),
        _value("min2", "smallest value without the outcome", example="2.6"),
        _value("max2", "largest value without the outcome", example="21.7"),
    ),
    "difference": (
        _value("diff", "difference of the means as printed, with minus without the outcome", example="2.2"),
        _value("diff_low", "lower confidence limit of the difference", example="0.2"),
        _value("diff_high", "upper confidence limit of the difference", example="4.2"),
        _value("diff_se", "standard error of the difference", low=0, example="1.02"),
    ),
    "ratio": (
        _ratio("est", "ratio as printed", "1.50"),
        _choice("scale", "kind of ratio", width=8),
        _ratio("ci_low", "lower confidence limit", "0.58"),
        _ratio("ci_high", "upper confidence limit", "3.88", high=1e6),
        _value("ci_level", "level of the interval", unit="percent", low=50, high=99.99, width=14, example="95"),
        _choice("ci_method", "how the interval was made, where it is not the usual one"),
        _value("se_log", "standard error of the log ratio", low=0, example="0.48"),
        _count("n_events", "events behind a hazard ratio", example="64"),
        text("per_unit", "what the ratio is per", group="numbers", example="1 %, SD, high v low"),
        _ratio("crude_est", "crude ratio as printed, beside counts or an adjusted one", "1.57"),
        _choice("crude_scale", "kind of the crude ratio", "scale", width=8),
        _ratio("crude_low", "lower confidence limit of the crude ratio", "0.61"),
        _ratio("crude_high", "upper confidence limit of the crude ratio", "4.02", high=1e6),
    ),
    "tests": (
        _share("p_value", "p-value as printed, without sign", example="0.04"),
        _choice("p_cmp", "whether p equals, or is below or above", width=7),
        _choice("test", "test that gave p", width=14),
        _choice("tails", "one- or two-sided", width=7),
        _choice("sign", "direction", width=18),
        _value("t", "t as printed", example="2.13"),
        _value("f1", "F with one numerator degree of freedom", low=0, example="4.54"),
        _value("df", "degrees of freedom", low=0, width=7, example="57"),
    ),
    "correlation": (
        _value("r", "correlation as printed", low=-1, high=1, example="0.31"),
        _count("r_n", "people correlated", example="59"),
        _choice("r_type", "kind of correlation"),
    ),
    "accuracy": (
        _share("auc", "area under the curve as printed", example="0.71"),
        _share("auc_low", "lower confidence limit of the area", example="0.58"),
        _share("auc_high", "upper confidence limit of the area", example="0.84"),
        _share("auc_se", "standard error of the area", example="0.066"),
        _share("sens", "sensitivity as printed", example="0.68"),
        _share("spec", "specificity as printed", example="0.64"),
    ),
    "classes": (
        _percent("risk_pct", "risk in this class"),
        text("class_label", "class", group="numbers", width=11, example="25-34 %"),
        _value("class_low", "lower bound of the class", example="25"),
        _value("class_high", "upper bound of the class", example="34"),
    ),
    "clustering": (
        _choice("clustering", "results that are not one a person, each on its own", width=14),
        _value("cluster_icc", "intracluster correlation", low=-1, high=1, example="0.02"),
        _value("cluster_size", "mean cluster size", low=1, example="12.5"),
        _value("paired_r", "correlation of paired values", low=-1, high=1, example="0.6"),
    ),
}


def _numbers() -> tuple[Column, ...]:
    return tuple(replace(column, block=block) for block, columns in _NUMBERS.items() for column in columns)


EFFECTS = Sheet(
    name="Effects",
    meaning="one row a comparison",
    key="effect_id",
    columns=(
        identity("effect_id", "name of the comparison", "Tuckerman2007-pr-1"),
        reference("design_id", "Design", "design it was made in"),
        word("outcome", "outcome", "outcome; the event of a table", required=True, group="identity", width=22),
        word("outcome_good", "yes_no", "the event is a good one", required=True, group="identity", nr=False),
        word("factor_kind", "factor_kind", "what is compared", required=True, group="identity", nr=False),
        word(
            "effect_kind",
            "effect_kind",
            "benefit or harm; NA for a marker",
            required=True,
            group="identity",
            nr=False,
            na=True,
        ),
        text("intervention", "treatment", required=_TREATMENT, group="identity", width=18),
        text("comparator", "what it is compared with", required=_TREATMENT, group="identity", width=18),
        word(
            "compartment",
            "compartment",
            "where it was measured",
            required=_MARKER,
            group="identity",
            topic="compartment",
        ),
        word("marker", "marker", "what was measured", required=_MARKER, group="identity", topic="marker"),
        word("assay", "assay", "how", required=_MARKER, group="identity", topic="assay"),
        word("unit", "unit", "unit of the values", required=_MARKER, group="identity", topic="unit"),
        text("cutoff_value", "cut-off as printed", group="identity"),
        word("cutoff_direction", "cutoff_direction", "side of the cut-off that counts as high", group="identity"),
        text("timepoint", "when it was measured", group="identity", width=22),
        text("subgroup", "part of the study", group="identity", width=22),
        word("priority", "priority", "use of this row", required=True, group="identity", nr=False),
        text("dependency_group", "rows that share people or controls", group="identity"),
        word("shared_rule", "shared_rule", "what is done about controls that several rows share", group="identity"),
        text("arm_1_id", "name of the first arm, where arms are shared", group="identity"),
        text("arm_2_id", "name of the second arm", group="identity"),
        word("form", "form", "how the paper reports it", required=True, nr=False, group="numbers", width=15),
        *_numbers(),
        word("adjusted", "yes_no", "estimate adjusted for other variables", required=True, group="adjustment"),
        text("adjusted_for", "what for", required=When("adjusted", among=("yes",)), group="adjustment", width=22),
        word("stated_direction", "sign", "direction in the words of the paper", group="adjustment", width=18),
        integer("n_analysed", "people analysed", group="adjustment"),
        word("analysis_unit", "analysis_unit", "what was counted", group="adjustment"),
        word("derived", "derived", "typed as printed, or calculated", required=True, nr=False, group="where from"),
        text(
            "derivation_note",
            "what was calculated and how",
            required=When("derived", not_among=("as_reported",)),
            group="where from",
            width=40,
        ),
        word("src_type", "src_type", "kind of source", required=True, group="where from"),
        text("src_ref", "place in the source", required=True, group="where from", width=22),
        text(
            "quote",
            "the very words, up to 300 characters",
            required=When("src_type", among=("abstract", "text", "full_text", "review_table", "grant_report")),
            group="where from",
            width=50,
        ),
        text(
            "digitised_file",
            "calibration file",
            required=When("src_type", among=("figure_digitised",)),
            group="where from",
        ),
        text("extractor", "initials", required=True, group="where from", width=9),
        date("extracted_on", "day", required=True, group="where from"),
        text("checked_by", "initials", group="where from", width=9),
        date("checked_on", "day", group="where from"),
        word("flag", "flag", "ok, query to authors, or excluded by the reviewers", group="where from"),
        text(
            "flag_reason",
            "why",
            required=When("flag", among=("query_author", "exclude")),
            group="where from",
            width=30,
        ),
        text("notes", "notes", group="where from", width=50),
    ),
)
