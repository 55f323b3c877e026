"""One deployment at work: what both front doors may ask of it. (Skeleton; the engine's author fills it in.)"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from saxtui.engine.store import Store
from saxtui.errors import ExitCode, Problem
from saxtui.model.cluster import ClusterView, LogLine
from saxtui.model.deployment import Deployment
from saxtui.model.plan import Plan
from saxtui.model.serving import ModelStatus, Reply, Sampling
from saxtui.ports import Cloud, Journal


@dataclass(frozen=True, slots=True)
class Proof:
    """One resource that was ever ours, with what proves it gone ("" = still there or in doubt)."""

    step: str
    kind: str
    resource: str
    proof: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """How an `up` or `down` ended. `outcome`: done, failed, paused, doubt. `proofs` only after `down`."""

    kind: str
    outcome: str
    exit_code: ExitCode
    seconds: float
    problems: tuple[Problem, ...] = ()
    proofs: tuple[Proof, ...] = ()


@dataclass(frozen=True, slots=True)
class LogSelection:
    """Which logs: one pod by name (or unambiguous prefix), one slice, all primaries, or (all blank) every host."""

    pod: str = ""
    slice: int | None = None
    primaries: bool = False


class Session:
    """A deployment, its journal and its store. Made by `Runtime.session`, used by the console and the command line."""

    deployment: Deployment
    store: Store
    cloud: Cloud
    journal: Journal

    async def plan(self) -> Plan:
        """Observe and plan; puts it into the store. Raises Refused/CallError with a Problem that names the thing."""
        raise NotImplementedError

    async def up(self, plan: Plan) -> RunResult:
        """Make it so; resumes what an earlier run left. Never raises for a failed step: the result tells."""
        raise NotImplementedError

    async def down(self, *, keep_bucket: bool = False) -> RunResult:
        """Delete what is ours, prove it gone. Never raises for a failed step: the result tells."""
        raise NotImplementedError

    def pause(self) -> None:
        """Ask the run in progress to stop after what is being sent; the cloud goes on with what it was told."""
        raise NotImplementedError

    async def watch(self) -> None:
        """Keep `store.state.cluster` live until cancelled; survives breaks, and says stale or offline."""
        raise NotImplementedError

    async def look(self) -> ClusterView:
        """One picture of the cluster, without watching."""
        raise NotImplementedError

    def logs(self, selection: LogSelection, *, follow: bool = False, tail: int | None = None) -> AsyncIterator[LogLine]:
        """Lines of all selected pods, merged by time; with follow, new pods of the selection join by themselves."""
        raise NotImplementedError

    async def models(self) -> tuple[ModelStatus, ...]:
        """The truth ladder of every published model; puts it into the store."""
        raise NotImplementedError

    async def publish(self, model: str = "", path: str = "", checkpoint: str = "", replicas: int = 0) -> ModelStatus:
        """Publish (the deployment's model by default). Already published the same is success."""
        raise NotImplementedError

    async def unpublish(self, model: str = "") -> None:
        """Unpublish (the deployment's model by default). Not published is success."""
        raise NotImplementedError

    async def wait_loaded(self, model: str = "", timeout: float = 1800.0) -> ModelStatus:
        """Wait until every assigned replica is proved loaded. Raises SaxtuiError when a load failed or time is up.

        `timeout` in seconds of the product's clock; the store's `models` part follows along.
        """
        raise NotImplementedError

    async def generate(
        self, prompt: str, model: str = "", sampling: Sampling | None = None, timeout: float = 120.0
    ) -> Reply:
        """One bounded request, sent once, never repeated by itself."""
        raise NotImplementedError

    async def problems(self) -> Sequence[Problem]:
        """What the checks say now (credentials, APIs, permissions, zone, quota), worst first; empty = fine."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close journal and connections."""
        raise NotImplementedError
