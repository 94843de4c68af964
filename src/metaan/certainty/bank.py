"""Wording bank: one fixed sentence for each certainty, size and direction, and the words each certainty may use.

GRADE's own statements (Santesso et al. 2020, J Clin Epidemiol 119:126-135) put *probably* to moderate and *may* to low
certainty; of very low certainty they say that the evidence is very uncertain. Which verb a design may use stands in
`terms.designs.STRATA`: only trials change anything.
"""

from metaan.terms.designs import STRATA

DO_NOT_TELL = "the studies do not tell us"
DO_NOT_KNOW = "we do not know whether"

#: certainty -> words of which a claim of that certainty holds one
MODALITY: dict[str, tuple[str, ...]] = {
    "high": ("will", "predicts", "was associated with", "went along with", "there was"),
    "moderate": ("probably",),
    "low": ("may",),
    "very_low": (DO_NOT_KNOW,),
}

#: certainty -> words that would say more than it allows
TOO_STRONG: dict[str, tuple[str, ...]] = {
    "high": (),
    "moderate": ("will", "predicts"),
    "low": ("will", "predicts", "probably"),
    "very_low": ("will", "predicts", "probably", "may"),
}

_OTHERS = {
    "": "{subject} {verb} {event}{direction}",
    "high": "{subject} {verb} {event}{direction}",
    "moderate": "{subject} probably {verb} {event}{direction}",
    "low": "it may be that {subject} {verb} {event}{direction}",
}

#: stratum, whether the factor is a measured level -> certainty (empty: not judged) -> claim
_CLAIMS: dict[tuple[str, bool], dict[str, str]] = {
    ("prospective", True): {
        "": "{subject} {verb} {event} more often",
        "high": "{subject} predicts {event}",
        "moderate": "{subject} probably comes before {event} more often",
        "low": "{subject} may come before {event} more often",
    },
    ("prospective", False): {
        "": "{subject} {verb} {event} {often}",
        "high": "{subject} predicts that {event} follows {often}",
        "moderate": "{subject} probably comes before {event} {often}",
        "low": "{subject} may come before {event} {often}",
    },
    **{
        ("trial", level): {
            "": "{subject} {verb} {event}{direction}",
            "high": "{subject} will change {event}{direction}",
            "moderate": "{subject} probably changes {event}{direction}",
            "low": "{subject} may change {event}{direction}",
        }
        for level in (True, False)
    },
}

_LITTLE_AHEAD = {
    "": "{little}",
    "high": "there will be {little}",
    "moderate": "there is probably {little}",
    "low": "there may be {little}",
}
_LITTLE_BEHIND = {
    "": "{little}",
    "high": "there was {little}",
    "moderate": "there was probably {little}",
    "low": "it may be that there was {little}",
}

_NUMBERS = "{studies}, {effect}{after}"
FOUND = "in {studies}, {claim}: {effect}{after}"  #: a difference whose certainty was not judged
SAID = "{claim}: " + _NUMBERS
NOT_TOLD = "whether {asked}, " + DO_NOT_TELL + ": " + _NUMBERS
UNKNOWN = DO_NOT_KNOW + " {asked}: " + _NUMBERS
ONE_STUDY = "one study: {study}, {effect}{after}"
ONE_UNKNOWN = DO_NOT_KNOW + " {asked}: one study, {study}, {effect}{after}"
NO_STUDY = "no {study} with numbers that can be pooled"


def claim(
    stratum: str, level: str, *, marker: bool, subject: str, event: str, direction: str = "", often: str = ""
) -> str:
    """Return a difference as strongly as design and certainty allow.

    Parameters
    ----------
    stratum : str
        Key of `STRATA`.
    level : str
        high, moderate or low; empty where certainty was not judged.
    marker : bool
        The factor is a measured level, so that `subject` says whether it is higher or lower.
    subject, event : str
        What is compared, and the outcome.
    direction, often : str
        "(more live births)", and "more often" or "less often".

    Raises
    ------
    KeyError
        Very low certainty: nothing may be claimed.
    """
    wanted = _CLAIMS.get((stratum, marker), _OTHERS)[level]
    after = f" ({direction})" if direction else ""
    return wanted.format(subject=subject, verb=STRATA[stratum].verb, event=event, direction=after, often=often)


def asked(stratum: str, *, subject: str, event: str) -> str:
    """Return the question that stays open: "a higher level of X is followed by loss more often"."""
    verb = "is followed by" if stratum == "prospective" else STRATA[stratum].verb
    return f"{subject} {verb} {event}{' more often' if stratum == 'prospective' else ''}"


def little(stratum: str, level: str, words: str) -> str:
    """Return that there is little or no difference, as strongly as design and certainty allow.

    Raises
    ------
    KeyError
        Very low certainty: nothing may be claimed.
    """
    forms = _LITTLE_AHEAD if stratum in ("trial", "prospective") else _LITTLE_BEHIND
    return forms[level].format(little=words)
