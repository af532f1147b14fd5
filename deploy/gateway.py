"""The gateway's configuration (HAProxy), made from the table of paths, the policy and the words.

HAProxy because it hands on "Expect: 100-continue" and the service's own answer to it, so that a refusal by the headers reaches the sender before the
bytes are sent; keeps no body; and needs no privilege. Left: nginx, which says "100 Continue" itself; Caddy 2.11.7 (tried), which says it itself, too, or with
``expect_continue_timeout`` never gives such a request its answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from services.shared.paths import PATHS
from services.shared.problems import MEDIA_TYPE, Problem, body_of
from services.shared.sandbox import Policy
from services.shared.web.incoming import ENVELOPE_BYTES
from services.shared.words import DEFAULT, LANGUAGES

PORT: Final = 8000
CERTIFICATE: Final = "/run/secrets/gateway-certificate"
TLS: Final = f"bind :8080\n    bind :8443 ssl crt {CERTIFICATE} alpn h2,http/1.1\n    http-request redirect scheme https code 308 unless {{ ssl_fc }}"
# Containers of one service that are found at most on this host's network.
MOST: Final = 8
# What HAProxy itself answers with when a service went away under way. (What is no HTTP at all it answers by itself, with 400 or 408 and no words of ours.)
_OWN: Final = (502, 503, 504)
_IDENTIFIER: Final = "%[var(txn.id)]"


def largest_body(policy: Policy) -> int:
    """Bytes of the largest body that any service takes; each tells its own, smaller limits before it reads."""
    return max(policy.sizes.submission_bytes + ENVELOPE_BYTES, policy.sizes.upload_file_bytes)


def configuration(policy: Policy, *, places: Mapping[str, str] | None = None, listen: str = TLS) -> str:
    """``haproxy.cfg``. ``places``: host:port of each service; without it containers are found by the service's name. ``listen``: the lines that bind.

    ``MOTTAK_PUBLIC_URL`` comes from its environment.
    """
    return f"""global
    log stdout format raw local0
    maxconn 4000
    hard-stop-after 60s
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets

defaults
    mode http
    log global
    # No query: it may hold a log-in's code. No header: it may hold a token.
    log-format '{{"at":"%tr","from":"%ci","method":"%HM","path":%{{+Q}}HPO,"status":%ST,"bytes":%B,"service":"%s","ms":%Ta,"ended":"%tsc","id":"%[var(txn.id)]"}}'
    timeout connect 3s
    timeout http-request 15s
    timeout http-keep-alive 30s
    timeout queue 10s
    # Of silence. How slow a body may come is said by the services, which know who sends.
    timeout client 75s
    timeout server {policy.limits.patience_seconds}s
    # Only what was never sent is sent again, elsewhere.
    retries 3
    retry-on conn-failure
    option redispatch 1
    # A kept connection that the service closes just now would fail a request that must not be repeated.
    option http-server-close
    http-reuse never
{_own_errors()}
resolvers engine
    nameserver containers 127.0.0.11:53
    hold valid 2s
    hold obsolete 5s
    resolve_retries 2
    timeout resolve 1s
    timeout retry 1s

frontend public
    {listen}
    http-request set-var(txn.id) uuid()
{_languages()}
{_routes()}
    http-request return {_answer("body_too_large", 413, DEFAULT)} if {{ req.body_size gt {largest_body(policy)} }}
{_away()}
    http-response del-header Server
    http-response set-header Strict-Transport-Security max-age=31536000
    use_backend %[var(txn.service)]

{"".join(_backend(service, places) for service, _ in PATHS)}"""


def _routes() -> str:
    """The table's rows from the last (all the rest) to the first: the first that matches counts."""
    return "\n".join(
        f"    http-request set-var(txn.service) str({service}) if {{ path,url_dec -m reg '{pattern.pattern}' }}"
        for service, pattern in reversed(PATHS)
    )


def _languages() -> str:
    others = [language for language in LANGUAGES if language != DEFAULT]
    return "\n".join(f"    acl reads_{language} req.hdr(Accept-Language) -m reg -i '^\\s*{language}(-|,|;|$)'" for language in others)


def _away() -> str:
    """A service without a container that answers: told in the reader's language."""
    lines = []
    for service, _ in PATHS:
        away = f"{{ var(txn.service) -m str {service} }} {{ nbsrv({service}) eq 0 }}"
        for language in sorted(LANGUAGES, key=lambda each: each == DEFAULT):
            reads = "" if language == DEFAULT else f" reads_{language}"
            lines.append(f"    http-request return {_answer('store_unavailable', 503, language)} if {away}{reads}")
    return "\n".join(lines)


def _own_errors() -> str:
    return "".join(f"    http-error {_answer('store_unavailable', status, DEFAULT)}\n" for status in _OWN)


def _answer(code: str, status: int, language: str) -> str:
    problem = Problem(code, status)
    told = body_of(problem, language=language, instance="", base_url="%[env(MOTTAK_PUBLIC_URL)]")
    # HAProxy fills these in: written as its variable, which no address could hold.
    told |= {"instance": f"urn:uuid:{_IDENTIFIER}", "trace_id": _IDENTIFIER}
    # In a quoted word of the configuration: an apostrophe would end it.
    text = json.dumps(told, ensure_ascii=False).replace("'", "\\u0027")
    headers = {**problem.headers, "Content-Language": language}
    return f"status {status} content-type {MEDIA_TYPE} lf-string '{text}' " + " ".join(f"hdr {name} {value}" for name, value in headers.items())


def _backend(service: str, places: Mapping[str, str] | None) -> str:
    found = (
        f"server-template {service} 1-{MOST} {service}:{PORT} check resolvers engine init-addr none"
        if places is None
        else f"server {service} {places[service]} check"
    )
    return f"""backend {service}
    balance leastconn
    # Whatever it answers, it answers: one that says a store is away still shows what it can.
    option httpchk GET /healthz
    http-check expect rstatus ^[2345]
    default-server inter 2s fastinter 500ms fall 2 rise 1
    {found}

"""
