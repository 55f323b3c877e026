"""All pods as a table: hosts of slices first, then the servers that are no host."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from textual.geometry import Size

from saxtui.console.styling import Glyphs
from saxtui.console.widgets.pod_grid import upper_share
from saxtui.console.widgets.rows import Cell, Column, Row, Rows
from saxtui.console.widgets.table_layout import fitted
from saxtui.present.pods import PodRow
from saxtui.present.words import PRIMARY

_COLUMNS = (
    Column("host", width=6), Column("status", most=24), Column("ready", drop=2), Column("restarts", right=True),
    Column("age", right=True), Column("name", least=18, grow=True), Column("node", most=48, drop=1),
)  # fmt: skip


class PodTable(Rows):
    """As tall as its rows, up to the share of the terminal the mesh may take too; then it scrolls."""

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(_COLUMNS, id=id, marker=glyphs.pick("❯", ">"))
        self._glyphs = glyphs

    def show(self, pods: Iterable[PodRow]) -> None:
        """Show these pods, each under its uid as row id."""
        self.put([_row(pod, self._glyphs) for pod in pods])

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return min(self.count + 1, upper_share(viewport))


def _row(pod: PodRow, glyphs: Glyphs) -> Row:
    star = glyphs.pick(PRIMARY, "*") if pod.primary else ""
    return Row(
        pod.uid,
        (
            Cell(f"{pod.tag}{star}"),
            Cell(f"{glyphs.sign(pod.sign)} {pod.status}", pod.sign.role),
            Cell(pod.ready),
            Cell(str(pod.restarts), "warn" if pod.restarts else ""),
            Cell(pod.age),
            Cell(pod.name, draw=lambda width: _end(pod.name, width)),
            Cell(pod.node or "-", "dim"),
        ),
    )


def _end(text: str, width: int) -> Sequence[tuple[str, str]]:
    """The text cut at its beginning: generated names differ at their ends."""
    if cell_len(text) <= width:
        return [(fitted(text, width), "")]
    while text and cell_len(text) > width - 1:
        text = text[1:]
    return [(fitted("…" + text, width), "")]
