"""A run as it happens: a line an event, or on a terminal one table that redraws itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from saxtui.cli import render
from saxtui.cli.front import Front
from saxtui.cli.style import Piece
from saxtui.model.events import Event, Progress
from saxtui.present import events as present_events
from saxtui.present.steps import rows, tally

if TYPE_CHECKING:
    from saxtui.engine.session import RunResult, Session

_FRAME = 0.25
Update = Callable[[Sequence[Sequence[Piece]]], None]


async def follow(front: Front, session: Session, run: Awaitable[RunResult]) -> RunResult:
    """Await the run, showing its events meanwhile."""
    if front.out.live:
        return await _table(front, session, run)
    printer = _Printer(front)
    forget = session.store.listen(printer.show)
    try:
        return await run
    finally:
        forget()


class _Printer:
    """Prints events as lines and records; progress only when it says something new."""

    def __init__(self, front: Front) -> None:
        self._out = front.out
        self._said: dict[str, str] = {}

    def show(self, event: Event) -> None:
        """Print one event."""
        row = present_events.row(event)
        if isinstance(event, Progress):
            if self._said.get(event.step) == event.said:
                return
            self._said[event.step] = event.said
            if not event.said:
                return
        self._out.emit(event.record())
        text = f"  {row.text}" if row.text else ""
        self._out.line((row.time, "dim"), f"  {row.step:<26}  ", (f"{row.word:<9}", row.role), text)


async def _table(front: Front, session: Session, run: Awaitable[RunResult]) -> RunResult:
    task = asyncio.ensure_future(run)
    with front.out.redrawn() as update:
        try:
            while not task.done():
                _draw(front, session, update)
                await asyncio.wait({task}, timeout=_FRAME)
            _draw(front, session, update)
            return await task
        finally:
            if not task.done():
                task.cancel()


def _draw(front: Front, session: Session, update: Update) -> None:
    state, now = session.store.state, session.cloud.clock.now()
    lines = render.step_lines(front.out, state.plan.value, state.progress, now)
    summary = tally(rows(state.plan.value, state.progress, now))
    update([*lines, [(summary, "head")]])
