"""A way to a server that breaks: it passes bytes on, and cuts each connection after so many bytes of the answer."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from itertools import chain, repeat


class CuttingWay:
    """Listens on ``endpoint``, passes on to ``target`` (host:port). ``cuts``: after how many bytes the first, second, ... connection ends; later ones never."""

    def __init__(self, target: str, cuts: list[int]) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._cuts = chain(cuts, repeat(1 << 62))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._links: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self._links += [near, far]
                for source, sink, most in ((near, far, 1 << 62), (far, near, next(self._cuts))):
                    thread = threading.Thread(target=self._pass_on, args=(source, sink, most))
                    self._threads.append(thread)
                    thread.start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, most: int) -> None:
        with suppress(OSError):
            while most > 0 and (data := source.recv(min(65536, most))):
                sink.sendall(data)
                most -= len(data)
        for link in (source, sink):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for link in self._links:
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for link in self._links:
            link.close()
