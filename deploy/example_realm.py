"""A realm for Keycloak, to try the system out: our client, one client scope per scope of ours, given to users by role (compose.example-issuer.yml).

It has no users: an administrator makes them, gives them a role, and says for whom they act in the attribute ``consumer``, as Maskinporten writes it
(``{"authority": "iso6523-actorid-upis", "ID": "0192:<organisation number>"}``). Users cannot change that themselves.
"""

from __future__ import annotations

import json
from typing import Any, Final

from services.shared.identity import Scope
from services.shared.identity.local_login import CLIENT

ROLES: Final = {Scope.SUBMIT: "submitter", Scope.QUEUE: "agency", Scope.MONITOR: "secretariat", Scope.ARCHIVE: "archivist"}
COMMON: Final = "mottak"
CONSUMER: Final = "consumer"


def realm() -> dict[str, Any]:
    """The realm as ``--import-realm`` reads it; ``${...}`` come from Keycloak's environment."""
    return {
        "realm": "nyemetoder",
        "enabled": True,
        "sslRequired": "none",
        "registrationAllowed": False,
        "bruteForceProtected": True,
        "roles": {"realm": [{"name": name} for name in ROLES.values()]},
        "clientScopes": [_common(), *(_scope(str(scope)) for scope in ROLES)],
        # A scope stands in a token only when its user has the role.
        "scopeMappings": [{"clientScope": str(scope), "roles": [role]} for scope, role in ROLES.items()],
        "clients": [
            {
                "clientId": CLIENT,
                "publicClient": True,
                "standardFlowEnabled": True,
                "directAccessGrantsEnabled": False,
                "fullScopeAllowed": False,
                "redirectUris": ["${REDIRECT}"],
                "webOrigins": ["${ORIGIN}"],
                "attributes": {"pkce.code.challenge.method": "S256"},
                "defaultClientScopes": [COMMON, *(str(scope) for scope in ROLES)],
            }
        ],
        "components": {
            "org.keycloak.userprofile.UserProfileProvider": [
                {"providerId": "declarative-user-profile", "config": {"kc.user.profile.config": [json.dumps(_profile())]}}
            ]
        },
    }


def _scope(name: str) -> dict[str, Any]:
    return {"name": name, "protocol": "openid-connect", "attributes": {"include.in.token.scope": "true"}}


def _common() -> dict[str, Any]:
    everywhere = {"access.token.claim": "true", "id.token.claim": "true", "introspection.token.claim": "true"}
    mappers = {
        "subject": ("oidc-sub-mapper", everywhere),
        "name": ("oidc-full-name-mapper", everywhere),
        "audience": ("oidc-audience-mapper", {"included.custom.audience": "${AUDIENCE}", "access.token.claim": "true", "id.token.claim": "false"}),
        CONSUMER: ("oidc-usermodel-attribute-mapper", {**everywhere, "user.attribute": CONSUMER, "claim.name": CONSUMER, "jsonType.label": "JSON"}),
    }
    return {
        "name": COMMON,
        "protocol": "openid-connect",
        "attributes": {"include.in.token.scope": "false"},
        "protocolMappers": [
            {"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config} for name, (kind, config) in mappers.items()
        ],
    }


def _profile() -> dict[str, Any]:
    """What Keycloak keeps of a user; who they act for is the administrator's to say."""
    own = {"view": ["admin", "user"], "edit": ["admin", "user"]}
    administrators = {"view": ["admin"], "edit": ["admin"]}
    fields = [(name, own) for name in ("username", "email", "firstName", "lastName")] + [(CONSUMER, administrators)]
    return {"attributes": [{"name": name, "permissions": permissions} for name, permissions in fields]}
