"""RabbitMQ from Debian's package as a process of our own: own node, own ports, own epmd, this machine only, its data in its folder."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pika

from services.command.servers.ports import kept_ports
from services.command.servers.process import ServerMissing, ServerProcess
from services.shared.secrets_files import write_secret

NODE: Final = "mottak@localhost"
_PROGRAM: Final = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def program() -> Path:
    """Where the broker is. Raises ServerMissing."""
    if not _PROGRAM.exists():
        raise ServerMissing("RabbitMQ is not on this machine (on Debian: apt-get install --no-install-recommends rabbitmq-server)")
    return _PROGRAM


class RabbitmqServer:
    """A broker with the given definitions.

    ``definitions`` as ``services.routing.broker.definitions`` makes them: they are imported at each start. ``check_url`` is a full AMQP
    address (user, password, virtual host) with ``{port}`` in place of the port: when it can be logged in to, the broker is ready. The same
    folder resumes with its messages and its ports. ``management`` also starts the HTTP API.
    """

    def __init__(self, folder: Path, definitions: Mapping[str, Any], check_url: str, *, management: bool = False) -> None:
        self.folder = folder
        self._definitions, self._check_url, self._management = definitions, check_url, management
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.ports = kept_ports(folder / "ports.json", ("amqp", "distribution", "epmd", "management"))
        environment = self._environment()
        # Started by us and not by the node, which would leave it behind as a daemon.
        self._epmd = ServerProcess(
            "epmd",
            ["epmd", "-port", str(self.ports["epmd"]), "-address", "127.0.0.1"],
            folder / "epmd",
            ready=lambda: _listens(self.ports["epmd"]),
            environment=environment,
        )
        self._node = ServerProcess("rabbitmq", [str(_PROGRAM)], folder, ready=self._answers, environment=environment)

    @property
    def port(self) -> int:
        """Where it takes AMQP."""
        return self.ports["amqp"]

    @property
    def pid(self) -> int | None:
        """Process id of the node while it runs."""
        return self._node.pid

    def start(self, *, seconds: float = 90.0) -> None:
        """Start it and wait until it takes messages. Raises NotStarted, ServerMissing."""
        program()
        self._write_configuration()
        if self._epmd.pid is None:
            self._epmd.start()
        self._node.start(seconds=seconds)

    def stop(self) -> None:
        """Stop cleanly, epmd last."""
        self._node.stop()
        self._epmd.stop()

    def kill(self) -> None:
        """Kill the node at once, as a loss of power would. epmd forgets it by itself."""
        self._node.kill()

    def _environment(self) -> dict[str, str]:
        folder = self.folder
        return {
            # Its own home, and so its own Erlang cookie.
            "HOME": str(folder),
            "RABBITMQ_NODENAME": NODE,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.ports["amqp"]),
            # Without these two nodes collide on the machine's shared epmd, which listens on all interfaces.
            "RABBITMQ_DIST_PORT": str(self.ports["distribution"]),
            "ERL_EPMD_PORT": str(self.ports["epmd"]),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "schema"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            # Its start script then becomes the node instead of waiting for it as a child, which would outlive it when we are killed.
            "RUNNING_UNDER_SYSTEMD": "true",
            # Schedulers that sleep when there is nothing to do: the machine is shared. The node's own connections stay on this machine, too.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +sbwtdcpu none +sbwtdio none -kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _write_configuration(self) -> None:
        definitions = self.folder / "definitions.json"
        write_secret(definitions, json.dumps(self._definitions))
        lines = [
            f"listeners.tcp.local = 127.0.0.1:{self.ports['amqp']}",
            f"load_definitions = {definitions}",
            "log.console = false",
            "log.file.level = warning",
        ]
        if self._management:
            lines += ["management.tcp.ip = 127.0.0.1", f"management.tcp.port = {self.ports['management']}"]
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (self.folder / "enabled_plugins").write_text("[rabbitmq_management].\n" if self._management else "[].\n", encoding="utf-8")

    def _answers(self) -> bool:
        parameters = pika.URLParameters(self._check_url.format(port=self.port))
        parameters.socket_timeout = 2
        pika.BlockingConnection(parameters).close()
        return True


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
