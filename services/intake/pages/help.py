"""The open pages: front, the forms to fill in, help, the list of problems, accessibility."""

from __future__ import annotations

import re

from flask import Blueprint, render_template

from services.shared import lifecycle, words
from services.shared.context import Context
from services.shared.identity import open_route
from services.shared.web.layout import page_language

KINDS = {"docx": "Word", "pdf": "PDF"}
PROBLEM, DETAIL = "problem.", ".detail"
VALUE = re.compile(r"\{[a-z_:]+\}")


def add_help(pages: Blueprint, context: Context) -> None:
    """Add the open pages."""

    @pages.get("/")
    @open_route
    def front() -> str:
        """What this is, and where to go."""
        return render_template("front.html")

    @pages.get("/skjemaer")
    @open_route
    def forms() -> str:
        """The forms to fill in."""
        found = [form for form_type in context.forms.types() if (form := context.forms.newest(form_type)) is not None]
        return render_template("forms.html", forms=found, kinds=KINDS, form_languages=words.LANGUAGES)

    @pages.get("/hjelp")
    @open_route
    def help_page() -> str:
        """How to send, what may be sent, what the states mean."""
        return render_template("help.html", states=lifecycle.STATES)

    @pages.get("/hjelp/problemer")
    @open_route
    def problems() -> str:
        """Every problem code with its texts; a problem's ``type`` leads here."""
        return render_template("problems.html", problems=_problems(page_language()))

    @pages.get("/hjelp/tilgjengelighet")
    @open_route
    def accessibility() -> str:
        """What is done for everybody to be able to use the pages."""
        return render_template("accessibility.html")


def _problems(language: str) -> list[tuple[str, str, str]]:
    """Code, title and sentence of each problem. The sentence is about no file in particular: its values are left open."""
    catalogue = words.catalogue()
    codes = sorted(key.removeprefix(PROBLEM).removesuffix(DETAIL) for key in catalogue if key.startswith(PROBLEM) and key.endswith(DETAIL))
    texts = {code: VALUE.sub("…", words.choose(catalogue[f"{PROBLEM}{code}{DETAIL}"], language)) for code in codes}
    return [(code, words.text(f"{PROBLEM}{code}.title", language), text) for code, text in texts.items()]
