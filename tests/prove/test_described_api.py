"""A client made of the API's description alone (schemathesis) asks for whatever may be asked for and what may not, as each kind of user: the answers are as described."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.strict import assert_goes_through
from tests.end_to_end.system import System

EXAMPLES = 25
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,"
    "use_after_free,ensure_resource_availability,ignored_auth,unsupported_method,allow_header_conformance"
)

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    running = System(tmp_path_factory.mktemp("described") / "data")
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.mark.parametrize("actor", ["leverandor", "forslagsstiller", "dmp", "sekretariat", "arkivar"])
def test_whatever_a_client_asks_for_is_answered_as_described(system: System, actor: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    given: int | None = request.config.getoption("--prove-seed")
    seed = random.SystemRandom().randrange(2**32) if given is None else given
    examples = max(1, round(EXAMPLES * request.config.getoption("--prove-scale")))
    command = [Path(sys.executable).parent / "schemathesis", "run", f"{system.url}/api/v1/openapi.json", "--checks", CHECKS, "--continue-on-failure"]
    options = ["--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", str(seed), "--suppress-health-check", "all"]
    told = ["--header", f"Authorization: Bearer {system.token(actor)}", "--request-timeout", "30", "--no-color", "--warnings", "off"]
    run = subprocess.run([*command, *options, *told], cwd=tmp_path, capture_output=True, text=True, timeout=1500, check=False)
    print(f"\n{actor}, seed {seed}: {run.stdout.strip().splitlines()[-1]}")
    assert "= FAILURES =" not in run.stdout, run.stdout[-20_000:]
    assert system.tracebacks() == []
    assert_goes_through(system)
