"""How faults are told of."""

from __future__ import annotations

import json

import pytest

from services.command.servers.ports import free_ports
from services.shared import telemetry
from services.shared.database import Database
from services.shared.faults import tell
from services.shared.objects import ObjectsUnavailable


def told(capsys: pytest.CaptureFixture[str], fault: BaseException) -> dict[str, str]:
    """The one line that is logged of a fault."""
    telemetry.configure_logging(level="WARNING")
    tell(telemetry.logger("test"), "it_failed", fault, agency="dmp")
    [line] = capsys.readouterr().err.splitlines()
    found: dict[str, str] = json.loads(line)
    return found


def test_a_database_or_store_that_is_away_is_told_without_where_it_was_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    away = Database(f"postgresql+psycopg://nobody@127.0.0.1:{free_ports(1)[0]}/nothing")
    with pytest.raises(Exception, match="refused") as noticed, away.read():
        pass
    away.close()
    for fault in (noticed.value, ObjectsUnavailable("gone")):
        line = told(capsys, fault)
        assert (line["level"], line["away"], line["agency"]) == ("warning", type(fault).__name__, "dmp")
        assert "exception" not in line


def test_a_fault_of_ours_is_told_with_where_it_came_from(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise LookupError("ours")
    except LookupError as fault:
        line = told(capsys, fault)
    assert line["level"] == "error"
    assert "test_faults.py" in line["exception"]
