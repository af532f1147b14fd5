"""From what stands after a label to the answer it is: help and placeholders left out, ticks and choices recognised."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Final, NamedTuple

from rapidfuzz import fuzz, process

from services.shared.form_lines import Line
from services.shared.forms.fields import Field
from services.shared.forms.label_place import Place
from services.shared.forms.label_words import reading_rules, spaced
from services.shared.forms.layout import Item, Table
from services.shared.forms.normal_forms import clean, is_placeholder
from services.shared.forms.reading import TagValue
from services.shared.forms.ticks import EMPTY, choice_of, is_mark, split_marks

_SEVERAL: Final = 2
_MOST_PARTS: Final = 8
_LONGEST_LABEL: Final = 200
_NEARLY_ALL: Final = 0.9
# Long runs of one sign are looked at once, from their beginning: a sender can write two hundred thousand dots.
_LEADERS: Final = re.compile(r"^\s*(?:_{3,}|\.{4,}|…{2,}|[→➔➜➤►▶⇒]|[-=]>)\s*|(?:(?<!\s)\s++)?(?:(?<!_)_{3,}+|(?<!\.)\.{4,}+|(?<!…)…{2,}+)\s*$")
_STROKES: Final = " \t\n/|,;"
_YES_OR_NO: Final = re.compile(r"^(ja|nei|yes|no|j|n)\b[\s.,:;–—-]*(.*)$", re.IGNORECASE | re.DOTALL)
_BETWEEN: Final = re.compile(r"\s{0,20}(?:/|\||\n|\t|,|\bog\b|\beller\b|\bor\b|\band\b)\s*")
_BULLET: Final = re.compile(r"^[-–—•·*▪‣●]\s+")
_AFTER_CHOICE: Final = re.compile(r"[.,:;(\n–—]|\s-\s")


class Answer(NamedTuple):
    """``value`` as `read_tags` takes it (None: not answered), ``more``: what is said beyond a choice, ``doubts``: why to ask."""

    value: TagValue | None
    more: str = ""
    doubts: frozenset[str] = frozenset()


class Help(NamedTuple):
    """What explains questions in a document: ``texts`` that stand below several labels, and whether slanted text or text in a frame explains,
    or is how nearly all answers stand there."""

    texts: frozenset[str]
    is_faint: bool
    answers_are_faint: bool = False
    is_framed: bool = False
    answers_are_framed: bool = False


def help_in(lines: Sequence[Line], places: Sequence[Place]) -> Help:
    """What explains and is no answer: slanted lines and notes that stand there several times; slanted lines with plain answers below."""
    faint = Counter(spaced(line.text) for line in lines if line.faint and len(line.text.split()) >= _SEVERAL)
    notes = Counter(spaced(note) for place in places for note in place.line.notes)
    answers = [[line for line in _written(place, ()) if line.text.strip()] for place in places if place.kept]
    above = sum(written[0].faint and not written[1].faint for written in answers if len(written) > 1)
    written_lines = [line for written in answers for line in written]
    faint_answers = not above and sum(line.faint for line in written_lines) > len(written_lines) / 2
    answered = [place for place in places if place.kept and place.has_answer]
    framed = [_goes_on_below(place) for place in answered if _begins_framed(place)]
    return Help(
        frozenset(text for text, count in (notes if faint_answers else faint + notes).items() if count >= _SEVERAL),
        is_faint=above >= _SEVERAL,
        answers_are_faint=faint_answers,
        is_framed=sum(framed) >= max(_SEVERAL, len(framed) / 2),
        answers_are_framed=len(framed) > _NEARLY_ALL * len(answered),
    )


def _begins_framed(place: Place) -> bool:
    """Whether a table of one cell comes first after a label."""
    return bool(place.answer) and isinstance(place.answer[0], Table) and place.answer[0].is_frame


def _goes_on_below(place: Place) -> bool:
    """Whether text stands after the first paragraph or table of an answer."""
    return any(line.text.strip() for line in _lines(place.answer[1:]))


def answer_at(place: Place, known_tags: Collection[str], explained: Help) -> Answer:
    """The answer at a place. What stands in the form's own controls (``known_tags``) is left out: it was read by its tag."""
    asked = place.target.asked
    doubts = set(place.doubts)
    is_framed = _begins_framed(place)
    if is_framed and not explained.is_framed and (not explained.answers_are_framed or _goes_on_below(place)):
        doubts.add("frame")
    written = _written(place, known_tags, skip=int(is_framed and explained.is_framed))
    lines = [line for line in written if not (line.faint and (explained.is_faint or spaced(line.text) in explained.texts))]
    kept = (
        [line for line in lines if not is_placeholder(line.text) or not line.text.strip()]
        if explained.answers_are_faint
        else _without_help(lines, doubts)
    )
    if any(line.struck for line in kept) and not _is_choice(asked):
        doubts.add("struck")
    texts = [_LEADERS.sub("", line.text.rstrip()).rstrip() for line in kept]
    notes = [note for line in (*kept, place.line) for note in line.notes if spaced(note) not in explained.texts]
    if notes and any(line.notes for line in kept):
        doubts.add("note")
    if not any(text.strip() for text in texts) and notes:
        texts, doubts = notes, doubts | {"note"}
    text = _without_word_for_answer("\n".join(texts).strip("\n"))
    if not text.strip() or is_placeholder(text):
        return Answer(None)
    doubts |= _hardly_an_answer(asked, text.strip(), place.candidate.rest)
    if _is_choice(asked):
        set_apart = _set_apart(asked, kept)
        if set_apart and not _are_all_printed(asked, text):
            doubts.add("some choices")  # perhaps those are the answer, and what stands out is something else
        found = _chosen(asked, set_apart or text)
        return found._replace(doubts=found.doubts | doubts)
    if asked.type_name != "long_text" and asked.type.shape == "value":
        first, *others = [line for line in text.split("\n") if line.strip()]
        if others:
            doubts.add("more lines")
        text = first.replace("\t", " ")
    elif asked.type.shape == "list":
        text = "\n".join(_BULLET.sub("", line.strip()) for line in re.split(r"[\n\t]", text))
    return Answer(text, doubts=frozenset(doubts))


def _hardly_an_answer(asked: Field, text: str, rest: str) -> set[str]:
    """Why a text may be no answer, or not all of it: it begins with its question, printed twice or misspelt below a heading that reads alike; it
    is a dash; or a dash before it on the label's line (``rest``) perhaps only parts the two."""
    first = text.split("\n")[0]
    doubts = set() if any(map(str.isalnum, text)) or _is_choice(asked) else {"nothing said"}
    doubts |= {"dash"} if rest.startswith(("-", "–", "—")) else set()
    if len(first) > _LONGEST_LABEL or choice_of(asked, first) is not None:
        return doubts
    own = (spaced(wording) for wording in (*asked.label.values(), *asked.aliases))
    is_own = process.extractOne(spaced(first), own, scorer=fuzz.ratio, score_cutoff=reading_rules().label_least) is not None
    return doubts | {"own label"} if is_own else doubts


def _is_choice(asked: Field) -> bool:
    return asked.type.json == "boolean" or bool(asked.choices)


def _are_all_printed(asked: Field, text: str) -> bool:
    """Whether nearly every choice stands there, as on a form that prints them."""
    printed = {choice_of(asked, piece) for piece in _pieces(asked, text)} - {None}
    return len(printed) >= max(_SEVERAL, len(asked.choices) - 1)


def _set_apart(asked: Field, lines: Sequence[Line]) -> str:
    """Of choices that all stand printed those that are highlighted, bold, underlined or in colour, when others are not."""
    if not any(line.strong or line.marked for line in lines):
        return ""
    marked: list[str] = []
    others: list[str] = []
    for line in lines:
        end = 0
        for start, stop in ((0, line.strong), *line.marked):
            others.append(line.text[end:start])
            marked.append(line.text[start:stop])
            end = stop
        others.append(line.text[end:])
    chosen = [piece for text in marked if text.strip(_STROKES) for piece in _pieces(asked, text.strip(_STROKES))]
    left = [piece for text in others for piece in _pieces(asked, text.strip(_STROKES))]
    is_clear = all(choice_of(asked, piece) is not None for piece in chosen) and any(choice_of(asked, piece) is not None for piece in left)
    return "\n".join(chosen) if is_clear else ""


def _written(place: Place, known_tags: Collection[str], *, skip: int = 0) -> Iterator[Line]:
    """The lines after a label, without what is in controls and without so many paragraphs or tables at the beginning."""
    rest = place.candidate.rest
    if rest:
        written = place.line.part(len(place.line.text.rstrip()) - len(rest), len(place.line.text))
        yield Line(rest, notes=place.line.notes, strong=written.strong, marked=written.marked, faint=written.faded >= len(rest))
    for line in _lines(place.answer[skip:]):
        inside = sorted(((start, end) for tag, start, end in line.controls if tag in known_tags), reverse=True)
        text = line.text
        for start, end in inside:
            text = text[:start] + text[end:]
        yield line if not inside else Line(text, faint=line.faint, notes=line.notes)


def _lines(items: Sequence[Item]) -> Iterator[Line]:
    """The lines of an answer. A table in it is a line for each row, its cells parted by tabs; a table of one cell is a frame around lines."""
    for item in items:
        if not isinstance(item, Table):
            yield item
            continue
        if item.is_frame:
            yield from item.lines()
            continue
        if _is_matrix(item):
            for head, cross in zip(*item.rows, strict=True):
                yield Line(f"{'☒' if is_mark(cross.text) and cross.text not in EMPTY else '☐'} {head.text}")
            continue
        for row in item.rows:
            cells = [list(block.lines()) for block in row]
            text = "\t".join(" ".join(line.text.strip() for line in cell if line.text.strip()) for cell in cells)
            yield Line(text.strip("\t"), notes=tuple(note for cell in cells for line in cell for note in line.notes))


def _is_matrix(table: Table) -> bool:
    """Whether it is a row of choices over a row of crosses."""
    if len(table.rows) != _SEVERAL or len(table.rows[0]) != len(table.rows[1]):
        return False
    heads, crosses = ([block.text for block in row] for row in table.rows)
    return all(heads) and any(crosses) and all(not text or is_mark(text) for text in crosses)


def _without_help(lines: Sequence[Line], doubts: set[str]) -> list[Line]:
    """The lines without what explains the question: grey or slanted text, or a remark in parentheses, above the answer."""
    written = [line for line in lines if not is_placeholder(line.text) or not line.text.strip()]
    texts = [line for line in written if line.text.strip()]
    plain = [line for line in texts if not line.faint]
    if plain and len(plain) < len(texts):
        if any(line.faint for line in texts[texts.index(plain[0]) :]):
            doubts.add("faint")  # slanted text within the answer is as likely a part of it
            leading = texts[: texts.index(plain[0])]
            return [line for line in written if line not in leading]
        return [line for line in written if not line.faint]
    if texts and not plain:
        doubts.add("faint")
    if len(texts) > 1 and _in_parentheses(texts[0].text):
        return [line for line in written if line is not texts[0]]
    if len(texts) == 1 and _in_parentheses(texts[0].text):
        doubts.add("parentheses")
    return written


def _in_parentheses(text: str) -> bool:
    plain = text.strip()
    return plain.startswith("(") and plain.endswith(")") and len(plain) > 4 and plain.count("(") == plain.count(")")


def _without_word_for_answer(text: str) -> str:
    head, colon, rest = text.partition(":")
    return rest.strip() if colon and head.strip().casefold() in reading_rules().answer_words else text


def _chosen(asked: Field, text: str) -> Answer:
    """The choices that are ticked or written."""
    text = text.strip(_STROKES)  # what is left where the other choices were crossed out
    if not text:
        return Answer(None)
    boxes = split_marks(asked, text)
    if boxes:
        return _ticked(asked, boxes)
    if asked.type.json == "boolean":
        return _yes_or_no(text)
    if asked.type.shape == "choices":
        return _several(asked, text)
    return _one(asked, text)


def _ticked(asked: Field, boxes: list[tuple[bool, str]]) -> Answer:
    """A single box says yes or no by itself. What stands beyond the words of a choice is said in addition."""
    values: list[str] = []
    more: list[str] = []
    doubts: set[str] = set()
    for ticked, words in boxes:
        known = choice_of(asked, words)
        head = re.split(r"[\n\t]", words, maxsplit=1)
        if known is None:
            known = choice_of(asked, head[0])
            more += [head[1].strip()] if known is not None and len(head) > 1 else []
        if known is None and ticked:
            known, rest, doubt = _beginning(asked, words)
            more += [rest] if rest else []
            doubts |= {doubt} if doubt else set()
        if ticked:
            values.append(words if known is None else known)
    if asked.type.json == "boolean":
        alone = choice_of(asked, re.split(r"[\n\t]", boxes[0][1])[0]) if len(boxes) == 1 else "several"
        if alone is None:
            return Answer(boxes[0][0], doubts=frozenset({"box"} if boxes[0][1] else ()))
        if len(boxes) == 1 and not boxes[0][0]:
            return Answer(False) if alone == "true" else Answer(None)
    more_text = "\n".join(part for part in more if part)
    return Answer(values or None, more_text, frozenset(doubts | ({"more"} if more_text and values else set())))


def _yes_or_no(text: str) -> Answer:
    listed = {word.casefold().strip(" ?.") for word in _BETWEEN.split(text)}
    if listed >= {"ja", "nei"} or listed >= {"yes", "no"}:
        return Answer(None) if len(listed) == 2 else Answer(text, doubts=frozenset({"choice"}))
    if choice := choice_of_boolean(text):
        return Answer(choice)
    found = _YES_OR_NO.match(text)
    if found and found[2]:
        said = choice_of_boolean(found[1])
        return Answer(said, found[2].strip(), frozenset({"more"})) if said else Answer(text)
    return Answer(text)


def choice_of_boolean(text: str) -> str | None:
    """``true`` or ``false`` from a word for yes or no."""
    plain = text.strip().rstrip(".,;!").casefold()
    return "true" if plain in _YES else "false" if plain in _NO else None


_YES: Final = frozenset({"ja", "yes", "j", "y", "true", "sant"})
_NO: Final = frozenset({"nei", "no", "n", "false", "usant"})


def _one(asked: Field, text: str) -> Answer:
    known = choice_of(asked, text)
    if known is not None:
        return Answer(known)
    listed = [choice_of(asked, part) for part in re.split(r"\n|\t|\s*[/|,;]\s*", text) if part.strip()]
    if len(set(listed) - {None}) >= max(2, len(asked.choices) - 1):
        return Answer(None)  # the choices as they were printed, none of them marked
    known, rest, doubt = _beginning(asked, text)
    if known is None:
        return Answer(text, doubts=frozenset({"choice"}))
    return Answer(known, rest, frozenset({doubt} if doubt else ()))


def _beginning(asked: Field, text: str) -> tuple[str | None, str, str]:
    """The choice a text begins with and what follows; else the one it is most like."""
    for found in _AFTER_CHOICE.finditer(text):
        known = choice_of(asked, text[: found.start()]) or choice_of(asked, text[: found.end()])
        if known is not None:
            return known, text[found.end() :].strip(), "more"
    if asked.type.json == "boolean":
        said = _YES_OR_NO.match(text)
        return (choice_of_boolean(said[1]), said[2].strip(), "more") if said else (None, "", "")
    names = {spaced(label): choice.value for choice in asked.choices for label in choice.label.values()}
    hits = process.extract(spaced(text), list(names), scorer=fuzz.ratio, score_cutoff=reading_rules().choice_least, limit=4)
    values = {names[hit[0]] for hit in hits if hit[1] > hits[0][1] - reading_rules().label_margin}
    return (values.pop(), "", "likeness") if len(values) == 1 else (None, "", "")


def _several(asked: Field, text: str) -> Answer:
    """Several choices, on lines of their own or one after the other."""
    values: list[str] = []
    doubts: set[str] = set()
    more: list[str] = []
    for line in re.split(r"[\n;\t]", text):
        words = _BULLET.sub("", line.strip())
        if not words:
            continue
        parts = [words] if choice_of(asked, words) is not None else _pieces(asked, words)
        for part in parts:
            known, rest, doubt = (choice_of(asked, part), "", "")
            if known is None:
                known, rest, doubt = _beginning(asked, part)
            values.append(clean(part) if known is None else known)
            more += [rest] if rest else []
            doubts |= {doubt} if doubt else set()
    if len(asked.choices) > _SEVERAL and {choice.value for choice in asked.choices} == set(values) and not more:
        return Answer(None)  # the choices as they were printed, none of them marked
    return Answer(list(dict.fromkeys(values)) or None, "\n".join(more), frozenset(doubts))


def _pieces(asked: Field, words: str) -> list[str]:
    """A line with several choices, parted where that gives choices: a choice may hold commas and "and" itself."""
    parts = re.split(r"(\s*,\s*|\s+(?:og|and|samt|eller|or)\s+|\s*[/|\t\n]\s*)", words)
    found: list[str] = []
    number = 0
    while number < len(parts):
        for end in range(min(len(parts), number + 2 * _MOST_PARTS + 1), number, -2):
            piece = "".join(parts[number:end])
            if end == number + 1 or choice_of(asked, piece) is not None:
                found.append(piece.strip())
                number = end + 1
                break
    return found if any(choice_of(asked, piece) is not None for piece in found) else [words]
