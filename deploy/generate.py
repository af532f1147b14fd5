"""Writes the configuration of the servers beside us from the project's own tables: ``python -m deploy.generate`` (``--check`` only compares).

The gateway's routes come from the table of paths, its limits and clamd's from the policy, its words from the words: nothing is said twice. What is
written is kept in the repository, so that a machine that runs it needs no Python; a test compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from deploy import gateway
from deploy.dashboards import dashboards
from deploy.example_realm import realm
from services.command.servers.clamd import policy_settings
from services.shared.sandbox import Policy
from services.shared.settings import SCHEMAS

FOLDER: Final = Path(__file__).resolve().parent / "generated"
CLAMD_PORT: Final = 3310
NOTE: Final = "# Made by `python -m deploy.generate` from services/shared/paths.py, schemas/policy and schemas/words. Do not edit.\n"


def clamd_conf(policy: Policy) -> str:
    """clamd's configuration in its container: limits from the policy, signatures from freshclam, temporary files on a volume."""
    settings = {
        "Foreground": "yes",
        "LogTime": "yes",
        "TCPAddr": "0.0.0.0",  # noqa: S104 - in its container, on a network that only ours are on
        "TCPSocket": CLAMD_PORT,
        "LocalSocket": "/tmp/clamd.sock",  # noqa: S108 - where the image's own scripts look for it
        "DatabaseDirectory": "/var/lib/clamav",
        "TemporaryDirectory": "/tmp",  # noqa: S108 - a volume on disk
        "SelfCheck": 600,
        **policy_settings(policy),
    }
    return NOTE + "".join(f"{name} {value}\n" for name, value in settings.items())


def generated() -> dict[str, str]:
    """File name -> text of all that is generated."""
    policy = Policy.load(SCHEMAS / "policy")
    return {
        "haproxy.cfg": NOTE + gateway.configuration(policy),
        "clamd.conf": clamd_conf(policy),
        "example-realm.json": json.dumps(realm(), indent=1) + "\n",
        **{name: json.dumps(dashboard, indent=1, ensure_ascii=False) + "\n" for name, dashboard in dashboards().items()},
    }


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` name those that differ."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("python -m deploy.generate [--check]\n")
        return 2
    FOLDER.mkdir(exist_ok=True)
    differ = [name for name, text in generated().items() if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != text]
    if not arguments:
        for name in differ:
            (FOLDER / name).write_text(generated()[name], encoding="utf-8")
    sys.stdout.write("".join(f"{name} {'differs' if arguments else 'written'}\n" for name in differ))
    return 1 if arguments and differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
