"""The validation service's application."""

from __future__ import annotations

from flask import Flask

from services.shared.context import Context
from services.shared.web.application import create_application
from services.validation.api import create_blueprint


def create_app(context: Context) -> Flask:
    """``/checks``, ``/forms``, ``/policy``."""
    return create_application("validation", context, [create_blueprint(context)])
