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
            meaning="means of people with (1) and without (2) the outcome, with a spread or a range",
            required=("n1", "m1", "n2", "m2"),
            one_of=(("sd1", "sd2", "spread_type"), ("min1", "max1", "min2", "max2")),
        ),
        Form(
            name="medians",
            meaning="medians of people with (1) and without (2) the outcome, with quartiles or a range",
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
