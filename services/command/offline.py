"""Commands that need no running system: check a form, write an empty one."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import click

from services.command.calls import CALL_IS_WRONG, COULD_NOT_CHECK, DATA_IS_WRONG, file_argument, json_option
from services.shared import lifecycle, timestamps
from services.shared.checking import Checking
from services.shared.forms import load_forms
from services.shared.forms.templates import MEDIA_TYPES, make_template
from services.shared.sandbox import Box, BoxCrashed, BoxUnavailable
from services.shared.scanner import NoScanner
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES
from services.validation.examine import File, Request, examine


@click.command()
@click.argument("form", type=file_argument)
@click.argument("attachments", type=file_argument, nargs=-1)
@click.option("--form-type", help="When the file cannot say which form it is.")
@click.option("--language", type=click.Choice(LANGUAGES), default="nb")
@json_option
def check(form: Path, attachments: tuple[Path, ...], form_type: str | None, language: str, as_json: bool) -> None:
    """Check FORM as the system would, here and now; sends nothing."""
    with tempfile.TemporaryDirectory(prefix="mottak-check-") as scratch:
        checking = Checking(SCHEMAS, NoScanner())
        checking.box = Box(checking.policy, Path(scratch))
        today = timestamps.norwegian_date(timestamps.now())
        files = [_file(str(number), path, "form" if number == 0 else "attachment") for number, path in enumerate((form, *attachments))]
        try:
            with checking.box:
                result = examine(checking, Request(files, form_type, None, today, today, None, submitter_is_told=False))
                result.discard()
        except (BoxCrashed, BoxUnavailable) as fault:
            click.echo(f"Could not check: {fault}", err=True)
            sys.exit(COULD_NOT_CHECK)
    errors = [finding.in_language(language) for finding in result.findings]
    answer = {
        "form_type": result.form_type,
        "form_version": result.form_version,
        "status": result.status,
        "errors": errors,
        "skipped": result.skipped,
    }
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        for error in errors:
            click.echo(f"{error['severity']}: {error['field'] or form.name}: {error['message']}")
        click.echo(f"{result.form_type or form.name}: {result.status}")
    sys.exit(0 if result.status == lifecycle.ACCEPTED else DATA_IS_WRONG)


def _file(identifier: str, path: Path, role: str) -> File:
    return File(identifier, role, path.name, path.stat().st_size, lambda: path.open("rb"))


@click.command()
@click.argument("form")
@click.option("--format", "kind", type=click.Choice(list(MEDIA_TYPES)), required=True)
@click.option("--language", type=click.Choice(LANGUAGES), default="nb", show_default=True)
@click.option("--form-version", help="Default: the newest.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), help="Default: <form>-<version>-<language> here; -: stdout."
)
def template(form: str, kind: str, language: str, form_version: str | None, output: Path | None) -> None:
    """Write the FORM to fill in as Word or PDF."""
    forms = load_forms(SCHEMAS / "forms")
    definition = forms.get(form, form_version) if form_version else forms.newest(form)
    if definition is None:
        known = [f"{form_type} {', '.join(forms.versions(form_type))}" for form_type in forms.types()]
        click.echo(f"There is no form {form} {form_version or ''}. The forms are: {'; '.join(known)}.", err=True)
        sys.exit(CALL_IS_WRONG)
    made = make_template(definition, kind, language)
    path = output or Path(made.name)
    try:
        with click.open_file(str(path), "wb") as file:
            file.write(made.data)
    except OSError as fault:
        click.echo(f"Could not write {path}: {fault.strerror}", err=True)
        sys.exit(CALL_IS_WRONG)
    if str(path) != "-":
        click.echo(path)
