"""Waiting for a server that works on a request nobody awaits any more."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from saxtui.adapters.disk.clock import SystemClock
from saxtui.adapters.sax.client import SaxClient
from saxtui.engine.serving.reach import Reach
from saxtui.engine.store import Store


async def test_a_server_that_hangs_up_is_not_asked_for_ever() -> None:
    asked = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    listener = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    server = SaxClient(f"http://127.0.0.1:{port}")
    cloud: Any = SimpleNamespace(clock=SystemClock())
    reach = Reach(cast(Any, None), Store(), cloud, cast(Any, None))
    async with asyncio.timeout(60):
        await reach._until_free(server)
    assert asked == 1
    await server.close()
    listener.close()
    await listener.wait_closed()
