"""The state of every step, folded from events. Pure: the same events give the same state, live or replayed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from saxtui.errors import Problem
from saxtui.model import events as ev


class StepState(StrEnum):
    """What a step shows: glyph and word are in present/words.py."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DOUBT = "doubt"
    FOREIGN = "foreign"
    DELETING = "deleting"
    GONE = "gone"


class Ownership(StrEnum):
    """What the journal knows of a resource."""

    NONE = "none"
    INTENT = "intent"
    OPERATION = "operation"
    OWNED = "owned"
    FOREIGN = "foreign"
    ADOPTED = "adopted"
    UNKNOWN = "unknown"
    DELETING = "deleting"
    GONE = "gone"


EXISTS = frozenset({Ownership.OPERATION, Ownership.OWNED, Ownership.UNKNOWN, Ownership.DELETING})
"""Ours and there, for all we know."""
MAY_BE_OURS = EXISTS | {Ownership.INTENT}
"""What a `down` has to prove gone."""
_MAY_BE = frozenset({Ownership.INTENT, Ownership.UNKNOWN})


@dataclass(frozen=True, slots=True)
class StepProgress:
    """One step. Times are epoch seconds on the deployment's clock; `fraction` in 0..1 or None."""

    id: str
    state: StepState = StepState.WAITING
    ownership: Ownership = Ownership.NONE
    kind: str = ""
    resource: str = ""
    uid: str = ""
    link: str = ""
    operation: str = ""
    body: str = ""
    said: str = ""
    fraction: float | None = None
    started: float | None = None
    ended: float | None = None
    owned_at: float | None = None
    problem: Problem | None = None
    proof: str = ""
    created: bool = False
    owned_seconds: float = 0.0
    """Seconds of earlier ownership, each from owned to proved gone; the present one runs from `owned_at`.

    Time at zero hosts is in neither: each ends when a size of 0 was seen, and a new one begins with the next size.
    """
    hosts: int | None = None
    """The size seen last, after a change of ours; None while it is as it was made."""
    resizing: int | None = None
    """The size that was asked for, and that nobody has seen yet."""

    @property
    def at_zero(self) -> bool:
        """Whether it is ours with no hosts, and was not asked to have any."""
        return self.hosts == 0 and not self.resizing


@dataclass(frozen=True, slots=True)
class RunProgress:
    """A deployment's life so far: its steps and its last run."""

    run: str = ""
    kind: str = ""
    outcome: str = ""
    said: str = ""
    started: float | None = None
    ended: float | None = None
    steps: Mapping[str, StepProgress] = field(default_factory=lambda: MappingProxyType({}))
    until: float | None = None
    """The end of its time to live, in epoch seconds; none without one, and once it is taken down."""
    answered: float | None = None
    """When a model of it first answered, in epoch seconds; none once it is taken down."""

    @property
    def running(self) -> bool:
        """Whether a run began and has not ended (also true after a kill, until it is resumed)."""
        return bool(self.run) and not self.outcome

    @property
    def paused(self) -> tuple[str, ...]:
        """The steps whose slice is ours at zero hosts, or on its way there or back."""
        return tuple(step.id for step in self.steps.values() if step.hosts == 0 or step.resizing is not None)

    def step(self, step_id: str) -> StepProgress:
        """The step's progress, blank when nothing happened yet."""
        return self.steps.get(step_id, StepProgress(step_id))


def fold(events: Iterable[ev.Event], state: RunProgress | None = None) -> RunProgress:
    """Apply events in order to `state` (blank by default)."""
    state = state or RunProgress()
    for event in events:
        state = apply(state, event)
    return state


def apply(state: RunProgress, event: ev.Event) -> RunProgress:
    """One event applied; returns a new state, never changes the old one."""
    match event:
        case ev.RunStarted():
            steps = {**state.steps, **{step_id: _waiting(state.step(step_id)) for step_id in event.steps}}
            return RunProgress(
                run=event.run, kind=event.kind, started=event.at, steps=MappingProxyType(steps), until=state.until,
                answered=state.answered,
            )  # fmt: skip
        case ev.RunFinished():
            over = (event.kind, event.outcome) == ("down", "done")
            until, answered = (None, None) if over else (state.until, state.answered)
            return replace(
                state, outcome=event.outcome, said=event.said, ended=event.at, until=until, answered=answered
            )
        case ev.TermSet():
            return replace(state, until=event.until)
        case ev.ModelAnswered():
            return state if state.answered is not None else replace(state, answered=event.at)
    if not event.step:
        return state
    before = state.step(event.step)
    after = _step(before, event)
    if after is before:
        return state
    return replace(state, steps=MappingProxyType({**state.steps, event.step: after}))


def _step(step: StepProgress, event: ev.Event) -> StepProgress:
    """How the work goes; what it says of ownership is `_resource`'s."""
    match event:
        case ev.StepStarted():
            return replace(
                step, state=StepState.RUNNING, started=event.at, ended=None, problem=None, said="", fraction=None
            )
        case ev.Progress():
            return replace(step, said=event.said, fraction=event.fraction)
        case ev.StepDone():
            return replace(step, state=StepState.DONE, ended=event.at, said=event.said, fraction=1.0)
        case ev.StepFailed():
            # Not ours and in doubt are the more exact words; the problem says the rest.
            state = step.state if step.state in (StepState.FOREIGN, StepState.DOUBT) else StepState.FAILED
            return replace(step, state=state, ended=event.at, problem=event.problem, said=event.problem.said)
    return _resource(step, event)


def _resource(step: StepProgress, event: ev.Event) -> StepProgress:
    """What is known of the step's resource."""
    match event:
        case ev.Intent():
            return replace(
                step, state=_out_of_doubt(step), ownership=Ownership.INTENT, kind=event.kind, resource=event.resource,
                body=event.body, operation="", uid="", link="", proof="", owned_at=None,
                owned_seconds=_held(step, event.at), hosts=None, resizing=None,
            )  # fmt: skip
        case ev.OperationSeen():
            owner = Ownership.OPERATION if step.ownership in _MAY_BE else step.ownership
            return replace(step, state=_out_of_doubt(step), operation=event.operation, ownership=owner)
        case ev.Owned():
            return replace(
                step, state=_out_of_doubt(step), ownership=Ownership.OWNED, kind=event.kind, resource=event.resource,
                uid=event.uid, link=event.link, owned_at=None if step.hosts == 0 else _since(step, event.at),
                created=event.created or step.created, proof="",
            )  # fmt: skip
        case ev.Foreign():
            return replace(
                step, state=StepState.FOREIGN, ownership=Ownership.FOREIGN, kind=event.kind, resource=event.resource,
                said=event.said, ended=event.at, owned_at=None, owned_seconds=_held(step, event.at),
            )  # fmt: skip
        case ev.Adopted():
            return replace(
                step, state=_out_of_doubt(step), ownership=Ownership.ADOPTED, kind=event.kind, resource=event.resource,
                uid=event.uid, owned_at=None, owned_seconds=_held(step, event.at), proof="",
            )  # fmt: skip
        case ev.Doubt():
            # A lost answer about its size or its deletion says nothing against its being there.
            stays = step.ownership is Ownership.DELETING or step.resizing is not None
            owner = step.ownership if stays else Ownership.UNKNOWN
            return replace(step, state=StepState.DOUBT, ownership=owner, said=event.said)
        case ev.Deleting():
            return replace(
                step, state=StepState.DELETING, ownership=Ownership.DELETING, kind=event.kind, resource=event.resource,
                uid=event.uid or step.uid,
            )  # fmt: skip
        case ev.Gone():
            return replace(
                step, state=StepState.GONE, ownership=Ownership.GONE, kind=event.kind, resource=event.resource,
                said=event.proof, proof=event.proof, ended=event.at, operation="", owned_at=None,
                owned_seconds=_held(step, event.at), hosts=None, resizing=None,
            )  # fmt: skip
    return _size(step, event)


def _size(step: StepProgress, event: ev.Event) -> StepProgress:
    """How many hosts it has: what has none is ours all the same, and does not bill."""
    match event:
        case ev.Resizing():
            return replace(step, state=_out_of_doubt(step), resizing=event.hosts, operation="")
        case ev.Resized() if event.hosts == 0:
            return replace(
                step, state=_out_of_doubt(step), hosts=0, resizing=None, said=event.said, owned_at=None,
                owned_seconds=_held(step, event.at),
            )  # fmt: skip
        case ev.Resized():
            since = _since(step, event.at) if step.ownership is Ownership.OWNED else None
            return replace(
                step, state=_out_of_doubt(step), hosts=event.hosts, resizing=None, said=event.said, owned_at=since
            )
    return step


def _waiting(step: StepProgress) -> StepProgress:
    """What a new run makes of a step it has not looked at yet: what is owned or in doubt stays so."""
    state = StepState.DOUBT if step.ownership is Ownership.UNKNOWN else StepState.WAITING
    return replace(step, state=state, problem=None, said="", fraction=None, started=None, ended=None)


def _since(step: StepProgress, at: float) -> float:
    """From when it has been running: as before, or from now."""
    return step.owned_at if step.owned_at is not None else at


def _held(step: StepProgress, until: float) -> float:
    """Seconds of ownership up to `until`, the closed windows and the open one."""
    return step.owned_seconds + (max(0.0, until - step.owned_at) if step.owned_at is not None else 0.0)


def _out_of_doubt(step: StepProgress) -> StepState:
    return StepState.RUNNING if step.state is StepState.DOUBT else step.state
