"""Shipped scenarios about logs, in virtual time."""

from __future__ import annotations

from tests.emulator.scenarios.rehearsal import Rehearsal


async def test_log_flood() -> None:
    cloud = Rehearsal("log-flood")
    await cloud.generating()
    ended: list[float] = []
    cloud.store.logs.until_ended(lambda: ended.append(cloud.world.now))
    loaded = cloud.world.now
    cloud.advance(500)
    logs = {pod["metadata"]["name"]: cloud.store.logs for pod in cloud.hosts()}
    texts = {
        name[:-6]: [line.text for line in book.lines(("default", name, "sax-model-server")) or []]
        for name, book in logs.items()
    }
    for name, lines in texts.items():
        flood = [line for line in lines if "flood line" in line]
        assert len(flood) == (3000 if not name.endswith("-0-1") else len(flood)), name
    assert sum("\x1b]0;owned" in line for lines in texts.values() for line in lines) == 1
    host = next(lines for name, lines in texts.items() if name.endswith("-0-1"))
    assert "while nobody listened 5999" in host
    assert len(ended) == 1
    assert ended[0] > loaded - 400
