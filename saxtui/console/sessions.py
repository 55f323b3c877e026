"""The console's hold on the engine: the Runtime, the opened deployments, and their runs and watches.

Screens never do I/O: they call a method here, which starts a task, and read what comes of it in the store or in
`summaries`. Runs and watches belong to this object, not to a screen, so switching screens ends none of them.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saxtui.console.chat_party import Parties
from saxtui.console.drafts import Drafts
from saxtui.present.opening import MODEL, OPEN, URL

if TYPE_CHECKING:
    from saxtui.engine.attaching.standing import Place
    from saxtui.engine.runtime import Runtime, Summary
    from saxtui.engine.session import RunResult, Session
    from saxtui.engine.store import State, Store
    from saxtui.errors import ExitCode, Problem
    from saxtui.model.audit import Finding
    from saxtui.model.choices import Choice
    from saxtui.model.deployment import Deployment
    from saxtui.model.plan import Plan
    from saxtui.model.progress import RunProgress
    from saxtui.ports import Cloud, ClusterInfo
    from saxtui.present.spend import Meter

_PRICED_FOR = 0.5  # seconds of the deployment's clock


@dataclass(eq=False, slots=True)
class Live:
    """One opened deployment: its session, what runs on it, and how the last run ended."""

    session: Session
    watch: asyncio.Task[None] | None = None
    hearing: asyncio.Task[None] | None = None
    metering: asyncio.Task[None] | None = None
    pump: asyncio.Task[None] | None = None
    tend: asyncio.Task[None] | None = None
    inquire: asyncio.Task[None] | None = None
    run: asyncio.Task[RunResult] | None = None
    run_kind: str = ""
    result: RunResult | None = None
    saved: str = ""
    priced: tuple[RunProgress | None, float, Meter | None] = (None, 0.0, None)
    """What `cost` was worked out last from, for when, and what came out: it is asked for twice with every frame."""

    @property
    def name(self) -> str:
        """What it is saved under: the deployment's name, or NAME-ID beside another of that name."""
        return self.saved or self.session.deployment.name

    def cost(self, now: float) -> Meter:
        """What bills and what was spent at `now` (epoch seconds), from what the journal says exists."""
        from saxtui.present.spend import meter

        progress, asked, known = self.priced
        if known is None or progress is not self.state.progress or not 0 <= now - asked < _PRICED_FOR:
            known = meter(self.session.deployment, self.state.progress, now)
            self.priced = self.state.progress, now, known
        return known

    @property
    def store(self) -> Store:
        """The deployment's store."""
        return self.session.store

    @property
    def state(self) -> State:
        """The store's state now."""
        return self.session.store.state

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The ways on from where the last run stopped: as it told them, or, after a restart, as the journal does."""
        if self.result is not None and self.result.choices:
            return self.result.choices
        from saxtui.model.choices import choices, troubles

        progress = self.state.progress
        return choices(self.session.deployment, progress, troubles(progress))

    @property
    def running(self) -> bool:
        """Whether a run of ours is at work."""
        return self.run is not None and not self.run.done()

    @property
    def read_only(self) -> bool:
        """Whether another saxtui holds the journal: everything can be seen, nothing changed."""
        return self.session.journal.read_only


class Sessions:
    """Opens the Runtime off the event loop and keeps what was opened. `changed` is called after every change."""

    def __init__(
        self,
        environ: Mapping[str, str],
        changed: Callable[[], None],
        open_runtime: Callable[[Mapping[str, str]], Runtime] | None = None,
    ) -> None:
        self._environ = environ
        self._changed = changed
        self._open_runtime = open_runtime or _open_runtime
        self._opened: dict[str, Live] = {}
        self.parties = Parties(changed)
        self.chat_url, self.chat_model, self.opens = (environ.get(name, "") for name in (URL, MODEL, OPEN))
        self.runtime: Runtime | None = None
        self.current: Live | None = None
        self.summaries: tuple[Summary, ...] | None = None
        self.failed = ""
        self.messages: list[Problem] = []
        self.drafts = Drafts(self.note)

    async def start(self) -> None:
        """Import the engine and open the Runtime in a thread, then read Home's lines."""
        try:
            self.runtime = await asyncio.to_thread(self._open_runtime, self._environ)
        except Exception as error:
            self._fail("open saxtui's state", error)
            return
        await self.drafts.open(self.runtime.library)
        await self.refresh()
        if self.opens:
            try:
                await self.open(self.opens)
            except Exception as error:
                self._fail(f"open {self.opens}", error)

    async def refresh(self) -> None:
        """Read Home's lines again; a failure keeps the last good ones and sets `failed`."""
        if self.runtime is None:
            return
        try:
            self.summaries = tuple(await self.runtime.summaries())
            self.failed = ""
        except Exception as error:
            self._fail("read the saved deployments", error)
        self._changed()

    def cloud(self, project: str) -> Cloud:
        """The adapters for one project. Raises RuntimeError before `start` is through."""
        return self._started.cloud(project)

    async def draft(self, deployment: Deployment) -> Session:
        """A session that only reads, of a deployment that is not saved; the caller closes it. Nothing is written."""
        return await self._started.session(deployment, write=False)

    async def clusters(self, project: str) -> list[ClusterInfo]:
        """Every cluster of the project that may be seen. Raises SaxtuiError."""
        return await self.cloud(project).gke.list_clusters("-")

    async def context(self) -> Place | None:
        """The cluster of kubectl's current context, where gcloud named it."""
        from saxtui.engine.attaching.attach import place_of

        return place_of(await asyncio.to_thread(self._started.context))

    async def attach(self, place: Place) -> tuple[str, tuple[Finding, ...]]:
        """Save a cluster that others made; its name here, and what is risky there. Raises SaxtuiError."""
        found, findings = await self._started.attach(place)
        await self.refresh()
        return found.name, findings

    async def export(self, deployment: Deployment) -> tuple[str, ...]:
        """Write the plan for other tools into a folder of the state folder, over older ones; the paths."""
        from saxtui.engine.export import KINDS

        runtime = self._started
        folder = Path(runtime.surroundings.state_dir) / "exports" / deployment.name

        def write() -> tuple[str, ...]:
            found = [
                path
                for kind in KINDS
                for path in runtime.write_export(str(folder), runtime.export(kind, deployment), force=True)
            ]
            return tuple(found)

        return await asyncio.to_thread(write)

    @property
    def _started(self) -> Runtime:
        if self.runtime is None:
            raise RuntimeError("saxtui is still starting")
        return self.runtime

    @property
    def opened(self) -> tuple[Live, ...]:
        """Every deployment opened since the console began."""
        return tuple(self._opened.values())

    async def open(self, name: str) -> Live:
        """Open a saved deployment and make it the current one. Raises SaxtuiError."""
        opened = self._opened.get(name)
        if opened is not None and (opened.running or not opened.read_only):
            return self._show(opened)
        if opened is not None:
            await self.leave(opened)
        deployment = await asyncio.to_thread(self._started.library.load, name)
        return await self._enter(deployment, name)

    async def create(self, deployment: Deployment) -> Live:
        """Save a new deployment and open it. Raises SaxtuiError."""
        await asyncio.to_thread(self._started.library.save, deployment)
        live = await self._enter(deployment, deployment.name)
        await self.refresh()
        return live

    async def _enter(self, deployment: Deployment, name: str) -> Live:
        from saxtui.errors import Refused

        try:
            session = await self._started.session(deployment)
        except Refused as held:
            session = await self._started.session(deployment, write=False)
            self.note(held.problem)
        live = Live(session, saved=name)
        self._opened[name] = live
        live.pump = asyncio.create_task(self._pump(live), name=f"pump {name}")
        live.tend = asyncio.create_task(session.tend(), name=f"tend {name}")
        live.tend.add_done_callback(self._heard)
        return self._show(live)

    async def leave(self, live: Live) -> None:
        """Close one deployment that has no run going."""
        self._opened.pop(live.name, None)
        if self.current is live:
            self.current = None
        await _cancel(live.watch, live.hearing, live.metering, live.pump, live.tend, live.inquire)
        await self.parties.leave(live.session)
        await live.session.close()
        self._changed()

    def _show(self, live: Live) -> Live:
        self.current = live
        self._changed()
        return live

    async def _pump(self, live: Live) -> None:
        revision = 0
        while True:
            revision = await live.store.changed(revision)
            if live is self.current:
                self._changed()

    def watch(self, live: Live) -> None:
        """Keep the deployment's cluster live from now on; asking twice is fine."""
        if live.watch is None or live.watch.done():
            live.watch = asyncio.create_task(live.session.watch(), name=f"watch {live.name}")
            live.watch.add_done_callback(self._heard)
        if live.inquire is None or live.inquire.done():
            live.inquire = asyncio.create_task(live.session.inquire(), name=f"inquire {live.name}")
            live.inquire.add_done_callback(self._heard)

    def hear(self, live: Live, slices: Callable[[], Collection[int]]) -> None:
        """Keep the hosts' phases and TPU metrics live until `deafen`; `slices` names those looked at.

        Asking twice is fine.
        """
        if live.hearing is None or live.hearing.done():
            live.hearing = asyncio.create_task(live.session.hear(slices), name=f"hear {live.name}")
            live.hearing.add_done_callback(self._heard)
        if live.metering is None or live.metering.done():
            live.metering = asyncio.create_task(live.session.meter(), name=f"meter {live.name}")
            live.metering.add_done_callback(self._heard)

    def deafen(self) -> None:
        """Nobody looks at hosts any more: their logs and exporters need not be read."""
        for live in self._opened.values():
            for task in (live.hearing, live.metering):
                if task is not None:
                    task.cancel()

    def up(self, live: Live, plan: Plan, kind: str = "up") -> None:
        """Start `up`, or `resume`, as a task of its own. Raises RuntimeError while another run goes on."""
        self._run(live, kind, live.session.up(plan, kind=kind))
        self.watch(live)

    def pause(self, live: Live) -> None:
        """Start bringing the slices to zero as a task of its own. Raises RuntimeError like `up`."""
        self._run(live, "pause", live.session.let_go())

    def wait_for_room(self, live: Live, minutes: int) -> None:
        """Start asking again and again as a task of its own. Raises RuntimeError like `up`."""
        self._run(live, "up", live.session.wait_for_room(minutes))

    async def roll_back(self, live: Live) -> bool:
        """Delete what could not be made; whether all of it is proved gone. Raises RuntimeError like `up`."""
        self._run(live, "rollback", live.session.roll_back())
        assert live.run is not None
        result = await asyncio.shield(live.run)
        return result.exit_code == 0

    async def change(self, live: Live, wanted: Deployment) -> Live:
        """Save the changed deployment in place of the old one and open it anew. Raises SaxtuiError."""
        path = next((line.path for line in self.summaries or () if line.name == live.name), "")
        await asyncio.to_thread(self._started.library.save, wanted, path)
        name = live.name
        await self.leave(live)
        return await self.open(name)

    def down(self, live: Live) -> None:
        """Start `down` as a task of its own. Raises RuntimeError while another run goes on."""
        self._run(live, "down", live.session.down())

    def mend(self, live: Live) -> None:
        """Start `mend` as a task of its own. Raises RuntimeError while another run goes on."""
        self._run(live, "mend", live.session.mend())

    def _run(self, live: Live, kind: str, work: Coroutine[Any, Any, RunResult]) -> None:
        if live.running:
            work.close()
            raise RuntimeError(f"{live.run_kind} is still at work on {live.name}")
        live.run_kind, live.result = kind, None
        live.run = asyncio.create_task(work, name=f"{kind} {live.name}")
        live.run.add_done_callback(lambda task: self._ended(live, task))
        self._changed()

    def _ended(self, live: Live, task: asyncio.Task[RunResult]) -> None:
        if not task.cancelled():
            error = task.exception()
            if error is None:
                live.result = task.result()
                for problem in live.result.problems:
                    self.note(problem)
                if live.result.kind == "down" and live.result.outcome == "done":
                    self._forget_cluster(live)
            else:
                self._fail(f"{live.run_kind} {live.name}", error)
        self._changed()
        if self.runtime is not None and not task.cancelled():
            self._refreshing = asyncio.ensure_future(self._settle(live))

    async def _settle(self, live: Live) -> None:
        """After a run: the receipt of a teardown, then Home's lines anew."""
        if self.runtime is not None and live.run_kind == "down" and live.result is not None:
            try:
                await self.runtime.write_receipt(live.session)
            except Exception as error:
                self._fail("save the receipt of", error)
        await self.refresh()

    def _forget_cluster(self, live: Live) -> None:
        """There is no cluster any more: its last picture must not be shown as a stale one."""
        from saxtui.engine.store import Part

        if live.watch is not None:
            live.watch.cancel()
        live.store.change(cluster=Part(), models=Part(), phases=Part(), chips=Part(), beats=Part(), reach=Part())

    def _heard(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail("watch the cluster", error)

    def note(self, problem: Problem) -> None:
        """Keep a problem in the message log."""
        self.messages.append(problem)
        del self.messages[:-200]
        self._changed()

    def _fail(self, tried: str, error: BaseException) -> None:
        problem = problem_of(error, tried)
        self.failed = problem.one_line()
        self.note(problem)

    @property
    def running(self) -> tuple[Live, ...]:
        """The deployments a run is at work on."""
        return tuple(live for live in self._opened.values() if live.running)

    @property
    def ages(self) -> bool:
        """Whether the picture changes by the mere passing of time: something bills, or a watch is not live."""
        if self.runtime is None or self.summaries is None:
            return False
        if self.current is None:
            from saxtui.present.spend import of_line, total

            return total(of_line(line) for line in self.summaries).bills
        view = self.current.state.cluster.value
        return self.current.cost(self.now()).bills or (view is not None and view.freshness != "live")

    def billing(self) -> list[tuple[str, Meter]]:
        """Every deployment that may bill now, by name: opened ones as they are, the others as their journals say."""
        from saxtui.present.spend import of_line

        found = {line.name: of_line(line) for line in self.summaries or ()}
        found |= {name: live.cost(self.now()) for name, live in self._opened.items()}
        return [(name, cost) for name, cost in found.items() if cost.bills]

    def exit_code(self) -> ExitCode:
        """3 when a run of ours was started here and something may still bill, 0 otherwise."""
        from saxtui.errors import ExitCode

        ours = {name for name, live in self._opened.items() if live.run is not None}
        return ExitCode.BILLABLE if any(name in ours for name, _ in self.billing()) else ExitCode.DONE

    def now(self) -> float:
        """Epoch seconds on the product's clock."""
        return self.runtime.clock.now() if self.runtime is not None else time.time()

    async def close(self) -> None:
        """Pause runs (the journal keeps what is needed to resume), end the tasks, close everything."""
        for live in self._opened.values():
            if live.running:
                live.session.pause()
        tasks = [live.run for live in self.running]
        if tasks:
            await asyncio.wait([task for task in tasks if task is not None], timeout=5)
        await self.parties.close()
        for live in self._opened.values():
            await _cancel(live.run, live.watch, live.hearing, live.metering, live.pump, live.tend, live.inquire)
        await self.drafts.close()
        if self.runtime is not None:
            await self.runtime.close()


def problem_of(error: BaseException, tried: str) -> Problem:
    """Any exception as a Problem: saxtui's own carry one, anything else is named as a fault of saxtui."""
    from saxtui.errors import Problem, SaxtuiError
    from saxtui.model.text import safe

    if isinstance(error, SaxtuiError):
        return error.problem
    return Problem(
        tried=tried, target="", said=safe(f"{type(error).__name__}: {error}"), reason="fault in saxtui",
        next_step="the journal is intact: leave and start saxtui again", may_bill=None,
    )  # fmt: skip


async def _cancel(*tasks: asyncio.Task[Any] | None) -> None:
    waiting = [task for task in tasks if task is not None and not task.done()]
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting, timeout=5)


def _open_runtime(environ: Mapping[str, str]) -> Runtime:
    importlib.import_module("saxtui.model.deployment")
    from saxtui.engine.runtime import Runtime

    return Runtime.open(environ)
