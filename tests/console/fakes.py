"""A scripted engine for the console's tests, at the level of the contracts: Runtime, Session, Cloud."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from saxtui.engine.runtime import Summary, Surroundings
from saxtui.engine.session import RunResult
from saxtui.engine.store import Part, Store
from saxtui.errors import ExitCode, Problem, Refused
from saxtui.model import events as ev
from saxtui.model.checks import Answer, CheckRow
from saxtui.model.cluster import ClusterView, Freshness
from saxtui.model.deployment import Deployment
from saxtui.model.diagnosis import Report
from saxtui.model.plan import Action, Plan, PlannedStep, StepKind
from saxtui.ports import ProjectInfo, Quota

NOW = 1_764_000_000.0
STOCKOUT = Problem(
    tried="create", target="node pool tpu2", said="GCE_STOCKOUT: the zone does not have enough resources",
    next_step="wait and resume, or choose us-west4-b", code="429", reason="GCE_STOCKOUT", may_bill=False,
    command="gcloud container node-pools create tpu2 --cluster=saxml",
)  # fmt: skip


class FakeClock:
    """Stands still until a test moves it."""

    speed = 60.0

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


def deployment(name: str = "spmd-175b", **more: Any) -> Deployment:
    """The tutorial's deployment in the demo project."""
    return Deployment(id="d7f3a9c1", name=name, project="demo-project", bucket="demo-project-sax-7f3a", **more)


def plan(wanted: Deployment, action: Action = Action.CREATE) -> Plan:
    """Thirteen steps with the tutorial's edges."""
    pools = wanted.slices.pools
    rows: list[tuple[str, StepKind, str, str, tuple[str, ...], tuple[float, float], float | None]] = [
        ("check", StepKind.CHECK, "checks", wanted.project, (), (2, 5), 0.0),
        ("bucket", StepKind.BUCKET, "bucket", wanted.bucket, ("check",), (2, 4), 0.0),
        ("service-account", StepKind.SERVICE_ACCOUNT, "service account", "sax-iam-sa", ("check",), (3, 8), 0.0),
        ("binding/bucket", StepKind.BINDING, "role on the bucket", wanted.bucket, ("bucket", "service-account"),
         (3, 8), 0.0),
        ("cluster", StepKind.CLUSTER, "cluster", wanted.cluster.name, ("check",), (340, 450), 0.38),
        *((f"pool/{name}", StepKind.NODE_POOL, f"pool {name}", name, ("cluster",), (190.0, 540.0), 38.4)
          for name in pools),
        ("jobset-controller", StepKind.JOBSET_CONTROLLER, "JobSet controller", "jobset", ("cluster",), (45, 90), 0.0),
        ("admin-server", StepKind.ADMIN_SERVER, "admin server", "sax-admin-server", ("cluster", "binding/bucket"),
         (30, 60), 0.0),
        ("model-servers", StepKind.MODEL_SERVERS, "model servers", "sax-model-server-set",
         ("jobset-controller", "admin-server", *(f"pool/{name}" for name in pools)), (40, 90), 0.0),
        ("http-server", StepKind.HTTP_SERVER, "HTTP server", "sax-http", ("admin-server",), (30, 60), 0.0),
        ("readiness", StepKind.READINESS, "readiness", "16 hosts", ("model-servers", "http-server"), (60, 120), 0.0),
    ]  # fmt: skip
    steps = tuple(
        PlannedStep(i, kind, title, resource, needs, Action.CHECK if kind is StepKind.CHECK else action, usual, usd,
                    command=f"gcloud ... {resource}")
        for i, kind, title, resource, needs, usual, usd in rows
    )  # fmt: skip
    return Plan(
        deployment=wanted.name, project=wanted.project, steps=steps, digest="d" * 64,
        usd_per_hour=sum(step.usd_per_hour or 0.0 for step in steps),
        critical_path=("check", "cluster", "pool/tpu1", "model-servers", "readiness"), seconds=(632.0, 1205.0),
        sequential_seconds=1200.0,
        consequences=("$77.18/h from the moment both pools are up", "nothing public", "nothing irreversible"),
    )  # fmt: skip


@dataclass
class FakeSession:
    """One deployment whose runs follow a script; `gates` hold a step until they are set."""

    deployment: Deployment
    clock: FakeClock
    store: Store = field(default_factory=Store)
    journal: Any = field(default_factory=lambda: SimpleNamespace(read_only=False))
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    failing: dict[str, Problem] = field(default_factory=dict)
    action: Action = Action.CREATE
    closed: bool = False
    paused: bool = False
    runs: list[str] = field(default_factory=list)
    pace: float = 0.0
    found: tuple[Problem, ...] = ()
    looked_at: tuple[int, ...] = ()

    async def plan(self) -> Plan:
        made = plan(self.deployment, self.action)
        self.store.change(plan=Part(value=made, as_of=self.clock.now()))
        return made

    async def let_go(self) -> RunResult:
        self.runs.append("pause")
        run, at = f"pause{len(self.runs)}", self.clock.now
        pools = [p for p in self.store.state.progress.steps.values() if p.id.startswith("pool/")]
        self._tell(ev.RunStarted(at=at(), run=run, kind="pause", steps=tuple(p.id for p in pools)))
        for step in pools:
            about: dict[str, Any] = {"run": run, "step": step.id, "kind": step.kind, "resource": step.resource}
            self._tell(ev.Resizing(at=at(), hosts=0, **about))
            if "pause" in self.gates:
                await self.gates["pause"].wait()
            await self.clock.sleep(10)
            self._tell(ev.Resized(at=at(), hosts=0, **about))
            self._tell(ev.StepDone(at=at(), run=run, step=step.id, said=f"{step.resource}: 0 hosts"))
        self._tell(ev.RunFinished(at=at(), run=run, kind="pause", outcome="done"))
        return RunResult("pause", "done", ExitCode.DONE, 20.0)

    async def up(self, wanted: Plan, *, kind: str = "up") -> RunResult:
        self.runs.append(kind)
        run, started = f"up{len(self.runs)}", self.clock.now()
        steps = tuple(step.id for step in wanted.steps)
        self._tell(ev.RunStarted(at=started, run=run, kind="up", plan=wanted.digest, steps=steps))
        left = {step.id: step for step in wanted.steps}
        done = {i for i, p in self.store.state.progress.steps.items() if p.owned_at is not None}
        failed: list[Problem] = []
        for step_id in done:
            left.pop(step_id, None)
        while left and not self.paused:
            ready = [step for step in left.values() if set(step.needs) <= done]
            if not ready:
                break
            for step in ready:
                left.pop(step.id)
            results = await asyncio.gather(*(self._make(run, step) for step in ready))
            failed += [problem for problem in results if problem is not None]
            done |= {step.id for step, problem in zip(ready, results, strict=True) if problem is None}
        outcome = "failed" if failed else "paused" if self.paused else "done"
        said = failed[0].one_line() if failed else ""
        self._tell(ev.RunFinished(at=self.clock.now(), run=run, kind="up", outcome=outcome, said=said))
        code = ExitCode.BILLABLE if failed else ExitCode.DONE
        return RunResult("up", outcome, code, self.clock.now() - started, tuple(failed))

    async def _make(self, run: str, step: PlannedStep) -> Problem | None:
        at = self.clock.now
        self._tell(ev.StepStarted(at=at(), run=run, step=step.id))
        self._tell(ev.Intent(at=at(), run=run, step=step.id, kind=step.kind.value, resource=step.resource))
        self._tell(ev.Sent(at=at(), run=run, step=step.id, method="POST", target=step.resource, command=step.command))
        self._tell(ev.Progress(at=at(), run=run, step=step.id, said="waiting for it", fraction=0.4))
        if step.id in self.gates:
            await self.gates[step.id].wait()
        await self.clock.sleep(step.usual[0]) if not self.pace else await asyncio.sleep(step.usual[0] * self.pace)
        if step.id in self.failing:
            self._tell(ev.StepFailed(at=at(), run=run, step=step.id, problem=self.failing[step.id]))
            return self.failing[step.id]
        self._tell(ev.Owned(at=at(), run=run, step=step.id, kind=step.kind.value, resource=step.resource, uid="u1"))
        self._tell(ev.StepDone(at=at(), run=run, step=step.id, said="there"))
        return None

    async def down(self, *, keep_bucket: bool = False) -> RunResult:
        self.runs.append("down")
        run, at = f"down{len(self.runs)}", self.clock.now
        ours = [p for p in self.store.state.progress.steps.values() if p.owned_at is not None]
        self._tell(ev.RunStarted(at=at(), run=run, kind="down", steps=tuple(p.id for p in ours)))
        for step in reversed(ours):
            self._tell(ev.StepStarted(at=at(), run=run, step=step.id))
            self._tell(ev.Deleting(at=at(), run=run, step=step.id, kind=step.kind, resource=step.resource))
            if step.id in self.gates:
                await self.gates[step.id].wait()
            await self.clock.sleep(10)
            self._tell(ev.Gone(at=at(), run=run, step=step.id, kind=step.kind, resource=step.resource,
                               proof="404 by GET, absent from LIST, twice"))  # fmt: skip
        self._tell(ev.RunFinished(at=at(), run=run, kind="down", outcome="done"))
        return RunResult("down", "done", ExitCode.DONE, 10.0 * len(ours))

    async def problems(self) -> Sequence[Problem]:
        return self.found

    async def checks(self) -> Sequence[CheckRow]:
        rows = [CheckRow("checks", Answer.PROBLEM, problem.one_line(), (problem,)) for problem in self.found]
        return [*rows, CheckRow("capacity", Answer.UNKNOWN, "whether it has chips free cannot be known beforehand")]

    def pause(self) -> None:
        self.paused = True
        for gate in self.gates.values():
            gate.set()

    async def tend(self) -> None:
        await asyncio.Event().wait()

    async def hear(self, _slices: object) -> None:
        await asyncio.Event().wait()

    async def meter(self) -> None:
        await asyncio.Event().wait()

    def look_at(self, slices: Collection[int]) -> None:
        self.looked_at = tuple(slices)

    async def inquire(self) -> None:
        await asyncio.Event().wait()

    async def why(self, *, look: bool = True) -> Report:
        found = self.store.state.why.value or Report(at=self.clock.now())
        self.store.change(why=Part(value=found, as_of=found.at))
        return found

    async def mend(self) -> RunResult:
        self.runs.append("mend")
        return RunResult("mend", "done", ExitCode.DONE, 60.0)

    async def watch(self) -> None:
        self.store.change(cluster=Part(value=ClusterView(freshness=Freshness.LIVE, seen=self.clock.now())))
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.closed = True

    def _tell(self, event: ev.Event) -> None:
        self.store.apply(event)


class FakeLibrary:
    """Deployments in memory."""

    def __init__(self, saved: Mapping[str, Deployment]) -> None:
        self.saved = dict(saved)
        self.draft = ""

    def read_draft(self) -> str:
        return self.draft

    def write_draft(self, text: str) -> None:
        self.draft = text

    def names(self) -> list[str]:
        return list(self.saved)

    def load(self, name: str) -> Deployment:
        return self.saved[name]

    def save(self, wanted: Deployment, path: str = "") -> str:
        self.saved[wanted.name] = wanted
        return f"/nowhere/{wanted.name}.yaml"


@dataclass
class FakeProjects:
    """One project that has everything, or refuses with `refusal`."""

    refusal: Refused | None = None
    granted_none: bool = False

    async def account(self) -> str:
        if self.refusal:
            raise self.refusal
        return "operator@example.com"

    async def get(self, project: str) -> ProjectInfo | None:
        return ProjectInfo(project, "123456789012", "Demo") if project == "demo-project" else None

    async def list(self) -> list[ProjectInfo]:
        return [ProjectInfo("demo-project", "123456789012", "Demo")]

    async def granted(self, project: str, permissions: Sequence[str]) -> frozenset[str]:
        return frozenset() if self.granted_none else frozenset(permissions)

    async def enabled(self, project: str, services: Sequence[str]) -> frozenset[str]:
        return frozenset(services)

    async def zones(self, project: str, region: str) -> list[str]:
        return [f"{region}-a", f"{region}-b"]

    async def regions(self, project: str) -> list[str]:
        return ["us-west4", "us-central1"]

    async def zones_offering(self, project: str, machine_type: str) -> frozenset[str]:
        return frozenset({"us-west4-a", "us-central1-a"})

    async def quotas(self, project: str, region: str) -> list[Quota]:
        return [Quota("TPUS_PER_TPU_FAMILY", 128, 16)]


class FakeRuntime:
    """The composition root of a test: everything in memory, nothing sent."""

    async def write_receipt(self, session: Any) -> None:
        """Remember for whom."""
        self.receipts.append(session.deployment.name)

    def __init__(self, *summaries: Summary, emulated: str = "x60", **sessions: FakeSession) -> None:
        self.clock = FakeClock()
        self.surroundings = Surroundings("/nowhere", emulated, "demo-project")
        self.lines = list(summaries)
        self.library = FakeLibrary({line.name: deployment(line.name) for line in summaries})
        self.sessions: dict[str, FakeSession] = dict(sessions)
        self.projects = FakeProjects()
        self.error: Exception | None = None
        self.hold: asyncio.Event | None = None
        self.held_by_other = False
        self.receipts: list[str] = []
        self.closed = False
        self.pace = 0.0

    def cloud(self, project: str) -> Any:
        return SimpleNamespace(project=project, clock=self.clock, projects=self.projects)

    async def session(self, wanted: Deployment, *, write: bool = True) -> FakeSession:
        if self.held_by_other and write:
            raise Refused(Problem("open", wanted.name, "another saxtui (pid 4711) works on it"))
        if not write and not self.held_by_other:
            return FakeSession(wanted, self.clock)
        session = self.sessions.setdefault(wanted.name, FakeSession(wanted, self.clock))
        session.journal.read_only = not write
        session.pace = self.pace
        return session

    async def summaries(self) -> list[Summary]:
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        known = {line.name for line in self.lines}
        added = [summary(name, state="new") for name in self.library.saved if name not in known]
        return [*added, *(self._now(line) for line in self.lines)]

    def _now(self, line: Summary) -> Summary:
        session = self.sessions.get(line.name)
        if session is None or not session.runs or session.store.state.progress.running:
            return line
        down = session.runs[-1] == "down"
        return replace(line, state="down" if down else "up", said="", usd_per_hour=0.0 if down else 77.18)

    async def close(self) -> None:
        self.closed = True


def summary(name: str = "spmd-175b", **more: Any) -> Summary:
    """A line of Home."""
    base = Summary(name, f"/nowhere/{name}.yaml", "demo-project", "us-west4-a", "up", "serving 2/2", 77.18, 41.02,
                   NOW - 1920)  # fmt: skip
    return replace(base, **more)
