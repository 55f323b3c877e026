"""The one Store: all state of one deployment, and who to tell when it changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from saxtui.model.chips import Chips
from saxtui.model.cluster import ClusterView
from saxtui.model.diagnosis import Report
from saxtui.model.events import Event
from saxtui.model.phases import Phases
from saxtui.model.plan import Plan
from saxtui.model.progress import RunProgress, apply
from saxtui.model.serving import Beat, ModelStatus, Reached

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """One part of the state: loading (neither), ready (`value`), or failed (`error`, with the last good value)."""

    value: T | None = None
    error: str = ""
    as_of: float = 0.0

    @property
    def loading(self) -> bool:
        """Nothing is known yet."""
        return self.value is None and not self.error


@dataclass(frozen=True, slots=True)
class State:
    """Everything the views show of one deployment. Frozen: a view may keep and compare it by identity."""

    progress: RunProgress = field(default_factory=RunProgress)
    plan: Part[Plan] = field(default_factory=Part)
    cluster: Part[ClusterView] = field(default_factory=Part)
    models: Part[tuple[ModelStatus, ...]] = field(default_factory=Part)
    phases: Part[Phases] = field(default_factory=Part)
    chips: Part[Chips] = field(default_factory=Part)
    why: Part[Report] = field(default_factory=Part)
    reach: Part[Reached] = field(default_factory=Part)
    beats: Part[tuple[Beat, ...]] = field(default_factory=Part)
    events: tuple[Event, ...] = ()


_KEPT_EVENTS = 500


class Store:
    """Holds the State. Changed only on the event loop; never awaits inside a change."""

    def __init__(self) -> None:
        self._state = State()
        self._revision = 0
        self._wakers: set[asyncio.Event] = set()
        self._listeners: list[Callable[[Event], None]] = []

    @property
    def state(self) -> State:
        """The current state."""
        return self._state

    @property
    def revision(self) -> int:
        """Rises by one with every change."""
        return self._revision

    def apply(self, event: Event) -> None:
        """Fold one event in and tell the listeners."""
        kept = (*self._state.events[-(_KEPT_EVENTS - 1) :], event)
        self.change(progress=apply(self._state.progress, event), events=kept)
        for listener in tuple(self._listeners):
            listener(event)

    def restore(self, progress: RunProgress, events: tuple[Event, ...] = ()) -> None:
        """Start from a replayed journal."""
        self.change(progress=progress, events=events[-_KEPT_EVENTS:])

    def change(self, **parts: object) -> None:
        """Replace parts of the state by name (`cluster=Part(...)`)."""
        self._state = replace(self._state, **parts)  # type: ignore[arg-type]
        self._revision += 1
        for waker in self._wakers:
            waker.set()

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` for every event from now on; returns the function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def changed(self, since: int) -> int:
        """Wait until the revision is beyond `since`; returns the new one."""
        if self._revision > since:
            return self._revision
        waker = asyncio.Event()
        self._wakers.add(waker)
        try:
            while self._revision <= since:
                waker.clear()
                await waker.wait()
        finally:
            self._wakers.discard(waker)
        return self._revision
