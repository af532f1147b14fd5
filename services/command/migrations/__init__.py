"""The database's migrations: the tables of all services move together."""

from __future__ import annotations

import services.archive.models
import services.intake.models
import services.routing.models
import services.shared.models
from services.shared.database import metadata

TABLE_ROOMS = (services.archive.models, services.intake.models, services.routing.models, services.shared.models)

__all__ = ["TABLE_ROOMS", "metadata"]
