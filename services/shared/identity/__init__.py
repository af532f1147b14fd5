"""Who is asking, what they may do, and the guard that refuses everything else."""

from services.shared.identity.access import Scope, current, open_route, requires
from services.shared.identity.tokens import Identity, TokenRefused, TokenVerifier

__all__ = ["Identity", "Scope", "TokenRefused", "TokenVerifier", "current", "open_route", "requires"]
