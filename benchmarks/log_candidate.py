"""What benchmarks/logs.py runs in a terminal: the streams of log_server.py into one sort of view.

Run: python benchmarks/log_candidate.py WIDGET PORT PODS COUNTS. WIDGET is ours, log or richlog: each gets the merged,
sanitized batches of the same engine. COUNTS is a file the number of lines taken is kept in. `x` paints the next mark.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import saxtui.console  # noqa: F401  # before textual: all of them paint as often as the console does

# isort: split
from textual.app import App, ComposeResult
from textual.widgets import Log, RichLog, Static

from benchmarks.log_server import NAMESPACE, name
from saxtui.console.driver import TolerantDriver
from saxtui.console.styling import THEME, sheet
from saxtui.console.tidying import Tidying
from saxtui.console.widgets.log_pane import LogPane
from saxtui.model.cluster import ClusterView, HostState, Pod
from saxtui.model.log_batch import LogBatch

_RICH_LINES = 10_000


class Cluster:
    """The engine's connection and its watch, for a cluster that never changes."""

    def __init__(self, port: int, pods: int) -> None:
        from saxtui.adapters.disk.clock import SystemClock
        from saxtui.adapters.kubernetes.client import KubernetesClient
        from saxtui.adapters.kubernetes.connection import Connection

        self.clock = SystemClock()
        self._client = KubernetesClient(Connection(f"http://127.0.0.1:{port}", "", self._token), self.clock)
        made = [
            Pod(uid=f"uid-{n}", name=name(n), namespace=NAMESPACE, phase="Running", status="Running",
                state=HostState.RUNNING, ready=1, containers=("server",), slice=n // 8, host=n % 8)
            for n in range(pods)
        ]  # fmt: skip
        self._view = ClusterView(pods=MappingProxyType({pod.uid: pod for pod in made}))

    @staticmethod
    async def _token() -> str:
        return ""

    async def kubernetes(self) -> Any:
        return self._client

    async def look(self) -> ClusterView:
        return self._view

    known = look

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        yield


class Candidate(App[None]):
    """One view, a line for marks under it."""

    CSS_PATH = [sheet("base.tcss"), sheet("slices.tcss")]
    CSS = "#mark { dock: bottom; height: 1; } Log, RichLog { height: 1fr; }"
    BINDINGS = [("x", "mark", "mark"), ("q", "quit", "quit")]

    def __init__(self, widget: str, port: int, pods: int, counts: Path) -> None:
        super().__init__(driver_class=TolerantDriver)
        self.register_theme(THEME)
        self.theme = THEME.name
        self._widget, self._port, self._pods, self._counts = widget, port, pods, counts
        self._marks = self._lines = 0

    def compose(self) -> ComposeResult:
        if self._widget == "ours":
            yield LogPane(id="logs")
        elif self._widget == "log":
            yield Log(id="logs", max_lines=1_000_000)
        else:
            yield RichLog(id="logs", max_lines=_RICH_LINES)
        yield Static("mark 0", id="mark")

    def on_mount(self) -> None:
        # As the console does: no walk through all objects while lines come, and quick turns for threads.
        Tidying().begin()
        sys.setswitchinterval(0.001)
        self._file = self._counts.open("wb", buffering=0)
        self.run_worker(self._follow())

    async def _follow(self) -> None:
        from saxtui.engine.store import Store
        from saxtui.engine.watching.logs import Logs, LogSelection

        cluster: Any = Cluster(self._port, self._pods)
        logs = Logs(Store(), cluster, cluster, cluster.clock)
        take = {"ours": self._ours, "log": self._log, "richlog": self._richlog}[self._widget]
        async for batch in logs.batches(LogSelection(), follow=True, tail=None):
            take(batch)
            self._lines += len(batch)
            self._file.seek(0)
            self._file.write(struct.pack("<qd", self._lines, time.monotonic()))
            await asyncio.sleep(0)

    def _ours(self, batch: LogBatch) -> None:
        self.query_one(LogPane).feed(batch)

    def _log(self, batch: LogBatch) -> None:
        self.query_one(Log).write_lines([text.decode() for text in batch.texts])

    def _richlog(self, batch: LogBatch) -> None:
        view = self.query_one(RichLog)
        for text in batch.texts:
            view.write(text.decode())

    def action_mark(self) -> None:
        self._marks += 1
        self.query_one("#mark", Static).update(f"mark {self._marks}.", layout=False)
        if self._widget == "ours":
            view = self.query_one(LogPane).view
            view.times = not view.times


if __name__ == "__main__":
    Candidate(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])).run()
