"""Writes a run's events: durable ones into the journal first, then all of them into the store."""

from __future__ import annotations

from saxtui.engine.store import Store
from saxtui.errors import Problem, Refused
from saxtui.model import events as ev
from saxtui.model.progress import RunProgress
from saxtui.ports import Clock, Journal


class CannotRecord(Refused):
    """The journal did not take an event. Nothing may be sent any more: the run stops at once."""


class Recorder:
    """One run's pen. The journal's order is the order of `emit` calls."""

    def __init__(self, run: str, journal: Journal, store: Store, clock: Clock) -> None:
        self.run = run
        self._journal = journal
        self._store = store
        self._clock = clock

    @property
    def progress(self) -> RunProgress:
        """The fold so far."""
        return self._store.state.progress

    async def emit(self, event: ev.Event) -> None:
        """Make the event durable, then show it. Raises CannotRecord."""
        if event.durable:
            try:
                await self._journal.append(event)
            except Refused as error:
                raise CannotRecord(error.problem) from error
            except OSError as error:
                raise CannotRecord(Problem(tried="record", target="journal", said=str(error))) from error
        self._store.apply(event)

    def report(self, step: str, said: str, fraction: float | None) -> None:
        """Show how a wait goes."""
        known = self.progress.step(step)
        if (known.said, known.fraction) != (said, fraction):
            self._store.apply(ev.Progress(at=self.now(), run=self.run, step=step, said=said, fraction=fraction))

    async def note(self, step: str, said: str) -> None:
        """Journal a line for the operator."""
        await self.emit(ev.Note(at=self.now(), run=self.run, step=step, said=said))

    def now(self) -> float:
        """Epoch seconds on the deployment's clock."""
        return self._clock.now()
