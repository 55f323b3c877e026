"""What the tasks of one run share: what went wrong so far, and whether they are to begin nothing more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from saxtui.engine.protocol.attempt import attempt
from saxtui.engine.protocol.control import Paused
from saxtui.engine.protocol.recorder import CannotRecord
from saxtui.engine.protocol.step import Step, StepContext
from saxtui.errors import Problem
from saxtui.model.progress import Ownership, RunProgress

Work = Callable[[Step, StepContext], Awaitable[object]]


@dataclass(slots=True)
class Tally:
    """`problems` by step, in the order they came; `paused`: an order to stop was met; `unrecorded` ends the run."""

    problems: dict[str, Problem] = field(default_factory=dict)
    paused: bool = False
    unrecorded: CannotRecord | None = None

    async def attempt(self, step: Step, ctx: StepContext, work: Work) -> bool:
        """Whether the step's work is through; else why not is noted here, and a failure is journaled. Never raises."""
        try:
            ctx.control.check()
            problem = await attempt(step, work(step, ctx))
            if problem is None:
                return True
            self.problems[step.id] = problem
            await ctx.recorder.failed(step.id, problem)
        except Paused:
            self.paused = True
        except CannotRecord as error:
            self.unrecorded = error
            ctx.control.pause()
        return False

    @property
    def said(self) -> str:
        """The first problem as a line, "" for none."""
        return next((problem.one_line() for problem in self.problems.values()), "")

    def outcome(self, progress: RunProgress) -> str:
        """How the run ended: doubt, failed, paused or done."""
        if any(step.ownership is Ownership.UNKNOWN for step in progress.steps.values()):
            return "doubt"
        if self.problems:
            return "failed"
        return "paused" if self.paused else "done"
