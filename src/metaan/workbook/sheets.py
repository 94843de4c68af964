"""The sheets of the extraction workbook, column by column."""

from collections.abc import Mapping

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
    for fact in (*_DESIGN_FACTS, *adjustments):
        columns.append(fact)
        if fact.name != "author_label":
            columns.append(
                text(f"{fact.name}_where", f"page or table, and the words, for {fact.name}", group=fact.group, width=18)
            )
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


def _numbers() -> tuple[Column, ...]:
    counts = {
        "a_high_event": "factor present, high or treated: with the event",
        "b_high_none": "factor present, high or treated: without the event",
        "c_low_event": "factor absent, low or untreated: with the event",
        "d_low_none": "factor absent, low or untreated: without the event",
        "events_high": "events among those with the factor, or treated",
        "total_high": "people with the factor, or treated",
        "events_low": "events among those without the factor, or untreated",
        "total_low": "people without the factor, or untreated",
        "high_event": "factor present among those with the outcome",
        "n_event": "people with the outcome",
        "high_none": "factor present among those without the outcome",
        "n_none": "people without the outcome",
        "n1": "people with the outcome",
        "n2": "people without the outcome",
    }
    decimals = {
        "m1": "mean with the outcome",
        "sd1": "spread with the outcome (see spread_type)",
        "m2": "mean without the outcome",
        "sd2": "spread without the outcome (see spread_type)",
        "med1": "median with the outcome",
        "q1_1": "first quartile with the outcome",
        "q3_1": "third quartile with the outcome",
        "min1": "smallest value with the outcome",
        "max1": "largest value with the outcome",
        "med2": "median without the outcome",
        "q1_2": "first quartile without the outcome",
        "q3_2": "third quartile without the outcome",
        "min2": "smallest value without the outcome",
        "max2": "largest value without the outcome",
    }
    columns = [integer(name, meaning, group="numbers", width=9) for name, meaning in counts.items()]
    columns += [
        number(name, meaning, group="numbers", width=9, low=0 if name.startswith("sd") else None)
        for name, meaning in decimals.items()
    ]
    spread = word("spread_type", "spread_type", "what sd1 and sd2 hold", group="numbers", width=11)
    columns.insert([c.name for c in columns].index("sd2") + 1, spread)
    columns += [
        number(
            "pct_1", "percentage printed for the first group", group="numbers", unit="percent", low=0, high=100, width=9
        ),
        number(
            "pct_2",
            "percentage printed for the second group",
            group="numbers",
            unit="percent",
            low=0,
            high=100,
            width=9,
        ),
        word("zero_reported", "yes_no", "the paper itself says that there was no event", group="numbers", width=11),
        number("items", "whole-number items averaged (1: a count or a score)", group="numbers", low=1, width=7),
        number("scale_min", "smallest possible value", group="numbers", width=9),
        number("scale_max", "largest possible value", group="numbers", width=9),
        word("value_kind", "value_kind", "values at the end, or changes from the start", group="numbers", width=11),
        number("diff", "difference of the means as printed, with minus without the outcome", group="numbers", width=9),
        number("diff_low", "lower confidence limit of the difference", group="numbers", width=9),
        number("diff_high", "upper confidence limit of the difference", group="numbers", width=9),
        number("diff_se", "standard error of the difference", group="numbers", low=0, width=9),
        number("est", "ratio as printed", group="numbers", low=0, high=1e4, width=9),
        word("scale", "scale", "kind of ratio", group="numbers", width=8),
        number("ci_low", "lower confidence limit", group="numbers", low=0, high=1e4, width=9),
        number("ci_high", "upper confidence limit", group="numbers", low=0, high=1e6, width=9),
        word(
            "ci_method",
            "ci_method",
            "how the interval was made, where it is not the usual one",
            group="numbers",
            width=11,
        ),
        number("ci_level", "level of the interval", unit="percent", group="numbers", low=50, high=99.99, example="95"),
        number("se_log", "standard error of the log ratio", group="numbers", low=0, width=9),
        integer("n_events", "events behind a hazard ratio", group="numbers", width=9),
        number(
            "crude_est", "crude ratio as printed, beside counts or an adjusted one", group="numbers", low=0, high=1e4
        ),
        word("crude_scale", "scale", "kind of the crude ratio", group="numbers", width=8),
        number("crude_low", "lower confidence limit of the crude ratio", group="numbers", low=0, high=1e4),
        number("crude_high", "upper confidence limit of the crude ratio", group="numbers", low=0, high=1e6),
        number("p_value", "p-value as printed, without sign", group="numbers", low=0, high=1, width=9),
        word("p_cmp", "p_cmp", "whether p equals, or is below or above", group="numbers", width=7),
        word("test", "test", "test that gave p", group="numbers"),
        word("tails", "tails", "one- or two-sided", group="numbers", width=7),
        word("sign", "sign", "direction", group="numbers", width=18),
        number("t", "t as printed", group="numbers", width=9),
        number("f1", "F with one numerator degree of freedom", group="numbers", low=0, width=9),
        number("df", "degrees of freedom", group="numbers", low=0, width=7),
        number("r", "correlation as printed", group="numbers", low=-1, high=1, width=9),
        integer("r_n", "people correlated", group="numbers", width=9),
        word("r_type", "r_type", "kind of correlation", group="numbers", width=11),
        number("auc", "area under the curve as printed", group="numbers", low=0, high=1, width=9),
        number("auc_low", "lower confidence limit of the area", group="numbers", low=0, high=1, width=9),
        number("auc_high", "upper confidence limit of the area", group="numbers", low=0, high=1, width=9),
        number("auc_se", "standard error of the area", group="numbers", low=0, high=1, width=9),
        number("sens", "sensitivity as printed", group="numbers", low=0, high=1, width=9),
        number("spec", "specificity as printed", group="numbers", low=0, high=1, width=9),
        text("per_unit", "what the ratio is per (1 %, SD, high v low)", group="numbers"),
        number("risk_pct", "risk in this class", unit="percent", group="numbers", low=0, high=100, width=9),
        text("class_label", "class", group="numbers", width=11, example="25-34 %"),
        number("class_low", "lower bound of the class", group="numbers", width=9),
        number("class_high", "upper bound of the class", group="numbers", width=9),
        number("cluster_icc", "intracluster correlation", group="numbers", low=-1, high=1, width=9),
        number("cluster_size", "mean cluster size", group="numbers", low=1, width=9),
        word(
            "clustering", "clustering", "results that are not one a person, each on its own", group="numbers", width=14
        ),
        number("paired_r", "correlation of paired values", group="numbers", low=-1, high=1, width=9),
    ]
    return tuple(columns)


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
    "lead": ("lead reviewer", False),
    "authors": ("authors", False),
    "funding": ("who paid for the review", False),
    "conflicts": ("interests of the reviewers", False),
    "search_last": ("day of the last search", False),
    "workbook_role": ("single, A, B or consensus", False),
    "extractor": ("initials of the extractors", False),
    "decimal_mark": ("point or comma", False),
    "schema": ("version of this layout", True),
}

_REVIEW = Sheet(
    name="Review",
    meaning="what this review is; the locked values come from protocol.yaml",
    key="key",
    columns=(
        Column(name="key", kind="text", meaning="name", required=True, nr=False, group="identity", width=18),
        text("value", "value", width=70),
        text("note", "meaning", width=50),
    ),
    frozen=1,
)

SHEETS_REQUIRED = ("Review", "Reports", "Studies", "Design", "Effects")

#: sheets that are generated and never read
GENERATED_SHEETS = ("README", "Codebook", "Lists", "Problems")

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
