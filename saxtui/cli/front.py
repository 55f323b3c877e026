"""What every command has at hand: output, diagnostics, the deployment it is about, and a session on it."""

from __future__ import annotations

import copy
import shlex
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saxtui.cli.diagnostics import Diagnostics
from saxtui.cli.interrupts import drive
from saxtui.cli.output import Output
from saxtui.errors import ExitCode, Problem, Refused, UsageProblem
from saxtui.model.term import seconds, term
from saxtui.present.spend import meter
from saxtui.present.term import ROLE, sentence

if TYPE_CHECKING:
    from saxtui.engine.runtime import Runtime
    from saxtui.engine.session import Session
    from saxtui.model.deployment import Deployment
    from saxtui.ports import Library, SavedReceipt

Console = Callable[[Mapping[str, str]], int]
Work = Callable[["Session"], Awaitable[int]]


class Front:
    """Handed to every command by click. `console` opens the screens; the command line itself never imports them.

    `endless` is set by a command that only Ctrl-C ends: being stopped is its success.
    """

    def __init__(self, environ: Mapping[str, str], console: Console) -> None:
        self.environ = dict(environ)
        self.console = console
        self.diagnostics = Diagnostics(environ)
        self.out = Output(environ, self.diagnostics.note)
        self._pause: Callable[[], None] | None = None
        self._stop: Callable[[], None] | None = None
        self._kind = ""
        self.endless = False
        self._on_leave: list[Callable[[], None]] = []
        self._opened: tuple[Runtime, Deployment, str]

    def within(self, environ: Mapping[str, str]) -> Front:
        """The same front in another environment: the demo's own cloud."""
        other = copy.copy(self)
        other.environ = dict(environ)
        return other

    def runtime(self) -> Runtime:
        """The composition root for this environment."""
        from saxtui.engine.runtime import Runtime

        return Runtime.open(self.environ)

    def with_session(
        self, named: str | None, work: Work, *, write: bool = False, made: Deployment | None = None
    ) -> int:
        """Open a session, do the work, close everything; returns the work's exit code.

        `made` is a deployment that is not saved, taken instead of the one named.
        """
        runtime = self.runtime()
        source = made.name if made else named or only_name(runtime.library)
        deployment = made or runtime.library.load(source)
        self._opened = (runtime, deployment, source)

        async def whole() -> int:
            try:
                session = await runtime.session(deployment, write=write)
                if session.journal.damage is not None:
                    self.diagnostics.problem(session.journal.damage)
                with self._metered(session):
                    return await work(session)
            finally:
                await runtime.close()

        return self.drive(whole())

    @contextmanager
    def _metered(self, session: Session) -> Iterator[None]:
        """Say on stderr what bills, before and after, when anything does."""
        billed = self._say_bills(session, before=False)
        try:
            yield
        finally:
            self._say_bills(session, before=billed)

    def _say_bills(self, session: Session, *, before: bool) -> bool:
        progress, now = session.store.state.progress, session.cloud.clock.now()
        cost = meter(session.deployment, progress, now)
        ends = term(progress.until, now, seconds(session.deployment.ttl))
        if cost.bills and ends is not None:
            named = label(self._opened[2], session.deployment)
            self.diagnostics.note(("time to live: ", ROLE[ends.state]), sentence(ends, named))
        if cost.bills or before:
            where = "" if session.cloud.clock.speed == 1.0 else "   (embedded cloud: nobody charges this)"
            self.diagnostics.note(("bills now: ", "warn" if cost.bills else "ok"), cost.sentence(), (where, "dim"))
        return cost.bills

    @property
    def opened_runtime(self) -> Runtime:
        """The runtime of the session at work."""
        return self._opened[0]

    async def keep_copy(self) -> None:
        """Keep a copy of the deployment's file among the saved ones, so that it is found by name. Raises Refused."""
        runtime, deployment, source = self._opened
        name = Path(await runtime.keep(deployment, source)).stem
        if name != deployment.name:
            self.diagnostics.note(
                f"saved as {name}: another deployment is named {deployment.name}",
                ("   use it as ", "dim"),
                f"-d {name}",
            )

    async def write_receipt(self, session: Session) -> SavedReceipt | None:
        """Save the teardown's receipt; a disk that does not take it is reported, and None returned."""
        try:
            return await self._opened[0].write_receipt(session)
        except Refused as error:
            self.diagnostics.problem(error.problem)
            return None

    def drive(self, work: Any) -> int:
        """Run a coroutine under the rules for Ctrl-C (interrupts.drive)."""
        return drive(work, self._first_signal, self._leave)

    @contextmanager
    def at_stake(self, session: Session, named: str, kind: str) -> Iterator[None]:
        """While a run is at work: Ctrl-C pauses it, a crash says what may bill, a closed pipe stops nothing."""
        self._pause, self._kind = session.pause, kind
        self.diagnostics.at_stake = named
        self.out.must_go_on = True
        try:
            yield
        finally:
            self._pause = None

    @contextmanager
    def stoppable(self, stop: Callable[[], None]) -> Iterator[None]:
        """Within this block the first Ctrl-C calls `stop`, and the command ends by itself with what it has."""
        self._stop = stop
        try:
            yield
        finally:
            self._stop = None

    @contextmanager
    def on_leave(self, undo: Callable[[], None]) -> Iterator[None]:
        """Have `undo` called when the process leaves in a hurry within this block."""
        self._on_leave.append(undo)
        try:
            yield
        finally:
            self._on_leave.remove(undo)

    async def consent(self, question: list[list[Any]], typed: str, *, yes: bool) -> None:
        """Go on only when the word was typed or `--yes` given. Raises Refused."""
        if yes or await self.diagnostics.ask(question, typed):
            return
        raise Refused(
            Problem(
                tried="ask for consent:",
                target=repr(typed),
                said="was not typed, so nothing was changed",
                next_step=f"type {typed} when asked, or pass --yes",
            )
        )

    def failed(self, problem: Problem, code: ExitCode) -> int:
        """Report one failure on stderr, and as a record with `--json`; returns the exit code.

        What may be charged is that of the whole deployment: a refused step says nothing of what exists beside it.
        """
        if code in (ExitCode.BILLABLE, ExitCode.DOUBT) and problem.may_bill is False:
            problem = replace(problem, may_bill=True if code is ExitCode.BILLABLE else None)
        self.diagnostics.problem(problem)
        self.out.failure(problem, int(code))
        return int(code)

    def interrupted(self) -> int:
        """Say what a Ctrl-C left; returns the exit code."""
        named = self.diagnostics.at_stake
        if self.endless:
            return int(ExitCode.DONE)
        if not named:
            self.diagnostics.note("stopped; this command creates nothing that bills")
            return int(ExitCode.REFUSED)
        self.diagnostics.note(
            ("stopped: ", "warn"), f"what was sent goes on in the cloud and may bill. Look: saxtui status -d {named}"
        )
        return int(ExitCode.BILLABLE)

    def _first_signal(self) -> bool:
        if self._stop is not None:
            self._stop()
            return True
        if self._pause is None:
            return False
        self._pause()
        named = self.diagnostics.at_stake
        self.diagnostics.note(
            ("pausing: ", "warn"),
            "what was sent goes on in the cloud and may bill; nothing is undone. Ctrl-C again leaves at once. "
            f"Go on later with: saxtui {self._kind} -d {named}"
            + (f"   take down with: saxtui down -d {named}" if self._kind != "down" else ""),
        )
        return True

    def _leave(self) -> int:
        for undo in self._on_leave:
            undo()
        return int(ExitCode.BILLABLE if self.diagnostics.at_stake else ExitCode.REFUSED)


def label(named: str | None, deployment: Deployment) -> str:
    """What to write after -d in a command that is suggested."""
    return shlex.quote(named or deployment.name)


def only_name(library: Library) -> str:
    """The one saved deployment. Raises UsageProblem when there is none, or more than one to choose from."""
    names = library.names()
    if len(names) == 1:
        return names[0]
    if not names:
        raise UsageProblem(
            Problem(
                tried="choose",
                target="a deployment",
                said="none is saved and -d was not given",
                next_step="make one: saxtui init --preset tutorial --project PROJECT",
            )
        )
    raise UsageProblem(
        Problem(
            tried="choose",
            target="a deployment",
            said=f"{len(names)} are saved and -d was not given",
            details=tuple(names[:20]),
            next_step=f"name one: -d {names[0]}",
        )
    )
