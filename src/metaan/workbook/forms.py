"""The ways a paper can report a comparison, each with the cells it needs."""

from dataclasses import dataclass


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


#: numbers a paper may print beside a p-value or a direction without giving enough to compute an effect
_SAID_BESIDE = (
    *("n1", "n2", "m1", "m2", "sd1", "sd2", "spread_type", "med1", "med2", "est", "scale"),
    *("events_high", "total_high", "events_low", "total_low", "pct_1", "pct_2"),
)

#: what a paper may print beside counts, and beside means; the checks recompute it
_CRUDE = ("crude_est", "crude_scale", "crude_low", "crude_high")
_BESIDE_COUNTS = (
    "pct_1",
    "pct_2",
    "zero_reported",
    *_CRUDE,
    "ci_level",
    "ci_method",
    "p_value",
    "p_cmp",
    "test",
    "tails",
)
_DIFFERENCE = ("diff", "diff_low", "diff_high", "diff_se", "ci_level")
_SCALE = ("items", "scale_min", "scale_max", "value_kind")
_BESIDE_MEANS = (*_SCALE, *_DIFFERENCE, "t", "f1", "df", "p_value", "p_cmp", "test", "tails", "sign")

#: columns of numbers that go with every form
ANY_FORM = frozenset({"clustering", "cluster_icc", "cluster_size", "paired_r"})

FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            name="two_by_two",
            meaning="counts of a 2x2 table; row 1 = factor present, high or treated; event = the outcome named",
            required=("a_high_event", "b_high_none", "c_low_event", "d_low_none"),
            optional=_BESIDE_COUNTS,
        ),
        Form(
            name="events_totals",
            meaning="events and totals of two groups",
            required=(),
            one_of=(
                ("events_high", "total_high", "events_low", "total_low"),
                ("high_event", "n_event", "high_none", "n_none"),
            ),
            optional=_BESIDE_COUNTS,
        ),
        Form(
            name="means",
            meaning="means of people with (1) and without (2) the outcome, with a spread or a range",
            required=("n1", "m1", "n2", "m2"),
            one_of=(("sd1", "sd2", "spread_type"), ("min1", "max1", "min2", "max2")),
            optional=("med1", "med2", *_BESIDE_MEANS),
        ),
        Form(
            name="medians",
            meaning="medians of people with (1) and without (2) the outcome, with quartiles or a range",
            required=("n1", "med1", "n2", "med2"),
            one_of=(("q1_1", "q3_1", "q1_2", "q3_2"), ("min1", "max1", "min2", "max2")),
            optional=(*_SCALE, "p_value", "p_cmp", "test", "tails", "sign"),
        ),
        Form(
            name="ratio",
            meaning="a ratio with its interval, standard error or exact p-value",
            required=("est", "scale"),
            one_of=(("ci_low", "ci_high", "ci_level"), ("se_log",), ("p_value", "p_cmp")),
            optional=("per_unit", "ci_method", "n_events", "n1", "n2", "test", "tails", *_CRUDE),
        ),
        Form(
            name="difference",
            meaning="a difference of means with its interval, standard error or exact p-value",
            required=("diff", "n1", "n2"),
            one_of=(("diff_low", "diff_high", "ci_level"), ("diff_se",), ("p_value", "p_cmp")),
            optional=(*_SCALE, "tails"),
        ),
        Form(
            name="correlation",
            meaning="a correlation of two measurements; shown, not pooled with groups",
            required=("r", "r_n", "r_type"),
            optional=("p_value", "p_cmp", "tails"),
            computable=False,
        ),
        Form(
            name="auc",
            meaning="area under the curve of a test, or its sensitivity and specificity; kept for the test's accuracy",
            required=("n1", "n2"),
            one_of=(("auc", "auc_low", "auc_high"), ("auc", "auc_se"), ("sens", "spec")),
            optional=("ci_level", "auc", "sens", "spec"),
            computable=False,
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
            optional=("pct_1", "zero_reported"),
            computable=False,
        ),
        Form(
            name="risk_only",
            meaning="risk by class without class sizes; shown, never pooled",
            required=("risk_pct", "class_label"),
            optional=("class_low", "class_high", "total_high", "n1", "n2"),
            computable=False,
        ),
    )
}
