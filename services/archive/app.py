"""The archive's application."""

from __future__ import annotations

from flask import Flask

from services.archive.api import create_blueprint
from services.shared.context import Context
from services.shared.web.application import create_application


def create_app(context: Context) -> Flask:
    """``/archive``: search, retrieve, export, fixity."""
    return create_application("archive", context, [create_blueprint(context)])
