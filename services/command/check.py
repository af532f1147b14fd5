"""``mottak check``: what the system would say about a form, here and now, without one."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from services.command.calls import CALL_IS_WRONG, COULD_NOT_CHECK, DATA_IS_WRONG, file_argument, json_option
from services.shared.sandbox import Box, BoxCrashed, BoxUnavailable, Policy
from services.shared.settings import SCHEMAS
from services.shared.words import LANGUAGES

Told = dict[str, Any]


@click.command()
@click.argument("form", type=file_argument)
@click.argument("attachments", type=file_argument, nargs=-1)
@click.option("--each", is_flag=True, help="The other files are forms, too, each checked by itself: far quicker than one call for each.")
@click.option("--form-type", help="When the file cannot say which form it is.")
@click.option("--language", type=click.Choice(LANGUAGES), default="nb")
@json_option
def check(form: Path, attachments: tuple[Path, ...], each: bool, form_type: str | None, language: str, as_json: bool) -> None:
    """Check FORM as the system would, here and now; sends nothing. With --each the answer as JSON is a list, each with its ``file``."""
    submissions = [[file] for file in (form, *attachments)] if each else [[form, *attachments]]
    answers = []
    try:
        with _checker(form_type, language) as told_about:
            for files in submissions:
                told = told_about(files)
                answers.append({"file": str(files[0]), **told} if each else told)
                if not as_json:
                    _print(files[0], told, each=each)
    except (BoxCrashed, BoxUnavailable) as fault:
        click.echo(f"Could not check: {fault}", err=True)
        sys.exit(COULD_NOT_CHECK)
    except OSError as fault:
        click.echo(f"Could not read {fault.filename}: {fault.strerror}", err=True)
        sys.exit(CALL_IS_WRONG)
    if as_json:
        click.echo(json.dumps(answers if each else answers[0], ensure_ascii=False, indent=1))
    sys.exit(0 if all(answer["status"] == "accepted" for answer in answers) else DATA_IS_WRONG)


@contextmanager
def _checker(form_type: str | None, language: str) -> Iterator[Callable[[Sequence[Path]], Told]]:
    """What tells about a form and its attachments. Raises BoxUnavailable; what it gives raises BoxCrashed and OSError, too."""
    with tempfile.TemporaryDirectory(prefix="mottak-check-") as scratch, ThreadPoolExecutor(1) as beside:
        box = Box(Policy.load(SCHEMAS / "policy"), Path(scratch))
        starting = beside.submit(box.start)
        try:
            from services.command.checked import told_about  # while the box loads its parsers, we load the checks

            starting.result()
            yield lambda files: told_about(box, files, form_type, language)
        finally:
            box.stop()


def _print(form: Path, told: Told, *, each: bool) -> None:
    for error in told["errors"]:
        click.echo(f"{error['severity']}: {error['field'] or form.name}: {error['message']}")
    click.echo(f"{f'{form}: ' if each else ''}{told['form_type'] or form.name}: {told['status']}")
