"""What is generated is what is committed, and says what the tables say; the gateway is a real HAProxy in front of scripted services."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import pytest
import requests

from deploy import gateway as configured
from deploy import generate
from deploy.example_realm import realm
from services.command.servers.clamd import policy_settings
from services.command.servers.ports import kept_ports
from services.shared.identity import Scope
from services.shared.paths import PATHS, service_of
from services.shared.sandbox import Policy
from services.shared.settings import SCHEMAS

POLICY = Policy.load(SCHEMAS / "policy")
PROGRAM = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
needs_haproxy = pytest.mark.skipif(PROGRAM is None, reason="haproxy is not installed (on Debian: apt-get install --no-install-recommends haproxy)")
PUBLIC = "https://mottak.example"
ASKED = (
    "/",
    "/api/v1/checks",
    "/api/v1/checks/",
    "/api/v1/checksum",
    "/api/v1/CHECKS",
    "/api/v1/forms/anmodning/1.0/schema",
    "/api/v1/policy?language=nb",
    "/api/v1/queues/dmp/leases",
    "/api/v1/leases/1/confirm",
    "/api/v1/deliveries/1/receipts",
    "/api/v1/archive/objects?q=x",
    "/api/v1/archives",
    "/api/v1/submissions",
    "/api/v1/uploads/1",
    "/login/callback?code=1",
    "/static/designsystem/theme.css",
    "/archive",
)


def test_what_is_committed_is_what_is_generated() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "deploy.generate", "--check"], cwd=Path(generate.__file__).parents[1], capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stdout) == (0, "")
    assert {file.name for file in generate.FOLDER.iterdir()} == set(generate.generated())


def test_clamd_looks_as_far_as_the_policy_and_tells_where_it_stopped() -> None:
    said = dict(line.split(" ", 1) for line in generate.clamd_conf(POLICY).splitlines() if not line.startswith("#"))
    assert {name: str(value) for name, value in policy_settings(POLICY).items()}.items() <= said.items()
    assert int(said["StreamMaxLength"]) >= POLICY.sizes.upload_file_bytes
    assert said["AlertExceedsMax"] == "yes"


def test_the_example_realm_gives_each_of_our_scopes_by_a_role() -> None:
    told = realm()
    assert {row["clientScope"] for row in told["scopeMappings"]} == {str(scope) for scope in Scope}
    [client] = told["clients"]
    assert client["publicClient"]
    assert client["attributes"]["pkce.code.challenge.method"] == "S256"
    assert "users" not in told


@dataclass
class Scripted:
    """A service that answers as the test says and remembers what it was sent. Over raw sockets: a body is read when the script says."""

    name: str
    answer: Callable[[Scripted, socket.socket, bytes], None]
    heads: list[bytes] = field(default_factory=list)
    bodies: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            Thread(target=self._take, args=(connection,), daemon=True).start()

    def _take(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(20)
            head = b""
            while b"\r\n\r\n" not in head and (more := connection.recv(65536)):
                head += more
            head, _, rest = head.partition(b"\r\n\r\n")
            if b"/healthz " in head:
                says_its_name(self, connection, b"")
                return
            self.heads.append(head)
            self.answer(self, connection, rest)

    def close(self) -> None:
        if self._thread.is_alive():
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread
            self._thread.join(5)
            self._listener.close()


def says_its_name(service: Scripted, connection: socket.socket, _rest: bytes) -> None:
    body = service.name.encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))


def refuses_by_the_head(_service: Scripted, connection: socket.socket, _rest: bytes) -> None:
    connection.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@dataclass
class Gateway:
    port: int
    log: Path
    services: dict[str, Scripted]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    services = {service: Scripted(service, says_its_name) for service, _ in PATHS}
    port = kept_ports(tmp_path / "ports.json", ["gateway"])["gateway"]
    places = {name: f"127.0.0.1:{service.port}" for name, service in services.items()}
    (tmp_path / "haproxy.cfg").write_text(configured.configuration(POLICY, places=places, listen=f"bind 127.0.0.1:{port}"), encoding="utf-8")
    command = [str(PROGRAM), "-db", "-f", str(tmp_path / "haproxy.cfg")]
    environment = {"MOTTAK_PUBLIC_URL": PUBLIC}
    with ExitStack() as stack:
        for service in services.values():
            stack.callback(service.close)
        log = stack.enter_context((tmp_path / "log").open("wb"))
        process = stack.enter_context(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
        stack.callback(process.kill)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()
                assert process.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.02)
        yield Gateway(port, tmp_path / "log", services)


@needs_haproxy
def test_every_path_goes_to_the_service_of_the_table(gateway: Gateway) -> None:
    for path in ASKED:
        answer = requests.get(gateway.url + path, timeout=10)
        assert (path, answer.text) == (path, service_of(path.partition("?")[0]))


@needs_haproxy
def test_the_gateway_adds_no_name_of_a_program_and_asks_for_secure_connections(gateway: Gateway) -> None:
    answer = requests.get(gateway.url, timeout=10)
    assert not {"Server", "Via", "X-Powered-By"} & set(answer.headers)
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert b"host: 127.0.0.1:%d" % gateway.port in gateway.services["intake"].heads[0].lower()


@needs_haproxy
def test_a_refusal_by_the_headers_reaches_a_sender_who_waits_before_it_sends(gateway: Gateway) -> None:
    gateway.services["intake"].answer = refuses_by_the_head
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as sender:
        sender.sendall(
            b"POST /api/v1/submissions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n" % gateway.port
        )
        assert sender.recv(65536).startswith(b"HTTP/1.1 401")
    assert b"expect: 100-continue" in gateway.services["intake"].heads[0].lower()


@needs_haproxy
def test_a_body_goes_through_in_pieces_and_is_not_kept_until_it_is_whole(gateway: Gateway) -> None:
    """The service has the first piece while the sender holds the second back."""

    def takes(service: Scripted, connection: socket.socket, rest: bytes) -> None:
        got = len(rest)
        while got < 50_000:
            got += len(connection.recv(65536))
        service.bodies.append(got)
        while got < 100_000:
            got += len(connection.recv(65536))
        service.bodies.append(got)
        says_its_name(service, connection, b"")

    intake = gateway.services["intake"]
    intake.answer = takes
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as sender:
        sender.sendall(b"POST /api/v1/submissions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 100000\r\n\r\n" % gateway.port + b"x" * 50_000)
        deadline = time.monotonic() + 10
        while not intake.bodies:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        sender.sendall(b"x" * 50_000)
        assert sender.recv(65536).startswith(b"HTTP/1.1 200")
    assert intake.bodies == [50_000, 100_000]
    assert b"content-length: 100000" in intake.heads[0].lower()


def settled(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@needs_haproxy
@pytest.mark.parametrize(("asked", "language"), [(None, "nb"), ("nn-NO,nb;q=0.8", "nn"), ("en-GB", "en"), ("de", "nb")])
def test_a_service_that_is_away_is_told_as_a_problem_in_the_readers_language(gateway: Gateway, asked: str | None, language: str) -> None:
    gateway.services["archive"].close()
    # At once, and when the gateway has noticed by itself.
    address = f"{gateway.url}/api/v1/archive/objects"
    assert requests.get(address, timeout=30).status_code == 503
    settled(lambda: requests.get(address, headers={"Accept-Language": "nn"}, timeout=30).headers["Content-Language"] == "nn")
    answer = requests.get(f'{gateway.url}/api/v1/archive/objects?q="}}{{', headers={"Accept-Language": asked} if asked else {}, timeout=30)
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Content-Language"] == language
    assert int(answer.headers["Retry-After"]) > 0
    told = answer.json()
    assert told["code"] == "store_unavailable"
    assert told["status"] == 503
    assert told["type"] == f"{PUBLIC}/hjelp/problemer#store_unavailable"
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", told["instance"])
    assert re.fullmatch(r"[0-9a-f-]{36}", told["trace_id"])
    assert told["errors"] == []


@needs_haproxy
def test_a_service_whose_store_is_away_is_still_asked(gateway: Gateway) -> None:
    def says_503(_service: Scripted, connection: socket.socket, _rest: bytes) -> None:
        connection.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\nours")

    gateway.services["intake"].answer = says_503
    assert requests.get(f"{gateway.url}/status", timeout=10).text == "ours"


@needs_haproxy
def test_a_body_larger_than_anything_we_take_is_stopped_at_the_gate(gateway: Gateway) -> None:
    sizes = POLICY.sizes
    largest = configured.largest_body(POLICY)
    assert largest > max(sizes.submission_bytes, sizes.upload_file_bytes, sizes.multipart_file_bytes)
    for length, said in ((largest + 1, b"HTTP/1.1 413"), (largest, b"HTTP/1.1 401")):
        gateway.services["intake"].answer = refuses_by_the_head
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as sender:
            sender.sendall(b"POST /api/v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n" % length)
            assert sender.recv(65536).startswith(said)


@needs_haproxy
def test_the_log_holds_no_query_and_no_header(gateway: Gateway) -> None:
    requests.get(f"{gateway.url}/login/callback?code=mine", headers={"Authorization": "Bearer mine"}, timeout=10)
    log = gateway.log.read_text()
    assert '"path":"/login/callback"' in log
    assert "mine" not in log


@needs_haproxy
def test_the_configuration_as_it_is_committed_is_one_that_haproxy_takes(tmp_path: Path) -> None:
    pair = tmp_path / "gateway.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=mottak.example"]
    subprocess.run([*made, "-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"], check=True, capture_output=True)
    pair.write_text((tmp_path / "certificate.pem").read_text() + (tmp_path / "key.pem").read_text())
    text = (generate.FOLDER / "haproxy.cfg").read_text(encoding="utf-8")
    assert text.count(configured.CERTIFICATE) == 1
    (tmp_path / "haproxy.cfg").write_text(text.replace(configured.CERTIFICATE, str(pair)), encoding="utf-8")
    told = subprocess.run(
        [str(PROGRAM), "-c", "-f", tmp_path / "haproxy.cfg"], env={"MOTTAK_PUBLIC_URL": PUBLIC}, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "WARNING" not in told.stderr
