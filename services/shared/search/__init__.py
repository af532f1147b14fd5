"""Full-text search in what was sent: one tokeniser and stemmer in Python, two stores that find the same (decision 0034)."""

from __future__ import annotations

from services.shared.search.codes import Codes
from services.shared.search.index import HITS_SHOWN, Readable, clear, condition, hits_in, holding, passage_rows, put
from services.shared.search.query import Term, parse

__all__ = ["HITS_SHOWN", "Codes", "Readable", "Term", "clear", "condition", "hits_in", "holding", "parse", "passage_rows", "put"]
