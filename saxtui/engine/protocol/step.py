"""What one step is: a resource with the verbs observe, create, wait, delete and listed.

Steps talk to the ports and know nothing of the journal; the engine journals, retries, reconciles and decides ownership.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from saxtui.errors import (
    Ambiguous,
    CallError,
    Problem,
    Refused,
    StepFailed,
    Throttled,
    Unauthenticated,
    Unreachable,
)
from saxtui.model.plan import StepKind
from saxtui.model.progress import Ownership, RunProgress, StepProgress
from saxtui.ports import Clock, Cloud, Kubernetes

if TYPE_CHECKING:
    from saxtui.engine.protocol.control import Control
    from saxtui.engine.protocol.recorder import Recorder
    from saxtui.engine.runs.lease import Lease
    from saxtui.engine.runs.manifests import Manifest
    from saxtui.model.deployment import Deployment

Json = dict[str, Any]
T = TypeVar("T")

PATIENCE = 600.0
"""Seconds of unanswered calls after which a run gives up: longer than a control plane is away while it is replaced."""
SIGN_IN_LIMIT = 900.0
"""Seconds for which expired credentials hold a run."""
_MAY_EXIST = frozenset({Ownership.INTENT, Ownership.OPERATION, Ownership.UNKNOWN})


class Presence(StrEnum):
    """What was found under the step's name."""

    ABSENT = "absent"
    OURS = "ours"
    KEPT = "kept"
    """There, usable as it is, not ours: used and never removed."""
    FOREIGN = "foreign"
    """There, not ours, in the way."""
    LEAVING = "leaving"
    """Being deleted."""


@dataclass(frozen=True, slots=True)
class Observation:
    """One look. `ready`: the goal holds. `differs`: ours, but not as wanted (what, in words).

    `operation` names a running operation that targets it; `said` is one sanitized line; `hosts` 0 where a slice that is
    ours was let go.
    """

    presence: Presence
    said: str = ""
    uid: str = ""
    link: str = ""
    ready: bool = True
    differs: str = ""
    operation: str = ""
    hosts: int | None = None

    @property
    def not_ours(self) -> str:
        """Why it is left alone where it is somebody else's, in words."""
        return self.said or "exists and is not ours"


ABSENT = Observation(Presence.ABSENT, ready=False)


@dataclass(frozen=True, slots=True)
class Look:
    """One look of a wait: whether it is over, one line of how it stands, and how far (0..1) where that is known."""

    done: bool
    said: str = ""
    fraction: float | None = None


@dataclass(slots=True)
class StepContext:
    """What the verbs may use. `before` is what the journal knew of the step when this run came to it."""

    step: str
    deployment: Deployment
    cloud: Cloud
    connect: Callable[[], Awaitable[Kubernetes]]
    jobset_source: tuple[str, str]
    control: Control
    recorder: Recorder
    before: StepProgress
    lease: Lease
    keep_bucket: bool = False
    adopt: frozenset[str] = frozenset()
    """Steps whose resource is used although it is somebody else's, on order."""
    also: frozenset[str] = frozenset()
    """Adopted steps whose resource is deleted too, on order."""

    @property
    def adopts(self) -> bool:
        """Whether this step's resource is used as it is, now or since an earlier run."""
        return self.step in self.adopt or self.now.ownership is Ownership.ADOPTED

    @property
    def takes(self) -> bool:
        """Whether this step's adopted resource is to be deleted."""
        return self.step in self.also and self.now.ownership in (Ownership.ADOPTED, Ownership.DELETING)

    @property
    def clock(self) -> Clock:
        """The deployment's clock."""
        return self.cloud.clock

    @property
    def run(self) -> RunProgress:
        """The whole run so far."""
        return self.recorder.progress

    @property
    def now(self) -> StepProgress:
        """This step so far."""
        return self.run.step(self.step)

    @property
    def may_exist(self) -> bool:
        """Whether something may have been sent whose answer nobody read."""
        return self.now.ownership in _MAY_EXIST

    def report(self, said: str, fraction: float | None = None) -> None:
        """Tell the views how a wait goes; nothing is journaled."""
        self.recorder.report(self.step, said, fraction)

    async def note(self, said: str) -> None:
        """Journal a line for the operator."""
        await self.recorder.note(self.step, said)

    async def sleep(self, seconds: float) -> None:
        """Wait on the deployment's clock, keeping the lease. Raises Paused when the run is to stop."""
        await self.control.reading(self.lease.keep())
        await self.control.sleep(self.clock, seconds)

    async def poll(self, look: Callable[[], Awaitable[Look]], *, limit: float, tried: str, target: str) -> Look:
        """Look again and again, 2 s apart growing to 10 s, until a look is done.

        Reads that fail in passing are borne for PATIENCE seconds. Raises StepFailed when `limit` seconds are over.
        """
        started = heard = self.clock.now()
        pause = 2.0
        latest = Look(False)
        while True:
            try:
                latest = await self.control.reading(look())
                heard = self.clock.now()
            except (Ambiguous, Throttled, Unreachable) as error:
                if self.clock.now() - heard > PATIENCE:
                    raise
                self.report(f"no answer: {error.problem.said}")
            except Unauthenticated as error:
                if self.clock.now() - heard > SIGN_IN_LIMIT:
                    raise
                self.report(signed_out(error))
            else:
                self.report(latest.said, latest.fraction)
                if latest.done:
                    return latest
            if self.clock.now() - started > limit:
                raise StepFailed(
                    Problem(
                        tried=tried,
                        target=target,
                        said=f"not done after {limit / 60:.0f} min: {latest.said}",
                        next_step=f"look at it, then: saxtui up -d {self.deployment.name} (it goes on from here)",
                        reason="TIME_LIMIT",
                        may_bill=True,
                    )
                )
            await self.sleep(pause)
            pause = min(10.0, pause * 1.4)


class Step:
    """Base of every step. Subclasses set the attributes and fulfil the verbs that apply to them."""

    kind: StepKind
    owns = True
    """False for steps that only look (check, readiness): they have `wait` and nothing else."""
    within = False
    """Whether the resource lives in the cluster and goes when the cluster goes."""
    settle = 0.0
    """Seconds after an unanswered send in which the resource may still appear."""
    bills = False
    """Whether starting it starts money that is worth holding back when the run has failed elsewhere."""

    def __init__(self, step_id: str, deployment: Deployment, manifest: Manifest) -> None:
        """`manifest` gives a packaged manifest's text by file name, for the steps that render one."""
        self.id = step_id
        self.deployment = deployment
        self.manifest = manifest
        self.until: float | None = None

    @property
    def resource(self) -> str:
        """The resource's name as shown and journaled."""
        raise NotImplementedError

    @property
    def target(self) -> tuple[str, str]:
        """HTTP method and path (or object) of the creating request."""
        return "", ""

    @property
    def command(self) -> str:
        """The equivalent gcloud or kubectl command of the creating request."""
        return ""

    def body(self) -> Json:
        """The creating request's body."""
        return {}

    async def observe(self, ctx: StepContext) -> Observation:
        """What is there under the name. Reads only."""
        raise NotImplementedError

    async def drifts(self, ctx: StepContext) -> list[tuple[str, str, str]]:
        """Where what is ours differs from what we made: (field, ours, theirs). Reads only."""
        seen = await self.observe(ctx)
        return [("content", "as the deployment says", seen.differs)] if seen.differs else []

    async def create(self, ctx: StepContext) -> str:
        """Send the creating request; returns the operation's name or "". Raises CallError."""
        raise NotImplementedError

    async def wait(self, ctx: StepContext) -> str:
        """Until the goal holds; returns one line of what was found. Reads only. Raises SaxtuiError."""
        return ""

    async def delete(self, ctx: StepContext, seen: Observation) -> None:
        """Send the deleting request with what was seen as precondition; absent already is fine. Raises CallError."""
        raise NotImplementedError

    async def left(self, ctx: StepContext) -> str:
        """While it goes: one line of what still stands, "" once a GET finds nothing. Reads only."""
        seen = await self.observe(ctx)
        return "" if seen.presence is Presence.ABSENT else seen.said or "still there"

    async def listed(self, ctx: StepContext) -> bool:
        """Whether a LIST still shows it. Reads only."""
        raise NotImplementedError


class Kept(Refused):
    """Teardown leaves the resource: it holds what is not ours to delete. `may_bill` is in the problem."""


async def patiently(
    ctx: StepContext, read: Callable[[], Awaitable[T]], attempts: int | None = None, *, hold: bool = True
) -> T:
    """A read, repeated over failures that pass by themselves, 2 to 20 s apart. Raises CallError in the end.

    The end is PATIENCE seconds, or so many `attempts` where somebody waits for a first answer and nothing is begun.
    Credentials that expire in the middle of a run hold the work for up to 15 minutes: the cloud goes on meanwhile, and
    signing in again in another tab is all it takes. Not where `hold` is False: before anything was begun.
    """
    since = ctx.clock.now()
    attempt = 1
    while True:
        try:
            return await ctx.control.reading(read())
        except Unauthenticated as error:
            if not hold or ctx.clock.now() - since > SIGN_IN_LIMIT:
                raise
            ctx.report(signed_out(error))
            await ctx.sleep(10.0)
        except (Ambiguous, Throttled, Unreachable) as error:
            waited = ctx.clock.now() - since
            if attempt == attempts or (attempts is None and waited > PATIENCE):
                raise
            ctx.report(f"no answer for {waited:.0f} s: {error.problem.said}")
            await ctx.sleep(backoff(attempt, error))
            attempt += 1


def signed_out(error: CallError) -> str:
    """What a view shows while a run is held by expired credentials."""
    return f"held: sign in again in another tab ({error.problem.said})"


def backoff(attempt: int, error: CallError | None = None) -> float:
    """Seconds before try `attempt` + 1: what the server asked for, else 2, 4, 8 … 20."""
    asked = error.retry_after if isinstance(error, Throttled) else None
    return asked if asked is not None else min(20.0, 2.0**attempt)


def is_passing(error: CallError) -> bool:
    """Whether a call that failed like this may well succeed a moment later."""
    return isinstance(error, (Ambiguous, Throttled, Unreachable))
