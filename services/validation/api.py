"""``/api/v1/checks``, ``/forms`` and ``/policy``: what validation answers at once and keeps nothing of. ``/registers`` stand in ``registers.py``, ``/search`` in ``search.py``."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Blueprint, jsonify, request
from werkzeug import Response

from services.shared import lifecycle, timestamps, uploads, words
from services.shared.context import Context
from services.shared.corrections import replaced_version
from services.shared.forms.templates import MEDIA_TYPES
from services.shared.identity import Scope, current, open_route, requires
from services.shared.identity_numbers import blot_out
from services.shared.objects.port import CHUNK, Hashing, Readable, Stored
from services.shared.problems import Problem
from services.shared.sandbox import BoxCrashed, BoxUnavailable
from services.shared.scanner import ScannerUnavailable
from services.shared.web.application import preferred_language
from services.shared.web.incoming import FORM, ReceivedBody, check_length, read_body
from services.shared.web.submission_fields import FIELDS, read_fields, submitter_kind
from services.validation.examine import Examination, File, Request, examine
from services.validation.registers import add_registers
from services.validation.search import add_search, document_id


def create_blueprint(context: Context) -> Blueprint:
    """Checks, forms and policy."""
    api = Blueprint("validation", __name__, url_prefix="/api/v1")
    _add_checks(api, context)
    _add_forms(api, context)
    add_registers(api, context)
    add_search(api, context)
    return api


class _UnderWay:
    """The checks that are read, wait or are made now, by sender: at most ``most`` of one, so that nobody takes all threads of the server by waiting for the box."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._of: Counter[str] = Counter()

    @contextmanager
    def one(self, owner: str) -> Iterator[None]:
        """One more for the block. Raises Problem (429)."""
        with self._lock:
            if self._of[owner] >= self._most:
                raise Problem("too_many_checks", 429, limit=self._most)
            self._of[owner] += 1
        try:
            yield
        finally:
            with self._lock:
                self._of[owner] -= 1
                self._of += Counter()  # forgets those that have none


def _add_checks(api: Blueprint, context: Context) -> None:
    under_way = _UnderWay(max(1, context.settings.web_threads // 2))

    @api.post("/checks")
    @requires(Scope.SUBMIT, Scope.MONITOR)
    def check() -> Response:
        """What ``POST /submissions`` would find, at once; nothing is kept."""
        check_length(request.content_length, context.policy)
        with under_way.one(current().owner):
            return jsonify(_checked())

    def _checked() -> dict[str, Any]:
        context.settings.data.joinpath("scratch").mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="check-", dir=context.settings.data / "scratch"))
        try:
            body = read_body(
                request.environ["wsgi.input"],
                request.headers.get("Content-Type"),
                context.policy,
                _store_in(folder),
                field_names=FIELDS,
                may_carry_form=Scope.MONITOR in current().scopes,
                find_upload=uploads.finder(context, current().owner),
            )
            return _answer(context, body, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _store_in(folder: Path) -> Callable[[str, Readable], Stored]:
    def store(identifier: str, stream: Readable) -> Stored:
        digests = Hashing()
        with (folder / identifier).open("wb") as file:
            while piece := stream.read(CHUNK):
                digests.update(piece)
                file.write(piece)
        return digests.stored()

    return store


def _answer(context: Context, body: ReceivedBody, folder: Path) -> dict[str, Any]:
    forms = body.role_files(FORM)
    if len(forms) != 1:
        raise Problem("form_missing" if not forms else "form_not_single", 422)
    wanted = _wanted(context, body, folder)
    try:
        result = examine(context, wanted)
    except (BoxCrashed, BoxUnavailable, ScannerUnavailable) as fault:
        raise Problem("check_unavailable", 503) from fault
    try:
        return _shown(context, body, result, wanted)
    finally:
        result.discard()


def _wanted(context: Context, body: ReceivedBody, folder: Path) -> Request:
    """What handing in would have examined. Raises Problem for what it would have refused."""
    identity = current()
    is_secretariat = Scope.MONITOR in identity.scopes
    fields = read_fields(body, policy=context.policy, form_types=context.forms.types(), is_secretariat=is_secretariat)
    party = fields.on_behalf_of
    form_type, kind = fields.form_type, submitter_kind(context.actors, identity, party)
    owner = f"{party['kind']}:{party['id']}" if party else identity.owner
    if fields.replaces:
        with context.database.read() as tx:
            replaced = replaced_version(tx, identity, fields.replaces, is_secretariat=is_secretariat, lock=False)
        form_type, owner = form_type or replaced["requested_form_type"], replaced["owner"]
        kind = replaced["submitter_kind"] if is_secretariat else kind
    return Request(
        files=[File(file.id, file.role, file.name, file.stored.size, _opener(folder / file.id), fields.access) for file in body.files],
        form_type=form_type,
        language=fields.language,
        received_on=timestamps.norwegian_date(fields.received_at),
        today=timestamps.norwegian_date(timestamps.now()),
        submitter_kind=kind,
        owner=owner,
        told=fields.findings(),
    )


def _opener(path: Path) -> Callable[[], Any]:
    return lambda: path.open("rb")


def _shown(context: Context, body: ReceivedBody, result: Examination, asked: Request) -> dict[str, Any]:
    language = preferred_language() if request.headers.get("Accept-Language") else result.language or preferred_language()
    digests = {file.id: file.stored.sha256 for file in body.files}
    routing: dict[str, Any] = {"routing": [], "held": None, "skipped": []}
    if result.status == lifecycle.ACCEPTED and result.form_type and result.answers is not None and context.routing_preview is not None:
        routing = context.routing_preview(result.form_type, result.answers, asked.received_on, asked.submitter_kind, language)
    return {
        "form_type": result.form_type,
        "form_version": result.form_version,
        "answers": result.answers,
        "read_as": result.read_as,
        "status": lifecycle.HELD if routing["held"] else result.status,
        "errors": [
            finding.in_language(language) | {"document": document_id("check", finding.document) if finding.document else None}
            for finding in result.findings
        ],
        "documents": [
            {
                "id": document_id("check", document.id),
                "role": document.role,
                "parent": document_id("check", document.parent) if document.parent else None,
                "path": blot_out(document.path),
                "name": blot_out(document.name),
                "media_type": document.media_type,
                "format": document.format,
                "size": document.size,
                "sha256": digests.get(document.id),
            }
            # As a submission has them: what was sent, then what was found inside.
            for document in sorted(result.documents, key=lambda document: document.role == "extracted")
        ],
        "routing": routing["routing"],
        "held": routing["held"],
        "skipped": [*result.skipped, *routing["skipped"]],
    }


def _add_forms(api: Blueprint, context: Context) -> None:
    @api.get("/forms")
    @open_route
    def forms() -> Response:
        """All forms and versions."""
        language = preferred_language()
        found = []
        for form_type in context.forms.types():
            for version in context.forms.versions(form_type):
                definition = context.forms.get(form_type, version)
                if definition is not None:
                    links = {
                        name: f"/api/v1/forms/{form_type}/{version}/{name}" for name in ("schema", *(f"template.{kind}" for kind in MEDIA_TYPES))
                    }
                    title = definition.title.get(language) or definition.title["nb"]
                    found.append({"form_type": form_type, "form_version": version, "title": title, "links": links})
        return jsonify({"items": found})

    @api.get("/forms/<form_type>/<version>/schema")
    @open_route
    def schema(form_type: str, version: str) -> Response:
        """A form's JSON Schema (2020-12)."""
        definition = context.forms.get(form_type, version)
        if definition is None:
            raise Problem("not_found", 404)
        response = jsonify(definition.schema)
        response.content_type = "application/schema+json"
        return response

    for kind in MEDIA_TYPES:
        api.add_url_rule(f"/forms/<form_type>/<version>/template.{kind}", f"template_{kind}", _template_view(context, kind))

    @api.get("/policy")
    @open_route
    def policy() -> Response:
        """Limits and types that are allowed, and what is refused."""
        language = preferred_language()
        refusals = {code: words.text(f"problem.{code}.title", language) for code in context.policy.outcomes}
        return jsonify({**context.policy.public(), "refusals": refusals})


def _template_view(context: Context, kind: str) -> Callable[[str, str], Response]:
    @open_route
    def template(form_type: str, version: str) -> Response:
        """The form to fill in; ``?language=``, else as Accept-Language says."""
        definition = context.forms.get(form_type, version)
        if definition is None:
            raise Problem("not_found", 404)
        language = request.args.get("language") or preferred_language()
        if language not in words.LANGUAGES:
            raise Problem("value_not_allowed", 400, name="language")
        made = context.templates.get(definition, kind, language)
        response = Response(made.data, mimetype=made.media_type)
        response.headers["Content-Disposition"] = f'attachment; filename="{made.name}"'
        response.headers["Content-Language"] = language
        response.headers["Cache-Control"] = "no-cache"  # kept, but asked for again: the ETag then spares the bytes
        response.vary.add("Accept-Language")
        response.set_etag(made.digest)
        return response.make_conditional(request.environ)

    return template
