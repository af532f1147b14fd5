"""Writes the configuration of the servers beside us from the project's own tables: ``python -m deploy.generate`` (``--check`` only compares).

The gateway's routes come from the table of paths, its limits and clamd's from the policy, its words from the words: nothing is said twice. What is
written is kept in the repository, so that a machine that runs it needs no Python; a test compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from services.command.servers.clamd import policy_settings
from services.shared.paths import PATHS
from services.shared.problems import MEDIA_TYPE, Problem, body_of
from services.shared.sandbox import Policy
from services.shared.settings import SCHEMAS
from services.shared.web.incoming import ENVELOPE_BYTES
from services.shared.words import DEFAULT, LANGUAGES

FOLDER: Final = Path(__file__).resolve().parent / "generated"
PORT: Final = 8000
CLAMD_PORT: Final = 3310
NOTE: Final = "# Made by `python -m deploy.generate` from services/shared/paths.py, schemas/policy and schemas/words. Do not edit.\n"
# A problem that the gateway tells itself has no path of ours in it: what was asked is the sender's text and would have to be escaped.
_INSTANCE: Final = "urn:uuid:{http.request.uuid}"


def largest_body(policy: Policy) -> int:
    """Bytes of the largest body that any service takes; each tells its own, smaller limits before it reads."""
    return max(policy.sizes.submission_bytes + ENVELOPE_BYTES, policy.sizes.upload_file_bytes)


def caddyfile(policy: Policy, places: dict[str, tuple[str, int]] | None = None) -> str:
    """The gateway's configuration. ``places``: host and port of each service; without it each has the name of its container.

    ``MOTTAK_SITE`` (host name, or ``:80`` behind another proxy) and ``MOTTAK_PUBLIC_URL`` come from its environment.
    """
    places = places or {service: (service, PORT) for service, _ in PATHS}
    routes = "\n".join(_route(service, pattern.pattern, *places[service]) for service, pattern in PATHS)
    return f"""{NOTE}{{
	admin off
	persist_config off
	grace_period 60s
	servers {{
		# Bodies are large and slow: how slow they may be is said by the services, which know who sends.
		timeouts {{
			read_header 15s
			idle 2m
		}}
		max_header_size 32KB
	}}
}}

(service) {{
	reverse_proxy {{
		# Asked for again and again, so that a container that was added or replaced is found.
		dynamic a {{args[0]}} {{args[1]}} {{
			refresh 2s
		}}
		# Only while no connection can be made: nothing was sent then, and sending it elsewhere repeats nothing.
		lb_try_duration 5s
		lb_try_interval 250ms
		flush_interval -1
		transport http {{
			dial_timeout 3s
			# The service decides by the headers whether the body is wanted; until then the sender is not asked for it.
			expect_continue_timeout 60s
			response_header_timeout 10m
			# A kept connection that the service closes just now would fail a request that must not be repeated.
			keepalive off
			compression off
		}}
	}}
}}

{{$MOTTAK_SITE}} {{
	log {{
		output stderr
		format filter {{
			wrap json
			fields {{
				request>headers delete
				resp_headers delete
				request>uri query {{
					replace code REMOVED
					replace state REMOVED
				}}
			}}
		}}
	}}
	header {{
		-Server
		?Strict-Transport-Security "max-age=31536000"
	}}
	request_body {{
		max_size {largest_body(policy)}
	}}

{routes}
	handle_errors 413 {{
{_problem("body_too_large", 413)}
	}}
	handle_errors {{
{_problem("store_unavailable", 503)}
	}}
}}
"""


def _route(service: str, pattern: str, host: str, port: int) -> str:
    if pattern == "^/":  # the table's last row: all the rest
        return f"\thandle {{\n\t\timport service {host} {port}\n\t}}\n"
    return f"\t@{service} path_regexp {pattern}\n\thandle @{service} {{\n\t\timport service {host} {port}\n\t}}\n"


def _problem(code: str, status: int) -> str:
    """The problem in each language, the default last; by the first language that is asked for."""
    problem = Problem(code, status)
    lines = []
    for language in sorted(LANGUAGES, key=lambda each: each == DEFAULT):
        told = body_of(problem, language=language, instance=_INSTANCE, base_url="{$MOTTAK_PUBLIC_URL}")
        told["trace_id"] = "{http.request.uuid}"
        # Caddy fills in what stands in braces; those of the JSON object itself are escaped.
        body = "\\{" + json.dumps(told, ensure_ascii=False)[1:-1] + "\\}"
        matcher = ""
        if language != DEFAULT:
            matcher = f"@{language}_{status} "
            lines.append(f'\t\t@{language}_{status} header_regexp Accept-Language "(?i)^\\s*{language}\\b"')
        lines += [
            f"\t\thandle {matcher}{{",
            f'\t\t\theader Content-Type "{MEDIA_TYPE}"',
            f"\t\t\theader Content-Language {language}",
            *(f"\t\t\theader {name} {value}" for name, value in problem.headers.items()),
            f"\t\t\trespond `{body}` {status}",
            "\t\t}",
        ]
    return "\n".join(lines)


def clamd_conf(policy: Policy) -> str:
    """clamd's configuration in its container: limits from the policy, signatures from freshclam, temporary files on disk."""
    settings = {
        "Foreground": "yes",
        "LogTime": "yes",
        "TCPAddr": "0.0.0.0",  # noqa: S104 - in its container, on a network that only ours are on
        "TCPSocket": CLAMD_PORT,
        "LocalSocket": "/tmp/clamd.sock",  # noqa: S108 - where the image's own scripts look for it
        "DatabaseDirectory": "/var/lib/clamav",
        "TemporaryDirectory": "/scratch",
        "SelfCheck": 600,
        **policy_settings(policy),
    }
    return NOTE + "".join(f"{name} {value}\n" for name, value in settings.items())


def generated() -> dict[str, str]:
    """File name -> text of all that is generated."""
    policy = Policy.load(SCHEMAS / "policy")
    return {"Caddyfile": caddyfile(policy), "clamd.conf": clamd_conf(policy)}


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
