"""A real RabbitMQ for the tests, started once for the whole run with the project's own definitions."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from services.command.servers.process import ServerMissing
from services.command.servers.rabbitmq import RabbitmqServer
from services.routing.broker import definitions
from services.shared.actors import load_actors
from services.shared.settings import SCHEMAS

OPERATOR = "operator"
PATIENCE_SECONDS = 200.0  # the broker itself gives up on such a queue only after a minute


def until(condition: Callable[[], Any], what: str, *, seconds: float = 20.0) -> Any:
    """Wait for something that other threads and processes bring about; fail when it does not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail(f"it did not come about in {seconds} seconds: {what}")


class Broker:
    """The server, and connections to it as one user or another. The operator is the tests' own and may do everything."""

    def __init__(self, folder: Path) -> None:
        self.agencies = definitions.agencies_of(load_actors(SCHEMAS / "routing"))
        self.passwords = {**definitions.passwords(folder / "passwords.json", self.agencies), OPERATOR: "operator"}
        self.definitions = definitions.definitions(self.agencies, {user: definitions.password_hash(word) for user, word in self.passwords.items()})
        self.definitions["users"].append(
            {
                "name": OPERATOR,
                "password_hash": definitions.password_hash("operator"),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": "administrator",
            }
        )
        self.definitions["permissions"] += [
            {"user": OPERATOR, "vhost": definitions.vhost_of(agency), "configure": ".*", "write": ".*", "read": ".*"} for agency in self.agencies
        ]
        check = definitions.broker_url("127.0.0.1", 1, "operator", user=OPERATOR, vhost=definitions.vhost_of("dmp")).replace(":1/", ":{port}/")
        self.server = RabbitmqServer(folder / "rabbitmq", self.definitions, check, management=True)

    @property
    def url(self) -> str:
        """As our own user, as the settings name it."""
        return definitions.broker_url("127.0.0.1", self.server.port, self.passwords[definitions.OUR_USER])

    def agency_url(self, agency: str, *, vhost: str | None = None) -> str:
        """As the agency's user."""
        user = definitions.vhost_of(agency)
        return definitions.broker_url("127.0.0.1", self.server.port, self.passwords[user], user=user, vhost=vhost or user)

    @contextmanager
    def channel(self, agency: str, *, user: str | None = None) -> Iterator[BlockingChannel]:
        """A channel to an agency's virtual host: as the agency, or as another user."""
        vhost = definitions.vhost_of(agency)
        user = user or vhost
        url = definitions.broker_url("127.0.0.1", self.server.port, self.passwords[user], user=user, vhost=vhost)
        connection = pika.BlockingConnection(pika.URLParameters(url))
        try:
            yield connection.channel()
        finally:
            with suppress(pika.exceptions.AMQPError):
                connection.close()

    def empty(self) -> None:
        """No message anywhere. A queue without a leader yet, as for some seconds after the broker was started again, cannot be emptied: tried again for a while."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        for agency in self.agencies:
            while True:
                try:
                    with self.channel(agency, user=OPERATOR) as channel:
                        for queue in definitions.QUEUES:
                            channel.queue_purge(queue)
                    break
                except pika.exceptions.AMQPError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.2)

    def depth(self, agency: str, queue: str = definitions.WORK) -> int:
        """How many messages are ready there."""
        with self.channel(agency, user=OPERATOR) as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def taken(self, agency: str, queue: str = definitions.WORK) -> list[tuple[pika.BasicProperties, bytes]]:
        """Everything that is in a queue, taken out of it."""
        found = []
        with self.channel(agency, user=OPERATOR) as channel:
            for method, properties, body in channel.consume(queue, auto_ack=True, inactivity_timeout=0.5):
                if method is None:
                    break
                found.append((properties, body))
            channel.cancel()
        return found

    def send_receipt(self, agency: str, body: bytes) -> None:
        """As an agency would."""
        with self.channel(agency) as channel:
            channel.confirm_delivery()
            channel.basic_publish(
                definitions.RECEIPTS, "any", body, pika.BasicProperties(delivery_mode=2, content_type="application/cloudevents+json")
            )


@pytest.fixture(scope="session")
def broker_server() -> Iterator[Broker]:
    """One RabbitMQ for the whole run."""
    with tempfile.TemporaryDirectory(prefix="mottak-broker-", ignore_cleanup_errors=True) as folder:
        broker = Broker(Path(folder))
        try:
            broker.server.start()
        except ServerMissing as missing:
            pytest.skip(str(missing))
        yield broker
        broker.server.stop()


@pytest.fixture
def broker(broker_server: Broker) -> Broker:
    """The running broker, with nothing in it."""
    broker_server.empty()
    return broker_server


class Gate:
    """A door between a client and the broker that can be shut for what the broker says."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.answers = threading.Event()
        self.answers.set()
        # Whether what was held back at the shut door is lost when it opens.
        self.losing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()
        self.answers.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                client.close()
                continue
            threading.Thread(target=self._pass, args=(client, server, None), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, self.answers), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, door: threading.Event | None) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if door is not None:
                    door.wait()
                    if self.losing:
                        break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
