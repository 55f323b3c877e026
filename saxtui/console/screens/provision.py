"""Provision: the plan as a timeline, what was sent, and a failure opened where it happened."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import getters
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from saxtui.console import runs, timeline
from saxtui.console.causes import why_command
from saxtui.console.commands import Command
from saxtui.console.modals.problem import problem_text
from saxtui.console.screens.base import ConsoleScreen
from saxtui.console.styling import ROLE_STYLE, sheet
from saxtui.console.widgets.rows import Cell, Column, Row, Rows
from saxtui.console.widgets.table_layout import Drawn
from saxtui.console.widgets.words import Words
from saxtui.model import events as ev
from saxtui.model.plan import Plan
from saxtui.model.progress import Ownership, StepState
from saxtui.present import events as event_words
from saxtui.present import steps as step_words
from saxtui.present.times import minutes
from saxtui.present.words import duration, rate

if TYPE_CHECKING:
    from saxtui.console.sessions import Live
    from saxtui.engine.store import State

_QUIET = (ev.Progress, ev.StepStarted, ev.Intent)
_LOG_COLUMNS = (Column(width=8), Column(width=18, drop=1), Column(width=9), Column(grow=True))
_WITHOUT_PLAN = {"down", "pause"}
_FAILED = {StepState.FAILED, StepState.FOREIGN, StepState.DOUBT}


def _idle(screen: ProvisionScreen) -> str:
    if screen.live is None:
        return "no deployment open"
    if screen.live.read_only:
        return "another saxtui holds this deployment"
    return f"{screen.live.run_kind} is at work" if screen.live.running else ""


class ProvisionScreen(ConsoleScreen):
    """The run of the current deployment."""

    CSS_PATH = sheet("provision.tcss")
    HEADING = "Provision"
    HERE = (
        Command("provision.detail", ("enter",), "detail", "Everything known of the selected step",
                lambda s: s.show_detail(), lambda s: "" if s.steps.selected else "no step selected"),
        Command("provision.resume", ("r",), "resume", "Observe again and go on with what is missing",
                lambda s: runs.resume(s.console, s.live), _idle),
        Command("provision.choose", ("c",), "choose", "The ways on from where the run stopped, with what each bills",
                lambda s: runs.choose(s.console, s.live), lambda s: _idle(s) or s.no_choice()),
        Command("provision.stop", ("p",), "stop", "Stop the run after what is being sent; resume goes on",
                lambda s: s.live.session.pause(), lambda s: "" if s.live and s.live.running else "nothing runs"),
        Command("provision.pause", ("z",), "pause", "Scale every slice to zero; the cluster stays",
                lambda s: runs.pause(s.console, s.live), lambda s: _idle(s) or runs.no_pause(s.live)),
        Command("provision.extend", ("e",), "extend", "More time to live; nothing is deleted when it ends",
                lambda s: runs.extend(s.console, s.live), _idle, footer=False),
        Command("provision.take-down", ("x",), "take down", "Delete everything of it and prove it gone",
                lambda s: runs.take_down(s.console, s.live), _idle),
        why_command("provision"),
        Command("provision.hosts", ("s",), "slices", "The hosts of every slice", lambda s: s.console.go("slices")),
        Command("provision.log", ("l",), "log", "Move between the steps and what was sent", lambda s: s.swap_focus(),
                footer=False),
    )  # fmt: skip

    head = getters.query_one("#run-head", Words)
    steps = getters.query_one("#steps", Rows)
    foot = getters.query_one("#run-foot", Words)
    failure = getters.query_one("#failure", VerticalScroll)
    failure_text = getters.query_one("#failure-text", Words)
    log_rows = getters.query_one("#sent", Rows)

    def compose_body(self) -> ComposeResult:
        """Head line, timeline, the failure when there is one, the log of what was sent."""
        with Vertical(classes="body"):
            yield Words(id="run-head")
            yield Rows(self._columns(lambda _width: ()), id="steps", marker=self.console.glyphs.pick("❯", ">"))
            yield Words(id="run-foot")
            with VerticalScroll(id="failure", can_focus=False):
                yield Words(id="failure-text")
            yield Static("what was sent", classes="rule", markup=False)
            yield Rows(_LOG_COLUMNS, id="sent", cursor=False, follow=True)

    def on_mount(self) -> None:
        """The timeline has the focus."""
        self.failure.display = False
        super().on_mount()
        self.steps.focus()

    def _columns(self, axis: Drawn) -> tuple[Column, ...]:
        return (
            Column(width=1),
            Column("step", most=22),
            Column(width=1),
            Column(axis, grow=True, least=14),
            Column("elapsed", width=7, right=True),
            Column("usual", most=13, right=True, drop=1),
            Column("now", width=28, drop=2),
        )

    def on_session(self, live: Live | None) -> None:
        """Another deployment: nothing of the old one stays."""
        self.steps.put([])
        self.log_rows.put([])
        self.failure.display = False
        if live is None:
            self.head.update("no deployment open: 1 goes to Home")

    def on_state(self, state: State, previous: State | None) -> None:
        """The log follows the events; the timeline is drawn with every frame."""
        if previous is None or state.events is not previous.events:
            rows = [_log_row(index, event) for index, event in enumerate(state.events) if not isinstance(event, _QUIET)]
            self.log_rows.put(rows)

    def on_frame(self, now: float) -> None:
        """Bars grow with time, so they are drawn again with every frame."""
        if self.live is None:
            return
        state = self.live.state
        found = _rows(state, now)
        self._draw_steps(found, state, now)
        self._draw_head(self.live, found, state, now)
        self._draw_failure(state)

    def _draw_steps(self, found: tuple[step_words.StepRow, ...], state: State, now: float) -> None:
        progress = state.progress
        bars = timeline.bars(state.plan.value, progress, now, timeline.deletions(state.events, progress.run))
        span = timeline.span(bars)
        rows = [self._step_row(row, bars.get(row.id), span) for row in found]
        self.steps.put(rows, self._columns(lambda width: timeline.draw_axis(span, width)))

    def _step_row(self, row: step_words.StepRow, bar: timeline.Bar | None, span: float) -> Row:
        glyphs = self.console.glyphs
        plain = glyphs.ascii_only
        role = row.sign.role
        return Row(
            row.id,
            (
                Cell(glyphs.sign(row.sign), role),
                Cell(row.title, "strong" if role in {"bad", "warn", "doubt"} else ""),
                Cell(glyphs.pick("═", "=") if row.critical else "", "accent"),
                Cell(draw=lambda width: timeline.draw_bar(bar, span, width, plain=plain)),
                Cell(row.elapsed or _length(bar), "warn" if row.late else ""),
                Cell(row.usual, "dim"),
                Cell(row.message, role if role in {"bad", "warn", "doubt"} else "dim"),
            ),
        )

    def _draw_head(self, live: Live, rows: tuple[step_words.StepRow, ...], state: State, now: float) -> None:
        progress, plan = state.progress, _plan(state)
        kind = progress.kind or "not started"
        outcome = "stopped" if progress.outcome == "paused" else progress.outcome
        what = f"{kind} {outcome}".strip() if not live.running else kind
        parts = [what, step_words.tally(rows)] if rows else [what]
        if live.running and progress.started is not None:
            parts.append(duration(now - progress.started))
        if live.running and plan is not None:
            parts.append(f"ready in about {minutes(step_words.remaining(plan, progress, now))}")
        role = {"done": "ok", "failed": "bad", "doubt": "doubt", "paused": "warn"}.get(progress.outcome, "strong")
        self.head.update(Content.styled(" · ".join(parts), ROLE_STYLE["strong" if live.running else role]))
        self._draw_foot(plan, rows)

    def _draw_foot(self, plan: Plan | None, rows: tuple[step_words.StepRow, ...]) -> None:
        row = next((row for row in rows if row.id == self.steps.selected), None)
        mark = self.console.glyphs.pick("═", "=") + " critical path   " if plan is not None else ""
        said = f"{row.title} {row.resource}  {row.message}".strip() if row else ""
        self.foot.update(Content.assemble((mark, "$accent"), (said, "$foreground 60%")))

    def _draw_failure(self, state: State) -> None:
        failed = [step for step in state.progress.steps.values() if step.state in _FAILED]
        shown = next((step for step in failed if step.id == self.steps.selected), failed[0] if failed else None)
        self.failure.display = shown is not None
        if shown is None:
            return
        if shown.problem is not None:
            text = problem_text(shown.problem)
        else:
            text = Content.styled(f"{shown.id}: {shown.said}", "$text-warning")
        told = f"{_count(self.live)}r goes on   x takes everything down\n"
        self.failure_text.update(Content.styled(told, "$foreground 60%") + text + _ways_on(self.live))

    def on_rows_highlighted(self) -> None:
        """The foot tells of the selected step."""
        self.on_frame(self.console.sessions.now())

    def on_rows_activated(self) -> None:
        """A double click opens the step."""
        self.action_command("provision.detail")

    def show_detail(self) -> None:
        """Everything known of the selected step."""
        from saxtui.console.modals.step_detail import StepDetailModal

        if self.live is not None:
            self.console.push_screen(StepDetailModal(self.live.state, self.steps.selected))

    def no_choice(self) -> str:
        """Why there is nothing to choose, or ""."""
        return "" if self.live is not None and self.live.choices else "the run left nothing to choose"

    def swap_focus(self) -> None:
        """Between the steps and the log."""
        (self.steps if self.log_rows.has_focus else self.log_rows).focus()


def _ways_on(live: Live | None) -> Content:
    """The ways on that the run offered, each with what bills while it is gone, and the command that takes one."""
    if live is None or live.running or not live.choices:
        return Content("")
    lines = [f"\n{n}  {item.title:<30}  bills {rate(item.usd_per_hour)}" for n, item in enumerate(live.choices, 1)]
    command = f"\n   or: saxtui up -d {live.session.deployment.name} --choose {live.choices[0].key}"
    return Content("".join(lines)) + Content.styled(command, "$foreground 60%")


def _count(live: Live | None) -> str:
    found = len(live.choices) if live is not None and not live.running else 0
    return f"c chooses of {found} ways on   " if found else ""


def _plan(state: State) -> Plan | None:
    """The plan the present run follows: a teardown and a pause follow none."""
    return None if state.progress.kind in _WITHOUT_PLAN else state.plan.value


def _rows(state: State, now: float) -> tuple[step_words.StepRow, ...]:
    """The steps of the present run; of a teardown or a pause only those that it is about, without creation's times."""
    found = step_words.rows(state.plan.value, state.progress, now)
    kind, steps = state.progress.kind, state.progress.steps.values()
    if kind not in _WITHOUT_PLAN:
        return found
    held = {step.id for step in steps if step.ownership is not Ownership.NONE}
    if kind == "pause":
        held &= {step.id for step in steps if step.id == "model-servers" or step.id.startswith("pool/")}
    return tuple(replace(row, critical=False, usual="", elapsed="", late=False) for row in found if row.id in held)


def _length(bar: timeline.Bar | None) -> str:
    return "" if bar is None or bar.planned else duration(bar.solid - bar.begin)


def _log_row(index: int, event: ev.Event) -> Row:
    line = event_words.row(event)
    return Row(
        f"{event.at}-{event.step}-{event.type}-{index}",
        (Cell(line.time, "dim"), Cell(line.step), Cell(line.word, line.role), Cell(line.text)),
    )
