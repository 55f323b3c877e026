"""One deployment at work: what both front doors may ask of it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from saxtui.engine.diagnosis import Fallen
from saxtui.engine.diagnosis.inquiry import Inquiry
from saxtui.engine.kit import Kit
from saxtui.engine.runs.drift import Drift
from saxtui.engine.runs.recovery import Recovered
from saxtui.engine.runs.result import Proof, RunResult
from saxtui.engine.runs.running import Runs
from saxtui.engine.serving.asking import Asking
from saxtui.engine.serving.book import Jot
from saxtui.engine.serving.canary import Canary
from saxtui.engine.serving.reach import Reach
from saxtui.engine.serving.service import Serving
from saxtui.engine.serving.talking import SaxTalker
from saxtui.engine.serving.tending import Tending
from saxtui.engine.watching.aftermath import Aftermath
from saxtui.engine.watching.chips import Metering
from saxtui.engine.watching.connection import Connection
from saxtui.engine.watching.hearing import Hearing
from saxtui.engine.watching.logs import Logs, LogSelection
from saxtui.engine.watching.manifest_of import pod_yaml
from saxtui.engine.watching.phasing import Phasing
from saxtui.engine.watching.watch import Watching
from saxtui.errors import Problem, Refused, SaxtuiError
from saxtui.model.audit import Finding
from saxtui.model.checks import CheckRow
from saxtui.model.chips import Chips
from saxtui.model.cluster import ClusterView, LogLine, Pod
from saxtui.model.diagnosis import Report
from saxtui.model.log_batch import LogBatch
from saxtui.model.phases import Phases
from saxtui.model.plan import Plan
from saxtui.model.progress import Ownership
from saxtui.model.serving import Beat, Dialect, ModelStatus, Reply, Sampling
from saxtui.model.talk import Ask
from saxtui.ports import LastBeat, Talker

if TYPE_CHECKING:
    from saxtui.model.cost import Cost

__all__ = ["Drift", "LogSelection", "Proof", "Recovered", "RunResult", "Session"]


class Session:
    """A deployment, its journal and its store. Made by `Runtime.session`, used by the console and the command line."""

    def __init__(self, kit: Kit, beats: LastBeat | None = None, jot: Jot | None = None) -> None:
        """`beats` keeps the canary's newest beat for other processes; `jot` records one event where this only reads."""
        self.deployment = deployment = kit.deployment
        self.store = store = kit.store
        self.cloud = cloud = kit.cloud
        self.journal = journal = kit.journal
        self.connection = Connection(deployment, cloud)
        self._runs = Runs(kit, self.connection)
        self._aftermath = Aftermath(self.connection.kubernetes)
        self._watching = Watching(store, self.connection, cloud.clock, self._aftermath.see)
        self._inquiry = Inquiry(deployment, store, self.connection, journal, self._aftermath, cloud.clock)
        self.closed = False
        self._logs = Logs(store, self.connection, self._watching, cloud.clock)
        hearing = Hearing()
        reach = Reach(deployment, store, cloud, self.connection)
        self._serving = Serving(deployment, store, cloud.clock, journal, reach, hearing, kit.times, jot)
        self._phasing = Phasing(store, self.connection, hearing, cloud.clock)
        self._metering = Metering(store, self.connection, cloud.clock)
        self._sax = SaxTalker(self._serving, deployment.model.id, cloud.clock)
        self.asking = Asking(self._sax.unguarded, cloud.clock, self._sax.obstacle)
        self._beats = beats
        keep = beats.save if beats is not None else None
        self.canary = Canary(self._sax.unguarded, store, cloud.clock, self._in_use, deployment.canary, keep)
        self._tending = Tending(self._serving, self.canary, store, cloud.clock)

    async def plan(self, adopt: Collection[str] = ()) -> Plan:
        """Observe and plan; puts it into the store. Raises Refused/CallError with a Problem that names the thing."""
        return await self._runs.plan(adopt)

    async def drift(self) -> tuple[Drift, ...]:
        """Where what is ours is no longer what we made. Reads only. Raises CallError."""
        return await self._runs.drift()

    async def up(
        self, plan: Plan, *, take_over: bool = False, adopt: Collection[str] = (), kind: str = "up"
    ) -> RunResult:
        """Make it so; resumes what an earlier run left. Never raises for a failed step: the result tells.

        Raises Refused before anything is sent, so also while another operator holds the deployment's lease;
        `take_over` takes one that ran out; `adopt` names what is used although it is somebody else's; `kind` "resume"
        brings a paused one back.
        """
        return await self._runs.up(plan, take_over=take_over, adopt=adopt, kind=kind)

    async def pause_slices(self, *, take_over: bool = False) -> RunResult:
        """Every slice to zero hosts, the rest stays; `up` brings them back. Raises Refused like `up`."""
        return await self._runs.pause_slices(take_over=take_over)

    async def mend(self, *, take_over: bool = False) -> RunResult:
        """Recreate our JobSet, the remedy for a slice that hangs; all slices stop and start. Raises as `up` does."""
        return await self._runs.mend(take_over=take_over)

    async def down(
        self, *, keep_bucket: bool = False, take_over: bool = False, also: Collection[str] = ()
    ) -> RunResult:
        """Delete what is ours, prove it gone. Never raises for a failed step; raises Refused like `up`."""
        return await self._runs.down(keep_bucket=keep_bucket, take_over=take_over, also=also)

    async def roll_back(self) -> RunResult:
        """Delete only the pools that could not be made, with proof. Raises Refused like `up`."""
        return await self._runs.roll_back()

    async def wait_for_room(self, minutes: int) -> RunResult:
        """Ask again and again for the same, for so long. Raises Refused like `up`."""
        return await self._runs.wait_for_room(minutes)

    async def extend(self, seconds: float, *, take_over: bool = False) -> float:
        """Move the end of its time to live; returns it in epoch seconds. Raises SaxtuiError, Refused like `up`."""
        return await self._runs.extend(seconds, take_over=take_over)

    async def let_go(self) -> RunResult:
        """Pause out of a half-way run: what is half made goes, the slices that are up go to zero. Raises Refused."""
        return await self._runs.let_go()

    async def recover(self) -> tuple[tuple[Recovered, ...], str]:
        """Find what is ours after the journal was lost, and journal it; sends nothing. Raises SaxtuiError."""
        return await self._runs.recover()

    def pause(self) -> None:
        """Ask the run in progress to stop after what is being sent; the cloud goes on with what it was told."""
        self._runs.pause()

    async def watch(self) -> None:
        """Keep `store.state.cluster` live until cancelled; survives breaks, and says stale or offline."""
        await self._watching.run()

    async def look(self) -> ClusterView:
        """One picture of the cluster, without watching."""
        return await self._watching.look()

    async def phases(self, view: ClusterView | None = None) -> Phases:
        """What each host's process is at, read once from the logs; puts it into the store. Raises CallError."""
        return await self._phasing.look(view or await self._watching.look())

    async def pod_yaml(self, namespace: str, name: str) -> str:
        """One pod as the API server holds it now, as clean YAML without managedFields. Raises NotFound, CallError."""
        return await pod_yaml(self.connection, namespace, name)

    async def hear(self, slices: Callable[[], Collection[int]]) -> None:
        """Keep `store.state.phases` live until cancelled, while the cluster is watched.

        All hosts of a small cluster; of a large one the primaries, their witnesses, and every host of the slices that
        `slices()` names: those somebody looks at.
        """
        await self._phasing.run(slices)

    async def chips(self, pods: Iterable[Pod]) -> Chips:
        """The TPU metrics of these pods, read once; puts them into the store. What is not told says why."""
        return await self._metering.look(pods)

    async def meter(self) -> None:
        """Keep `store.state.chips` live until cancelled, for the hosts of the slices that `look_at` named last."""
        await self._metering.run()

    def look_at(self, slices: Collection[int]) -> None:
        """Somebody looks at the hosts of these slices."""
        self._metering.look_at(slices)

    async def why(self, *, look: bool = True) -> Report:
        """Why anything is red or grey, judged now; puts it into the store. Never raises for what cannot be reached.

        `look`: read the cluster, the hosts' phases and the models first; without, what the store knows is judged.
        """
        if look:
            with contextlib.suppress(SaxtuiError):
                await self.phases(await self._watching.look())
                if self.store.state.progress.step("http-server").ownership in (Ownership.OWNED, Ownership.ADOPTED):
                    await self._serving.models()
        return await self._inquiry.answer()

    async def inquire(self) -> None:
        """Keep `store.state.why` live until cancelled, while the cluster is watched."""
        await self._inquiry.run()

    @property
    def fallen(self) -> Sequence[Fallen]:
        """Containers that ended badly while somebody looked on, with their last lines."""
        return self._aftermath.fallen

    def logs(
        self, selection: LogSelection, *, follow: bool = False, tail: int | None = None, since: float | None = None
    ) -> AsyncIterator[LogLine]:
        """Lines of all selected pods, merged by time; with follow, new pods of the selection join by themselves."""
        return self._logs.lines(selection, follow=follow, tail=tail, since=since)

    def log_batches(
        self, selection: LogSelection, *, follow: bool = False, tail: int | None = None, since: float | None = None
    ) -> AsyncGenerator[LogBatch, None]:
        """The same in bulk, for views that keep many lines."""
        return self._logs.batches(selection, follow=follow, tail=tail, since=since)

    @property
    def dialect(self) -> Dialect:
        """Which HTTP server answers; UNKNOWN until a call has reached it."""
        return self._serving.reach.dialect

    async def models(self) -> tuple[ModelStatus, ...]:
        """The truth ladder of every published model; puts it into the store."""
        return await self._serving.models()

    async def tend(self) -> None:
        """Keep `models` and the canary's `beats` in the store live until cancelled, while there is a cluster of ours.

        What the canary sends never counts as a prompt; it rests while one is queued or with the server.
        """
        await self._tending.run()

    async def last_beat(self) -> Beat | None:
        """The canary's newest beat, whoever looked after the deployment then; None while there was none."""
        seen = self.store.state.beats.value
        return seen[-1] if seen else await self._beats.load() if self._beats is not None else None

    async def first_answer(self) -> tuple[float, Cost] | None:
        """Seconds from the first `up` to the first answer, and what was spent before it; None before. Raises Refused.

        Of the deployment's present life: what came before the last `down` does not count.
        """
        from saxtui.model.cost import first_answer

        return first_answer(self.deployment, await self.journal.events())

    def _in_use(self) -> bool:
        return self._serving.prompts > 0 or self.asking.queued > 0

    async def publish(self, model: str = "", path: str = "", checkpoint: str = "", replicas: int = 0) -> ModelStatus:
        """Publish (the deployment's model by default). Already published the same is success."""
        return await self._serving.publish(model, path, checkpoint, replicas)

    async def update(self, model: str = "", replicas: int = 0, checkpoint: str = "") -> ModelStatus:
        """Change a published model's replicas or checkpoint (0 and "" leave them)."""
        return await self._serving.update(model, replicas, checkpoint)

    async def unpublish(self, model: str = "") -> None:
        """Unpublish (the deployment's model by default). Not published is success."""
        await self._serving.unpublish(model)

    async def wait_loaded(self, model: str = "", timeout: float = 1800.0) -> ModelStatus:
        """Wait until every assigned replica is proved loaded. Raises SaxtuiError when a load failed or time is up.

        `timeout` in seconds of the product's clock; the store's `models` part follows along.
        """
        self._awake("wait for", model)
        return await self._serving.wait_loaded(model, timeout)

    def _awake(self, tried: str, model: str) -> None:
        """Refuse what can only wait for ever: every slice is at zero hosts."""
        pools = [self.store.state.progress.step(f"pool/{name}") for name in self.deployment.slices.pools]
        if all(pool.at_zero for pool in pools):
            said = "the deployment is paused: its slices are at zero hosts, so nothing can load or answer"
            way_out = f"saxtui resume -d {self.deployment.name}"
            target = model or self.deployment.model.id
            raise Refused(Problem(tried=tried, target=target, said=said, next_step=way_out, reason="PAUSED"))

    async def generate(
        self,
        prompt: str,
        model: str = "",
        sampling: Sampling | None = None,
        timeout: float = 120.0,
        *,
        force: bool = False,
    ) -> Reply:
        """One bounded request, sent once, never repeated by itself.

        Refused while no slice is proved to have loaded the model, unless `force`: the HTTP server would hold it open.
        """
        self._awake("generate with", model)
        model = model or self.deployment.model.id
        talker = self._sax.unguarded if force else self._sax
        answer = await talker.generate(Ask(prompt, model, sampling, timeout=timeout))
        return Reply(model, prompt, answer.candidates, answer.seconds)

    @property
    def talker(self) -> Talker:
        """The deployment's Sax server, for bench; never repeats a prompt, refuses while nothing is loaded.

        Prompts of people go through `asking`, which lets them wait for that.
        """
        return self._sax

    async def measured_talker(self, model: str) -> Talker:
        """The same for a load test: the ladder is asked once here, not before every request. Raises Refused."""
        await self._sax.guard(model)
        return self._sax.unguarded

    async def problems(self) -> Sequence[Problem]:
        """What the checks say now (credentials, APIs, permissions, zone, quota), worst first; empty = fine."""
        return await self._runs.problems()

    async def checks(self) -> Sequence[CheckRow]:
        """Every check as a row: fine, a problem, or unknown; within ten seconds, and only reads."""
        return await self._runs.checks()

    async def audit(self) -> Sequence[Finding]:
        """What is risky in an attached cluster, a finding a question; only reads. Raises NotFound, CallError."""
        from saxtui.engine.attaching.audit import audit
        from saxtui.engine.attaching.standing import Place, look

        wanted = self.deployment
        place = Place(wanted.project, wanted.attached or wanted.region, wanted.cluster.name)
        return audit(await look(self.cloud, place, wanted.namespace))

    async def close(self) -> None:
        """Close journal and connections; harmless twice."""
        self.closed = True
        await self._aftermath.close()
        await self._serving.close()
        await self.connection.close()
        await self.journal.close()
