"""A deployment's steps with their contexts, and what is there of them now: for the plan, drift and recovery.

Only reads are sent from here, and nothing is journaled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from saxtui.engine.kit import Kit
from saxtui.engine.protocol.control import Control
from saxtui.engine.protocol.recorder import Recorder
from saxtui.engine.protocol.step import Observation, Presence, Step, StepContext, patiently
from saxtui.engine.runs import planning
from saxtui.engine.runs.drift import Drift, drift
from saxtui.engine.runs.lease import Lease
from saxtui.engine.runs.one_writer import Turn
from saxtui.engine.runs.refusing import check_names, check_ours, named
from saxtui.engine.runs.usual import Times
from saxtui.engine.steps import ContextMaker, catalog
from saxtui.engine.steps.check import no_project
from saxtui.engine.watching.connection import Connection
from saxtui.errors import CallError, Refused
from saxtui.model import events as ev
from saxtui.model.plan import Plan, StepKind
from saxtui.model.progress import MAY_BE_OURS

_FIRST = ("bucket", "service-account", "cluster")


class _Silent(Recorder):
    """For looking without a run: nothing is journaled or shown."""

    async def emit(self, event: ev.Event) -> None:
        """Looking records nothing."""

    def report(self, step: str, said: str, fraction: float | None) -> None:
        """Looking reports nothing."""


class Looking:
    """What the runs of one deployment begin with."""

    def __init__(self, kit: Kit, connection: Connection) -> None:
        self._kit = kit
        self._connection = connection

    def steps(self, more: Iterable[str] = ()) -> dict[str, Step]:
        """Every step by id: the deployment's, those only the journal still knows, and `more`."""
        kit, progress = self._kit, self._kit.store.state.progress
        journaled = [name for name, step in progress.steps.items() if step.ownership in MAY_BE_OURS]
        return catalog.build(kit.deployment, kit.manifest, [*journaled, *more], progress.until)

    def checked_steps(self) -> dict[str, Step]:
        """The steps as they are now. Raises Refused when the file renames what exists."""
        steps = self.steps()
        check_names(self._kit.deployment, steps, self._kit.store.state.progress)
        return steps

    def named(self, names: Collection[str]) -> frozenset[str]:
        """The ids of the steps that are named so. Raises Refused for no such thing."""
        return named(self._kit.deployment, self.steps(), names) if names else frozenset()

    def contexts(
        self,
        turn: Turn,
        *,
        keep_bucket: bool = False,
        adopt: frozenset[str] = frozenset(),
        also: frozenset[str] = frozenset(),
    ) -> ContextMaker:
        """What makes the steps' contexts for that turn; what the journal knew before is what it knows now."""
        before = self._kit.store.state.progress

        def make(step: str) -> StepContext:
            return StepContext(
                step=step,
                deployment=self._kit.deployment,
                cloud=self._kit.cloud,
                connect=self._connection.kubernetes,
                jobset_source=self._kit.jobset_source,
                control=turn.control,
                recorder=turn.recorder,
                before=before.step(step),
                lease=turn.lease,
                keep_bucket=keep_bucket,
                adopt=adopt,
                also=also,
            )

        return make

    async def plan(self, adopt: frozenset[str]) -> Plan:
        """Observe and plan. Raises Refused when the project is not there or names changed, CallError."""
        kit, wanted = self._kit, self._kit.deployment
        check_ours(wanted)
        account = await kit.cloud.projects.account()
        if await kit.cloud.projects.get(wanted.project) is None:
            raise Refused(no_project(wanted.project, account, ""))
        steps = self.checked_steps()
        times = await kit.times() if kit.times is not None else Times()
        edges = catalog.edges(wanted)
        left = [step.resource for name, step in steps.items() if name not in edges and step.owns]
        return planning.plan(wanted, await self.observe(steps, adopt), kit.manifest, times, left)

    async def drift(self) -> tuple[Drift, ...]:
        """Where what is ours is no longer what we made. Raises CallError."""
        return await drift(self.steps(), self.contexts(self._silent("drift")), self._kit.store.state.progress)

    async def observe(self, steps: Mapping[str, Step], adopt: frozenset[str]) -> dict[str, Observation]:
        """A look at every step that can be looked at now: what is in a cluster only when that cluster answers."""
        make = self.contexts(self._silent("plan"), adopt=adopt)

        async def look(name: str) -> tuple[str, Observation]:
            ctx = make(name)
            seen = await patiently(ctx, lambda: steps[name].observe(ctx), attempts=3)
            used = seen.presence is Presence.FOREIGN and ctx.adopts
            return name, replace(seen, presence=Presence.KEPT) if used else seen

        found = dict(await asyncio.gather(*(look(name) for name in _FIRST)))
        rest = [name for name, step in steps.items() if step.owns and name not in found]
        cluster = found["cluster"]
        if cluster.presence is Presence.ABSENT or cluster.presence is Presence.FOREIGN:
            rest = [name for name in rest if not steps[name].within]
        elif not cluster.ready:
            rest = [name for name in rest if not steps[name].within or steps[name].kind is StepKind.NODE_POOL]
        found.update(await asyncio.gather(*(look(name) for name in rest)))
        return found

    async def labelled_pools(self) -> list[str]:
        """Pools with our label that neither the file nor the journal names, so that a lost journal loses none."""
        wanted = self._kit.deployment
        try:
            pools = await self._kit.cloud.gke.list_node_pools(wanted.region, wanted.cluster.name)
        except CallError:
            # The teardown's own first look meets the same failure and reports it.
            return []
        ours = [pool for pool in pools if wanted.owns(pool.labels)]
        return [f"pool/{pool.name}" for pool in ours if pool.topology or pool.name in wanted.slices.pools]

    def _silent(self, run: str) -> Turn:
        kit = self._kit
        recorder = _Silent(run, kit.journal, kit.store, kit.cloud.clock)
        return Turn(Control(), recorder, Lease(kit.deployment, kit.cloud, kit.holder))
