"""One try at one step: whatever goes wrong comes out as the step's Problem, whoever runs it."""

from __future__ import annotations

from collections.abc import Awaitable

from saxtui.engine.protocol.control import Paused
from saxtui.engine.protocol.recorder import CannotRecord
from saxtui.engine.protocol.step import Step
from saxtui.errors import Problem, SaxtuiError
from saxtui.model.text import safe


async def attempt(step: Step, work: Awaitable[object]) -> Problem | None:
    """None when `work` is through, else why not. Raises Paused, CannotRecord: those end the run, not the step."""
    try:
        await work
    except (Paused, CannotRecord):
        raise
    except SaxtuiError as error:
        return error.problem
    except Exception as error:
        return internal(step, error)
    return None


def internal(step: Step, error: Exception) -> Problem:
    """A fault of saxtui itself, as the problem of the step it happened in."""
    return Problem(
        tried=f"step {step.id}",
        target=step.resource,
        said=safe(f"{type(error).__name__}: {error}"),
        next_step="this is a fault in saxtui; what it made is in the journal, and up and down go on from there",
        reason="INTERNAL",
        may_bill=None,
    )
