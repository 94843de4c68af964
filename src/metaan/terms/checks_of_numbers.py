"""Checks of the numbers of one row against each other: counts, ratios, means, hazards."""

from collections.abc import Iterable

from metaan.terms.check import Check, E, N, W, entry

_GRIM = "Brown and Heathers 2017, Soc Psychol Personal Sci 8:363-369"
_HALF = "numbers are taken as the printed value plus or minus half a unit of its last decimal"

OF_NUMBERS: Iterable[Check] = (
    # counts
    entry(
        "B01",
        (E, W),
        "row",
        "Counts that cannot be",
        "Events at most the total; groups of at least one; a printed percentage against its count and total, by "
        "outcome where people were chosen by it; without a count, against every count of the total.",
        spares=_HALF,
    ),
    entry(
        "B02",
        W,
        "row",
        "Parts that do not add up",
        "Cells of a table against the people analysed; groups against the total. A row on everybody against rows on "
        "subgroups of the same comparison: none has more people or events, nor all together where their other counts "
        "add up to the whole. Where two or more of B01, B02 and B03 contradict the counts of a row and one slip in a "
        "count explains all, it is one finding, at that count.",
        spares="subgroups that may overlap or leave people out, and together, tables of few people; "
        "a cut-off taken from the same data, anew in each "
        "subgroup",
    ),
    entry(
        "B03",
        W,
        "row",
        "Counts that give another ratio than the paper",
        "OR and RR from the counts, with their Wald intervals, against the crude ratio typed. Where the reciprocal "
        "fits, swapped groups; where another measure fits, the wrong scale. A printed p against all of chi-square with "
        "and without correction, likelihood ratio, Fisher's exact and Wald.",
        spares=_HALF + "; exact, profile and bootstrap intervals (ci_method) are exempt; p must lie beyond all tests",
        source="Xu et al. 2022, BMJ 377:e069155",
    ),
    entry(
        "B04",
        W,
        "row",
        "No event anywhere",
        "No events in any group, or nobody with the factor where people were chosen by outcome, and zero_reported is "
        "not yes.",
        source="Xu et al. 2022, BMJ 377:e069155",
    ),
    entry(
        "B05",
        E,
        "row",
        "A risk ratio from people chosen by outcome",
        "Scale RR beside counts of a comparison whose people were selected on the outcome.",
        spares="an analysis that asks for risk ratios or differences: counts of people chosen by outcome are not "
        "pooled there, and the report says why",
    ),
    # ratios
    entry(
        "C01",
        E,
        "row",
        "An estimate outside its interval",
        "Lower limit, estimate and upper limit in order, those of ratios above 0; differences and areas as well.",
        spares="numbers printed with fewer decimals may have become equal or passed each other",
    ),
    entry(
        "C02",
        W,
        "row",
        "An interval that is not symmetric on the log scale",
        "The logarithm of the estimate against the middle of the logarithms of the limits.",
        spares=_HALF
        + "; a number that is no larger than one beside it and has fewer decimals lost zeros; exact, profile "
        "and bootstrap intervals (ci_method) are exempt",
    ),
    entry(
        "C03",
        W,
        "row",
        "Interval, standard error and p that do not go together",
        "The standard error and p that follow from the interval against those printed; where the level 90 or 99 % "
        "would fit, it says so. A p printed as 0.",
        spares=_HALF
        + "; p may come from a test of likelihood or score, and z lie 5 % and 0.05 away; tests of ranks, t "
        "and Fisher's are not compared",
        source="Altman and Bland 2011, BMJ 343:d2090",
    ),
    entry(
        "C04",
        E,
        "row",
        "A logarithm typed as a ratio",
        "A negative estimate or limit in a column of ratios.",
    ),
    entry(
        "C05",
        W,
        "row",
        "A standard error smaller than the counts allow",
        "The standard error of the log odds ratio against sqrt(1/a + 1/b + 1/c + 1/d), against that of the crude odds "
        "ratio, and against 2 sqrt(1/n1 + 1/n2), when they are in the row.",
        spares=_HALF + "; up to 5 % smaller is allowed; ratios per unit of a measurement are exempt from the last",
        source="Robinson and Jewell 1991, Int Stat Rev 59:227-240",
    ),
    # means
    entry("M00", E, "row", "A spread of zero", "Standard deviations above 0."),
    entry(
        "M01",
        W,
        "row",
        "A mean that no whole numbers give (GRIM)",
        "Some whole sum divided by n times items rounds to the mean, half up or half even.",
        spares="only where items is typed and n times items is below ten to the power of the decimals",
        source=_GRIM,
    ),
    entry(
        "M02",
        W,
        "row",
        "A standard deviation that no whole numbers give (GRIMMER)",
        "Some whole sum of squares, of the parity of the sum, gives the standard deviation beside that mean.",
        spares="as M01",
        source="Anaya 2016, PeerJ Preprints 4:e2400v1; Allard 2018",
    ),
    entry(
        "M03",
        W,
        "row",
        "Mean and standard deviation that no yes-no answers give (DEBIT)",
        "SD = sqrt(m (1 - m) n / (n - 1)) over all counts that round to the mean; scale 0 to 1, one item.",
        spares=_HALF,
        source="Heathers and Brown 2019, DEBIT",
    ),
    entry(
        "M04",
        E,
        "row",
        "Values in an order, or a spread, that cannot be",
        "Smallest, quartiles, median, mean and largest in order; a mean within the scale; an SD of at most "
        "sqrt((max - mean)(mean - min) n / (n - 1)), and at least (observed max - min) / sqrt(2 (n - 1)).",
        spares=_HALF,
        source="Bhatia and Davis 2000, Am Math Mon 107:353-357 (upper bound of the SD)",
    ),
    entry(
        "M05",
        (W, N),
        "rows",
        "A standard error typed as a standard deviation, beside other studies",
        "ln SD against the leave-one-out median of its peers in the same marker, compartment and unit, in units of "
        "1.4826 MAD (at least 0.15): below -2.5, and half as far after ln(n)/2 is added; or above 2.5, and half as far "
        "after it is subtracted: an SD that was multiplied by the root of n, or a variance.",
        spares="needs five or more SDs of other studies; what spread_type calls unclear is a note, where it is small; "
        "without a unit, rows whose means are less than half those of their peers, which speaks for another scale; "
        "large SDs beside means more than twice those of their peers",
        source="Kadlec et al. 2023, Sports Med 53:313-325 (how often)",
    ),
    entry(
        "M06",
        W,
        "row",
        "A standard error typed as a standard deviation, within a study",
        "SDs of the two groups more than a factor of two apart; or group sizes a factor of 1.8 apart and SDs that "
        "differ as the root of n does, within a tenth.",
        spares=_HALF + "; SDs that differ as the means do; in small groups, a factor that chance gives (2.58 standard "
        "errors of its logarithm)",
    ),
    entry(
        "M07",
        W,
        "row",
        "Means that give another t, F, p or interval than the paper",
        "Student's and Welch's t, F = t squared, p and the interval of the difference against those printed; the "
        "one change that would reconcile them is named. Without means: t, F, degrees of freedom and p.",
        spares=_HALF
        + "; a p whose test is not named may come from ranks, and z lie 35 % and 0.5 away; adjusted, paired "
        "and clustered rows are exempt",
    ),
    entry(
        "M08",
        (W, N),
        "row",
        "A difference of a size that is seldom real",
        "Standardised mean difference above 3 (warning) or 1.5 (note).",
        source="Kadlec et al. 2023, Sports Med 53:313-325",
    ),
    entry(
        "M09",
        (N, W),
        "row",
        "Means of a skewed quantity",
        "A mean less than two standard deviations above scale_min (or above 0 for a marker in percent, per something "
        "or counts); quartiles or a range that fail the test of skewness; means that equal the medians beside them.",
        spares=_HALF + "; changes and yes-no answers are exempt",
        source="Altman and Bland 1996, BMJ 313:1200; Shi et al. 2023",
    ),
    entry(
        "M10",
        W,
        "row",
        "Changes without the correlation of before and after",
        "value_kind change without paired_r, and final values beside changes in one outcome.",
    ),
    entry(
        "M11",
        W,
        "row",
        "A direction that contradicts the words of the paper",
        "The sign of the effect against stated_direction and the column sign, and against an English quote with a "
        "single word of direction whose group is plain (higher in patients than ...).",
        spares="equal numbers, no_difference, negations, cut-offs whose low side counts as the factor",
    ),
    # time to event, regression
    entry(
        "T01",
        W,
        "row",
        "A hazard ratio more precise than its events allow",
        "The standard error of the log hazard ratio against 2 / sqrt(events), or 1 / sqrt(e p (1 - p)) where group "
        "sizes are typed.",
        spares=_HALF + "; up to 5 % smaller is allowed; ratios per unit of a measurement are exempt",
        source="Schoenfeld 1981, Biometrika 68:316-319",
    ),
    entry(
        "T02",
        (W, E),
        "row",
        "Adjusted and crude estimates, and their unit",
        "An adjusted ratio more than a factor of two from the crude one; an adjusted one without its covariates; a "
        "unit of exposure that differs within an outcome.",
    ),
)
