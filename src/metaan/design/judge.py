"""The algorithm of a tool: answers to the judgement of a domain, judgements of domains to the overall one.

An answer nobody gave is unknown, which is neither yes nor no, nor the answer "no information". Where unknown answers
could lead to several judgements, all of them are returned and none is chosen. A question that is not asked has no
answer, which is known: no condition on it holds, and no count includes it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from metaan.design.tool import Count, Domain, Item, Rule, When

Answers = Mapping[str, str]  #: question or domain -> answer or judgement; what is unknown is missing or empty
_MOST_STEPS = 2000  #: of the search below; beyond, every judgement that three-valued logic names counts as possible
NOT_ASKED = "not asked"  #: stands as the answer to a question that earlier answers lead past
Stars = Mapping[str, tuple[int, int]]  #: domain -> fewest and most stars it can still get


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a table of rules makes of the answers."""

    possible: tuple[str, ...]  #: judgements that the unknown answers leave open, in the order of the rules
    decide: str = ""  #: what the tool leaves to the reviewers, where one judgement or one rule is left

    @property
    def judgement(self) -> str:
        """The judgement, if only one is possible."""
        return self.possible[0] if len(self.possible) == 1 else ""


def holds(
    when: When | None,
    answers: Answers,
    keys: Sequence[str] = (),
    stars: Stars | None = None,
    unsure: Collection[str] = (),
) -> bool | None:
    """Tell whether a condition holds; None where unknown answers decide.

    Parameters
    ----------
    when : When or None
        None always holds.
    answers : mapping
        Question or domain -> answer or judgement.
    keys : sequence of str
        All questions or domains, for counts over all of them.
    stars : mapping, optional
        Domain -> the fewest and the most stars it can still get; a domain that is missing is unknown.
    unsure : collection of str
        Questions that are answered, though it is open whether they are asked.
    """
    if when is None:
        return True
    parts = [_answered(answers.get(key, ""), among, key in unsure) for key, among in when.among.items()]
    if when.any:
        parts.append(_any(holds(each, answers, keys, stars, unsure) for each in when.any))
    if when.count is not None:
        parts.append(_counted(when.count, answers, keys, unsure))
    given = stars or {}
    parts += [_reached(given.get(key), least) for key, least in when.stars.items()]
    return _all(parts)


def _answered(answer: str, among: Collection[str], unsure: bool) -> bool | None:
    if not answer or (unsure and answer in among):
        return None
    return answer in among


def _reached(stars: tuple[int, int] | None, least: int) -> bool | None:
    if stars is None or stars[0] < least <= stars[1]:
        return None
    return stars[0] >= least


def _all(parts: Iterable[bool | None]) -> bool | None:
    seen = list(parts)
    if any(part is False for part in seen):
        return False
    return None if any(part is None for part in seen) else True


def _any(parts: Iterable[bool | None]) -> bool | None:
    seen = list(parts)
    if any(part is True for part in seen):
        return True
    return None if any(part is None for part in seen) else False


def _counted(count: Count, answers: Answers, keys: Sequence[str], unsure: Collection[str]) -> bool | None:
    of = [key for key in count.of or keys if answers.get(key) != NOT_ASKED]
    known = [answers[key] for key in of if answers.get(key) and key not in unsure]
    hits = sum(answer in count.among for answer in known)
    unknown = len(of) - len(known)
    least = {"all": len(of), "most": len(of) // 2 + 1}.get(str(count.at_least))
    wanted = int(count.at_least) if least is None else least
    if hits >= wanted:
        return True
    return None if hits + unknown >= wanted else False


def first(
    rules: Sequence[Rule],
    answers: Answers,
    keys: Sequence[str] = (),
    stars: Stars | None = None,
    unsure: Collection[str] = (),
) -> Found:
    """Return what the first rule that holds says, and what earlier rules might say if unknown answers were known."""
    possible: dict[str, list[str]] = {}
    reached = 0
    for rule in rules:
        held = holds(rule.when, answers, keys, stars, unsure)
        if held is False:
            continue
        reached += 1
        for judgement in (rule.then,) if rule.then else rule.between:
            asks = possible.setdefault(judgement, [])
            if rule.decide and rule.decide not in asks:
                asks.append(rule.decide)
        if held:
            break
    if possible and (len(possible) == 1 or reached == 1):
        return Found(possible=tuple(possible), decide="; ".join(next(iter(possible.values()))))
    return Found(possible=tuple(possible))


def judge_domain(domain: Domain, answers: Answers, order: Sequence[str]) -> Found:
    """Judge one domain; of several tables the worst counts.

    Where questions are open, the judgements are those that completing the answers can lead to, and no others.

    Parameters
    ----------
    domain : Domain
        Its questions and tables.
    answers : mapping
        Question -> answer.
    order : sequence of str
        Judgements, best first.
    """
    return _judged(domain, tuple(sorted(answers.items())), tuple(order))


@lru_cache(maxsize=4096)
def _judged(domain: Domain, given: tuple[tuple[str, str], ...], order: tuple[str, ...]) -> Found:
    answers = dict(given)
    found = _bound(domain, answers, order)
    if len(found.possible) < 2 or _next(domain, answers) is None:
        return found
    reachable = _reachable(domain, answers, order, found.possible)
    return found if len(reachable) == len(found.possible) else Found(possible=reachable)


def _reachable(domain: Domain, answers: Answers, order: Sequence[str], bound: tuple[str, ...]) -> tuple[str, ...]:
    """Return the judgements among `bound` that some way of answering the open questions leads to."""
    found: set[str] = set()
    left = [answers]
    for _ in range(_MOST_STEPS):
        if not left or len(found) == len(bound):
            return tuple(judgement for judgement in bound if judgement in found)
        given = left.pop()
        may = set(_bound(domain, given, order).possible)
        if may <= found:
            continue
        item = _next(domain, given)
        if item is None:
            found |= may
        else:
            left.extend({**given, item.key: answer} for answer in reversed(list(item.answers)))
    return bound


def _next(domain: Domain, answers: Answers) -> Item | None:
    """Return the first question that is asked, as far as is known, and has no answer."""
    wanted = asked(domain, answers)
    return next((item for item in domain.items if wanted[item.key] and not answers.get(item.key)), None)


def _bound(domain: Domain, answers: Answers, order: Sequence[str]) -> Found:
    """Judge one domain by three-valued logic, which names every judgement that is possible, and may name others."""
    keys = [item.key for item in domain.items]
    reached = _reached_questions(domain, answers)
    known = {key: NOT_ASKED if reached[key] is False else answers.get(key, "") for key in keys}
    unsure = frozenset(key for key in keys if reached[key] is None)
    stars = {domain.key: stars_of(domain, answers)}
    found = [first(table, known, keys, stars, unsure) for table in domain.tables]
    if not found:
        return Found(possible=())
    combined = {order.index(judgement) for judgement in found[0].possible}
    for each in found[1:]:
        combined = {max(one, order.index(other)) for one in combined for other in each.possible}
    possible = tuple(order[i] for i in sorted(combined))
    if len(found) == 1:
        return Found(possible=possible, decide=found[0].decide)
    decide = "; ".join(each.decide for each in found if each.decide and each.judgement in possible)
    return Found(possible=possible, decide=decide if len(possible) == 1 else "")


def stars_of(domain: Domain, answers: Answers) -> tuple[int, int]:
    """Return the fewest and the most stars a domain can still get; equal once every question is answered."""
    fewest = most = 0
    for item in domain.items:
        answer = answers.get(item.key)
        fewest += item.stars.get(answer, 0) if answer else 0
        most += item.stars.get(answer, 0) if answer else max(item.stars.values(), default=0)
    limit = domain.most_stars if domain.most_stars is not None else most
    return min(fewest, limit), min(most, limit)


def asked(domain: Domain, answers: Answers) -> dict[str, bool]:
    """Return question -> whether it is asked, as far as the answers tell; unknown counts as asked."""
    return {key: reached is not False for key, reached in _reached_questions(domain, answers).items()}


def _reached_questions(domain: Domain, answers: Answers) -> dict[str, bool | None]:
    """Return question -> whether earlier answers lead to it; None where unknown answers decide."""
    keys = [item.key for item in domain.items]
    known: dict[str, str] = {}
    found: dict[str, bool | None] = {}
    for item in domain.items:
        unsure = [key for key, reached in found.items() if reached is None]
        found[item.key] = holds(item.only_if, known, keys, None, unsure)
        known[item.key] = NOT_ASKED if found[item.key] is False else answers.get(item.key, "")
    return found
