"""A port of this machine that is also to be had at another of its addresses."""

from __future__ import annotations

import asyncio
import contextlib
import threading


class Forwarder:
    """Passes what comes to ``address:port`` on to ``127.0.0.1:port``, and back, from a thread of its own."""

    def __init__(self, address: str, port: int) -> None:
        self._address, self._port = address, port
        self._loop = asyncio.new_event_loop()
        self._listening = threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, name=f"forward-{port}", daemon=True)
        self._thread.start()
        if not self._listening.wait(10):
            raise OSError(f"nobody can listen on {address}:{port}")

    def close(self) -> None:
        """Cut what is open, take nothing new."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, self._address, self._port))
        self._listening.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        if under_way:
            await asyncio.wait(under_way, timeout=5)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            back, on = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        self._writers.add(on)
        await asyncio.gather(self._pass(reader, on), self._pass(back, writer))
        self._writers -= {writer, on}

    @staticmethod
    async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        target.close()
