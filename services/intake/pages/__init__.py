"""The pages of submitters and the secretariat: upload, own submissions, one submission, the board, help; and how a problem looks as a page.

The templates lie in ``templates``, their frame in ``services/shared/web/layout``. Views only read and call; what they show is prepared in ``presenting.py``, and what
they do is done by the same functions as the API's.
"""

from __future__ import annotations

from flask import Blueprint

from services.intake.login import login_blueprint, page_identity
from services.intake.pages.board import add_board
from services.intake.pages.common import add_helpers
from services.intake.pages.help import add_help
from services.intake.pages.problem import page_problem
from services.intake.pages.register import add_register
from services.intake.pages.submission import add_submission
from services.intake.pages.upload import add_upload
from services.shared.context import Context
from services.shared.identity.issuer import LocalIssuer
from services.shared.identity.local_login import local_login_blueprint
from services.shared.web.layout import layout_blueprint

__all__ = ["page_blueprints", "page_identity", "page_problem"]


def page_blueprints(context: Context, issuer: LocalIssuer | None) -> list[Blueprint]:
    """All blueprints that the pages need. ``issuer``: also offer the log-in of the demo actors (loopback only; ValueError elsewhere)."""
    pages = Blueprint("pages", __name__, template_folder="templates")
    add_helpers(pages, context)
    add_help(pages, context)
    add_upload(pages, context)
    add_submission(pages, context)
    add_board(pages, context)
    add_register(pages, context)
    blueprints = [layout_blueprint(context, page_identity), login_blueprint(context), pages]
    if issuer is not None:
        blueprints.append(local_login_blueprint(issuer, context.settings))
    return blueprints
