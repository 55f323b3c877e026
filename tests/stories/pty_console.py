"""A console for a pseudo-terminal: the real screens over a scripted engine that is at work, begun on one screen.

Run as a program: STATE MODE KIND. KIND "plain" or "hostile" is what everything from outside says, after the gate;
"crash" fails once it is at work, "stuck" has a run that does not stop when it is asked to.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from saxtui.console.app import ConsoleApp
from saxtui.console.bridge import FRAMES_PER_SECOND
from saxtui.console.parting import say
from saxtui.engine.runs.result import RunResult
from saxtui.engine.runtime import Summary
from saxtui.engine.store import Part
from saxtui.engine.watching.logs import LogSelection
from saxtui.errors import ExitCode, Problem
from saxtui.model import events as ev
from saxtui.model.cluster import ClusterEvent, ClusterView, LogLine
from saxtui.model.log_batch import LogBatch
from saxtui.model.plan import Plan
from saxtui.model.serving import Candidate, Rung
from saxtui.model.text import safe, safe_block
from tests import hostile
from tests.console import fakes, serving_fakes

BATCHES, BATCH = 25, 20
"""Log lines fed, a screenful for each frame: what is not drawn proves nothing. Half of the grammar, half random."""


class Texts:
    """Where all text of the fake cloud comes from."""

    def __init__(self, kind: str) -> None:
        self._hostile = kind == "hostile"
        self._dice = random.Random(7)

    def line(self, plain: str = "text") -> str:
        """One line, as an adapter hands it on."""
        if not self._hostile:
            return plain
        made = hostile.line(self._dice) if self._dice.random() < 0.5 else hostile.random_line(self._dice)
        return safe(made + hostile.line(self._dice))

    def block(self) -> str:
        """Several lines."""
        return safe_block("\n".join(hostile.line(self._dice) for _ in range(4))) if self._hostile else "a\nb\nc\nd"

    def problem(self) -> Problem:
        """A failure whose every field is from outside."""
        fields = ("tried", "target", "said", "next_step", "code", "reason", "request_id", "command", "where")
        return Problem(**{name: self.line(name) for name in fields}, details=(self.line(), self.line()))  # type: ignore[arg-type]


@dataclass
class Session(serving_fakes.FakeSession):
    """The serving screens' fake, with a plan and a run that stays at work."""

    texts: Texts = field(default_factory=lambda: Texts("plain"))
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    stuck: bool = False

    async def plan(self) -> Plan:
        made = fakes.plan(self.deployment)
        steps = tuple(replace(step, note=self.texts.line(), command=self.texts.line()) for step in made.steps)
        made = replace(made, steps=steps, consequences=(self.texts.line(), self.texts.line()))
        self.store.change(plan=Part(value=made, as_of=serving_fakes.NOW))
        return made

    async def up(self, wanted: Plan, *, kind: str = "up") -> RunResult:
        at, line = serving_fakes.NOW, self.texts.line
        names = tuple(step.id for step in wanted.steps)
        self.store.apply(ev.RunStarted(at=at, run="up-1", kind=kind, plan="d", steps=names))
        for number, step in enumerate(wanted.steps):
            name, sort = step.id, step.kind.value
            self.store.apply(ev.StepStarted(at=at, run="up-1", step=name))
            self.store.apply(ev.Intent(at=at, run="up-1", step=name, kind=sort, resource=step.resource))
            self.store.apply(ev.Sent(at=at, run="up-1", step=name, method="POST", target=line(), command=line()))
            self.store.apply(ev.Progress(at=at, run="up-1", step=name, said=line()))
            match number % 4:
                case 0:
                    self.store.apply(ev.Owned(at=at, run="up-1", step=name, kind=sort, resource=line(), uid="u"))
                    self.store.apply(ev.StepDone(at=at, run="up-1", step=name, said=line()))
                case 1:
                    self.store.apply(ev.StepFailed(at=at, run="up-1", step=name, problem=self.texts.problem()))
                case 2:
                    self.store.apply(ev.Doubt(at=at, run="up-1", step=name, said=line()))
        await self.stop.wait()
        self.store.apply(ev.RunFinished(at=at, run="up-1", kind=kind, outcome="paused"))
        return RunResult(kind, "paused", ExitCode.BILLABLE, 1.0)

    def pause(self) -> None:
        if not self.stuck:
            self.stop.set()

    async def log_batches(
        self, selection: LogSelection, *, follow: bool = False, tail: int | None = None, since: float | None = None
    ) -> AsyncGenerator[LogBatch, None]:
        pods = list((self.store.state.cluster.value or ClusterView()).pods.values())
        for start in range(0, BATCHES * BATCH, BATCH):
            yield LogBatch.of(
                LogLine(pod.name, serving_fakes.NOW + number / 100, self.texts.line(), pod.slice, pod.host)
                for number in range(start, start + BATCH)
                for pod in [pods[number % len(pods)]]
            )
            await asyncio.sleep(1 / FRAMES_PER_SECOND)  # a source that writes at a pace; nobody waits for it
        yield LogBatch.of([LogLine(pods[0].name, serving_fakes.NOW + BATCHES * BATCH, "END-OF-LOG", 0, 0)])
        await asyncio.Event().wait()


def picture(texts: Texts) -> ClusterView:
    """Sixteen hosts with everything a pod can say, and events."""
    pods = [
        replace(pod, name=texts.line(pod.name), message=texts.line(), status=texts.line("Running"), node=texts.line())
        for pod in serving_fakes.slices().pods.values()
    ]
    events = tuple(
        ClusterEvent(
            f"e{n}", serving_fakes.NOW - n, "Pod", texts.line(), texts.line(), texts.line(), warning=n % 2 == 0
        )
        for n in range(30)
    )
    return replace(serving_fakes.view(*pods), events=events)


class Runtime(serving_fakes.FakeRuntime):
    """Home's lines speak too."""

    texts: Texts

    async def summaries(self) -> list[Summary]:
        made = self.the_session.deployment
        base = Summary(made.name, "spmd.yaml", made.project, made.zone, "up", self.texts.line(), 77.18, 41.0,
                       serving_fakes.NOW)  # fmt: skip
        return [base, replace(base, name=self.texts.line("other"), state="unreadable", said=self.texts.line())]


def build(state: Path, mode: str, kind: str) -> ConsoleApp:
    """The console, which opens its deployment and starts a run by itself."""
    texts = Texts(kind)
    session = Session(serving_fakes.deployment(), texts=texts, stuck=kind == "stuck")
    session.show(picture(texts), error="")
    session.serve(serving_fakes.model(Rung.LOADED, Rung.ANSWERED), serving_fakes.model(name=texts.line("/sax/test/x")))
    session.answer = lambda _prompt: (Candidate(texts.block(), -1.0), Candidate(texts.line(), -2.0))
    runtime: Any = Runtime(session, state)
    runtime.texts = texts

    class Begun(ConsoleApp):
        DEFAULT_MODE = mode

        def on_mount(self) -> None:
            super().on_mount()
            self.run_worker(self._begin())

        async def _begin(self) -> None:
            await _until(lambda: self.sessions.summaries is not None)
            live = await self.sessions.open("spmd")
            self.sessions.up(live, await session.plan())
            for severity in ("information", "warning", "error"):
                self.tell(texts.line(), severity)  # type: ignore[arg-type]
            self.sessions.note(texts.problem())
            await _until(lambda: session.store.state.progress.running and self.sessions.running)
            if kind == "crash":
                canary = os.environ["CANARY_TOKEN"]
                raise RuntimeError(f"Authorization: Bearer {canary}, once more {canary}")
            (state / "at-work").touch()

    return Begun(os.environ, lambda _environ: runtime)


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 (there is nothing to wait on)
            await asyncio.sleep(0.01)


def main() -> int:
    """What `saxtui.console.app.run` does, over this engine."""
    state, mode, kind = sys.argv[1:4]
    app = build(Path(state), mode, kind)
    app.run()
    return say(app.return_code or 0, app.parting, app.crashed, os.environ)


if __name__ == "__main__":
    sys.exit(main())
