"""The pod under the cursor in three lines: who and how, then where, since when and why, then its chips."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from saxtui.console.styling import ROLE_STYLE, Glyphs
from saxtui.console.widgets.table_layout import beheaded, fitted
from saxtui.model.cluster import ClusterEvent, JobSetStatus
from saxtui.present.pods import PodRow
from saxtui.present.words import PRIMARY

_DIM = ROLE_STYLE["dim"]
_NAME, _DOING = 16, 32  # cells: a phase longer than _DOING leaves the pod's name _NAME of them
Pieces = tuple[tuple[str, str], ...]


class PodDetail(Widget):
    """Three lines, cut at the width. Foreign text goes in as Content, never as markup."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, glyphs: Glyphs | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs or Glyphs(ascii_only=False)
        self._shown: tuple[PodRow | None, str, JobSetStatus, ClusterEvent | None, Pieces] = (
            None, "", JobSetStatus(), None, ()
        )  # fmt: skip

    def show(
        self, row: PodRow | None, hole: str, jobset: JobSetStatus, event: ClusterEvent | None, tpu: Pieces = ()
    ) -> None:
        """Show the pod, or for a place without one the sentence `hole`. `event` is its newest warning.

        `tpu`: its chips' metrics as texts with their roles, () for a pod without chips.
        """
        facts = (row, hole, jobset, event, tpu)
        if facts != self._shown:
            self._shown = facts
            self.refresh()

    def render(self) -> Content:
        """The lines. The end of a pod's name tells it from the others: it gives way at its beginning."""
        row, hole, jobset, event, tpu = self._shown
        tail = _jobset(jobset)
        if row is None:
            return Content.assemble((hole, _DIM), "\n", (tail, _DIM))
        star = self._glyphs.pick(PRIMARY, "*") if row.primary else ""
        tag = f"{row.tag}{star}  " if row.tag else ""
        status = f"{self._glyphs.sign(row.sign)} {row.status}"
        figures = f"  restarts {row.restarts}  age {row.age}  ready {row.ready}  "
        room = self.content_size.width - sum(map(cell_len, (tag, status, figures)))
        doing = f" · {row.doing}" if row.doing else ""
        most = max(_DOING, room - min(_NAME, cell_len(row.name)))
        if cell_len(doing) > most:
            doing = fitted(doing, most)
        role = ROLE_STYLE[row.sign.role]
        first = Content.assemble(
            (tag, "bold"), (status, role), (doing, role), figures, (beheaded(row.name, room - cell_len(doing)), _DIM)
        )
        why = row.message or (f"{event.reason}: {event.message}" if event else "")
        where = f"node {row.node}{f' in {row.zone}' if row.zone else ''}" if row.node else "no node yet"
        facts_after = "  ".join(part for part in (where, tail) if part)
        second = Content.assemble(f"{why}  " if why else "", (facts_after, _DIM))
        third = Content.assemble(*((text, ROLE_STYLE[role]) for text, role in tpu))
        return Content("\n").join([first, second, third])


def _jobset(jobset: JobSetStatus) -> str:
    if not jobset.name:
        return ""
    left = max(0, jobset.max_restarts - jobset.restarts)
    state = jobset.terminal or (f"{jobset.ready_jobs} of {jobset.wanted_jobs} ready" if jobset.wanted_jobs else "")
    words = f"restarts {jobset.restarts} of {jobset.max_restarts}, {left} left"
    return f"JobSet {jobset.name}: {words}{f' · {state}' if state else ''}"
