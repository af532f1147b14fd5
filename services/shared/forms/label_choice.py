"""Which of the places where a label seems to stand are believed, when a field has several or one stands out of order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from services.shared.forms.label_candidates import ALIKE, CAPITALS, TEXT
from services.shared.forms.label_index import FULL, LIKE, Target
from services.shared.forms.label_place import Place
from services.shared.forms.layout import Table

_MOST_ORDERED: Final = 500
_IN_ORDER: Final = 0.8
_CLEARLY: Final = 5.0
_MOST_LETTERS: Final = {"boolean": 160, "integer": 80, "choice": 200}
_LIKE_WEIGHT, _SHORT_WEIGHT, _FULL_WEIGHT = -6.0, 0.0, 4.0


def settle(places: Sequence[Place]) -> None:
    """Choose the target of each place, and let go of those that stand in an answer. What is not clear gets a doubt."""
    _choose_targets(places)
    wordings = Counter(wording for place in places for wording in place.candidate.match.wordings)
    most = max(wordings.values(), default=1)
    answered = {id(place.inside) for place in places if place.strength <= TEXT}
    answered |= {id(place) for place in places if place.has_answer}
    weights = {id(place): _weight(place, wordings, most, answered=id(place) in answered) for place in places}
    chain = _heaviest_chain(places, weights)
    fields = {place.target.name for place in places}
    ordered = len({place.target.name for place in places if id(place) in chain}) >= _IN_ORDER * len(fields)
    # Below these stands a line that reads like a question and its answer: perhaps it is their answer.
    over_lines = {
        id(place.inside) for place in places if not place.candidate.whole and place.inside and place.strength < place.inside.strength - ALIKE
    }
    for name in fields:
        same = [place for place in places if place.target.name == name]
        if same[0].target.sub is None and len(same) > 1:
            _keep_best(same, weights, chain if ordered else set(), over_lines)
    if ordered:
        for place in places:
            if place.kept and id(place) not in chain and place.inside is not None and place.inside.is_open and place.strength < CAPITALS:
                place.kept = False
                place.inside.doubts.add("label inside")
    kept = {place.target.name for place in places if place.kept}
    _doubt_what_may_be_text(places, kept)
    for place in places:
        for doubt in [doubt for doubt in place.doubts if doubt.startswith("inside:")]:
            key, _, sub = doubt.removeprefix("inside:").partition("/")
            if (key, sub) in kept:  # that field has its answer elsewhere: here the words are text
                place.doubts.discard(doubt)


def _doubt_what_may_be_text(places: Sequence[Place], kept: Collection[tuple[str, str]]) -> None:
    """Labels that are told from a line of the answer before by little are to be asked about, and so is that answer."""
    # Where somebody wrote what reads like a label into an answer, what is told apart by its words alone could be another such line.
    any_was_text = any(_was_text(place, kept) for place in places)
    usual = Counter(place.strength for place in places if place.kept).most_common(1)
    labels_are_plain = bool(usual) and usual[0][0] < CAPITALS
    for place in places:
        # Where labels are plain, what stands out may be written so because answers are.
        stands_out = place.strength >= CAPITALS and labels_are_plain
        may_be_text = place.kept and (stands_out or (place.strength < CAPITALS and (any_was_text or place.candidate.match.heading)))
        owner = place.inside
        while owner is not None and not owner.kept and not owner.candidate.match.heading:
            owner = owner.inside
        # What is no label stands in the answer, and may be all that stood of it so far.
        if may_be_text and owner is not None and owner.is_open and (owner.has_answer or owner is not place.inside):
            place.doubts.add("plain label")
            owner.doubts.add("label inside")
    for before, place, after in zip([None, *places], places, [*places[1:], None], strict=False):
        if _is_alone(before, place, after) and place.inside is not None and place.strength < CAPITALS:
            place.doubts.add("plain label")
            place.inside.doubts.add("label inside")


def _was_text(place: Place, kept: Collection[tuple[str, str]]) -> bool:
    """Whether a plain line that looks just like a label was none: its field has its label elsewhere."""
    return not place.kept and place.strength < CAPITALS and place.target.name in kept and not place.candidate.match.heading


def _is_alone(before: Place | None, place: Place, after: Place | None) -> bool:
    """Whether a question of a group stands among others that are not of the group."""
    group = place.target.field.key
    return place.target.sub is not None and all(other is None or other.target.field.key != group for other in (before, after))


def _choose_targets(places: Sequence[Place]) -> None:
    """Of several fields with the same label the next one in the form that has no label yet: people fill in from the top."""
    used: set[tuple[str, str]] = set()
    last = -1
    for place in places:
        targets = place.candidate.match.targets
        equal = targets[: place.candidate.match.equal]
        place.target = _next(equal, used, last) or _next(targets, used, last) or targets[0]
        if len(equal) > 1 and place.target.sub is None:
            place.doubts.add("several fields")
        elif place.target not in equal:
            place.doubts.add("short label")
        if not place.candidate.match.sure:
            place.doubts.add("likeness")
        if place.target.sub is None:
            used.add(place.target.name)
        last = place.target.position


def _next(targets: Iterable[Target], used: set[tuple[str, str]], last: int) -> Target | None:
    free = [target for target in targets if target.sub is not None or target.name not in used]
    return next((target for target in free if target.position >= last), free[0] if free else None)


def _weight(place: Place, wordings: Counter[str], most: int, *, answered: bool) -> float:
    """How much speaks for a place: how it stands there, how well its words fit, whether the other labels are worded in the same language.

    ``answered``: something is written for it, if only what reads like a label and does not look like one.
    """
    fit = place.candidate.match.fit
    if _MOST_LETTERS.get(place.target.asked.type.shape if place.target.asked.choices else place.target.asked.type.json, 10**6) < _length(place):
        fit = LIKE  # so long an answer is hardly one to this question
    worded = max((wordings[wording] for wording in place.candidate.match.wordings), default=0) / most
    if place.candidate.match.heading and not answered:
        return 0.0  # a heading of the form that reads like a question
    return place.strength + (_FULL_WEIGHT if fit == FULL else _LIKE_WEIGHT if fit == LIKE else _SHORT_WEIGHT) + 4 * worded + 4 * answered


def _length(place: Place) -> int:
    """How long what stands there is, in letters."""
    return len(place.candidate.rest) + sum(len(line.text) for item in place.answer for line in (item.lines() if isinstance(item, Table) else [item]))


def _heaviest_chain(places: Sequence[Place], weights: dict[int, float]) -> set[int]:
    """The places of the heaviest chain that follows the order of the form; a field stands in it once, a group as often as it likes."""
    if len(places) > _MOST_ORDERED:
        return set()
    totals: list[float] = []
    before: list[int] = []
    for number, place in enumerate(places):
        position, best, link = place.target.position, 0.0, -1
        for earlier in range(number):
            other = places[earlier].target.position
            if totals[earlier] > best and (other < position or (other == position and place.target.sub is not None)):
                best, link = totals[earlier], earlier
        totals.append(best + weights[id(place)])
        before.append(link)
    chain: set[int] = set()
    link = max(range(len(places)), key=totals.__getitem__, default=-1)
    while link >= 0:
        chain.add(id(places[link]))
        link = before[link]
    return chain


def _keep_best(same: Sequence[Place], weights: dict[int, float], chain: set[int], over_lines: Collection[int]) -> None:
    """Of several places of one field the one with the most for it."""
    # Of headings of the form that read like the question none of which has an answer yet, the last is the question: the others stand above it.
    last = {id(place): number for number, place in enumerate(same) if not weights[id(place)]}
    ranked = sorted(same, key=lambda place: (id(place) in chain, weights[id(place)], last.get(id(place), 0)), reverse=True)
    best, rest = ranked[0], ranked[1:]
    above = [place for place in same[: same.index(best)] if place.candidate.whole]
    if not best.candidate.whole and (best.inside in rest or len(above) > 1):
        best.doubts.add("own label")  # the label again below itself: perhaps it is how the answer begins
    for other in rest:
        other.kept = False
        title = other.candidate.match.heading and not other.has_answer and (other.strength > best.strength + ALIKE or best.candidate.whole)
        is_title = other.candidate.match.heading and not other.has_answer
        clear = title and id(other) not in over_lines if is_title else weights[id(best)] - weights[id(other)] >= _CLEARLY
        if not clear:
            best.doubts.add("stands twice")
            for owner in (other.inside, best.inside):
                if owner is not None and owner is not best:
                    owner.doubts.add("label inside")
