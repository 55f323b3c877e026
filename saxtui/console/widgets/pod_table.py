"""All pods as a table: hosts of slices first, then the servers that are no host. Only the lines in view are made."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from textual.geometry import Size

from saxtui.console.styling import Glyphs
from saxtui.console.widgets.pod_grid import upper_share
from saxtui.console.widgets.rows import Cell, Column, LazyRows, Row, Rows
from saxtui.console.widgets.table_layout import fitted
from saxtui.model.cluster import ClusterView, Pod
from saxtui.model.phases import Phases
from saxtui.present.pods import PodRow, pod_row
from saxtui.present.words import PRIMARY

_COLUMNS = (
    Column("host", width=7), Column("status", width=18), Column("process", width=22, drop=1), Column("ready", drop=4),
    Column("restarts", right=True), Column("age", right=True), Column("name", least=14, grow=True),
    Column("node", width=22, drop=2), Column("zone", width=13, drop=3),
)  # fmt: skip
_SAMPLE = 64


class PodLines(LazyRows):
    """The pods of one picture in their order, each made into a row when it is asked for."""

    def __init__(
        self, view: ClusterView, phases: Phases | None, zones: Mapping[str, str], now: float, glyphs: Glyphs
    ) -> None:
        self._view = view
        self._phases = phases
        self._now = now
        self._glyphs = glyphs
        self._zones = zones
        self._slices = list(view.slices)
        self._starts: list[int] = []
        count = 0
        for pods in view.slices.values():
            self._starts.append(count)
            count += len(pods.present) + len(pods.others)
        self._hosts = count
        self._rest = sorted(view.loose, key=lambda pod: pod.name)

    def __len__(self) -> int:
        return self._hosts + len(self._rest)

    def row(self, number: int) -> Row:
        return _row(pod_row(self._pod(number), self._now, self._phases, self._zones), self._glyphs)

    def find(self, row_id: str) -> int | None:
        pod = self._view.pods.get(row_id)
        if pod is None:
            return None
        pods = self._view.slices.get(pod.slice)
        if pods is None or pod.host < 0:
            return next((self._hosts + n for n, other in enumerate(self._rest) if other.uid == row_id), None)
        start = self._starts[self._slices.index(pod.slice)]
        return start + next(n for n, other in enumerate((*pods.present, *pods.others)) if other.uid == row_id)

    def sample(self) -> Sequence[Row]:
        return [self.row(number) for number in range(min(_SAMPLE, len(self)))]

    def _pod(self, number: int) -> Pod:
        if number >= self._hosts:
            return self._rest[number - self._hosts]
        place = bisect_right(self._starts, number) - 1
        pods = self._view.slices[self._slices[place]]
        return (*pods.present, *pods.others)[number - self._starts[place]]


class PodTable(Rows):
    """As tall as its rows, up to the share of the terminal the mesh may take too; then it scrolls."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(_COLUMNS, id=id, marker=glyphs.pick("❯", ">"))
        self._glyphs = glyphs

    def show(self, view: ClusterView, phases: Phases | None, zones: Mapping[str, str], now: float) -> None:
        """Show these pods, each under its uid as row id. `zones` by node name."""
        self.put(PodLines(view, phases, zones, now, self._glyphs))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return min(self.count + 1, upper_share(viewport))


def _row(pod: PodRow, glyphs: Glyphs) -> Row:
    star = glyphs.pick(PRIMARY, "*") if pod.primary else ""
    return Row(
        pod.uid,
        (
            Cell(f"{pod.tag}{star}"),
            Cell(f"{glyphs.sign(pod.sign)} {pod.status}", pod.sign.role),
            Cell(pod.doing, pod.sign.role if pod.doing else ""),
            Cell(pod.ready),
            Cell(str(pod.restarts), "warn" if pod.restarts else ""),
            Cell(pod.age),
            Cell(pod.name, draw=lambda width: _end(pod.name, width)),
            Cell(pod.node or "-", "dim", draw=lambda width: [(_end(pod.node or "-", width)[0][0], "dim")]),
            Cell(pod.zone or "-", "dim"),
        ),
    )


def _end(text: str, width: int) -> Sequence[tuple[str, str]]:
    """The text cut at its beginning: generated names differ at their ends."""
    if cell_len(text) <= width:
        return [(fitted(text, width), "")]
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return [(fitted("…" + text, width), "")]
