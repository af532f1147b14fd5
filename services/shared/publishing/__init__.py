"""Documents that people read, print and publish: one model, written as HTML or as PDF/A. Knows no form and no service.

``public_document`` makes the model of a submission as it is published; ``write_html`` and ``write_pdf`` write any model. The same model
gives the same bytes.
"""

from services.shared.publishing.document import Answer, Block, Document, File, Heading, Note, Paragraph, Rows, Steps
from services.shared.publishing.html import write_html
from services.shared.publishing.pdf import Busy, DocumentTooLong, write_pdf
from services.shared.publishing.public import public_document

__all__ = [
    "Answer",
    "Block",
    "Busy",
    "Document",
    "DocumentTooLong",
    "File",
    "Heading",
    "Note",
    "Paragraph",
    "Rows",
    "Steps",
    "public_document",
    "write_html",
    "write_pdf",
]
