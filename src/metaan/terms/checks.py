"""Every check by its id: what it tests, how much it weighs, and what keeps it from firing on rounding alone.

Messages, docs and the annotated workbook quote this table; a finding may carry no other id and no other level.
"""

from collections.abc import Iterable, Mapping

from metaan.terms.check import LAYERS, Check, E, N, W, entry
from metaan.terms.checks_of_answers import OF_ANSWERS
from metaan.terms.checks_of_numbers import OF_NUMBERS

__all__ = ["CHECKS", "LAYERS", "Check"]

_ALL: Iterable[Check] = (
    # the file
    entry(
        "FILE",
        (E, N),
        "file",
        "A file that cannot be read",
        "The first bytes, the parts of the archive, their sizes and their XML are looked at before any cell is read; "
        "macros and links to other workbooks give a note.",
    ),
    entry(
        "PROTOCOL",
        (E, W),
        "file",
        "A protocol that cannot be used",
        "protocol.yaml against its schema and the workbook.",
    ),
    entry("CONFIG", E, "file", "A setting that is not known", "config.yaml against the settings there are."),
    entry("SHEET", (E, N), "file", "A sheet missing, or one that is not read", "Names of sheets against the layout."),
    entry(
        "HEADER",
        (E, W, N),
        "file",
        "A column missing, twice, renamed or unknown",
        "Names in the header row against the layout; the header is looked for in the first 20 rows.",
        spares="columns may stand in any order; a missing one that no row needs is read as blank, with a warning",
    ),
    entry(
        "SCHEMA", W, "file", "A workbook of another layout version", "The version on the sheet Review against this one."
    ),
    # single cells
    entry(
        "REQUIRED",
        E,
        "cell",
        "A blank where an answer is required",
        "Required cells of every filled row, and those a condition in the same row makes required.",
        spares="NR is an answer in every cell but names, the form and its numbers",
    ),
    entry("WORD", E, "cell", "A word that is not in the list", "Cells of words against the lists of the layout."),
    entry("ID", E, "cell", "A name that is no legal name", "3 to 40 letters, digits, - and _, a letter first."),
    entry("PATTERN", E, "cell", "Text of the wrong shape", "Dates, DOIs, PubMed numbers and addresses."),
    entry("RANGE", E, "cell", "A number outside its range", "Numbers against the limits of their column."),
    entry(
        "W01",
        E,
        "cell",
        "A cell of the wrong kind",
        "Dates, times, truth values and error values where a number or word belongs; text that is not exactly one "
        "number; decimal commas in a review that declares the point; ambiguous thousands.",
        spares="a unicode minus and a middle dot are read as typed; a range or a sign before a number is never guessed",
        source="Ziemann et al. 2016, Genome Biol 17:177",
    ),
    entry(
        "W02",
        W,
        "cell",
        "A number that looks like the serial number of a day",
        "A whole number from 20,000 to 60,000 in a column whose other values are below 1,000; where it is the only "
        "value, a true number that is a day of the years 2000 to 2050.",
        source="Abeysooriya et al. 2021, PLoS Comput Biol 17:e1008984",
    ),
    entry(
        "W03",
        (W, E),
        "cell",
        "A formula",
        "Formulas: an error where no result is stored, the result is an error value, or it differs from what its plain "
        "sums and quotients give; else a warning that shows it.",
    ),
    entry(
        "W04",
        (W, E),
        "file",
        "Data that is hidden, filtered or merged, and names that look alike",
        "Hidden rows, columns and sheets that hold data; active filters; merged cells in the data; keys that differ "
        "only in capitals, blanks or punctuation.",
        spares="columns folded away with the outline buttons of the template",
    ),
    entry(
        "W05",
        N,
        "cell",
        "Decimals that were lost",
        "A true number shorter than its neighbours of the same statistic: 3 beside 1.6 and 0.8 is taken as 3.0.",
        spares="three or more decimals fewer, which are not likely to be zeros alone",
    ),
    entry(
        "W06",
        (N, W),
        "cell",
        "Text that was cleaned or cut",
        "Blanks at the ends, no-break and zero-width blanks, a leading apostrophe, full-width digits and unicode minus "
        "signs, one note a column with what was read; a warning for text of 32,767 characters, where cells end.",
        spares="columns of free text",
    ),
    entry("W07", W, "cell", "Text that is struck through", "The font of filled cells."),
    entry(
        "W08",
        W,
        "cell",
        "A number that is shown otherwise than it is stored",
        "True numbers with a percent, exponent or fraction format, or one that rounds: 0.45 shown as 45%.",
    ),
    entry("W09", W, "file", "The date system that starts in 1904", "The setting of the workbook."),
    entry(
        "W10",
        W,
        "file",
        "Rows that are no data",
        "Blank rows inside the data; the header repeated, and rows of totals, which are not read.",
    ),
    # names between sheets
    entry("REF", E, "rows", "A name that stands nowhere", "Names of studies, designs and effects against their sheet."),
    # the form
    entry(
        "FORM",
        (E, W),
        "row",
        "Numbers that do not go with the form",
        "The cells the form needs are filled, those of other forms are blank.",
        spares="numbers of a second form that give the same effect within rounding count as a check that agrees",
    ),
    *OF_NUMBERS,
    # structure
    entry(
        "S01",
        E,
        "rows",
        "One row twice",
        "Names, and study, outcome, arms, measurement, time, subgroup and form of a comparison, each once.",
    ),
    entry(
        "S02",
        (E, W),
        "rows",
        "One control group used twice",
        "Comparisons of one study with the same control numbers and other people set against them, and no "
        "dependency_group or shared_rule. An error where both are main results of one outcome, compartment and marker.",
        spares="further outcomes or times of the same two groups",
    ),
    entry(
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
    entry(
        "S04",
        W,
        "rows",
        "The same numbers in two studies",
        "All numbers of a comparison, or n, mean and spread of one group, equal in two studies.",
        spares="numbers that meet by chance: at most 0.05 such meetings are to be expected from decimals, spread and "
        "number of rows (1 for studies that share country and authors or centre); same_cohort_as or one "
        "dependency_group settles it",
    ),
    entry(
        "S05",
        (E, W),
        "row",
        "Groups, pairs or several results a person, analysed as if independent",
        "clustering says cluster, crossover or several per person, and what corrects for it is not typed; a warning "
        "where the estimate may come from a model, or the row is secondary.",
        source="Richardson et al. 2016, PLoS ONE 11:e0151818",
    ),
    entry(
        "S06",
        (E, W, N),
        "review",
        "Answers of two extractors that are not one",
        "Role A or B: an error in the workbook that is pooled, a note in an extractor's own; role consensus with fewer "
        "than two people named. metaan consensus gives the same id to differences that nobody decided.",
    ),
    entry(
        "S07",
        (W, E, N),
        "review",
        "A flow that does not add up",
        "Boxes of the PRISMA flow against each other and against the rows of Studies and Reports; an error where a "
        "part is larger than the whole. Studies, reports and designs that no other row names.",
        spares="boxes that nobody counted are left out",
        source="Page et al. 2021, BMJ 372:n71",
    ),
    entry(
        "S08",
        W,
        "rows",
        "More people compared than enrolled",
        "People of a comparison against n_enrolled of its study and n_at_risk of its design; one finding a study or "
        "design, at its largest row.",
        spares="rows that count cycles, embryos or biopsies (analysis_unit)",
    ),
    entry("S09", W, "row", "Years out of order", "Start and end of recruitment, and year of publication."),
    entry(
        "S10",
        N,
        "rows",
        "An effect far from its peers",
        "More than three interquartile ranges (at least 0.15 on the working scale) beyond the quartiles of five or "
        "more rows like it: same outcome, factor, comparison and order of measurement.",
    ),
    entry(
        "S11",
        W,
        "rows",
        "Units mixed within one measurement",
        "Units of main results with means or medians of one marker, compartment and assay.",
    ),
    entry(
        "S12",
        W,
        "rows",
        "More than one main result of a study",
        "Rows of priority main with the same design, outcome, compartment, marker, treatment and comparator.",
    ),
    entry(
        "S13",
        (N, W),
        "review",
        "Retraction not looked up, or a report that is retracted",
        "retracted and retraction_checked_on against as_of (12 months); a warning for a report that is retracted or "
        "under concern while its results are pooled.",
    ),
    entry("S14", N, "review", "A statement seen long ago", "seen_on more than 12 months before as_of, or no day."),
    entry(
        "S15",
        N,
        "review",
        "Rows that only one person saw",
        "checked_by blank or equal to extractor, in a workbook of one extractor.",
    ),
    entry("S16", N, "row", "A design that cannot be placed", "The facts that decide the stratum are answered."),
    entry(
        "OVERRIDE",
        (W, N),
        "review",
        "A confirmation that confirms nothing",
        "Rows of Overrides against the findings: an unknown id, an error (which must be mended), or nothing found any "
        "more.",
    ),
    entry("SOURCE", N, "review", "Source incomplete", "A study none of whose reports has a DOI or a PubMed number."),
    *OF_ANSWERS,
    # after fitting
    entry(
        "POOL", (E, W, N), "fit", "A stratum that cannot be pooled as planned", "Rows and settings of each analysis."
    ),
    entry(
        "P01",
        N,
        "fit",
        "One study decides",
        "A study without which the interval includes no effect, or no longer does; with Cook's distance above 1; or "
        "with more than half the weight.",
        spares="strata of at least three studies",
        source="Viechtbauer and Cheung 2010, Res Synth Methods 1:112-125",
    ),
    entry(
        "P02",
        W,
        "fit",
        "A pooled result against most of its studies",
        "The sign of the pooled effect against that of most studies; an interval wholly on the side of harm where "
        "effect_kind says benefit.",
        spares="strata of at least three studies",
    ),
    entry(
        "P03",
        N,
        "fit",
        "A Hartung-Knapp interval narrower than the Wald interval",
        "Widths of the two intervals of one stratum.",
    ),
)

CHECKS: Mapping[str, Check] = {check.id: check for check in _ALL}
