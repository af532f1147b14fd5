"""Entering again what is searched: the operations and their shape."""

from __future__ import annotations

from typing import Final

from services.command.openapi.operation import Answer, Operation, Parameter
from services.command.openapi.operations import LANGUAGE
from services.command.openapi.shapes import MOMENT, NUMBER, PATH, TEXT, UUID, Schema, closed, maybe, one_of, ref
from services.shared.identity import Scope

SECRETARIAT: Final = (Scope.MONITOR,)
REBUILD: Final = Parameter("rebuild", "path", UUID, required=True)

SEARCH_SHAPES: Final[dict[str, Schema]] = {
    "SearchRebuild": closed(
        {
            "id": UUID,
            "started_at": MOMENT,
            "started_by": TEXT,
            "state": one_of("running", "done"),
            "total": {**NUMBER, "description": "How many submissions there were when it began."},
            "done": {**NUMBER, "description": "How many it has been through."},
            "left_out": {**NUMBER, "description": "How many of those were left as they were: not checked yet, kept apart, or not readable now."},
            "finished_at": maybe(MOMENT),
            "links": closed({"self": PATH}),
        }
    ),
}

SEARCH: Final = (
    Operation(
        "post", "/search/rebuilds", "startSearchRebuild", "search", "Enter the text of every document again", SECRETARIAT,
        {202: Answer("It is under way, this one or one begun before.", ref("SearchRebuild"), headers={"Location": "Where to see how far it is."})},
        (LANGUAGE,),
    ),
    Operation(
        "get", "/search/rebuilds/{rebuild}", "getSearchRebuild", "search", "How far it is", SECRETARIAT,
        {200: Answer("The run.", ref("SearchRebuild"))}, (REBUILD, LANGUAGE),
    ),
)  # fmt: skip
