"""One step, whole: what the plan says, what the journal knows, what was sent and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from saxtui.console.modals.problem import problem_text
from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.present import events as event_words
from saxtui.present.times import clock, usual
from saxtui.present.words import STEP, rate

if TYPE_CHECKING:
    from saxtui.engine.store import State


class StepDetailModal(ModalScreen[None]):
    """Scrolls with the arrows, closes with esc."""

    CSS_PATH = sheet("modals.tcss")
    BINDINGS = [Binding("escape,q,enter", "dismiss", "close")]

    def __init__(self, state: State, step_id: str) -> None:
        super().__init__()
        self._state = state
        self._step = step_id

    def compose(self) -> ComposeResult:
        """Facts first, then the step's events."""
        blocks = [self._facts(), *self._problem(), self._events()]
        with Vertical(classes="dialog -large"):
            yield Static(self._step, classes="dialog-title", markup=False)
            with VerticalScroll(classes="dialog-scroll"):
                yield Static(Content("\n\n").join(block for block in blocks if block))
            yield Static("arrows scroll · esc closes", classes="muted", markup=False)

    def _facts(self) -> Content:
        step = self._state.progress.step(self._step)
        plan = self._state.plan.value
        planned = next((p for p in plan.steps if p.id == self._step), None) if plan else None
        facts = [
            ("state", STEP[step.state].word),
            ("resource", step.resource or (planned.resource if planned else "")),
            ("ours", step.ownership.value),
            ("began", clock(step.started)),
            ("ended", clock(step.ended)),
            ("usual", usual(planned.usual) if planned else ""),
            ("bills", rate(planned.usd_per_hour) if planned and planned.usd_per_hour != 0 else ""),
            ("needs", ", ".join(planned.needs) if planned else ""),
            ("operation", step.operation),
            ("uid", step.uid),
            ("link", step.link),
            ("proof", step.proof),
            ("said", step.said),
            ("command", planned.command if planned else ""),
        ]
        known = [(label, text) for label, text in facts if text not in ("", "-")]
        lines = [Content.assemble((f"{label:<10}", "$foreground 60%"), text) for label, text in known]
        return Content("\n").join(lines)

    def _problem(self) -> list[Content]:
        problem = self._state.progress.step(self._step).problem
        return [problem_text(problem)] if problem is not None else []

    def _events(self) -> Content:
        rows = [event_words.row(event) for event in self._state.events if event.step == self._step]
        lines = [
            Content.assemble((f"{row.time}  ", "$foreground 60%"), (f"{row.word:<10}", ROLE_STYLE[row.role]), row.text)
            for row in rows
        ]
        return Content("\n").join(lines)
