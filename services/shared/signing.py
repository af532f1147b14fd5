"""Signs receipts with a key of our own, kept outside the database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from services.shared.secrets_files import write_secret


class ReceiptSigner:
    """An ES256 key in a file that only its owner may read; made at first use."""

    def __init__(self, key_file: Path) -> None:
        key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not key_file.exists():
            fresh = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, private=True, auto_kid=True)
            write_secret(key_file, json.dumps(fresh.as_dict(private=True)))
        self._key = ECKey.import_key(json.loads(key_file.read_text(encoding="utf-8")))

    def sign(self, payload: bytes) -> str:
        """A compact JWS over the payload."""
        return jws.serialize_compact({"alg": "ES256", "kid": self._key.kid}, payload, self._key)

    def jwks(self) -> dict[str, Any]:
        """The public key as a JWKS: with it a receipt is checked offline."""
        return {"keys": [dict(self._key.as_dict(private=False))]}
