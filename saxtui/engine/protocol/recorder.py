"""Writes a run's events: durable ones into the journal first, then all of them into the store."""

from __future__ import annotations

from typing import Protocol

from saxtui.engine.store import Store
from saxtui.errors import Problem, Refused
from saxtui.model import events as ev
from saxtui.model.progress import RunProgress
from saxtui.ports import Clock, Journal


class CannotRecord(Refused):
    """The journal did not take an event. Nothing may be sent any more: the run stops at once."""


class Named(Protocol):
    """A resource as the journal names it: a step, planned or in progress, or what is found beside the steps."""

    @property
    def id(self) -> str:
        """The step's id."""

    @property
    def kind(self) -> str:
        """What kind of thing it is."""

    @property
    def resource(self) -> str:
        """Its name as shown."""


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

    async def run_started(self, kind: str, steps: tuple[str, ...], plan: str = "") -> None:
        """Journal that the run began. `plan`: the digest consent was given to."""
        await self.emit(ev.RunStarted(at=self.now(), run=self.run, kind=kind, plan=plan, steps=steps))

    async def run_finished(self, kind: str, outcome: str, said: str = "") -> None:
        """Journal that the run ended. `outcome`: done, failed, paused or doubt."""
        await self.emit(ev.RunFinished(at=self.now(), run=self.run, kind=kind, outcome=outcome, said=said))

    async def started(self, step: str) -> None:
        """Journal that work on the step began."""
        await self.emit(ev.StepStarted(at=self.now(), run=self.run, step=step))

    async def done(self, step: str, said: str) -> None:
        """Journal that the step's goal holds."""
        await self.emit(ev.StepDone(at=self.now(), run=self.run, step=step, said=said))

    async def failed(self, step: str, problem: Problem) -> None:
        """Journal that the step cannot go on by itself."""
        await self.emit(ev.StepFailed(at=self.now(), run=self.run, step=step, problem=problem))

    async def doubt(self, step: str, said: str) -> None:
        """Journal that nobody knows whether a request took effect."""
        await self.emit(ev.Doubt(at=self.now(), run=self.run, step=step, said=said))

    async def foreign(self, what: Named, said: str) -> None:
        """Journal that it is there and not ours."""
        at, kind = self.now(), str(what.kind)
        await self.emit(ev.Foreign(at=at, run=self.run, step=what.id, kind=kind, resource=what.resource, said=said))

    async def deleting(self, what: Named, uid: str = "") -> None:
        """Journal that it is about to be deleted. `uid` of what was seen there, "" when not known."""
        at, kind = self.now(), str(what.kind)
        await self.emit(ev.Deleting(at=at, run=self.run, step=what.id, kind=kind, resource=what.resource, uid=uid))

    async def gone(self, what: Named, proof: str) -> None:
        """Journal that it is proved absent. `proof` says by which reads."""
        at, kind = self.now(), str(what.kind)
        await self.emit(ev.Gone(at=at, run=self.run, step=what.id, kind=kind, resource=what.resource, proof=proof))

    async def note(self, step: str, said: str) -> None:
        """Journal a line for the operator."""
        await self.emit(ev.Note(at=self.now(), run=self.run, step=step, said=said))

    def now(self) -> float:
        """Epoch seconds on the deployment's clock."""
        return self._clock.now()
