"""Forms as data: reads the definitions in ``schemas/forms/``, what people filled in, and what is wrong with it. Knows no form by name.

The way of a form: ``load_forms`` once; ``recognise`` where the file does not say which form it is; ``read_document`` (Word, PDF: by tags,
and by labels where there are none) or ``normalise`` (JSON) to answers in their normal form; ``check`` to findings, ``ask`` about what was
read without being sure.
"""

from services.shared.forms.asking import ask
from services.shared.forms.catalogue import FormCatalogue, load_forms, recognise
from services.shared.forms.checking import CheckResult, check
from services.shared.forms.context import CheckContext, Register
from services.shared.forms.definition import FormDefinition
from services.shared.forms.documents import read_document
from services.shared.forms.findings import Finding
from services.shared.forms.labels import read_labels
from services.shared.forms.parsing import FormDefinitionError, parse_definition, read_definition
from services.shared.forms.reading import Reading, normalise, read_tags
from services.shared.forms.recognition import Recognition

__all__ = [
    "CheckContext",
    "CheckResult",
    "Finding",
    "FormCatalogue",
    "FormDefinition",
    "FormDefinitionError",
    "Reading",
    "Recognition",
    "Register",
    "ask",
    "check",
    "load_forms",
    "normalise",
    "parse_definition",
    "read_definition",
    "read_document",
    "read_labels",
    "read_tags",
    "recognise",
]
