"""What can go wrong, as values and as one exception tree.

SaxtuiError            carries a Problem and the exit code it leads to
├── UsageProblem       2: the command or the deployment file is wrong
├── Refused            1: refused before anything changed
│   └── NotReady       5: the model is not loaded yet; it may come by itself
├── StepFailed         3: stopped, and resources may bill
│   └── TimedOut       6: what was waited for did not come in the time given
├── InDoubt            4: nobody knows yet whether something exists
└── CallError          an adapter's call did not succeed; says whether the server may have acted
    ├── NotFound, Conflict, Busy, Denied, Unauthenticated, Invalid, Throttled, Exhausted
    └── Ambiguous      timeout, reset, 5xx, garbage: the request may have taken effect
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class ExitCode(IntEnum):
    """The documented exit codes of the command line (README, section Exit codes)."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    BILLABLE = 3
    DOUBT = 4
    LOADING = 5
    TIMED_OUT = 6


@dataclass(frozen=True, slots=True)
class Problem:
    """One failure, in the shape every front door shows.

    All text is already sanitized (model.text.safe). may_bill None means unknown, which is shown as such.
    """

    tried: str
    target: str
    said: str
    next_step: str = ""
    code: str = ""
    reason: str = ""
    request_id: str = ""
    may_bill: bool | None = False
    command: str = ""
    where: str = ""
    details: tuple[str, ...] = field(default=())

    def one_line(self) -> str:
        """The problem as a single line: what was tried, on what, and what came back."""
        mark = f" [{self.reason or self.code}]" if self.reason or self.code else ""
        return f"{self.tried} {self.target}: {self.said}{mark}".strip()


class SaxtuiError(Exception):
    """Base of every error saxtui raises on purpose."""

    exit_code: ExitCode = ExitCode.REFUSED

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.one_line())
        self.problem = problem


class UsageProblem(SaxtuiError):
    """The command line or a file given to it is wrong; nothing was sent."""

    exit_code = ExitCode.USAGE


class Refused(SaxtuiError):
    """saxtui or the cloud refused before anything changed."""

    exit_code = ExitCode.REFUSED


class StepFailed(SaxtuiError):
    """A run stopped while resources that may bill exist."""

    exit_code = ExitCode.BILLABLE


class NotReady(Refused):
    """The model that is asked for is not loaded yet; nothing was sent."""

    exit_code = ExitCode.LOADING


class TimedOut(StepFailed):
    """What was waited for did not come in the time given; it may still come."""

    exit_code = ExitCode.TIMED_OUT


class InDoubt(SaxtuiError):
    """Whether something exists could not be proved."""

    exit_code = ExitCode.DOUBT


class CallError(SaxtuiError):
    """A call through an adapter failed. `may_have_acted` decides between retry and reconciliation."""

    may_have_acted = False


class NotFound(CallError):
    """404 on a call that needs the resource (plain reads return None instead)."""


class Conflict(CallError):
    """409: the name exists, or an etag, generation or resourceVersion is stale."""


class Busy(CallError):
    """The cluster or node pool runs another operation; wait for it and try again."""


class Denied(CallError):
    """403: a permission is missing or an API is disabled."""


class Unauthenticated(CallError):
    """401: credentials are missing, expired or revoked."""


class Invalid(CallError):
    """400/422: the request itself is wrong."""


class Throttled(CallError):
    """429: asked to slow down; `retry_after` in seconds where the server gave one."""

    def __init__(self, problem: Problem, retry_after: float | None = None) -> None:
        super().__init__(problem)
        self.retry_after = retry_after


class Exhausted(CallError):
    """Quota or capacity is not there (GCE_STOCKOUT, GCE_QUOTA_EXCEEDED)."""


class Ambiguous(CallError):
    """Timeout, reset, 5xx or an answer that is not the API's: the server may have acted."""

    may_have_acted = True


class Unreachable(CallError):
    """Nothing was sent: no route, name or port. Safe to repeat."""
