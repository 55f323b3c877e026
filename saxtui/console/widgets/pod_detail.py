"""The pod under the cursor in three lines: who and how; where, since when and why; what its TPU chips are at."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from saxtui.console.styling import ROLE_STYLE, Glyphs
from saxtui.model.cluster import ClusterEvent, JobSetStatus
from saxtui.present.pods import PodRow
from saxtui.present.words import PRIMARY

_DIM = ROLE_STYLE["dim"]
Pieces = tuple[tuple[str, str], ...]


class PodDetail(Static):
    """Three lines, cut at the width. Foreign text goes in as Content, never as markup."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, glyphs: Glyphs | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs or Glyphs(ascii_only=False)
        self._shown: object = None

    def show(
        self, row: PodRow | None, hole: str, jobset: JobSetStatus, event: ClusterEvent | None, tpu: Pieces = ()
    ) -> None:
        """Show the pod, or for a place without one the sentence `hole`. `event` is its newest warning.

        `tpu`: its chips' metrics as texts with their roles, () for a pod without chips.
        """
        facts = (row, hole, jobset, event, tpu)
        if facts == self._shown:
            return
        self._shown = facts
        tail = _jobset(jobset)
        if row is None:
            self.update(Content.assemble((hole, _DIM), "\n", (tail, _DIM)), layout=False)
            return
        star = self._glyphs.pick(PRIMARY, "*") if row.primary else ""
        first = Content.assemble(
            *([(f"{row.tag}{star}  ", "bold")] if row.tag else []),
            (f"{self._glyphs.sign(row.sign)} {row.status}", ROLE_STYLE[row.sign.role]),
            (f" · {row.doing}" if row.doing else "", ROLE_STYLE[row.sign.role]),
            f"  restarts {row.restarts}  age {row.age}  ready {row.ready}  ", (row.name, _DIM),
        )  # fmt: skip
        why = row.message or (f"{event.reason}: {event.message}" if event else "")
        where = f"node {row.node}{f' in {row.zone}' if row.zone else ''}" if row.node else "no node yet"
        facts_after = "  ".join(part for part in (where, tail) if part)
        second = Content.assemble(f"{why}  " if why else "", (facts_after, _DIM))
        third = Content.assemble(*((text, ROLE_STYLE[role]) for text, role in tpu))
        self.update(Content("\n").join([first, second, third]), layout=False)


def _jobset(jobset: JobSetStatus) -> str:
    if not jobset.name:
        return ""
    left = max(0, jobset.max_restarts - jobset.restarts)
    state = jobset.terminal or (f"{jobset.ready_jobs} of {jobset.wanted_jobs} ready" if jobset.wanted_jobs else "")
    words = f"restarts {jobset.restarts} of {jobset.max_restarts}, {left} left"
    return f"JobSet {jobset.name}: {words}{f' · {state}' if state else ''}"
