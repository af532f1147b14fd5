"""Which language a page is in: what its reader chose (``?lang=``, then the cookie), else what the browser asks for, else bokmål."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import g, request
from werkzeug import Response

from services.shared import words

COOKIE = "sprak"
ARGUMENT = "lang"
COOKIE_SECONDS = 365 * 86400


def page_language() -> str:
    """The language of the page being made; also keeps it for problem texts (``preferred_language``)."""
    chosen = (request.args.get(ARGUMENT), request.cookies.get(COOKIE), words.language_of(request.headers.get("Accept-Language")))
    g.language = next((language for language in chosen if language in words.LANGUAGES), words.DEFAULT)
    return str(g.language)


def keep_chosen_language(response: Response) -> Response:
    """Remember a choice made with ``?lang=`` for a year."""
    chosen = request.args.get(ARGUMENT)
    if chosen in words.LANGUAGES:
        response.set_cookie(COOKIE, str(chosen), max_age=COOKIE_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def address_in(language: str) -> str:
    """The address of this page in another language, with everything else in it kept."""
    arguments = [(key, value) for key, value in request.args.items(multi=True) if key != ARGUMENT]
    return f"{request.path}?{urlencode([*arguments, (ARGUMENT, language)])}"
