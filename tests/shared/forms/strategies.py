"""Random answers to any form, made from its definition (Hypothesis): in their normal form, any field but a box to tick left out now and then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from services.shared.forms import FormDefinition
from services.shared.forms.fields import Field
from services.shared.forms.normal_forms import is_placeholder
from services.shared.forms.templates.paper import laid_out

# Letters of every kind, signs of markup, quotes, dashes, Greek, what stands outside the basic plane; no control characters or private signs.
ORDINARY = st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co", "Cf", "Zl", "Zp"), exclude_characters="\ufffd")
SIGNS = st.one_of(
    st.sampled_from("abcæøåÆØÅéü ABC 0123456789 .,;:!?()/\\%&<>\"'«»“”’–—≥αβ™☒☐…*_-+=#@[]{}\u00a0"),
    ORDINARY,
)
TEXT = st.text(SIGNS, min_size=1, max_size=25)
LINES = st.lists(st.one_of(TEXT, st.just("")), min_size=1, max_size=4).map("\n".join)
NUMBERING = tuple("0123456789[")


def answers_to(definition: FormDefinition) -> st.SearchStrategy[dict[str, Any]]:
    """Answers as the reader should give them back."""
    paper = laid_out(definition, "nb", {}, "as_answered")
    boxes = {item.tag for block in paper.blocks for item in block.items if item.kind == "check"}
    return _fields(tuple(definition.fields.values()), boxes)


def _fields(fields: tuple[Field, ...], boxes: set[str]) -> st.SearchStrategy[dict[str, Any]]:
    # A box that is not ticked says no, and so it always has an answer.
    always = {each.key: st.booleans() for each in fields if each.key in boxes}
    now_and_then = {each.key: st.one_of(st.none(), _answer(each)) for each in fields if each.key not in boxes}
    given = st.fixed_dictionaries(now_and_then).map(lambda answers: {key: value for key, value in answers.items() if value is not None})
    return st.builds(
        lambda one, other: {each.key: (one | other)[each.key] for each in fields if each.key in one | other}, st.fixed_dictionaries(always), given
    )


def _answer(field: Field) -> st.SearchStrategy[Any]:
    shape, type_ = field.type.shape, field.type
    if shape == "rows":
        return st.lists(_fields(field.fields, set()).filter(bool), min_size=1, max_size=4)
    if shape == "choice":
        return st.sampled_from([choice.value for choice in field.choices])
    if shape == "choices":
        values = [choice.value for choice in field.choices]
        return st.sets(st.sampled_from(values), min_size=1).map(lambda chosen: [value for value in values if value in chosen])
    if type_.json == "boolean":
        return st.booleans()
    if type_.json == "integer":
        return st.integers(field.minimum or 0, field.maximum if field.maximum is not None else 10**12)
    one = _text(field)
    if shape == "list":
        return st.lists(one.filter(lambda text: "\n" not in text and not text.startswith(NUMBERING)), min_size=1, max_size=4)
    return one


def _text(field: Field) -> st.SearchStrategy[str]:
    type_ = field.type
    most = field.max_length or 10**6
    made: st.SearchStrategy[str]
    if type_.format == "date":
        return st.dates().map(lambda day: day.isoformat())
    if field.type_name == "phone":
        made = st.from_regex(r"\+?[0-9 ()-]{2,4}[0-9]{4,8}", fullmatch=True)
    elif type_.pattern:
        made = st.from_regex(type_.pattern, fullmatch=True, alphabet=ORDINARY)
    else:
        made = LINES if field.type_name == "long_text" else TEXT
    return made.map(type_.tidy).filter(_stays(type_.tidy, most))


def _stays(tidy: Callable[[str], Any], most: int) -> Callable[[Any], bool]:
    return lambda text: isinstance(text, str) and 0 < len(text) <= most and tidy(text) == text and not is_placeholder(text)
