"""A submission as it is published: without what the definition keeps out, and without anything that could name a patient."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.shared import timestamps, words
from services.shared.forms import FormDefinition
from services.shared.forms.fields import Field
from services.shared.identity_numbers import find_identity_numbers
from services.shared.publishing.answers import answer_texts
from services.shared.publishing.document import Answer, Block, Document, Heading, Note, Rows
from services.shared.web.layout import writing

_CONTACT_TYPES: Final = frozenset({"email", "phone"})
_SHORTEST_NUMBER: Final = 8  # digits; a shorter one is found in any text
_NAMED_PARTIES: Final = frozenset({"organisation", "foreign"})


def public_document(definition: FormDefinition, view: Mapping[str, Any], language: str) -> Document:
    """The document of a complete submission.

    ``view`` is the submission as the API shows it; ``reference``, ``complete_at``, ``answers``, ``submitter``, ``on_behalf_of`` and
    ``documents`` are read. Nothing else that can change is, so the same version always gives the same document.
    """
    answers: Mapping[str, Any] = view["answers"]
    writer = _Writer(definition, answers, language)
    blocks: list[Block] = []
    for section in definition.sections:
        shown = [block for each in section.fields for block in writer.field(each, answers.get(each.key))]
        if shown:
            blocks += [Heading(words.choose(section.title, language)), *shown]
    attachments = [file["name"] for file in view["documents"] if file["role"] == "attachment" and file["access"] == "public"]
    if attachments:
        heading = words.text("publishing.attachments", language)
        blocks += [Heading(heading), Answer(words.text("publishing.public_files", language), tuple(map(writer.clean, attachments)), is_list=True)]
    if writer.left_out:
        blocks.append(Note(words.text("publishing.left_out", language)))
    form = words.choose(definition.title, language)
    return Document(language, form, writer.title() or form, tuple(_facts(view, language)), tuple(blocks), view["complete_at"])


def _facts(view: Mapping[str, Any], language: str) -> Iterator[tuple[str, str]]:
    yield words.text("publishing.submitted", language), writing.day(timestamps.norwegian_date(view["complete_at"]), language)
    party = view["on_behalf_of"] or view["submitter"]
    # A person's name stands only where the form itself asks for it, and says that it is published.
    if party["kind"] in _NAMED_PARTIES and party["name"] != party["id"]:
        yield words.text("publishing.submitter", language), party["name"]
    yield words.text("publishing.reference", language), view["reference"]


class _Writer:
    """Makes blocks of fields and remembers whether anything was left out."""

    def __init__(self, definition: FormDefinition, answers: Mapping[str, Any], language: str) -> None:
        self._definition, self._answers, self._language = definition, answers, language
        self._private = [re.compile(pattern, re.IGNORECASE) for pattern in _contact_patterns(definition.fields.values(), answers)]
        self.left_out = False

    def field(self, asked: Field, answer: Any) -> Iterator[Block]:
        """The blocks of one answered field; none for one that is not answered or not published."""
        if not asked.publish:
            self.left_out |= bool(answer_texts(asked, answer, self._language))
            return
        if asked.fields:
            tables = tuple(self._tables(asked, answer if isinstance(answer, list) else []))
            if tables:
                yield Rows(tables, (words.text("publishing.question", self._language), words.text("publishing.answer", self._language)))
            return
        shown = self._answer(asked, answer)
        if shown is not None:
            yield shown

    def title(self) -> str | None:
        """What the submission is about, of fields that are published."""
        fields = [self._definition.fields[key] for key in self._definition.headline]
        shown = {each.key: self.clean(str(self._answers[each.key])) for each in fields if each.publish and self._answers.get(each.key)}
        return self._definition.title_of(shown)

    def clean(self, text: str) -> str:
        """A text without a national identity number (then nothing of it is shown) and without unpublished contact data."""
        if find_identity_numbers(text):
            self.left_out = True
            return words.text("publishing.withheld", self._language)
        for pattern in self._private:
            text, count = pattern.subn(words.text("publishing.masked", self._language), text)
            self.left_out |= count > 0
        return text

    def _answer(self, asked: Field, answer: Any) -> Answer | None:
        texts = tuple(self.clean(text) for text in answer_texts(asked, answer, self._language))
        return Answer(words.choose(asked.label, self._language), texts, is_list=asked.type.shape in ("list", "choices")) if texts else None

    def _tables(self, asked: Field, members: list[Any]) -> Iterator[tuple[str, tuple[Answer, ...]]]:
        label = words.choose(asked.label, self._language)
        for number, member in enumerate(members, start=1):
            given = member if isinstance(member, dict) else {}
            shown = [found for sub in asked.fields if sub.publish and (found := self._answer(sub, given.get(sub.key))) is not None]
            self.left_out |= any(not sub.publish and given.get(sub.key) for sub in asked.fields)
            if shown:
                yield words.text("forms.place", self._language, field=label, row=number), tuple(shown)


def _contact_patterns(fields: Any, answers: Mapping[str, Any]) -> Iterator[str]:
    """What finds the unpublished e-mail addresses and telephone numbers, however a number is spaced, in texts that are published."""
    for each in fields:
        value = answers.get(each.key)
        if each.fields and isinstance(value, list):
            for member in value:
                if isinstance(member, dict):
                    yield from _contact_patterns(each.fields, member)
        elif not each.publish and each.type_name in _CONTACT_TYPES and isinstance(value, str):
            digits = re.sub(r"\D", "", value)[-_SHORTEST_NUMBER:]
            if each.type_name == "email":
                yield re.escape(value)
            elif len(digits) == _SHORTEST_NUMBER:
                yield r"(?:(?:\+|00)47)?[\s()./-]*" + r"[\s()./-]*".join(digits)
