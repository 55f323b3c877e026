"""What the grid benchmarks run in a terminal: the real console on a fed cluster, and baselines on the same feed.

    python benchmarks/grid_apps.py console|table|bare PORT [SLICES HOSTS]

`console` is saxtui itself: Runtime, Session, watch, Store and the Slices screen; only the way to the cluster is the
feed's. `table` puts the same Store's pods into a Textual DataTable, coalesced to the same frames. `bare` shows a word.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

if sys.argv[1:2] == ["console"]:
    import saxtui.console  # noqa: F401  # before textual, as its own door does

# isort: split
from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static

FRAMES_PER_SECOND = 15


def kubernetes(port: int) -> Any:
    """The real client on the feed."""
    from saxtui.adapters.disk.clock import SystemClock
    from saxtui.adapters.kubernetes.client import KubernetesClient
    from saxtui.adapters.kubernetes.connection import Connection

    async def token() -> str:
        return ""

    return KubernetesClient(Connection(f"http://127.0.0.1:{port}", "", token), SystemClock.parse(""))


def cloud(port: int) -> Any:
    """A project whose cluster is the feed."""
    from saxtui.adapters.disk.clock import SystemClock
    from saxtui.ports import ClusterInfo

    async def get_cluster(location: str, name: str) -> ClusterInfo:
        return ClusterInfo(name, location, "RUNNING", endpoint="feed")

    async def connect(_cluster: ClusterInfo) -> Any:
        return kubernetes(port)

    async def close() -> None:
        return None

    gke = SimpleNamespace(get_cluster=get_cluster)
    return SimpleNamespace(
        project="demo-project", clock=SystemClock.parse(""), gke=gke, kubernetes=connect, close=close
    )  # fmt: skip


def console(port: int, slices: int, hosts: int) -> App[Any]:
    """saxtui's console, opened on the Slices screen of a deployment of that shape."""
    from saxtui.console.app import ConsoleApp
    from saxtui.engine.runtime import Runtime
    from saxtui.model.deployment import Deployment

    shapes = {8: "4x8", 64: "16x16"}
    wanted = Deployment.model_validate(
        {
            "id": "abcdef", "name": "bench", "project": "demo-project", "bucket": "b-demo",
            "slices": {"topology": shapes[hosts], "count": min(64, slices)},
            "model": {"path": f"saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B{4 * hosts}Test"}
            if hosts == 8 else {"path": "own.Model"},
        }
    )  # fmt: skip

    class Fed(Runtime):
        def cloud(self, project: str) -> Any:
            return cloud(port)

    def opened(environ: Mapping[str, str]) -> Runtime:
        importlib.import_module("saxtui.engine.session")
        runtime = Fed.open(environ)
        runtime.library.save(wanted)
        return runtime

    class Console(ConsoleApp):
        DEFAULT_MODE = "slices"

        def on_mount(self) -> None:
            super().on_mount()
            self.run_worker(self._enter())

        async def _enter(self) -> None:
            while self.sessions.summaries is None:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            await self.sessions.open("bench")

    return Console(dict(os.environ), opened)


class Table(App[None]):
    """A DataTable with a row a pod, and the name of the row under the cursor below it."""

    CSS = "DataTable { height: 1fr; } Static { height: 1; }"

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self._shown: Mapping[int, Any] = {}

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")
        yield Static(id="name", markup=False)

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        self._columns = table.add_columns("host", "status", "ready", "restarts", "name", "node")
        self.run_worker(self._watch())

    async def _watch(self) -> None:
        from saxtui.engine.store import Part, Store

        store = Store()

        async def follow() -> None:
            async for view in kubernetes(self._port).watch(["default"]):
                store.change(cluster=Part(value=view))

        self._following = asyncio.create_task(follow())
        revision = 0
        while True:
            revision = await store.changed(revision)
            if store.state.cluster.value is not None:
                self._put(store.state.cluster.value)
            await asyncio.sleep(1 / FRAMES_PER_SECOND)

    def _put(self, view: Any) -> None:
        table = self.query_one(DataTable)
        for index, pods in view.slices.items():
            before = self._shown.get(index)
            if before is pods:
                continue
            for host, pod in enumerate(pods.hosts):
                old = before.hosts[host] if before is not None else None
                if old is None:
                    table.add_row(*self._cells(pod), key=pod.uid)
                elif old is not pod:
                    for column, was, now in zip(self._columns, self._cells(old), self._cells(pod), strict=True):
                        if was != now:
                            table.update_cell(pod.uid, column, now)
        self._shown = view.slices

    @staticmethod
    def _cells(pod: Any) -> tuple[str, ...]:
        ready = f"{pod.ready}/{len(pod.containers)}"
        return f"{pod.slice}-{pod.host}", f"● {pod.status}", ready, str(pod.restarts), pod.name, pod.node

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        if event.row_key.value:
            self.query_one("#name", Static).update(
                f"under the cursor: {self.query_one(DataTable).get_row(event.row_key)[4]}"
            )


class Bare(App[None]):
    """Nothing but a word."""

    def compose(self) -> ComposeResult:
        yield Static("bare-is-up", markup=False)


def main() -> None:
    """Run what was asked for."""
    kind, port = sys.argv[1], int(sys.argv[2])
    if kind == "console":
        with tempfile.TemporaryDirectory() as state:
            os.environ["SAXTUI_STATE"] = str(Path(state, "state"))
            console(port, int(sys.argv[3]), int(sys.argv[4])).run()
    else:
        (Table(port) if kind == "table" else Bare()).run()


if __name__ == "__main__":
    main()
