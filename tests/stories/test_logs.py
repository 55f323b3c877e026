"""A3 and A10, what they say of logs: sixteen streams merged on the console, flooded, saved, broken off and taken up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from saxtui.console.screens.slices import SlicesScreen
from saxtui.emulator import scenarios
from saxtui.engine.session import Session
from saxtui.errors import Ambiguous, Conflict
from saxtui.model.text import safe
from tests import hostile
from tests.console.serving_fakes import shown, until
from tests.stories.on_slices import bring_up, console, streaming
from tests.stories.robot import EmbeddedCloud

EACH = 1_000
FLOOD, BREAK = "flood-now", "break-now"


@pytest.fixture(scope="module")
def environ(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The surroundings of a cloud with WANTED up on it, where `log-flood` strikes at two Services' addresses."""
    folder = tmp_path_factory.mktemp("logs")
    text = scenarios.find("log-flood").read_text(encoding="utf-8")
    text = text.replace("on: model.loaded, after: 300", f"on: service.address/{FLOOD}")
    text = text.replace("on: model.loaded, after: 360", f"on: service.address/{BREAK}")
    text = text.replace("lines: 3000", f"lines: {EACH}")
    (folder / "flood.yaml").write_text(text, encoding="utf-8")
    cloud = EmbeddedCloud.start(folder / "cloud", speed=300, scenario=folder / "flood.yaml", seed=7)
    try:
        found = {**cloud.env, "SAXTUI_STATE": str(folder / "state")}
        asyncio.run(bring_up(found))
        yield found
    finally:
        cloud.stop()


async def strike(session: Session, name: str) -> None:
    """Make the Service whose address sets the fault off."""
    body = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "nobody"}, "ports": [{"port": 1}]},
    }  # fmt: skip
    for _ in range(5):
        try:
            await (await session.connection.kubernetes()).create(body)
        except Ambiguous:  # an idle connection that the server had closed
            continue
        except Conflict:
            pass
        return


async def served(session: Session) -> dict[tuple[int, int], list[str]]:
    """Each host's log as the cloud itself serves it now: the raw answer, line by line."""
    kubernetes: Any = await session.connection.kubernetes()
    view = await session.look()
    found = {}
    for pod in view.pods.values():
        if pod.slice >= 0:
            path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/log"
            raw = await kubernetes.connection.call("GET", path, "count", pod.name)
            found[pod.slice, pod.host] = raw.decode().split("\n")[:-1]
    return found


def held(screen: SlicesScreen) -> dict[tuple[int, int], list[str]]:
    """Each host's lines as the pane holds them."""
    found: dict[tuple[int, int], list[str]] = {}
    for _, line in screen.pane.view.store.lines():
        found.setdefault((line.slice, line.host), []).append(line.text)
    return found


def of_host(screen: SlicesScreen, place: tuple[int, int], text: str) -> list[str]:
    """The host's lines that hold the text, in the order shown; gap marks as they are."""
    found = (line for _, line in screen.pane.view.store.lines() if (line.slice, line.host) == place)
    return [line.text for line in found if line.gap or text in line.text]


@pytest.mark.long
async def test_a3_a_flood_loses_nothing_unseen_and_a10_a_break_repeats_nothing(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with console(environ) as (app, pilot, screen, session):
        view, store = screen.pane.view, screen.pane.view.store
        await pilot.press("a")
        await until(pilot, lambda: streaming(screen) == 16, "sixteen streams")
        await strike(session, FLOOD)
        await until(pilot, lambda: len(store) > 16 * EACH, "the flood")
        expected = await served(session)
        total = sum(map(len, expected.values()))
        assert total >= 16 * EACH + 1
        last = b"flood line %d" % (EACH - 1)
        await until(pilot, lambda: sum(block.texts.count(last) for block in store.blocks()) == 16, "all of it")
        mine = held(screen)
        for host, lines in expected.items():
            clean, got = [safe(line) for line in lines], mine[host]
            flood = [text for text in got if "flood line" in text]
            assert [int(text.rpartition(" ")[2]) for text in flood] == list(range(EACH)), host
            # Only the lines before the tail that was asked for, and those not yet come, may be missing.
            meets = (min(len(got), len(clean) - start) for start in range(len(clean)))
            assert any(got[:size] == clean[start : start + size] for start, size in enumerate(meets) if size > EACH), (
                host
            )
        assert "0 dropped" in screen.pane.heading

        await pilot.press("ampersand", "ctrl+r", *"own.d", "enter")
        await until(pilot, lambda: view.rows.done and len(view.rows) == 1, "the regex filter")
        await until(pilot, lambda: "␛]0;owned" in shown(app), "the hostile line, as marks")
        assert "1-5" in next(row for row in shown(app).split("\n") if "owned" in row)
        assert not hostile.forbidden(shown(app)) - {"\n"}
        await pilot.press("escape")

        await pilot.press("S")
        name = screen.pane._find.value
        await pilot.press("enter")
        file = tmp_path / name
        await until(pilot, lambda: file.exists() and file.read_bytes().count(b"\n") >= total, "saved")
        saved = file.read_text().splitlines()
        assert sum("flood line" in line for line in saved) == 16 * EACH
        assert total <= len(saved) <= len(store)

        store.capacity = 10_000
        before = store.end
        await strike(session, BREAK)
        place = (0, 1)
        await until(pilot, lambda: any(b"listened 5999" in block.texts for block in store.blocks()), "resumed")
        after = of_host(screen, place, "listened")
        assert "the stream broke for" in after[0] and " s; lines may be missing here" in after[0]
        numbers = [int(text.rpartition(" ")[2]) for text in after[1:]]
        assert numbers == list(range(numbers[0], 6_000)), "none repeated"
        assert 1_000 <= numbers[0] < 1_200, "the cloud keeps 5,000 lines of a container"
        gaps = [line for _, line in store.lines(before) if line.gap]
        assert [(line.slice, line.host) for line in gaps] == [place], "the others lost nothing"
        assert store.dropped == store.end - 10_000 > 0 and len(store) == 10_000
        await until(pilot, lambda: f"{store.dropped:,} left the view" in screen.pane.heading, "the counter")
        await pilot.press("J", *"gap", "enter")
        await until(pilot, lambda: view.current is not None and view.current.gap, "the gap is jumped to")
