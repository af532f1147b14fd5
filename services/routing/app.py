"""Routing as a web application."""

from __future__ import annotations

from flask import Flask

from services.routing.api import create_blueprint
from services.shared.context import Context
from services.shared.web.application import create_application


def create_app(context: Context) -> Flask:
    """The application that answers ``/queues``, ``/leases`` and ``/deliveries``."""
    return create_application("routing", context, [create_blueprint(context)])
