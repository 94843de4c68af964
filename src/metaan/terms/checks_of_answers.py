"""Checks of what reviewers answer and decide: quality tools, certainty, and biases they expect."""

from collections.abc import Iterable

from metaan.terms.check import Check, E, N, W, entry

OF_ANSWERS: Iterable[Check] = (
    # quality tools
    entry(
        "Q01",
        E,
        "quality",
        "A tool, domain or item that there is none of",
        "Rows of Quality against the tools of the package and the review's own: the tool by its id or name, the domain "
        "by its key or label, the item by its key. An answer whose row names no item.",
        spares="capitals, blanks and punctuation do not count; a domain of one question needs no item",
    ),
    entry(
        "Q02",
        (E, N),
        "quality",
        "An answer the question does not have",
        "Answers against those of their question, by key or label. A note where NR or NA is none of them: the question "
        "then counts as not answered.",
        spares="NA for a question that the earlier answers lead past",
    ),
    entry(
        "Q03",
        (E, W),
        "quality",
        "Too many stars",
        "Stars of a question, of a domain and in all against the most there can be; a warning where the questions of "
        "a domain together give more than the domain allows.",
    ),
    entry(
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
    entry(
        "Q05",
        N,
        "quality",
        "An answer to a question that is not asked",
        "Answers typed to questions that the earlier answers of the domain lead past; they do not count.",
    ),
    entry(
        "Q06",
        (W, N),
        "quality",
        "Stars that do not add up",
        "Stars typed for a domain or in all against the sum of the questions' stars, as far as they are answered; a "
        "note where answers proposed from facts are needed to tell.",
        spares="a question nobody answered may have any number of stars",
    ),
    entry(
        "Q07",
        (W, N),
        "quality",
        "One question answered twice",
        "Rows with the same comparison, result, tool, domain and item; a note where they say the same. The last one "
        "counts. Two people who assess use two workbooks, A and B.",
    ),
    entry(
        "Q08",
        (W, N),
        "quality",
        "An answer that contradicts a recorded fact",
        "The answer typed against the one that the facts of Design, Studies and Reports propose; a note where "
        "override_reason says why.",
        spares="answers that the rules of the tool do not tell apart, such as yes and probably yes, and those the tool "
        "names as going with the fact, such as definitely no beside probably no",
    ),
    entry(
        "Q09",
        (W, E),
        "quality",
        "An answer about nothing, or a tool that was not made for this design",
        "An error where a row names neither a comparison nor a result on repeatability. The design of the comparison, "
        "by its facts, against those the tool can judge.",
    ),
    # certainty
    entry(
        "G01",
        E,
        "quality",
        "A decision on certainty about nothing",
        "Analysis, stratum and outcome of each row of Certainty against what the protocol pools.",
    ),
    entry(
        "G02",
        E,
        "quality",
        "A step of certainty that its domain cannot have",
        "A step up in a reason to lower, a step down in a reason to raise, or a step up for people chosen by outcome.",
    ),
    entry(
        "G03",
        E,
        "quality",
        "One domain decided twice",
        "Rows of Certainty with the same analysis, stratum and domain; the first would count.",
    ),
    # biases that are expected
    entry(
        "D01",
        (E, W),
        "quality",
        "A bias of nothing",
        "Analysis of each row of Bias against those of the protocol; a warning where its study has no row in that "
        "analysis, or in any.",
    ),
    entry(
        "D02",
        E,
        "quality",
        "One bias typed twice",
        "Rows of Bias with the same study, kind, name of the bias and person, in one analysis or with a blank for all; "
        "both would be taken out of the effect.",
        spares="capitals do not count",
    ),
    entry(
        "D03",
        (E, W),
        "quality",
        "A bias of a size that cannot be",
        "A factor that is not above 0. A warning: twice the standard deviation of a factor against the factor, and the "
        "mean and standard deviation of an additive bias against the logarithm of 2, where all effects are ratios or "
        "standardised differences.",
    ),
)
