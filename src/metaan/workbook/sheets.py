"""The sheets of the extraction workbook, column by column."""

from collections.abc import Mapping
from dataclasses import replace

from metaan.workbook.columns import (
    NOT_APPLICABLE,
    NOT_REPORTED,
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

_REPORTS = Sheet(
    name="Reports",
    meaning="one row a paper, abstract or registry entry",
    key="report_id",
    columns=(
        identity("report_id", "name of the report", "Tuckerman2007-HR"),
        reference("study_id", "Studies", "study it reports"),
        word("is_primary", "yes_no", "main report of the study", required=True, group="identity"),
        word("type", "report_type", "kind of report", required=True),
        text("authors", "authors as printed", required=True, width=34, example="Tuckerman E, Laird SM, Li TC"),
        integer("year", "year of publication", required=True, example="2007", high=2100),
        text("title", "title as printed", required=True, width=44),
        text("journal", "journal", width=22),
        text("volume", "volume"),
        text("pages", "pages"),
        text("doi", "DOI without address", width=26, pattern=r"10\.\d{4,9}/\S+", example="10.1093/humrep/det117"),
        text("pmid", "PubMed number", pattern=r"\d+", example="16213853"),
        text("url", "public page of publisher, PubMed, PMC or institution", width=34, pattern=r"https?://\S+"),
        text("language", "language of the report"),
        word("retracted", "retracted", "retraction status", required=True),
        date("retraction_checked_on", "when the status was looked up"),
        text("pdf_sha256", "digest of the file read", width=20),
        text("notes", "notes", width=44),
    ),
)

_STUDIES = Sheet(
    name="Studies",
    meaning="one row a study (a set of people); it may have several reports",
    key="study_id",
    columns=(
        identity("study_id", "name of the study", "Tuckerman2007"),
        text("label", "name on plots and in tables", required=True, nr=False, group="identity", width=24),
        integer("year", "year of the primary report", required=True, group="identity", high=2100),
        text("country", "country", required=True),
        word("setting", "setting", "where people were recruited"),
        date("recruit_start", "first recruitment", example="2008-03"),
        date("recruit_end", "last recruitment", example="2011-06"),
        text("centre", "centre; with the dates it shows cohorts that may overlap", width=22),
        word("population", "population", "who was studied", required=True),
        text("rm_definition", "definition of recurrent loss used", topic="rm_definition", width=18),
        text("rif_definition", "definition of implantation failure used", topic="rif_definition", width=18),
        word("unexplained_only", "yes_no_partly", "known causes excluded", topic="unexplained_only"),
        integer("n_enrolled", "people enrolled", required=True),
        number("age_mean", "mean age", unit="years", low=0, high=120),
        number("age_sd", "standard deviation of age", unit="years", low=0),
        number("prior_losses_mean", "mean number of earlier losses", topic="prior_losses_mean", low=0),
        number("bmi_mean", "mean body mass index", unit="kg/m2", low=5, high=100),
        word("funding", "funding", "who paid"),
        word("test_seller", "yes_no_partly", "authors or centre sell the test or treatment"),
        text("registered", "registry number", width=18),
        Column(name="same_cohort_as", kind="ref", refers_to="Studies", meaning="study whose people these may be"),
        text("independent_of", "studies that look alike and have other people, with ; between", width=22),
        text("notes", "notes", width=44),
    ),
)


def _fact(name: str, words: str, meaning: str, required: bool | When = True, **more: object) -> Column:
    return word(name, words, meaning, required=required, na=True, **more)


_SELECTED = When("selected_on_outcome", among=("yes",))
_SAMPLED = When("sampled_before_outcome", among=("yes",))
_NOT_RANDOM = When("randomised", not_among=("yes",))

_DESIGN_FACTS: tuple[Column, ...] = (
    word("author_label", "author_label", "what the paper calls itself", required=True),
    _fact("randomised", "randomised", "factor assigned at random"),
    _fact("sampled_before_outcome", "yes_no_mixed", "factor measured or given before the outcome named here"),
    _fact("assayed_before_outcome", "yes_no", "assay finished before the outcome was known"),
    _fact("index_outcome", "outcome", "outcome this comparison is about"),
    _fact("selected_on_outcome", "yes_no", "people chosen by whether they had the outcome"),
    _fact("cohort_assembly", "assembly", "how people came into the study", _NOT_RANDOM),
    _fact("control_type", "control_type", "who the comparison group is"),
    _fact("control_same_source", "yes_no_partly", "controls come from the population of the cases", _SELECTED),
    _fact(
        "parity_handling", "parity", "parity of cases and controls made comparable", _SELECTED, topic="parity_handling"
    ),
    _fact("state_same", "yes_no_partly", "both groups sampled in the same state (phase, gestation, fasting, ...)"),
    _fact("phase", "phase", "phase or gestation at sampling", topic="phase"),
    _fact(
        "timing_method",
        "timing",
        "how the day of sampling was fixed",
        When("phase", among=("mid_luteal", "late_luteal", "stimulated_cycle", "HRT_cycle")),
        topic="timing",
    ),
    _fact(
        "blinded_assay",
        "yes_no",
        "assay read without knowing the outcome",
        When("assayed_before_outcome", not_among=("yes",)),
    ),
    _fact("cutoff_source", "cutoff_source", "where the cut-off came from"),
    Column(
        name="n_at_risk",
        kind="integer",
        low=0,
        meaning="people at risk of this outcome (those who conceived, for a loss)",
        required=_SAMPLED,
    ),
    Column(name="n_outcome_known", kind="integer", low=0, meaning="people whose outcome is known", required=_SAMPLED),
    _fact("treated_between", "treated_between", "treatment between measuring and outcome", _SAMPLED),
    Column(
        name="karyotype_known_pct",
        kind="number",
        low=0,
        high=100,
        unit="percent",
        meaning="losses with known karyotype",
        topic="karyotype_known_pct",
    ),
    _fact("karyotype_used", "karyotype", "what was done with abnormal karyotypes", False, topic="karyotype_used"),
    _fact("preregistered_analysis", "yes_no", "analysis registered before the data were seen", False),
)


#: first fact of a block -> name of the block
_DESIGN_BLOCKS = {
    "author_label": "order in time",
    "cohort_assembly": "people",
    "state_same": "measurement",
    "n_at_risk": "follow-up",
    "karyotype_known_pct": "analysis",
}


def _in_blocks(facts: tuple[Column, ...]) -> tuple[Column, ...]:
    block, placed = "", []
    for fact in facts:
        block = _DESIGN_BLOCKS.get(fact.name, block)
        placed.append(replace(fact, block=block))
    return tuple(placed)


def design_sheet(confounders: Mapping[str, str]) -> Sheet:
    """Return the Design sheet with one column a confounder."""
    adjustments = tuple(
        _fact(f"adj_{name}", "handled", f"{label}: how it was handled", _NOT_RANDOM, group="adjustment")
        for name, label in confounders.items()
    )
    columns: list[Column] = [
        identity("design_id", "name of the comparison's design", "Tuckerman2007-pr"),
        reference("study_id", "Studies", "study it belongs to"),
        text("contrast", "who is compared with whom", required=True, nr=False, group="identity", width=34),
        word("population", "population", "population of this comparison; blank: that of the study"),
    ]
    for fact in (*_in_blocks(_DESIGN_FACTS), *adjustments):
        columns.append(fact)
        if fact.name != "author_label":
            where = text(f"{fact.name}_where", f"page or table, and the words, for {fact.name}", width=18)
            columns.append(replace(where, group=fact.group, block=fact.block, example="p 3: measured at entry"))
    columns += [
        word("grade_override", "grade", "grade given by the reviewers instead", group="override"),
        text(
            "override_reason",
            "why",
            required=When("grade_override", not_among=(NOT_REPORTED, NOT_APPLICABLE)),
            nr=False,
            group="override",
            width=34,
        ),
        text("notes", "notes", group="override", width=44),
    ]
    return Sheet(
        name="Design",
        meaning="one row a contrast of a study: the facts that give stratum and grade; a study may have several",
        key="design_id",
        columns=tuple(columns),
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


_EFFECTS = Sheet(
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

_QUALITY = Sheet(
    name="Quality",
    meaning="one row an item of a quality tool",
    columns=(
        reference("design_id", "Design", "design judged"),
        reference("effect_id", "Effects", "result judged; blank: the whole design", required=False),
        text("tool", "tool", required=True, nr=False, group="identity"),
        text("domain", "domain", required=True, nr=False, group="identity", width=22),
        text("item", "item", group="identity"),
        text("question", "question, in our words", width=44),
        text("answer", "answer"),
        text("judgement", "judgement of the domain"),
        text("proposed", "judgement proposed from the facts"),
        text("override_reason", "why another judgement was given", width=34),
        text("support", "what supports it", width=44),
        text("where", "page or table", width=18),
        text("extractor", "initials", width=9),
        date("date", "day"),
    ),
)

_RELIABILITY = Sheet(
    name="Reliability",
    meaning="one row a result on how well the measurement repeats",
    key="rel_id",
    columns=(
        identity("rel_id", "name of the result", "Mariee2012-cycles"),
        reference("study_id", "Studies", "study"),
        word("source_of_variation", "variation", "what differs between the measurements", required=True, width=22),
        word("compartment", "compartment", "where it was measured", topic="compartment"),
        word("marker", "marker", "what was measured", topic="marker"),
        word("assay", "assay", "how", topic="assay"),
        text("interval", "time between the measurements", width=18),
        integer("n_women", "people", required=True),
        integer("n_repeats", "measurements a person"),
        word("statistic", "reliability_statistic", "statistic", required=True),
        text("icc_model", "model of the intraclass correlation", required=When("statistic", among=("ICC",))),
        number("value", "value", required=When("statistic", not_among=("direction_only",))),
        number("ci_low", "lower confidence limit"),
        number("ci_high", "upper confidence limit"),
        text("categories", "cut-off used for kappa"),
        text("says", "what the source says, where it gives no statistic", width=40),
        word("src_type", "src_type", "kind of source", required=True, group="where from"),
        text("src_ref", "place in the source", required=True, group="where from", width=22),
        text("quote", "the very words, up to 300 characters", group="where from", width=50),
        text("extractor", "initials", required=True, group="where from", width=9),
        date("extracted_on", "day", required=True, group="where from"),
        text("notes", "notes", group="where from", width=50),
    ),
)

_CONTEXT = Sheet(
    name="Context",
    meaning="one row a statement of a regulator or guideline, with the day it was seen",
    columns=(
        text("body", "who says it", required=True, nr=False, group="identity"),
        text("country", "country", group="identity"),
        text("topic", "about what", required=True, group="identity", width=22),
        text("statement", "what it says, in our words", required=True, width=54),
        text("rating", "rating given"),
        text("rating_scale", "scale of the rating", width=22),
        text("url", "page", width=34, pattern=r"https?://\S+"),
        date("page_dated", "date on the page"),
        date("seen_on", "day it was seen", required=True),
        text("seen_by", "initials", required=True, width=9),
    ),
)

_CERTAINTY = Sheet(
    name="Certainty",
    meaning="one row a domain of certainty of one outcome in one stratum: what is proposed, and what you decide",
    columns=(
        text("analysis", "analysis, as named in protocol.yaml", required=True, nr=False, group="identity", width=22),
        word("outcome", "outcome", "outcome", group="identity", width=22),
        word("stratum", "stratum", "designs pooled together", required=True, nr=False, group="identity", width=18),
        word("domain", "certainty_domain", "domain", required=True, nr=False, group="identity", width=22),
        text("proposed", "step proposed from the results", width=18),
        word("decision", "certainty_step", "step decided by you", width=12),
        text("sentence", "why, in one sentence", required=When("decision", not_among=("as_proposed",)), width=60),
        text("who", "initials", width=9),
    ),
)

_BIAS = Sheet(
    name="Bias",
    meaning="one row a bias that the reviewers expect in a study, with its size and uncertainty",
    columns=(
        reference("study_id", "Studies", "study"),
        text("analysis", "analysis; blank: all of them", group="identity", width=22),
        word(
            "kind", "bias_kind", "acts on the effect as a sum or as a factor", required=True, nr=False, group="identity"
        ),
        text("bias", "what kind of bias", required=True, nr=False, group="identity", width=26),
        number(
            "mean", "expected bias: added to the effect on its working scale, or the factor", required=True, nr=False
        ),
        number("sd", "standard deviation of the bias", required=True, nr=False, low=0),
        text("who", "initials", required=True, nr=False, width=9),
        text("reason", "why that much", required=True, nr=False, width=54),
    ),
)

_HARMS = Sheet(
    name="Harms",
    meaning="one row a harm of a treatment in one comparison; blank counts where only words are given",
    key="harm_id",
    columns=(
        identity("harm_id", "name of the row", "Tang2013-tr-h1"),
        reference("design_id", "Design", "design it was seen in"),
        text("intervention", "treatment", required=True, group="identity", width=18),
        text("comparator", "what it is compared with", required=True, group="identity", width=18),
        text("harm", "harm, in the words of the paper", required=True, group="identity", width=26),
        word("serious", "yes_no", "serious by the usual definition", required=True),
        word("how_sought", "how_sought", "how harms were looked for", required=True, width=14),
        integer("events_high", "people with the harm among the treated"),
        integer("total_high", "people treated"),
        integer("events_low", "people with the harm among the others"),
        integer("total_low", "people not treated"),
        text("says", "what the source says, where it gives no counts", width=40),
        word("src_type", "src_type", "kind of source", required=True, group="where from"),
        text("src_ref", "place in the source", required=True, group="where from", width=22),
        text("quote", "the very words, up to 300 characters", group="where from", width=50),
        text("extractor", "initials", required=True, group="where from", width=9),
        date("extracted_on", "day", required=True, group="where from"),
        text("notes", "notes", group="where from", width=50),
    ),
)

_PRISMA = Sheet(
    name="PRISMA",
    meaning="one row a box of the flow diagram or a reason; blank where nobody counted",
    columns=(
        word("key", "prisma_key", "box", required=True, nr=False, group="identity", width=28),
        text("label", "words in the box", group="identity", width=40),
        integer("n", "count"),
        text("reason", "database, or reason for exclusion", width=30),
    ),
    frozen=1,
)

_LOG = Sheet(
    name="Log",
    meaning="one row a change, with who and why",
    columns=(
        date("date", "day", required=True),
        text("who", "initials", required=True, width=9),
        text("sheet", "sheet"),
        text("row_id", "row", width=22),
        text("column", "column"),
        text("old", "old value", width=22),
        text("new", "new value", width=22),
        text("why", "reason", required=True, width=50),
    ),
    frozen=0,
)

_OVERRIDES = Sheet(
    name="Overrides",
    meaning="one row a finding that the reviewers looked at and confirmed",
    columns=(
        text("finding_id", "id of the finding", required=True, nr=False, group="identity"),
        text("sheet", "sheet", required=True, nr=False, group="identity"),
        text("row_id", "row", required=True, nr=False, group="identity", width=24),
        text("reason", "why it stands", required=True, nr=False, width=54),
        text("initials", "who", required=True, nr=False, width=9),
    ),
)

#: Review sheet: key -> meaning. Those marked True are written from the protocol and locked.
REVIEW_KEYS: dict[str, tuple[str, bool]] = {
    "review_id": ("name of the review's folder", True),
    "title": ("title of the review", True),
    "question": ("question", True),
    "registered": ("registry number, or no", True),
    "as_of": ("day to which ages are reckoned", True),
    "level": ("level of intervals", True),
    "thresholds": ("smallest effects that matter", True),
    "baseline_risk": ("risk in people without the factor, with its source", True),
    "population": ("who the review is about", False),
    "exposure": ("factor, marker or treatment asked about", False),
    "comparator": ("what it is compared with", False),
    "outcome_primary": ("outcome that decides", False),
    "protocol_url": ("where the protocol can be read", False),
    "lead": ("lead reviewer", False),
    "authors": ("authors", False),
    "funding": ("who paid for the review", False),
    "conflicts": ("interests of the reviewers", False),
    "search_last": ("day of the last search, YYYY-MM-DD", False),
    "workbook_role": ("single, A, B or consensus", False),
    "extractor": ("initials of the extractors", False),
    "decimal_mark": ("point or comma; after a change, metaan template --update lets the colours follow", False),
    "schema": ("version of this layout", True),
}

#: keys of the Review sheet whose cell is a choice -> list of words, and the word a new workbook starts with
REVIEW_WORDS = {"workbook_role": ("role", "single"), "decimal_mark": ("decimal_mark", "point")}

_REVIEW = Sheet(
    name="Review",
    meaning="what this review is; the locked values come from protocol.yaml",
    key="key",
    columns=(
        Column(name="key", kind="text", meaning="name", required=True, nr=False, group="identity", width=18),
        text("value", "value", width=70),
        text("note", "meaning", width=60),
    ),
    frozen=1,
)

SHEETS_REQUIRED = ("Review", "Reports", "Studies", "Design", "Effects")

#: sheets that are generated and never read
GENERATED_SHEETS = ("README", "Codebook", "Lists", "Kept", "Problems")

#: in the order of the workbook; the Design sheet without a topic's confounders
SHEETS = (
    _REVIEW,
    _REPORTS,
    _STUDIES,
    design_sheet({}),
    _EFFECTS,
    _QUALITY,
    _RELIABILITY,
    _HARMS,
    _CERTAINTY,
    _BIAS,
    _CONTEXT,
    _PRISMA,
    _OVERRIDES,
    _LOG,
)
