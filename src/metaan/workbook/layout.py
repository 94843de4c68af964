"""Sheets and columns of the extraction workbook, as data.

Template, reader, checks, codebook and documentation are made from what stands here. Some lists and columns are core;
those that depend on the topic (populations, markers, confounders, ...) come from the review's protocol, see `layout`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

Kind = Literal["id", "ref", "text", "word", "integer", "number", "date"]

SCHEMA_VERSION = "1"

NOT_REPORTED = "NR"  #: looked, not reported
NOT_APPLICABLE = "NA"  #: cannot apply


@dataclass(frozen=True, slots=True)
class When:
    """A condition on another cell of the same row."""

    column: str
    among: tuple[str, ...] = ()  #: holds when the cell is one of these
    not_among: tuple[str, ...] = ()  #: holds when the cell is filled and none of these

    def holds(self, value: str) -> bool:
        """Whether the condition holds for the text of the cell."""
        if self.among:
            return value in self.among
        return bool(value) and value not in self.not_among

    def __str__(self) -> str:
        """Return the condition in words."""
        if self.among:
            return f"{self.column} is {' or '.join(self.among)}"
        return f"{self.column} is not {' or '.join(self.not_among)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a sheet."""

    name: str
    kind: Kind
    meaning: str  #: one line
    unit: str = ""
    example: str = ""
    words: str = ""  #: name of the list of allowed words, kind "word"
    refers_to: str = ""  #: sheet whose key this is, kind "ref"
    required: bool | When = False
    nr: bool = True  #: NR is an answer here
    group: str = "facts"  #: block of columns in the sheet
    low: float | None = None  #: smallest legal number
    high: float | None = None
    width: int = 14
    topic: str = ""  #: column exists only in reviews whose protocol has this list or names this column
    pattern: str = ""  #: regular expression the text must match


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way a paper can report a comparison."""

    name: str
    meaning: str
    required: tuple[str, ...]
    one_of: tuple[tuple[str, ...], ...] = ()  #: at least one of these groups must be filled as well
    optional: tuple[str, ...] = ()
    computable: bool = True  #: can ever give an effect size

    @property
    def columns(self) -> frozenset[str]:
        """Every column this form may fill."""
        return frozenset(self.required) | {c for group in self.one_of for c in group} | frozenset(self.optional)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet of the workbook."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: str = ""  #: column that identifies a row
    frozen: int = 3  #: columns kept in view

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(c for c in self.columns if c.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The whole workbook of one review."""

    sheets: tuple[Sheet, ...]  #: sheets that people fill in
    lists: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  #: list -> word -> label

    def sheet(self, name: str) -> Sheet:
        """Return the sheet of that name."""
        return next(s for s in self.sheets if s.name == name)

    def label(self, words: str, word: str) -> str:
        """Return the label of a word; the word itself where the list has none."""
        return self.lists.get(words, {}).get(word) or word.replace("_", " ")


# --- forms ---------------------------------------------------------------------------------------------------------

#: numbers a paper may print beside a p-value or a direction without giving enough to compute an effect
_SAID_BESIDE = (
    *("n1", "n2", "m1", "m2", "sd1", "sd2", "spread_type", "med1", "med2", "est", "scale"),
    *("events_high", "total_high", "events_low", "total_low"),
)

FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            name="two_by_two",
            meaning="counts of a 2x2 table; row 1 = factor present, high or treated; event = the outcome named",
            required=("a_high_event", "b_high_none", "c_low_event", "d_low_none"),
        ),
        Form(
            name="events_totals",
            meaning="events and totals of two groups",
            required=(),
            one_of=(
                ("events_high", "total_high", "events_low", "total_low"),
                ("high_event", "n_event", "high_none", "n_none"),
            ),
        ),
        Form(
            name="means",
            meaning="means of women with (1) and without (2) the outcome, with a spread or a range",
            required=("n1", "m1", "n2", "m2"),
            one_of=(("sd1", "sd2", "spread_type"), ("min1", "max1", "min2", "max2")),
        ),
        Form(
            name="medians",
            meaning="medians of women with (1) and without (2) the outcome, with quartiles or a range",
            required=("n1", "med1", "n2", "med2"),
            one_of=(("q1_1", "q3_1", "q1_2", "q3_2"), ("min1", "max1", "min2", "max2")),
        ),
        Form(
            name="ratio",
            meaning="a ratio with its interval, standard error or exact p-value",
            required=("est", "scale"),
            one_of=(("ci_low", "ci_high", "ci_level"), ("se_log",), ("p_value", "p_cmp")),
            optional=("per_unit",),
        ),
        Form(
            name="t_stat",
            meaning="t or F of a two-sample comparison",
            required=("n1", "n2", "sign"),
            one_of=(("t",), ("f1",)),
            optional=("tails", "df"),
        ),
        Form(
            name="p_only",
            meaning="only a p-value and perhaps the direction",
            required=("p_value", "p_cmp"),
            optional=("test", "tails", "sign", *_SAID_BESIDE),
            computable=False,
        ),
        Form(
            name="direction_only",
            meaning="only the direction, or that there was none",
            required=("sign",),
            optional=("p_value", "p_cmp", *_SAID_BESIDE),
            computable=False,
        ),
        Form(
            name="single_group",
            meaning="events and total of one group without a comparison; shown, never pooled as an effect",
            required=("events_high", "total_high"),
            computable=False,
        ),
        Form(
            name="risk_only",
            meaning="risk by class without class sizes; shown, never pooled",
            required=("risk_pct", "class_label"),
            optional=("class_low", "class_high", "n1", "n2"),
            computable=False,
        ),
    )
}

# --- core lists ----------------------------------------------------------------------------------------------------

_YES_NO = {"yes": "yes", "no": "no"}

CORE_LISTS: dict[str, dict[str, str]] = {
    "yes_no": _YES_NO,
    "yes_no_partly": {**_YES_NO, "partly": "partly"},
    "yes_no_mixed": {**_YES_NO, "mixed": "some before, some after, not separate"},
    "randomised": {**_YES_NO, "quasi": "by a rule that can be foreseen"},
    "role": {
        "single": "one extractor",
        "A": "first extractor",
        "B": "second extractor",
        "consensus": "agreed by both extractors",
    },
    "decimal_mark": {"point": "point", "comma": "comma"},
    "report_type": {
        "article": "",
        "preprint": "",
        "abstract": "",
        "thesis": "",
        "registry": "",
        "protocol": "",
        "letter": "",
        "author_data": "",
        "grant_report": "",
    },
    "retracted": {
        "no": "",
        "yes": "",
        "expression_of_concern": "",
        "not_checked": "",
    },
    "setting": {"clinic": "", "hospital": "", "private_clinic": "", "registry": "", "lab": "", "community": ""},
    "funding": {"public": "", "charity": "", "industry": "", "clinic": "", "none": ""},
    "author_label": {
        "case_control": "",
        "cohort": "",
        "prospective": "",
        "retrospective": "",
        "RCT": "",
        "cross_sectional": "",
        "other": "",
    },
    "assembly": {
        "inception": "all from the start of the condition",
        "consecutive": "in sequence",
        "convenience": "as available",
        "historical_records": "from records",
        "nested_cc": "cases and controls within a cohort, samples stored before",
        "outcome_selected": "chosen by outcome",
    },
    "parity": {"matched": "", "restricted": "", "adjusted": "", "not_comparable": ""},
    "cutoff_source": {
        "prespecified": "fixed in advance",
        "published": "from another publication",
        "control_percentile": "from a percentile of the controls",
        "roc_same_data": "tuned in the same data",
        "median_same_data": "median of the same data",
        "none_continuous": "no cut-off: level kept continuous",
    },
    "handled": {"matched": "", "restricted": "", "adjusted": "", "no": ""},
    "treated_between": {
        "none": "nobody treated",
        "all_same": "all treated alike",
        "by_test_result": "treated because of the test",
        "unrelated_to_result": "treated for other reasons",
    },
    "karyotype": {
        "excluded_abnormal": "losses of abnormal karyotype left out",
        "stratified": "given apart",
        "not_used": "not used",
    },
    "grade": {"A": "", "B": "", "C": "", "D": ""},
    "factor_kind": {"marker": "a measured level", "treatment": "a treatment", "exposure": "an exposure"},
    "effect_kind": {"benefit": "", "harm": ""},
    "cutoff_direction": {"above": "", "at_or_above": "", "below": ""},
    "priority": {
        "main": "the pre-stated choice of this study for this outcome",
        "secondary": "another result of the same study; shown, not pooled",
        "sensitivity": "pooled in sensitivity analyses only",
    },
    "form": {form.name: form.meaning for form in FORMS.values()},
    "spread_type": {
        "sd": "standard deviation",
        "se": "standard error",
        "ci": "confidence interval",
        "unclear": "not stated which",
    },
    "scale": {"OR": "odds ratio", "RR": "risk ratio", "HR": "hazard ratio"},
    "p_cmp": {"=": "exactly", "<": "below", ">": "above"},
    "test": {"t_test": "two-sample t test", "rank_sum": "rank-sum test", "chi_square": "", "fisher": "", "other": ""},
    "tails": {"1": "one-sided", "2": "two-sided"},
    "sign": {
        "higher_in_event": "higher, or more often, with the outcome",
        "lower_in_event": "lower, or less often, with the outcome",
        "no_difference": "no difference",
    },
    "analysis_unit": {"person": "", "woman": "", "cycle": "", "embryo": "", "biopsy": ""},
    "derived": {
        "as_reported": "typed as printed",
        "calculated": "calculated from printed figures",
        "digitised": "read off a figure",
        "author_supplied": "from the authors",
        "converted": "brought to another form",
    },
    "src_type": {
        "text": "",
        "table": "",
        "figure_digitised": "",
        "supplement": "",
        "author": "",
        "registry": "",
        "abstract": "abstract",
        "full_text": "full text",
        "review_table": "table of a review",
        "grant_report": "grant report",
        "second_hand": "second-hand page",
    },
    "flag": {"ok": "", "query_author": "", "exclude": ""},
    "variation": {
        "between_cycles": "between two cycles of one woman",
        "between_observers": "between observers",
        "within_observer": "one observer, twice",
        "between_methods": "between methods",
        "between_labs": "between laboratories",
        "within_day": "within a day",
        "within_cycle": "within a cycle",
        "between_sites_in_uterus": "between sites in the uterus",
        "between_days": "between days",
        "between_months": "over months or years",
        "diurnal": "by time of day",
    },
    "reliability_statistic": {
        "kappa": "kappa",
        "weighted_kappa": "weighted kappa",
        "ICC": "intraclass correlation",
        "pearson_r": "Pearson's r",
        "spearman_r": "Spearman's rho",
        "CV_pct": "coefficient of variation, percent",
        "SEM": "standard error of measurement",
        "LoA": "limits of agreement",
        "mean_diff": "mean difference",
        "pct_reclassified": "percent reclassified",
        "direction_only": "words only",
    },
}

#: lists a protocol must or may supply; the columns that use them are listed in the sheets below
TOPIC_LISTS = ("outcome", "population", "compartment", "marker", "assay", "unit", "phase", "control_type", "timing")
TOPIC_LISTS_REQUIRED = ("outcome", "population", "control_type")

ID_PATTERN = r"[A-Za-z][A-Za-z0-9_-]{2,39}"
DATE_PATTERN = r"\d{4}(-\d{2}(-\d{2})?)?"


def _id(name: str, meaning: str, example: str, **more: object) -> Column:
    return Column(
        name=name,
        kind="id",
        meaning=meaning,
        example=example,
        required=True,
        nr=False,
        group="identity",
        width=24,
        **more,  # type: ignore[arg-type]
    )


def _ref(name: str, sheet: str, meaning: str, required: bool = True) -> Column:
    return Column(
        name=name,
        kind="ref",
        meaning=meaning,
        refers_to=sheet,
        required=required,
        nr=False,
        group="identity",
        width=22,
    )


def _text(name: str, meaning: str, **more: object) -> Column:
    return Column(name=name, kind="text", meaning=meaning, **more)  # type: ignore[arg-type]


def _word(name: str, words: str, meaning: str, **more: object) -> Column:
    return Column(name=name, kind="word", words=words, meaning=meaning, **more)  # type: ignore[arg-type]


def _integer(name: str, meaning: str, **more: object) -> Column:
    return Column(name=name, kind="integer", meaning=meaning, low=0, **more)  # type: ignore[arg-type]


def _number(name: str, meaning: str, **more: object) -> Column:
    return Column(name=name, kind="number", meaning=meaning, **more)  # type: ignore[arg-type]


def _date(name: str, meaning: str, **more: object) -> Column:
    more.setdefault("example", "2026-11-22")
    return Column(name=name, kind="date", meaning=meaning, pattern=DATE_PATTERN, **more)  # type: ignore[arg-type]


# --- sheets --------------------------------------------------------------------------------------------------------

_REPORTS = Sheet(
    name="Reports",
    meaning="one row a paper, abstract or registry entry",
    key="report_id",
    columns=(
        _id("report_id", "name of the report", "Tuckerman2007-HR"),
        _ref("study_id", "Studies", "study it reports"),
        _word("is_primary", "yes_no", "main report of the study", required=True, group="identity"),
        _word("type", "report_type", "kind of report", required=True),
        _text("authors", "authors as printed", required=True, width=34, example="Tuckerman E, Laird SM, Li TC"),
        _integer("year", "year of publication", required=True, example="2007", high=2100),
        _text("title", "title as printed", required=True, width=44),
        _text("journal", "journal", width=22),
        _text("volume", "volume"),
        _text("pages", "pages"),
        _text("doi", "DOI without address", width=26, pattern=r"10\.\d{4,9}/\S+", example="10.1093/humrep/det117"),
        _text("pmid", "PubMed number", pattern=r"\d+", example="16213853"),
        _text("url", "public page of publisher, PubMed, PMC or institution", width=34, pattern=r"https?://\S+"),
        _text("language", "language of the report"),
        _word("retracted", "retracted", "retraction status", required=True),
        _date("retraction_checked_on", "when the status was looked up"),
        _text("pdf_sha256", "digest of the file read", width=20),
        _text("notes", "notes", width=44),
    ),
)

_STUDIES = Sheet(
    name="Studies",
    meaning="one row a study (a set of people); it may have several reports",
    key="study_id",
    columns=(
        _id("study_id", "name of the study", "Tuckerman2007"),
        _text("label", "name on plots and in tables", required=True, nr=False, group="identity", width=24),
        _integer("year", "year of the primary report", required=True, group="identity", high=2100),
        _text("country", "country", required=True),
        _word("setting", "setting", "where people were recruited"),
        _date("recruit_start", "first recruitment", example="2008-03"),
        _date("recruit_end", "last recruitment", example="2011-06"),
        _text("centre", "centre; with the dates it shows cohorts that may overlap", width=22),
        _word("population", "population", "who was studied", required=True),
        _text("rm_definition", "definition of recurrent loss used", topic="rm_definition", width=18),
        _text("rif_definition", "definition of implantation failure used", topic="rif_definition", width=18),
        _word("unexplained_only", "yes_no_partly", "known causes excluded", topic="unexplained_only"),
        _integer("n_enrolled", "people enrolled", required=True),
        _number("age_mean", "mean age", unit="years", low=0, high=120),
        _number("age_sd", "standard deviation of age", unit="years", low=0),
        _number("prior_losses_mean", "mean number of earlier losses", topic="prior_losses_mean", low=0),
        _number("bmi_mean", "mean body mass index", unit="kg/m2", low=5, high=100),
        _word("funding", "funding", "who paid"),
        _word("test_seller", "yes_no_partly", "authors or centre sell the test or treatment"),
        _text("registered", "registry number", width=18),
        Column(name="same_cohort_as", kind="ref", refers_to="Studies", meaning="study whose people these may be"),
        _text("notes", "notes", width=44),
    ),
)


def _fact(name: str, words: str, meaning: str, required: bool | When = True, **more: object) -> Column:
    return _word(name, words, meaning, required=required, **more)


_SELECTED = When("selected_on_outcome", among=("yes",))
_SAMPLED = When("sampled_before_outcome", among=("yes",))
_NOT_RANDOM = When("randomised", not_among=("yes",))

_DESIGN_FACTS: tuple[Column, ...] = (
    _word("author_label", "author_label", "what the paper calls itself", required=True),
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


def _design(confounders: Mapping[str, str]) -> Sheet:
    adjustments = tuple(
        _fact(f"adj_{name}", "handled", f"{label}: how it was handled", _NOT_RANDOM, group="adjustment")
        for name, label in confounders.items()
    )
    columns: list[Column] = [
        _id("design_id", "name of the comparison's design", "Tuckerman2007-pr"),
        _ref("study_id", "Studies", "study it belongs to"),
        _text("contrast", "who is compared with whom", required=True, nr=False, group="identity", width=34),
        _word("population", "population", "population of this comparison; blank: that of the study"),
    ]
    for fact in (*_DESIGN_FACTS, *adjustments):
        columns.append(fact)
        if fact.name != "author_label":
            columns.append(
                _text(
                    f"{fact.name}_where", f"page or table, and the words, for {fact.name}", group=fact.group, width=18
                )
            )
    columns += [
        _word("grade_override", "grade", "grade given by the reviewers instead", group="override"),
        _text(
            "override_reason",
            "why",
            required=When("grade_override", not_among=(NOT_REPORTED, NOT_APPLICABLE)),
            nr=False,
            group="override",
            width=34,
        ),
        _text("notes", "notes", group="override", width=44),
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
    columns = [_integer(name, meaning, group="numbers", width=9) for name, meaning in counts.items()]
    columns += [
        _number(name, meaning, group="numbers", width=9, low=0 if name.startswith("sd") else None)
        for name, meaning in decimals.items()
    ]
    spread = _word("spread_type", "spread_type", "what sd1 and sd2 hold", group="numbers", width=11)
    columns.insert([c.name for c in columns].index("sd2") + 1, spread)
    columns += [
        _number("est", "ratio as printed", group="numbers", low=0, width=9),
        _word("scale", "scale", "kind of ratio", group="numbers", width=8),
        _number("ci_low", "lower confidence limit", group="numbers", low=0, width=9),
        _number("ci_high", "upper confidence limit", group="numbers", low=0, width=9),
        _number("ci_level", "level of the interval", unit="percent", group="numbers", low=50, high=99.99, example="95"),
        _number("se_log", "standard error of the log ratio", group="numbers", low=0, width=9),
        _number("p_value", "p-value as printed, without sign", group="numbers", low=0, high=1, width=9),
        _word("p_cmp", "p_cmp", "whether p equals, or is below or above", group="numbers", width=7),
        _word("test", "test", "test that gave p", group="numbers"),
        _word("tails", "tails", "one- or two-sided", group="numbers", width=7),
        _word("sign", "sign", "direction", group="numbers", width=18),
        _number("t", "t as printed", group="numbers", width=9),
        _number("f1", "F with one numerator degree of freedom", group="numbers", low=0, width=9),
        _number("df", "degrees of freedom", group="numbers", low=0, width=7),
        _text("per_unit", "what the ratio is per (1 %, SD, high v low)", group="numbers"),
        _number("risk_pct", "risk in this class", unit="percent", group="numbers", low=0, high=100, width=9),
        _text("class_label", "class", group="numbers", width=11, example="25-34 %"),
        _number("class_low", "lower bound of the class", group="numbers", width=9),
        _number("class_high", "upper bound of the class", group="numbers", width=9),
        _number("cluster_icc", "intracluster correlation", group="numbers", low=-1, high=1, width=9),
        _number("cluster_size", "mean cluster size", group="numbers", low=1, width=9),
        _number("paired_r", "correlation of paired values", group="numbers", low=-1, high=1, width=9),
    ]
    return tuple(columns)


_EFFECTS = Sheet(
    name="Effects",
    meaning="one row a comparison",
    key="effect_id",
    columns=(
        _id("effect_id", "name of the comparison", "Tuckerman2007-pr-1"),
        _ref("design_id", "Design", "design it was made in"),
        _word("outcome", "outcome", "outcome; the event of a table", required=True, group="identity", width=22),
        _word("outcome_good", "yes_no", "the event is a good one", required=True, group="identity", nr=False),
        _word("factor_kind", "factor_kind", "what is compared", required=True, group="identity", nr=False),
        _word("effect_kind", "effect_kind", "benefit or harm", required=True, group="identity", nr=False),
        _text("intervention", "treatment", required=_TREATMENT, group="identity", width=18),
        _text("comparator", "what it is compared with", required=_TREATMENT, group="identity", width=18),
        _word(
            "compartment",
            "compartment",
            "where it was measured",
            required=_MARKER,
            group="identity",
            topic="compartment",
        ),
        _word("marker", "marker", "what was measured", required=_MARKER, group="identity", topic="marker"),
        _word("assay", "assay", "how", required=_MARKER, group="identity", topic="assay"),
        _word("unit", "unit", "unit of the values", required=_MARKER, group="identity", topic="unit"),
        _text("cutoff_value", "cut-off as printed", group="identity"),
        _word("cutoff_direction", "cutoff_direction", "side of the cut-off that counts as high", group="identity"),
        _text("timepoint", "when it was measured", group="identity", width=22),
        _text("subgroup", "part of the study", group="identity", width=22),
        _word("priority", "priority", "use of this row", required=True, group="identity", nr=False),
        _text("dependency_group", "rows that share people or controls", group="identity"),
        _text("arm_1_id", "name of the first arm, where arms are shared", group="identity"),
        _text("arm_2_id", "name of the second arm", group="identity"),
        _word("form", "form", "how the paper reports it", required=True, nr=False, group="numbers", width=15),
        *_numbers(),
        _word("adjusted", "yes_no", "estimate adjusted for other variables", required=True, group="adjustment"),
        _text("adjusted_for", "what for", required=When("adjusted", among=("yes",)), group="adjustment", width=22),
        _integer("n_analysed", "people analysed", group="adjustment"),
        _word("analysis_unit", "analysis_unit", "what was counted", group="adjustment"),
        _word("derived", "derived", "typed as printed, or calculated", required=True, nr=False, group="where from"),
        _text(
            "derivation_note",
            "what was calculated and how",
            required=When("derived", not_among=("as_reported",)),
            group="where from",
            width=40,
        ),
        _word("src_type", "src_type", "kind of source", required=True, group="where from"),
        _text("src_ref", "place in the source", required=True, group="where from", width=22),
        _text(
            "quote",
            "the very words, up to 300 characters",
            required=When("src_type", among=("abstract", "text", "full_text", "review_table", "grant_report")),
            group="where from",
            width=50,
        ),
        _text(
            "digitised_file",
            "calibration file",
            required=When("src_type", among=("figure_digitised",)),
            group="where from",
        ),
        _text("extractor", "initials", required=True, group="where from", width=9),
        _date("extracted_on", "day", required=True, group="where from"),
        _text("checked_by", "initials", group="where from", width=9),
        _date("checked_on", "day", group="where from"),
        _word("flag", "flag", "ok, query to authors, or excluded by the reviewers", group="where from"),
        _text(
            "flag_reason",
            "why",
            required=When("flag", among=("query_author", "exclude")),
            group="where from",
            width=30,
        ),
        _text("notes", "notes", group="where from", width=50),
    ),
)

_QUALITY = Sheet(
    name="Quality",
    meaning="one row an item of a quality tool",
    columns=(
        _ref("design_id", "Design", "design judged"),
        _ref("effect_id", "Effects", "result judged; blank: the whole design", required=False),
        _text("tool", "tool", required=True, nr=False, group="identity"),
        _text("domain", "domain", required=True, nr=False, group="identity", width=22),
        _text("item", "item", group="identity"),
        _text("question", "question, in our words", width=44),
        _text("answer", "answer"),
        _text("judgement", "judgement of the domain"),
        _text("proposed", "judgement proposed from the facts"),
        _text("override_reason", "why another judgement was given", width=34),
        _text("support", "what supports it", width=44),
        _text("where", "page or table", width=18),
        _text("extractor", "initials", width=9),
        _date("date", "day"),
    ),
)

_RELIABILITY = Sheet(
    name="Reliability",
    meaning="one row a result on how well the measurement repeats",
    key="rel_id",
    columns=(
        _id("rel_id", "name of the result", "Mariee2012-cycles"),
        _ref("study_id", "Studies", "study"),
        _word("source_of_variation", "variation", "what differs between the measurements", required=True, width=22),
        _word("compartment", "compartment", "where it was measured", topic="compartment"),
        _word("marker", "marker", "what was measured", topic="marker"),
        _word("assay", "assay", "how", topic="assay"),
        _text("interval", "time between the measurements", width=18),
        _integer("n_women", "people", required=True),
        _integer("n_repeats", "measurements a person"),
        _word("statistic", "reliability_statistic", "statistic", required=True),
        _text("icc_model", "model of the intraclass correlation", required=When("statistic", among=("ICC",))),
        _number("value", "value", required=When("statistic", not_among=("direction_only",))),
        _number("ci_low", "lower confidence limit"),
        _number("ci_high", "upper confidence limit"),
        _text("categories", "cut-off used for kappa"),
        _text("says", "what the source says, where it gives no statistic", width=40),
        _word("src_type", "src_type", "kind of source", required=True, group="where from"),
        _text("src_ref", "place in the source", required=True, group="where from", width=22),
        _text("quote", "the very words, up to 300 characters", group="where from", width=50),
        _text("extractor", "initials", required=True, group="where from", width=9),
        _date("extracted_on", "day", required=True, group="where from"),
        _text("notes", "notes", group="where from", width=50),
    ),
)

_CONTEXT = Sheet(
    name="Context",
    meaning="one row a statement of a regulator or guideline, with the day it was seen",
    columns=(
        _text("body", "who says it", required=True, nr=False, group="identity"),
        _text("country", "country", group="identity"),
        _text("topic", "about what", required=True, group="identity", width=22),
        _text("statement", "what it says, in our words", required=True, width=54),
        _text("rating", "rating given"),
        _text("rating_scale", "scale of the rating", width=22),
        _text("url", "page", width=34, pattern=r"https?://\S+"),
        _date("page_dated", "date on the page"),
        _date("seen_on", "day it was seen", required=True),
        _text("seen_by", "initials", required=True, width=9),
    ),
)

PRISMA_KEYS: dict[str, str] = {
    "previous_studies": "studies in the previous version",
    "previous_reports": "reports in the previous version",
    "database_results": "records from databases",
    "register_results": "records from registers",
    "website_results": "records from websites",
    "organisation_results": "records from organisations",
    "citations_results": "records from citation searching",
    "duplicates": "duplicates removed",
    "excluded_automatic": "marked ineligible by automation",
    "excluded_other": "removed for other reasons",
    "records_screened": "records screened",
    "records_excluded": "records excluded",
    "dbr_sought_reports": "reports sought",
    "dbr_notretrieved_reports": "reports not retrieved",
    "dbr_assessed": "reports assessed",
    "dbr_excluded": "reports excluded, by reason",
    "other_sought_reports": "reports sought, other methods",
    "other_notretrieved_reports": "reports not retrieved, other methods",
    "other_assessed": "reports assessed, other methods",
    "other_excluded": "reports excluded, other methods, by reason",
    "new_studies": "studies included",
    "new_reports": "reports included",
    "total_studies": "studies in all",
    "total_reports": "reports in all",
    "total_studies_ma": "studies in a meta-analysis",
    "total_reports_ma": "reports in a meta-analysis",
}

_PRISMA = Sheet(
    name="PRISMA",
    meaning="one row a box of the flow diagram or a reason; blank where nobody counted",
    columns=(
        _word("key", "prisma_key", "box", required=True, nr=False, group="identity", width=28),
        _text("label", "words in the box", group="identity", width=40),
        _integer("n", "count"),
        _text("reason", "database, or reason for exclusion", width=30),
    ),
    frozen=1,
)

_LOG = Sheet(
    name="Log",
    meaning="one row a change, with who and why",
    columns=(
        _date("date", "day", required=True),
        _text("who", "initials", required=True, width=9),
        _text("sheet", "sheet"),
        _text("row_id", "row", width=22),
        _text("column", "column"),
        _text("old", "old value", width=22),
        _text("new", "new value", width=22),
        _text("why", "reason", required=True, width=50),
    ),
    frozen=0,
)

_OVERRIDES = Sheet(
    name="Overrides",
    meaning="one row a finding that the reviewers looked at and confirmed",
    columns=(
        _text("finding_id", "id of the finding", required=True, nr=False, group="identity"),
        _text("sheet", "sheet", required=True, nr=False, group="identity"),
        _text("row_id", "row", required=True, nr=False, group="identity", width=24),
        _text("reason", "why it stands", required=True, nr=False, width=54),
        _text("initials", "who", required=True, nr=False, width=9),
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
        _text("value", "value", width=70),
        _text("note", "meaning", width=50),
    ),
    frozen=1,
)

SHEETS_REQUIRED = ("Review", "Reports", "Studies", "Design", "Effects")

#: sheets that are generated and never read
GENERATED_SHEETS = ("README", "Codebook", "Lists", "Problems")


def layout(
    lists: Mapping[str, Mapping[str, str]],
    confounders: Mapping[str, str],
    columns: Iterable[str] = (),
) -> Layout:
    """Merge the core layout with a review's topic lists, confounders and topic columns."""
    named = set(columns)
    merged: dict[str, Mapping[str, str]] = {
        **CORE_LISTS,
        "prisma_key": PRISMA_KEYS,
        **{name: dict(words) for name, words in lists.items()},
    }

    def wanted(column: Column) -> bool:
        if not column.topic:
            return True
        base = column.topic
        return base in lists or base in named

    def kept(sheet: Sheet) -> Sheet:
        chosen = {c.name for c in sheet.columns if wanted(c)}
        return replace(
            sheet,
            columns=tuple(
                c
                for c in sheet.columns
                if c.name in chosen and (not c.name.endswith("_where") or c.name[:-6] in chosen)
            ),
        )

    sheets = (
        _REVIEW,
        _REPORTS,
        _STUDIES,
        _design(confounders),
        _EFFECTS,
        _QUALITY,
        _RELIABILITY,
        _CONTEXT,
        _PRISMA,
        _OVERRIDES,
        _LOG,
    )
    return Layout(sheets=tuple(kept(s) for s in sheets), lists=merged)
