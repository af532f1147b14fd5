"""``mottak template``: a form to fill in, written without a running system."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from services.command.calls import CALL_IS_WRONG
from services.shared.forms import load_forms
from services.shared.forms.templates import MEDIA_TYPES, make_template
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES


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
