"""One run at a time: in this process by a flag, in others by the journal's lock, on other machines by the lease."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from saxtui.engine.kit import Kit
from saxtui.engine.protocol.control import Control, Paused
from saxtui.engine.protocol.recorder import Recorder
from saxtui.engine.runs import mirror, provisioning
from saxtui.engine.runs.lease import Lease
from saxtui.engine.runs.refusing import check_ours, refused
from saxtui.engine.runs.result import RunResult
from saxtui.errors import Refused

_PARTING = 3.0
"""Real seconds in which a paused run may still write its journal's copy and give its lease back."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one run, or one look, has to itself."""

    control: Control
    recorder: Recorder
    lease: Lease


class OneWriter:
    """Who may write now, of one deployment."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._control: Control | None = None

    def pause(self) -> None:
        """Ask the run in progress to stop; harmless when there is none."""
        if self._control is not None:
            self._control.pause()

    @contextmanager
    def stoppable(self) -> Iterator[Control]:
        """While it lasts, `pause` reaches this control."""
        self._control = Control()
        try:
            yield self._control
        finally:
            self._control = None

    @contextmanager
    def begun(self, kind: str, *, take_over: bool = False) -> Iterator[Turn]:
        """A run's turn, begun with nothing sent. Raises Refused when one is in progress or none may be recorded."""
        kit = self._kit
        check_ours(kit.deployment)
        if self._control is not None:
            raise refused(kit.deployment, "a run is in progress", "wait for it, or pause it")
        if kit.journal.damage is not None:
            raise Refused(kit.journal.damage)
        if kit.journal.read_only:
            way_out = "another saxtui holds it: use that one, or close it"
            raise refused(kit.deployment, "it is open read-only here", way_out)
        run = f"{kind}-{int(kit.cloud.clock.now())}-{secrets.token_hex(3)}"
        recorder = Recorder(run, kit.journal, kit.store, kit.cloud.clock)
        with self.stoppable() as control:
            yield Turn(control, recorder, Lease(kit.deployment, kit.cloud, kit.holder, take_over=take_over))

    async def under_lease(self, kind: str, take_over: bool, work: Callable[[Turn], Awaitable[RunResult]]) -> RunResult:
        """One run: nothing is sent before the lease is seen to be free or ours, and no other run begins meanwhile."""
        with self.begun(kind, take_over=take_over) as turn:
            try:
                await turn.control.reading(turn.lease.look())
                return await work(turn)
            except Paused:
                return self.not_begun(kind)

    def not_begun(self, kind: str) -> RunResult:
        """Paused before anything was sent or journaled."""
        return RunResult(kind, "paused", provisioning.exit_code("paused", self._kit.store.state.progress), 0.0)

    async def mirrored(self, lease: Lease, work: Coroutine[Any, Any, RunResult]) -> RunResult:
        """The run, with the journal's copy in the bucket kept up beside it, and the lease given back after it."""
        kit = self._kit
        copying = mirror.Mirror(kit.deployment, kit.cloud, kit.journal, lease)
        unlisten = kit.store.listen(copying.heard)
        copier = asyncio.create_task(copying.run())
        try:
            result = await work
            copying.stop()
            # Both are best effort; a paused operator does not wait for a cloud that may not answer any more.
            with suppress(TimeoutError):
                async with asyncio.timeout(_PARTING if result.outcome == "paused" else None):
                    await copier
                    await lease.release()
        finally:
            unlisten()
            copier.cancel()
            await asyncio.wait({copier})
        return result
