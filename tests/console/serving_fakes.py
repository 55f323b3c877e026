"""A deployment at work without a cloud, at the level of the engine's contracts, for the serving screens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

from textual.pilot import Pilot

from saxtui.adapters.disk.conversations import Conversations
from saxtui.console.app import ConsoleApp
from saxtui.engine.runtime import Summary
from saxtui.engine.serving.asking import Asking, Waiting
from saxtui.engine.store import Part, Store
from saxtui.engine.watching.logs import LogSelection
from saxtui.errors import Ambiguous, Problem
from saxtui.model.cluster import ClusterView, Freshness, HostState, JobSetStatus, LogLine, Pod
from saxtui.model.deployment import Deployment
from saxtui.model.log_batch import LogBatch
from saxtui.model.serving import Candidate, Dialect, Evidence, ModelStatus, ReplicaTruth, Rung, Sampling
from saxtui.model.talk import Abilities, Answer, Ask, Piece
from tests.console.fakes import FakeLibrary

NOW = 1_700_000_000.0


def pod(slice_index: int, host: int, *, state: HostState = HostState.RUNNING, **more: Any) -> Pod:
    """One model-server pod."""
    name = f"sax-model-server-set-sax-model-server-{slice_index}-{host}-abcde"
    status = {"failed": "Error", "waiting": "Pending", "starting": "ContainerCreating"}.get(state.value, "Running")
    base = Pod(
        uid=f"uid-{slice_index}-{host}", name=name, namespace="default", phase="Running", status=status, state=state,
        ready=1, containers=("sax-model-server",), slice=slice_index, host=host,
        node=f"gke-saxml-tpu{slice_index + 1}-{host}",
        created=NOW - 300, jobset="sax-model-server-set", chips=4,
    )  # fmt: skip
    return replace(base, **more)


def view(*pods: Pod, **more: Any) -> ClusterView:
    """A live picture of these pods."""
    base = ClusterView(
        pods=MappingProxyType({p.uid: p for p in pods}), freshness=Freshness.LIVE, seen=NOW,
        jobset=JobSetStatus("sax-model-server-set", 1, 4),
    )  # fmt: skip
    return replace(base, **more)


def slices(count: int = 2, hosts: int = 8, *, holes: tuple[tuple[int, int], ...] = ()) -> ClusterView:
    """All hosts running, but for the holes."""
    return view(*(pod(s, h) for s in range(count) for h in range(hosts) if (s, h) not in holes))


def model(*rungs: Rung, name: str = "/sax/test/spmd") -> ModelStatus:
    """The tutorial's model with one replica a slice at these rungs."""
    replicas = tuple(
        ReplicaTruth(index, rung, tuple(_evidence(index, rung)), NOW - 100) for index, rung in enumerate(rungs)
    )
    path = "saxml.server.pax.lm.params.lm_cloud.LmCloudSpmd175B32Test"
    assigned = sum(1 for rung in rungs if rung >= Rung.ASSIGNED or rung is Rung.FAILED)
    return ModelStatus(name, path, "None", len(rungs), assigned, replicas, NOW, (540.0, 600.0), "the tutorial")


def _evidence(index: int, top: Rung) -> list[Evidence]:
    said = {
        Rung.PUBLISHED: ("/listcell", "max_replicas 2"),
        Rung.ASSIGNED: ("/listcell", "active_replicas 2"),
        Rung.LOADING: (f"{index}-0 log", "Loading model for key: /sax/test/spmd"),
        Rung.LOADED: (f"{index}-0 log", "Successfully loaded model for key: /sax/test/spmd"),
        Rung.ANSWERED: ("/generate", "1 candidate"),
        Rung.FAILED: (f"{index}-0 log", "Error occurred during loading: /sax/test/spmd"),
    }
    reached = [r for r in said if 0 < r <= (Rung.LOADING if top is Rung.FAILED else top)]
    if top is Rung.FAILED:
        reached.append(top)
    return [Evidence(rung, *said[rung], NOW - 600 + 60 * rung) for rung in reached]


@dataclass
class FakeSession:
    """What the serving screens ask of an engine session. Scripted by its fields; remembers what was asked."""

    deployment: Deployment
    store: Store = field(default_factory=Store)
    journal: Any = field(default_factory=lambda: SimpleNamespace(read_only=False))
    dialect: Dialect = Dialect.OLD
    canary: Any = field(default_factory=lambda: SimpleNamespace(on=True))
    updated: list[tuple[str, int]] = field(default_factory=list)
    asked_logs: list[LogSelection] = field(default_factory=list)
    lines: asyncio.Queue[LogLine] = field(default_factory=asyncio.Queue)
    prompts: list[tuple[str, Sampling | None]] = field(default_factory=list)
    published: list[tuple[str, str, str, int]] = field(default_factory=list)
    unpublished: list[str] = field(default_factory=list)
    looked: int = 0
    looked_at: tuple[int, ...] | None = None
    metered: tuple[int, ...] = ()
    answer: Callable[[str], Any] = field(default=lambda prompt: (Candidate(f"echo {prompt}", -12.1),))
    gate: asyncio.Event | None = None
    streams: bool = False
    asks: list[Ask] = field(default_factory=list)
    logs_error: Problem | None = None
    models_error: Exception | None = None
    fallen: tuple[Any, ...] = ()

    async def tend(self) -> None:
        await asyncio.Event().wait()

    async def inquire(self) -> None:
        await asyncio.Event().wait()

    async def watch(self) -> None:
        await asyncio.Event().wait()

    async def meter(self) -> None:
        await asyncio.Event().wait()

    def look_at(self, slices: Collection[int]) -> None:
        self.metered = tuple(slices)

    async def hear(self, slices: Callable[[], Collection[int]]) -> None:
        try:
            while True:
                self.looked_at = tuple(slices())
                await asyncio.sleep(0.01)
        finally:
            self.looked_at = None

    async def log_batches(
        self, selection: LogSelection, *, follow: bool = False, tail: int | None = None, since: float | None = None
    ) -> AsyncGenerator[LogBatch, None]:
        self.asked_logs.append(selection)
        if self.logs_error:
            raise Ambiguous(self.logs_error)
        while True:
            found = [await self.lines.get()]
            while not self.lines.empty():
                found.append(self.lines.get_nowait())
            yield LogBatch.of(found)

    async def pod_yaml(self, namespace: str, name: str) -> str:
        return f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: {namespace}\n"

    async def models(self) -> tuple[ModelStatus, ...]:
        self.looked += 1
        if self.models_error:
            raise self.models_error
        found = self.store.state.models.value or ()
        self.store.change(models=Part(value=found, as_of=NOW))
        return found

    async def publish(self, model: str = "", path: str = "", checkpoint: str = "", replicas: int = 0) -> ModelStatus:
        self.published.append((model, path, checkpoint, replicas))
        status = ModelStatus(model, path, checkpoint, replicas, 0, (), NOW)
        self.store.change(models=Part(value=(status,), as_of=NOW))
        return status

    async def update(self, model: str = "", replicas: int = 0, checkpoint: str = "") -> None:
        self.updated.append((model, replicas))

    async def unpublish(self, model: str = "") -> None:
        self.unpublished.append(model)
        self.store.change(models=Part(value=(), as_of=NOW))

    def __post_init__(self) -> None:
        self.talker = FakeTalker(self)
        self.asking = Asking(self.talker, FakeClock(), self._obstacle)

    async def _obstacle(self, model: str) -> Waiting | None:
        found = next((one for one in self.store.state.models.value or () if one.id == model), None)
        if found is None:
            return Waiting(f"{model} is not published", final=True)
        return None if found.loaded else Waiting(f"{model} is loading", since=NOW - 130, usual=(540, 600))

    async def close(self) -> None:
        return None

    def show(self, picture: ClusterView | None, error: str = "") -> None:
        """Put a cluster picture into the store."""
        self.store.change(cluster=Part(value=picture, error=error, as_of=NOW))

    def serve(self, *models: ModelStatus, error: str = "") -> None:
        """Put models into the store."""
        self.store.change(models=Part(value=models, error=error, as_of=NOW))


class FakeTalker:
    """Answers as the session's fields say: whole, or word by word when it `streams`."""

    def __init__(self, session: FakeSession) -> None:
        self._session = session

    async def abilities(self, model: str = "", timeout: float = 10.0) -> Abilities:
        if self._session.streams:
            return Abilities(streams=True, messages=True, count=True, parameters=frozenset({"temperature", "top_p"}))
        if self._session.dialect is Dialect.NEW:
            every = frozenset({"temperature", "top_k", "top_p", "max_steps"})
            return Abilities(scores=True, parameters=every, why="sax-http v1.2.0 does not stream")
        return Abilities(scores=True, one_at_a_time=True, why="sax-http v1.0.0 takes no parameters and does not stream")

    async def names(self, timeout: float = 10.0) -> list[str]:
        return [one.id for one in self._session.store.state.models.value or ()]

    async def generate(self, ask: Ask) -> Answer:
        raise AssertionError("the chat streams, also where all comes at once")

    async def stream(self, ask: Ask) -> AsyncGenerator[Piece, None]:
        session = self._session
        session.prompts.append((ask.prompt, ask.sampling))
        session.asks.append(ask)
        candidates = session.answer(ask.prompt)
        if session.streams and not isinstance(candidates, Exception):
            words = candidates[0].text.split(" ")
            yield Piece(f"{words[0]} ")
        if session.gate is not None:
            await session.gate.wait()
        if isinstance(candidates, Exception):
            raise candidates
        yield Piece(answer=Answer(candidates, seconds=4.1))

    async def close(self) -> None:
        return None


class FakeClock:
    """A clock that stands still."""

    speed = 60.0

    def now(self) -> float:
        return NOW

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 600)


class FakeRuntime:
    """One deployment, its session, and the real chat memory in `state`."""

    def __init__(self, session: FakeSession, state: Path) -> None:
        self.the_session = session
        self.clock = FakeClock()
        self.surroundings = SimpleNamespace(state_dir=str(state), emulated="x60", default_project="demo-project")
        self.library = FakeLibrary({session.deployment.name: session.deployment})
        self._conversations = Conversations(state / "conversations.sqlite3", self.clock)

    def conversations(self) -> Conversations:
        return self._conversations

    async def session(self, deployment: Deployment, *, write: bool = True) -> FakeSession:
        return self.the_session

    async def summaries(self) -> list[Summary]:
        made = self.the_session.deployment
        return [Summary(made.name, "spmd.yaml", made.project, made.zone, "up", "serving", 77.18, 41.0, NOW)]

    async def close(self) -> None:
        await self._conversations.close()


def deployment(**parts: Any) -> Deployment:
    """The tutorial's deployment; `parts` replace some of its fields."""
    base: dict[str, Any] = {"id": "abc123", "name": "spmd", "project": "demo-project", "bucket": "demo-project-sax"}
    return Deployment.model_validate({**base, **parts})


def console(session: FakeSession, state: Path, mode: str) -> ConsoleApp:
    """The real console over the fake session, begun on that screen."""
    runtime: Any = FakeRuntime(session, state)

    class Begun(ConsoleApp):
        DEFAULT_MODE = mode

    return Begun({"LANG": "C.UTF-8"}, lambda _environ: runtime)


async def until(pilot: Pilot[int], condition: Callable[[], object], what: str) -> None:
    """Let the console work until `condition` holds; fails naming `what` when it never does."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        await pilot.pause(0.01)


@asynccontextmanager
async def opened(
    session: FakeSession, state: Path, mode: str, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[ConsoleApp, Pilot[int]]]:
    """The console on `mode` with the deployment open."""
    app = console(session, state, mode)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: app.sessions.summaries is not None, "the engine is open")
        await app.sessions.open("spmd")
        await until(pilot, lambda: "saxtui  spmd" in shown(app), "the deployment is shown")
        await pilot.pause()
        yield app, pilot


def shown(app: ConsoleApp) -> str:
    """What the screen in front shows, as lines of text."""
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())
