"""Every check by its id: what it tests, how much it weighs, and what keeps it from firing on rounding alone.

Messages, docs and the annotated workbook quote this table; a finding may carry no other id and no other level.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metaan.terms.finding import Level

E, W, N = Level.ERROR, Level.WARNING, Level.NOTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check."""

    id: str
    levels: tuple[Level, ...]  #: that its findings may have; the first unless a finding says otherwise
    layer: str  #: of `LAYERS`
    title: str
    test: str  #: what exactly is compared
    spares: str = ""  #: what keeps it from firing where nothing is wrong
    source: str = ""

    @property
    def confirmable(self) -> bool:
        """Whether reviewers may confirm a finding on the sheet Overrides; what stops the review must be mended."""
        return W in self.levels


LAYERS = {
    "file": "the file and its sheets",
    "cell": "single cells",
    "row": "cells of one row against each other",
    "rows": "rows against each other",
    "review": "the review as a whole",
    "quality": "answers of quality tools, and decisions on certainty",
    "fit": "the pooled results",
}


def _check(id: str, levels: Level | tuple[Level, ...], layer: str, title: str, test: str, **more: str) -> Check:
    return Check(
        id=id, levels=levels if isinstance(levels, tuple) else (levels,), layer=layer, title=title, test=test, **more
    )


_GRIM = "Brown and Heathers 2017, Soc Psychol Personal Sci 8:363-369"
_HALF = "numbers are taken as the printed value plus or minus half a unit of its last decimal"

_ALL: Iterable[Check] = (
    # the file
    _check(
        "FILE",
        (E, N),
        "file",
        "A file that cannot be read",
        "The first bytes, the parts of the archive, their sizes and their XML are looked at before any cell is read; "
        "macros and links to other workbooks give a note.",
    ),
    _check(
        "PROTOCOL",
        (E, W),
        "file",
        "A protocol that cannot be used",
        "protocol.yaml against its schema and the workbook.",
    ),
    _check("CONFIG", E, "file", "A setting that is not known", "config.yaml against the settings there are."),
    _check("SHEET", (E, N), "file", "A sheet missing, or one that is not read", "Names of sheets against the layout."),
    _check(
        "HEADER",
        (E, W, N),
        "file",
        "A column missing, twice, renamed or unknown",
        "Names in the header row against the layout; the header is looked for in the first 20 rows.",
        spares="columns may stand in any order; a missing one that no row needs is read as blank, with a warning",
    ),
    _check(
        "SCHEMA", W, "file", "A workbook of another layout version", "The version on the sheet Review against this one."
    ),
    # single cells
    _check(
        "REQUIRED",
        E,
        "cell",
        "A blank where an answer is required",
        "Required cells of every filled row, and those a condition in the same row makes required.",
        spares="NR is an answer in every cell but names, the form and its numbers",
    ),
    _check("WORD", E, "cell", "A word that is not in the list", "Cells of words against the lists of the layout."),
    _check("ID", E, "cell", "A name that is no legal name", "3 to 40 letters, digits, - and _, a letter first."),
    _check("PATTERN", E, "cell", "Text of the wrong shape", "Dates, DOIs, PubMed numbers and addresses."),
    _check("RANGE", E, "cell", "A number outside its range", "Numbers against the limits of their column."),
    _check(
        "W01",
        E,
        "cell",
        "A cell of the wrong kind",
        "Dates, times, truth values and error values where a number or word belongs; text that is not exactly one "
        "number; decimal commas in a review that declares the point; ambiguous thousands.",
        spares="a unicode minus and a middle dot are read as typed; a range or a sign before a number is never guessed",
        source="Ziemann et al. 2016, Genome Biol 17:177",
    ),
    _check(
        "W02",
        W,
        "cell",
        "A number that looks like the serial number of a day",
        "A whole number from 20,000 to 60,000 in a column whose other values are below 1,000; where it is the only "
        "value, a true number that is a day of the years 2000 to 2050.",
        source="Abeysooriya et al. 2021, PLoS Comput Biol 17:e1008984",
    ),
    _check(
        "W03",
        (W, E),
        "cell",
        "A formula",
        "Formulas: an error where no result is stored, the result is an error value, or it differs from what its plain "
        "sums and quotients give; else a warning that shows it.",
    ),
    _check(
        "W04",
        (W, E),
        "file",
        "Data that is hidden, filtered or merged, and names that look alike",
        "Hidden rows, columns and sheets that hold data; active filters; merged cells in the data; keys that differ "
        "only in capitals, blanks or punctuation.",
        spares="columns folded away with the outline buttons of the template",
    ),
    _check(
        "W05",
        N,
        "cell",
        "Decimals that were lost",
        "A true number shorter than its neighbours of the same statistic: 3 beside 1.6 and 0.8 is taken as 3.0.",
        spares="three or more decimals fewer, which are not likely to be zeros alone",
    ),
    _check(
        "W06",
        (N, W),
        "cell",
        "Text that was cleaned or cut",
        "Blanks at the ends, no-break and zero-width blanks, a leading apostrophe, full-width digits and unicode minus "
        "signs, one note a column with what was read; a warning for text of 32,767 characters, where cells end.",
        spares="columns of free text",
    ),
    _check("W07", W, "cell", "Text that is struck through", "The font of filled cells."),
    _check(
        "W08",
        W,
        "cell",
        "A number that is shown otherwise than it is stored",
        "True numbers with a percent, exponent or fraction format, or one that rounds: 0.45 shown as 45%.",
    ),
    _check("W09", W, "file", "The date system that starts in 1904", "The setting of the workbook."),
    _check(
        "W10",
        W,
        "file",
        "Rows that are no data",
        "Blank rows inside the data; the header repeated, and rows of totals, which are not read.",
    ),
    # names between sheets
    _check(
        "REF", E, "rows", "A name that stands nowhere", "Names of studies, designs and effects against their sheet."
    ),
    # the form
    _check(
        "FORM",
        (E, W),
        "row",
        "Numbers that do not go with the form",
        "The cells the form needs are filled, those of other forms are blank.",
        spares="numbers of a second form that give the same effect within rounding count as a check that agrees",
    ),
    # counts
    _check(
        "B01",
        (E, W),
        "row",
        "Counts that cannot be",
        "Events at most the total; groups of at least one; a printed percentage against its count and total, by "
        "outcome where people were chosen by it; without a count, against every count of the total.",
        spares=_HALF,
    ),
    _check(
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
    _check(
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
    _check(
        "B04",
        W,
        "row",
        "No event anywhere",
        "No events in any group, or nobody with the factor where people were chosen by outcome, and zero_reported is "
        "not yes.",
        source="Xu et al. 2022, BMJ 377:e069155",
    ),
    _check(
        "B05",
        E,
        "row",
        "A risk ratio from people chosen by outcome",
        "Scale RR beside counts of a comparison whose people were selected on the outcome.",
        spares="an analysis that asks for risk ratios or differences: counts of people chosen by outcome are not "
        "pooled there, and the report says why",
    ),
    # ratios
    _check(
        "C01",
        E,
        "row",
        "An estimate outside its interval",
        "Lower limit, estimate and upper limit in order, those of ratios above 0; differences and areas as well.",
        spares="numbers printed with fewer decimals may have become equal or passed each other",
    ),
    _check(
        "C02",
        W,
        "row",
        "An interval that is not symmetric on the log scale",
        "The logarithm of the estimate against the middle of the logarithms of the limits.",
        spares=_HALF
        + "; a number that is no larger than one beside it and has fewer decimals lost zeros; exact, profile "
        "and bootstrap intervals (ci_method) are exempt",
    ),
    _check(
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
    _check(
        "C04",
        E,
        "row",
        "A logarithm typed as a ratio",
        "A negative estimate or limit in a column of ratios.",
    ),
    _check(
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
    _check("M00", E, "row", "A spread of zero", "Standard deviations above 0."),
    _check(
        "M01",
        W,
        "row",
        "A mean that no whole numbers give (GRIM)",
        "Some whole sum divided by n times items rounds to the mean, half up or half even.",
        spares="only where items is typed and n times items is below ten to the power of the decimals",
        source=_GRIM,
    ),
    _check(
        "M02",
        W,
        "row",
        "A standard deviation that no whole numbers give (GRIMMER)",
        "Some whole sum of squares, of the parity of the sum, gives the standard deviation beside that mean.",
        spares="as M01",
        source="Anaya 2016, PeerJ Preprints 4:e2400v1; Allard 2018",
    ),
    _check(
        "M03",
        W,
        "row",
        "Mean and standard deviation that no yes-no answers give (DEBIT)",
        "SD = sqrt(m (1 - m) n / (n - 1)) over all counts that round to the mean; scale 0 to 1, one item.",
        spares=_HALF,
        source="Heathers and Brown 2019, DEBIT",
    ),
    _check(
        "M04",
        E,
        "row",
        "Values in an order, or a spread, that cannot be",
        "Smallest, quartiles, median, mean and largest in order; a mean within the scale; an SD of at most "
        "sqrt((max - mean)(mean - min) n / (n - 1)), and at least (observed max - min) / sqrt(2 (n - 1)).",
        spares=_HALF,
        source="Bhatia and Davis 2000, Am Math Mon 107:353-357 (upper bound of the SD)",
    ),
    _check(
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
    _check(
        "M06",
        W,
        "row",
        "A standard error typed as a standard deviation, within a study",
        "SDs of the two groups more than a factor of two apart; or group sizes a factor of 1.8 apart and SDs that "
        "differ as the root of n does, within a tenth.",
        spares=_HALF + "; SDs that differ as the means do; in small groups, a factor that chance gives (2.58 standard "
        "errors of its logarithm)",
    ),
    _check(
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
    _check(
        "M08",
        (W, N),
        "row",
        "A difference of a size that is seldom real",
        "Standardised mean difference above 3 (warning) or 1.5 (note).",
        source="Kadlec et al. 2023, Sports Med 53:313-325",
    ),
    _check(
        "M09",
        (N, W),
        "row",
        "Means of a skewed quantity",
        "A mean less than two standard deviations above scale_min (or above 0 for a marker in percent, per something "
        "or counts); quartiles or a range that fail the test of skewness; means that equal the medians beside them.",
        spares=_HALF + "; changes and yes-no answers are exempt",
        source="Altman and Bland 1996, BMJ 313:1200; Shi et al. 2023",
    ),
    _check(
        "M10",
        W,
        "row",
        "Changes without the correlation of before and after",
        "value_kind change without paired_r, and final values beside changes in one outcome.",
    ),
    _check(
        "M11",
        W,
        "row",
        "A direction that contradicts the words of the paper",
        "The sign of the effect against stated_direction and the column sign, and against an English quote with a "
        "single word of direction whose group is plain (higher in patients than ...).",
        spares="equal numbers, no_difference, negations, cut-offs whose low side counts as the factor",
    ),
    # time to event, regression
    _check(
        "T01",
        W,
        "row",
        "A hazard ratio more precise than its events allow",
        "The standard error of the log hazard ratio against 2 / sqrt(events), or 1 / sqrt(e p (1 - p)) where group "
        "sizes are typed.",
        spares=_HALF + "; up to 5 % smaller is allowed; ratios per unit of a measurement are exempt",
        source="Schoenfeld 1981, Biometrika 68:316-319",
    ),
    _check(
        "T02",
        (W, E),
        "row",
        "Adjusted and crude estimates, and their unit",
        "An adjusted ratio more than a factor of two from the crude one; an adjusted one without its covariates; a "
        "unit of exposure that differs within an outcome.",
    ),
    # structure
    _check(
        "S01",
        E,
        "rows",
        "One row twice",
        "Names, and study, outcome, arms, measurement, time, subgroup and form of a comparison, each once.",
    ),
    _check(
        "S02",
        (E, W),
        "rows",
        "One control group used twice",
        "Comparisons of one study with the same control numbers and other people set against them, and no "
        "dependency_group or shared_rule. An error where both are main results of one outcome, compartment and marker.",
        spares="further outcomes or times of the same two groups",
    ),
    _check(
        "S03",
        W,
        "rows",
        "Studies whose people may overlap",
        "Points for the same centre (3), country (1), years (1 or 2), authors (1 to 3) and size (1 or 2); less for "
        "another population or papers ten years apart; a pair is reported from 4 on, or with one DOI or PubMed number.",
        spares="other countries, or years of recruitment that do not meet; same_cohort_as or independent_of settles a "
        "pair",
        source="Hussein et al. 2022, BMC Public Health 22:1827",
    ),
    _check(
        "S04",
        W,
        "rows",
        "The same numbers in two studies",
        "All numbers of a comparison, or n, mean and spread of one group, equal in two studies.",
        spares="numbers that meet by chance: at most 0.05 such meetings are to be expected from decimals, spread and "
        "number of rows (1 for studies that share country and authors or centre); same_cohort_as or one "
        "dependency_group settles it",
    ),
    _check(
        "S05",
        (E, W),
        "row",
        "Groups, pairs or several results a person, analysed as if independent",
        "clustering says cluster, crossover or several per person, and what corrects for it is not typed; a warning "
        "where the estimate may come from a model, or the row is secondary.",
        source="Richardson et al. 2016, PLoS ONE 11:e0151818",
    ),
    _check(
        "S06",
        (E, W, N),
        "review",
        "Answers of two extractors that are not one",
        "Role A or B: an error in the workbook that is pooled, a note in an extractor's own; role consensus with fewer "
        "than two people named. metaan consensus gives the same id to differences that nobody decided.",
    ),
    _check(
        "S07",
        (W, E, N),
        "review",
        "A flow that does not add up",
        "Boxes of the PRISMA flow against each other and against the rows of Studies and Reports; an error where a "
        "part is larger than the whole. Studies, reports and designs that no other row names.",
        spares="boxes that nobody counted are left out",
        source="Page et al. 2021, BMJ 372:n71",
    ),
    _check(
        "S08",
        W,
        "rows",
        "More people compared than enrolled",
        "People of a comparison against n_enrolled of its study and n_at_risk of its design; one finding a study or "
        "design, at its largest row.",
        spares="rows that count cycles, embryos or biopsies (analysis_unit)",
    ),
    _check("S09", W, "row", "Years out of order", "Start and end of recruitment, and year of publication."),
    _check(
        "S10",
        N,
        "rows",
        "An effect far from its peers",
        "More than three interquartile ranges (at least 0.15 on the working scale) beyond the quartiles of five or "
        "more rows like it: same outcome, factor, comparison and order of measurement.",
    ),
    _check(
        "S11",
        W,
        "rows",
        "Units mixed within one measurement",
        "Units of main results with means or medians of one marker, compartment and assay.",
    ),
    _check(
        "S12",
        W,
        "rows",
        "More than one main result of a study",
        "Rows of priority main with the same design, outcome, compartment, marker, treatment and comparator.",
    ),
    _check(
        "S13",
        (N, W),
        "review",
        "Retraction not looked up, or a report that is retracted",
        "retracted and retraction_checked_on against as_of (12 months); a warning for a report that is retracted or "
        "under concern while its results are pooled.",
    ),
    _check("S14", N, "review", "A statement seen long ago", "seen_on more than 12 months before as_of, or no day."),
    _check(
        "S15",
        N,
        "review",
        "Rows that only one person saw",
        "checked_by blank or equal to extractor, in a workbook of one extractor.",
    ),
    _check("S16", N, "row", "A design that cannot be placed", "The facts that decide the stratum are answered."),
    _check(
        "OVERRIDE",
        (W, N),
        "review",
        "A confirmation that confirms nothing",
        "Rows of Overrides against the findings: an unknown id, an error (which must be mended), or nothing found any "
        "more.",
    ),
    _check("SOURCE", N, "review", "Source incomplete", "A study none of whose reports has a DOI or a PubMed number."),
    # quality tools
    _check(
        "Q01",
        E,
        "quality",
        "A tool, domain or item that there is none of",
        "Rows of Quality against the tools of the package and the review's own: the tool by its id or name, the domain "
        "by its key or label, the item by its key. An answer whose row names no item.",
        spares="capitals, blanks and punctuation do not count; a domain of one question needs no item",
    ),
    _check(
        "Q02",
        (E, N),
        "quality",
        "An answer the question does not have",
        "Answers against those of their question, by key or label. A note where NR or NA is none of them: the question "
        "then counts as not answered.",
        spares="NA for a question that the earlier answers lead past",
    ),
    _check(
        "Q03",
        (E, W),
        "quality",
        "Too many stars",
        "Stars of a question, of a domain and in all against the most there can be; a warning where the questions of "
        "a domain together give more than the domain allows.",
    ),
    _check(
        "Q04",
        (W, E, N),
        "quality",
        "A judgement that the answers do not give",
        "The judgement typed against those the tool's rules allow, and no override_reason; a note where facts alone "
        "speak against it. An overall judgement better than the worst domain, where the tool's rules do not give it. "
        "No judgement, where reviewers answered every question and the tool leaves the judgement to them. "
        "An error: a judgement the tool does not have, or one in the row of a question, where none is read.",
        spares="what the tool leaves to the reviewers; questions nobody answered may have any answer",
    ),
    _check(
        "Q05",
        N,
        "quality",
        "An answer to a question that is not asked",
        "Answers typed to questions that the earlier answers of the domain lead past; they do not count.",
    ),
    _check(
        "Q06",
        (W, N),
        "quality",
        "Stars that do not add up",
        "Stars typed for a domain or in all against the sum of the questions' stars, as far as they are answered; a "
        "note where answers proposed from facts are needed to tell.",
        spares="a question nobody answered may have any number of stars",
    ),
    _check(
        "Q07",
        (W, N),
        "quality",
        "One question answered twice",
        "Rows with the same comparison, result, tool, domain and item; a note where they say the same. The last one "
        "counts. Two people who assess use two workbooks, A and B.",
    ),
    _check(
        "Q08",
        (W, N),
        "quality",
        "An answer that contradicts a recorded fact",
        "The answer typed against the one that the facts of Design, Studies and Reports propose; a note where "
        "override_reason says why.",
        spares="answers that the rules of the tool do not tell apart, such as yes and probably yes, and those the tool "
        "names as going with the fact, such as definitely no beside probably no",
    ),
    _check(
        "Q09",
        (W, E),
        "quality",
        "An answer about nothing, or a tool that was not made for this design",
        "An error where a row names neither a comparison nor a result on repeatability. The design of the comparison, "
        "by its facts, against those the tool can judge.",
    ),
    # certainty
    _check(
        "G01",
        E,
        "quality",
        "A decision on certainty about nothing",
        "Analysis, stratum and outcome of each row of Certainty against what the protocol pools.",
    ),
    _check(
        "G02",
        E,
        "quality",
        "A step of certainty that its domain cannot have",
        "A step up in a reason to lower, a step down in a reason to raise, or a step up for people chosen by outcome.",
    ),
    _check(
        "G03",
        E,
        "quality",
        "One domain decided twice",
        "Rows of Certainty with the same analysis, stratum and domain; the first would count.",
    ),
    # after fitting
    _check(
        "POOL", (E, W, N), "fit", "A stratum that cannot be pooled as planned", "Rows and settings of each analysis."
    ),
    _check(
        "P01",
        N,
        "fit",
        "One study decides",
        "A study without which the interval includes no effect, or no longer does; with Cook's distance above 1; or "
        "with more than half the weight.",
        spares="strata of at least three studies",
        source="Viechtbauer and Cheung 2010, Res Synth Methods 1:112-125",
    ),
    _check(
        "P02",
        W,
        "fit",
        "A pooled result against most of its studies",
        "The sign of the pooled effect against that of most studies; an interval wholly on the side of harm where "
        "effect_kind says benefit.",
        spares="strata of at least three studies",
    ),
    _check(
        "P03",
        N,
        "fit",
        "A Hartung-Knapp interval narrower than the Wald interval",
        "Widths of the two intervals of one stratum.",
    ),
)

CHECKS: Mapping[str, Check] = {check.id: check for check in _ALL}
