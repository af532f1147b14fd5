"""What several of the pages' templates ask for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request

from services.shared import words
from services.shared.context import Context
from services.shared.problems import Problem
from services.shared.web.layout import page_language


def add_helpers(pages: Blueprint, context: Context) -> None:
    """Give the templates the forms' titles, the agencies and the limits."""

    @pages.app_context_processor
    def helpers() -> dict[str, Any]:
        language = page_language()
        return {
            "form_titles": form_titles(context, language),
            "agencies": [actor for actor in context.actors.all() if actor.takes_work],
            "agency_name": lambda agency: agency_name(context, agency, language),
            "sizes": context.policy.sizes,
            "opening": context.policy.opening,
            "attachment_extensions": sorted(
                {f".{extension}" for kind in context.policy.types if "attachment" in kind.roles for extension in kind.extensions}
            ),
            "address": address,
        }


def form_titles(context: Context, language: str) -> dict[str, str]:
    """Form type to title, in the newest version's words."""
    newest = {form_type: context.forms.newest(form_type) for form_type in context.forms.types()}
    return {form_type: words.choose(form.title, language) for form_type, form in newest.items() if form is not None}


def agency_name(context: Context, agency: str, language: str) -> str:
    """The name of an actor in a language; its id when it is not known any more."""
    actor = context.actors.get(agency)
    return words.choose(actor.names, language) if actor else agency


def address(path: str, **changes: str | None) -> str:
    """``path`` with this request's query, changed: None takes an argument out."""
    arguments = {key: value for key, value in request.args.items() if value and key != "lang"}
    arguments.update({key: value for key, value in changes.items() if value is not None})
    for key in (key for key, value in changes.items() if value is None):
        arguments.pop(key, None)
    return f"{path}?{urlencode(arguments)}" if arguments else path


def shown_problem(problem: Problem, anchor: str, language: str, **more: str) -> dict[str, str]:
    """A refusal as the error summary of a page shows it; ``anchor`` is the field it leads to."""
    return {"title": problem.title(language), "detail": problem.detail(language), "anchor": anchor, **more}
