"""What stands in the broker, made from the actor table: a virtual host, queues and a user for each agency that takes work.

Contract, section 4. Reading a queue includes purging it, so the books stay in our database (``outbox.send_again``). A virtual host each, since
a passive declaration needs no permission: within one, others' queue depths could be seen. An agency may bind its receipts exchange to its
work exchange, since exchanges and queues share their names; all it gets is its own work back to us, which ``receipts`` leaves out.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from services.shared.actors import Actors
from services.shared.secrets_files import write_secret

OUR_USER: Final = "mottak"
# Where our own wake-ups go (services.shared.wakeups declares its queues there); no agency's user may enter it.
OUR_VHOST: Final = "mottak"
WORK: Final = "mottak.work"
DEAD: Final = "mottak.dead"
RECEIPTS: Final = "mottak.receipts"
# Our own queue behind the receipts exchange. Another name than the exchange's: who may write to the exchange must not be able to bind the queue.
INBOX: Final = "mottak.inbox"
# Behind the same exchange as the dead letters: tells us of each, while it stays where it is.
NOTED: Final = "mottak.noted"
# How often work is handed to a consumer that dies or gives it back before it goes to ``mottak.dead``: never left to the version's default.
DELIVERY_LIMIT: Final = 20
# We put unusable receipts aside ourselves; a process of ours that is killed again and again must not cost an agency its receipts.
INBOX_DELIVERY_LIMIT: Final = 1000
INBOX_BYTES: Final = 256 * 1024 * 1024

_QUORUM: Final = {"x-queue-type": "quorum"}
# At-least-once dead-lettering needs the overflow to be refused.
_DEAD_LETTERS: Final = {
    "x-delivery-limit": DELIVERY_LIMIT,
    "x-dead-letter-exchange": DEAD,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",
}
QUEUES: Final[dict[str, dict[str, Any]]] = {
    WORK: {**_QUORUM, **_DEAD_LETTERS},
    DEAD: dict(_QUORUM),
    # One of our consumers at a time, so that an agency's receipts are taken in their order; an agency cannot fill the broker's disk.
    INBOX: {
        **_QUORUM,
        **_DEAD_LETTERS,
        "x-delivery-limit": INBOX_DELIVERY_LIMIT,
        "x-single-active-consumer": True,
        "x-max-length-bytes": INBOX_BYTES,
    },
    # No bound that refuses: a dead letter leaves its queue only when every queue behind the exchange has it.
    NOTED: {**_QUORUM, "x-delivery-limit": INBOX_DELIVERY_LIMIT, "x-single-active-consumer": True},
}
EXCHANGES: Final = {WORK: "direct", DEAD: "fanout", RECEIPTS: "fanout"}
# (exchange, queue, routing key)
BINDINGS: Final = ((WORK, WORK, WORK), (DEAD, DEAD, ""), (DEAD, NOTED, ""), (RECEIPTS, INBOX, ""))


def agencies_of(actors: Actors) -> list[str]:
    """Ids of the actors that have a queue, in the table's order."""
    return [actor.id for actor in actors.all() if actor.takes_work]


def vhost_of(agency: str) -> str:
    """The agency's virtual host, which is also the name of its user: ``agency-<id>``."""
    return f"agency-{agency}"


def definitions(agencies: Iterable[str], password_hashes: Mapping[str, str]) -> dict[str, Any]:
    """The broker's definitions (``load_definitions``, ``rabbitmqctl import_definitions``, ``POST /api/definitions``), the same for 3.10 and 4.x.

    ``password_hashes`` has one for each user: ``mottak`` and ``agency-<id>`` (``password_hash``). Importing them again changes nothing.
    """
    vhosts = [vhost_of(agency) for agency in agencies]
    return {
        "users": [_user(name, password_hashes[name]) for name in (OUR_USER, *vhosts)],
        "vhosts": [{"name": vhost} for vhost in (OUR_VHOST, *vhosts)],
        "permissions": [
            {"user": OUR_USER, "vhost": OUR_VHOST, "configure": ".*", "write": ".*", "read": ".*"},
            *(permission for vhost in vhosts for permission in _permissions(vhost)),
        ],
        "exchanges": [
            {"name": name, "vhost": vhost, "type": kind, "durable": True, "auto_delete": False, "internal": False, "arguments": {}}
            for vhost in vhosts
            for name, kind in EXCHANGES.items()
        ],
        "queues": [
            {"name": name, "vhost": vhost, "durable": True, "auto_delete": False, "arguments": arguments}
            for vhost in vhosts
            for name, arguments in QUEUES.items()
        ],
        "bindings": [
            {"source": source, "vhost": vhost, "destination": queue, "destination_type": "queue", "routing_key": key, "arguments": {}}
            for vhost in vhosts
            for source, queue, key in BINDINGS
        ],
    }


def _user(name: str, password_hash_: str) -> dict[str, Any]:
    return {"name": name, "password_hash": password_hash_, "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": ""}


def _permissions(vhost: str) -> list[dict[str, str]]:
    """An agency reads its work and writes receipts. We publish work and dead letters and read receipts. Nobody declares over AMQP."""
    ours = {"configure": "^$", "write": r"^mottak\.(work|dead)$", "read": r"^mottak\.(inbox|dead|noted)$"}
    its_own = {"configure": "^$", "write": r"^mottak\.receipts$", "read": r"^mottak\.work$"}
    return [{"user": OUR_USER, "vhost": vhost, **ours}, {"user": vhost, "vhost": vhost, **its_own}]


def password_hash(password: str) -> str:
    """A password as RabbitMQ keeps it (rabbit_password_hashing_sha256): base64 of a 4-byte salt and the SHA-256 of salt and password."""
    salt = secrets.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode("utf-8")).digest()).decode("ascii")


def passwords(path: Path, agencies: Iterable[str]) -> dict[str, str]:
    """User -> password from a file only its owner may read, made at first use; agencies that are new since get theirs."""
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    wanted = (OUR_USER, *(vhost_of(agency) for agency in agencies))
    missing = {name: secrets.token_urlsafe(24) for name in wanted if name not in known}
    if missing:
        known |= missing
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_secret(path, json.dumps(known, indent=1))
    return known


def broker_url(host: str, port: int, password: str, *, user: str = OUR_USER, vhost: str | None = None) -> str:
    """``amqp://user:password@host:port``, with a virtual host when one is given."""
    place = "" if vhost is None else f"/{quote(vhost, safe='')}"
    return f"amqp://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}{place}"


def write_brokers_file(path: Path, host: str, port: int, agencies: Iterable[str], known: Mapping[str, str]) -> None:
    """``brokers.json`` (contract, section 1), which holds passwords: agency -> ``{"url", "queue", "receipts"}``."""
    told = {
        agency: {
            "url": broker_url(host, port, known[vhost_of(agency)], user=vhost_of(agency), vhost=vhost_of(agency)),
            "queue": WORK,
            "receipts": RECEIPTS,
        }
        for agency in agencies
    }
    write_secret(path, json.dumps(told, indent=1))


def without_password(url: str) -> str:
    """A broker's address as it may be shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or 5672}{parts.path}"
