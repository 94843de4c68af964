"""The sheets of the extraction workbook, column by column."""

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
from metaan.workbook.design_sheet import design_sheet
from metaan.workbook.effects_sheet import EFFECTS

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

_QUALITY = Sheet(
    name="Quality",
    meaning="one row a question of a quality tool, a domain, or the whole; metaan appraise writes the rows",
    frozen=0,
    groups=("design_id", "effect_id", "rel_id", "tool", "domain"),
    columns=(
        reference("design_id", "Design", "comparison judged; blank where a row of Reliability is", required=False),
        reference("effect_id", "Effects", "result judged; blank: the whole comparison", required=False),
        reference("rel_id", "Reliability", "row of Reliability judged, by tools for that", required=False),
        text(
            "tool",
            "tool, by its id (docs/quality-tools.md)",
            required=True,
            nr=False,
            group="identity",
            width=18,
            suggests="tools",
        ),
        text("domain", "domain of the tool; overall: the whole", required=True, nr=False, group="identity", width=22),
        text("item", "number of the question; blank: the domain; total: all stars", group="identity", width=8),
        text("question", "question in our words, when it is asked, and its own answers; not read", width=44),
        text("answer", "answer, by key or words of the tool; blank: the one proposed counts, marked so"),
        text("judgement", "your judgement, in the row of a domain or of overall; blank: by the tool's rules"),
        text("proposed", "answer proposed from the facts, by metaan appraise", width=16),
        text("override_reason", "why it is not what the tool's rules, or a recorded fact, say", width=34),
        text("support", "what supports it", width=44),
        text("where", "page or table; beside a proposed answer, the fact it comes from", width=28),
        text("extractor", "initials", width=9),
        date("date", "day"),
    ),
)

#: where a row was read, by whom and when
_WHERE_FROM = (
    word("src_type", "src_type", "kind of source", required=True, group="where from"),
    text("src_ref", "place in the source", required=True, group="where from", width=22),
    text("quote", "the very words, up to 300 characters", group="where from", width=50),
    text("extractor", "initials", required=True, group="where from", width=9),
    date("extracted_on", "day", required=True, group="where from"),
    text("notes", "notes", group="where from", width=50),
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
        *_WHERE_FROM,
    ),
)

_CONTEXT = Sheet(
    name="Context",
    meaning="one row a statement of a regulator or guideline, with the day it was seen",
    columns=(
        text("body", "who says it", required=True, nr=False, group="identity"),
        text("country", "country", group="identity"),
        text("topic", "about what", required=True, group="identity", width=22),
        text("statement", "what it says, in your words", required=True, width=54),
        text("rating", "rating it gives, word for word"),
        text("rating_scale", "scale of the rating, all its words", width=22),
        text("intervention", "treatments it speaks of, as in Effects, with ; between; test: the test itself", width=22),
        word("serious_safety", "yes_no", "it names a serious risk of the treatment; our suggested class is then red"),
        text("url", "page", width=34, pattern=r"https?://\S+"),
        date("page_dated", "date on the page"),
        date("seen_on", "day it was seen", required=True),
        text("seen_by", "initials", required=True, width=9),
    ),
)

_CERTAINTY = Sheet(
    name="Certainty",
    groups=("analysis", "stratum"),
    meaning="one row a domain of certainty of one analysis in one design: what is proposed, and what you decide",
    columns=(
        text("analysis", "analysis, as named in protocol.yaml", required=True, nr=False, group="identity", width=22),
        word("outcome", "outcome", "outcome; blank: that of the analysis", group="identity", width=22),
        word(
            "stratum",
            "stratum",
            "design whose pooled result is rated",
            required=True,
            nr=False,
            group="identity",
            width=18,
        ),
        word(
            "domain",
            "certainty_domain",
            "reason to lower or to raise certainty",
            required=True,
            nr=False,
            group="identity",
            width=22,
        ),
        text("proposed", "step proposed from the results, with its reason, by metaan appraise", width=60),
        word("decision", "certainty_step", "step you decide, in levels; blank: as proposed, not confirmed", width=12),
        text(
            "sentence",
            "why, in one sentence",
            required=When("decision", not_among=("as_proposed",)),
            nr=False,
            width=60,
        ),
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
        text(
            "bias",
            "what kind of bias; external: first where it is about relevance: other people, treatments or outcomes",
            required=True,
            nr=False,
            group="identity",
            width=26,
        ),
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
        *_WHERE_FROM,
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
    EFFECTS,
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
